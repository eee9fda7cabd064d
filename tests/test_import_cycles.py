"""There are no import cycles, also counting ``if TYPE_CHECKING`` and the package that a module belongs to."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


def imports(path: Path, module: str, modules: set[str]) -> set[str]:
    """Return the modules of its own program that a file imports, anywhere in it."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join(filter(None, [*above, node.module]))
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= {name if name in modules else base for name in names}
    return found & modules


def graph(folder: Path, name: str) -> dict[str, set[str]]:
    """Return what each module below a folder imports, by name."""
    parts = {path: [name, *path.relative_to(folder).with_suffix("").parts] for path in folder.rglob("*.py")}
    files = {".".join(each[:-1] if each[-1] == "__init__" else each): path for path, each in parts.items()}
    return {module: imports(path, module, set(files)) for module, path in files.items()}


@pytest.mark.parametrize("folder", ["core/botalign", "napari_plugin/napari_botalign", "chimerax_bundle/src"])
def test_there_are_no_import_cycles(folder: str) -> None:
    found = graph(CHECKOUT / folder, Path(folder).name)
    assert sum(map(len, found.values())) > 10
    TopologicalSorter(found).prepare()  # raises CycleError, which names the modules


def test_a_cycle_is_found(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "one.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .two import name\n")
    (tmp_path / "two.py").write_text("def later():\n    from program import one\n")
    assert graph(tmp_path, "program") == {
        "program": set(),
        "program.one": {"program.two"},
        "program.two": {"program.one"},
    }
