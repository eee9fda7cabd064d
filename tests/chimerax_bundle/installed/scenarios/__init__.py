"""The scenarios: in ``plain_*.py`` those that need no windows, in ``windows_*.py`` those that do."""

import importlib
import os
from pathlib import Path


def found(modules):
    """Return scenarios by name: all functions of their modules whose names do not start with ``_``.

    Parameters
    ----------
    modules : str
        Name of the module, or its first part: ``"plain"`` or ``"windows"``. If the environment variable BOTALIGN_ONLY
        is set, only the scenarios with this in their name are returned.
    """
    only = os.environ.get("BOTALIGN_ONLY", "")
    scenarios = {}
    for path in sorted(Path(__file__).parent.glob(f"{modules}*.py")):
        module = importlib.import_module(f"{__name__}.{path.stem}")
        for name, value in vars(module).items():
            own = getattr(value, "__module__", "") == module.__name__
            if callable(value) and own and not name.startswith("_") and only in name:
                scenarios[name] = value
    return scenarios
