"""The names of the scenarios, read from their sources: what they import is in ChimeraX alone."""

import ast
from pathlib import Path


def names(kind: str) -> list[str]:
    """Return the names of all scenarios of a kind, in the order in which they are done."""
    return [
        node.name
        for path in sorted((Path(__file__).parent / "scenarios").glob(f"{kind}_*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
