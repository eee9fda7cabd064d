"""The names of the scenarios, read from the sources, because their imports exist only in ChimeraX."""

import ast
from pathlib import Path


def names(kind: str) -> list[tuple[str, str]]:
    """Return the modules and names of all scenarios of a kind, in the order in which they are run."""
    return [
        (path.stem, node.name)
        for path in sorted((Path(__file__).parent / "scenarios").glob(f"{kind}_*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
