"""BOTalign in ChimeraX: the command ``botalign`` and its panel.

All numerics are in the package ``botalign``. The bundle makes its maps from ChimeraX's models, and moves the models.
"""

from chimerax.core.toolshed import BundleAPI

__version__ = "0.1.0"


class _BOTalignAPI(BundleAPI):
    """Entry points of the bundle; each loads only what it needs."""

    api_version = 1

    @staticmethod
    def register_command(bundle_info, command_info, logger):
        """Register a command when it is first used."""
        from .cmd import register

        register(command_info.name, logger)

    @staticmethod
    def start_tool(session, bundle_info, tool_info):
        """Show the panel. There is only one."""
        from .tool import panel

        return panel(session)

    @staticmethod
    def run_provider(session, name, manager, **keywords):
        """Show the panel for the toolbar button."""
        from chimerax.core.commands import run

        run(session, "ui tool show BOTalign")


bundle_api = _BOTalignAPI()
