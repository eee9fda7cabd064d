"""Align cryo-EM density maps from any starting pose.

The public names are loaded on first use, so that importing the package, or asking the command line for help, loads no
numerics. ``__init__.pyi`` lists them. Everything else is imported from the packages: ``from botalign.search import
search``.
"""

from typing import Any

import lazy_loader

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Load a public name, or the version of the installed distribution."""
    if name == "__version__":
        from importlib.metadata import version

        return version("botalign")
    return _load(name)
