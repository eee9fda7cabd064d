"""BOTalign in ChimeraX: the command ``botalign`` and a panel for it.

All numerics are those of the package ``botalign``; here its maps are taken from ChimeraX's models, and its motions are
given to them.
"""

from chimerax.core.toolshed import BundleAPI

__version__ = "0.1.0"


class _BOTalignAPI(BundleAPI):
    """What ChimeraX asks a bundle for; each answer loads only what it needs."""

    api_version = 1

    @staticmethod
    def register_command(bundle_info, command_info, logger):
        """Register a command when it is first typed."""
        from .cmd import register

        register(command_info.name, logger)

    @staticmethod
    def start_tool(session, bundle_info, tool_info):
        """Show the panel; there is one."""
        from .tool import panel

        return panel(session)

    @staticmethod
    def run_provider(session, name, manager, **keywords):
        """Answer the toolbar button."""
        from chimerax.core.commands import run

        run(session, "ui tool show BOTalign")


bundle_api = _BOTalignAPI()
