import ast
from pathlib import Path

import pytest

import botalign

ROOT = Path(__file__).parents[3]
if not (ROOT / "chimerax_bundle").is_dir():
    pytest.skip("the bundle is not here", allow_module_level=True)
SOURCES = sorted((ROOT / "chimerax_bundle" / "src").glob("*.py"))


def imported(tree):
    """Names of what a module imports, ``package.name`` for what it imports from a package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((f"{node.module}.{alias.name}", None) for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_it_uses_public_names_of_the_core_alone(path):
    tree = ast.parse(path.read_text())
    names = {"botalign"}
    for full, name in imported(tree):
        if full == "botalign":
            names.add(name)
        else:
            assert not full.startswith("botalign."), f"{full} is imported from a room"
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names
    }
    assert used <= {*botalign.__all__, "__version__"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_it_holds_no_numerics(path):
    roots = {full.partition(".")[0] for full, _ in imported(ast.parse(path.read_text()))}
    assert not roots & {"numpy", "scipy", "numba", "pywt", "finufft", "pymanopt"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_it_can_be_read_in_one_sitting(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    assert ast.get_docstring(ast.parse(text))


def test_the_core_knows_nothing_of_it():
    for path in (ROOT / "core").rglob("*.py"):
        roots = {full.partition(".")[0] for full, _ in imported(ast.parse(path.read_text()))}
        assert "chimerax" not in roots, path


def test_options_mean_what_the_cores_mean(load, recorder):
    import inspect

    load("cmd").register("botalign", None)
    function = recorder.commands["botalign"]["function"]
    mine, cores = (inspect.signature(f).parameters for f in (function, botalign.align))
    for name in ("hand", "loss", "size", "evaluations", "refine", "seed"):
        assert mine[name].default == cores[name].default, name
    for name in ("hand", "loss"):
        for choice in recorder.commands["botalign"]["keyword"][name]:
            botalign.align_steps(None, None, **{name: choice}).close()
