"""The scenarios: in ``plain_*.py`` those that need no windows, in ``windows_*.py`` those that do."""

import importlib
import os
from pathlib import Path


def found(kind):
    """Return the scenarios of a kind by name: all functions of its modules whose names do not start with ``_``.

    Parameters
    ----------
    kind : {"plain", "windows"}
        The kind. If the environment variable BOTALIGN_ONLY is set, only those with this in their name or module.
    """
    only = os.environ.get("BOTALIGN_ONLY", "")
    scenarios = {}
    for path in sorted(Path(__file__).parent.glob(f"{kind}_*.py")):
        module = importlib.import_module(f"{__name__}.{path.stem}")
        for name, value in vars(module).items():
            own = getattr(value, "__module__", "") == module.__name__
            if callable(value) and own and not name.startswith("_") and only in f"{path.stem} {name}":
                scenarios[name] = value
    return scenarios
