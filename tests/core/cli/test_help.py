import inspect
import subprocess
import sys
from importlib import import_module

import pytest

import botalign
from botalign.cli import application

from .conftest import Run

COMMANDS = tuple(application.COMMANDS)


def test_help_names_every_command(run: Run) -> None:
    for typed in (["--help"], ["-h"], []):
        ran = run(*typed)
        assert (ran.code, ran.err) == (0, "")
        assert all(f"  {command} " in ran.out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(run: Run, command: str) -> None:
    ran = run(command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: botalign {command} ")
    assert not {"{", "}"} & set(ran.out.splitlines()[0])


def test_the_help_of_score_explains_the_order(run: Run) -> None:
    said = " ".join(run("score", "--help").out.split())
    assert "the correlations are over the voxels of B above its contour level" in said
    assert "the Fourier shell correlation is computed on the grid of A" in said


def test_the_help_of_quiet_names_what_is_printed(run: Run) -> None:
    for command in ("align", "assemble", "demo", "rank"):
        said = " ".join(run(command, "--help").out.split())
        assert (
            "Hide the progress bar, which is shown in a terminal only, and notes; print only results, warnings" in said
        )


def test_version(run: Run) -> None:
    assert run("--version").out == f"botalign {botalign.__version__}\n"


# The options of align are maps and results too, so their declarations need these classes.
@pytest.mark.parametrize("command", [None, *(command for command in COMMANDS if command != "align")])
def test_help_loads_no_numerics(command: str | None) -> None:
    heavy = {"scipy", "numba", "matplotlib", "rich", "mrcfile", "pywt", "jax"}
    if command not in ("assemble", "distances", "classify", "rank"):
        heavy |= {"numpy"}
    typed = [*([command] if command else []), "--help"]
    script = (
        f"import sys; from botalign.cli import main; main({typed!r}); "
        f"print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr == "[]\n"


@pytest.mark.parametrize(("command", "summary"), application.COMMANDS.items())
def test_the_summary_of_a_command(run: Run, command: str, summary: str) -> None:
    assert f"\n  {command.ljust(9)}  {summary}\n" in run("--help").out
    function = getattr(import_module(f"botalign.cli.{command}"), command)
    assert len(summary) <= 65
    assert inspect.getdoc(function)
