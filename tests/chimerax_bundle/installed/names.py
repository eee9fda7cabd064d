"""The names of the scenarios, read from the sources, because their imports exist only in ChimeraX."""

import ast
from pathlib import Path

import pytest

SCENARIOS = Path(__file__).parent / "scenarios"
#: Seconds that ChimeraX may take to install the bundle or to run one example, and more for each scenario of a module:
#: ten times as many as on two cores that do nothing else, or more.
SECONDS, EACH = 1200, 120
#: Seconds in which the tests notice that ChimeraX took too long.
TO_NOTICE = 60


def names(kind: str) -> list:
    """Return the modules and names of all scenarios of a kind as parameters, in the order in which they are run.

    All scenarios of a module are run in the first test of it, which has the time for all.
    """
    return [
        pytest.param(path.stem, name, marks=pytest.mark.hangs(allowed(path.stem) + TO_NOTICE))
        for path in sorted(SCENARIOS.glob(f"{kind}_*.py"))
        for name in _scenarios(path)
    ]


def allowed(module: str) -> int:
    """Return how many seconds the scenarios of a module may take."""
    return SECONDS + EACH * len(_scenarios(SCENARIOS / f"{module}.py"))


def _scenarios(path: Path) -> list[str]:
    return [
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
