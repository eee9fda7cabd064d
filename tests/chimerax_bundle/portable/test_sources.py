import ast
from pathlib import Path

import pytest

import botalign

ROOT = Path(__file__).parents[3]
if not (ROOT / "chimerax_bundle").is_dir():
    pytest.skip("the bundle is not here", allow_module_level=True)
SOURCES = sorted((ROOT / "chimerax_bundle" / "src").glob("*.py"))


def imported(tree):
    """Yield the names that a module imports, ``package.name`` for those from a package, and their aliases."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((f"{node.module}.{alias.name}", None) for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_it_uses_only_public_names_of_botalign(path):
    tree = ast.parse(path.read_text())
    names = {"botalign"}
    for full, name in imported(tree):
        if full == "botalign":
            names.add(name)
        else:
            assert not full.startswith("botalign."), f"{full} is not public"
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names
    }
    assert used <= {*botalign.__all__, "__version__"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_it_imports_no_numerics(path):
    roots = {full.partition(".")[0] for full, _ in imported(ast.parse(path.read_text()))}
    assert not roots & {"numpy", "scipy", "numba", "pywt", "finufft", "pymanopt"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_it_is_short_and_has_a_docstring(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    assert ast.get_docstring(ast.parse(text))


def test_botalign_does_not_import_chimerax():
    for path in (ROOT / "core").rglob("*.py"):
        roots = {full.partition(".")[0] for full, _ in imported(ast.parse(path.read_text()))}
        assert "chimerax" not in roots, path
