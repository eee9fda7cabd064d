import subprocess
import sys

import pytest

import botalign

from .conftest import Run

COMMANDS = ("align", "apply", "score", "potential", "distances", "embed", "landscape", "classify", "info", "demo")


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


def test_the_order_of_a_score_is_told(run: Run) -> None:
    said = " ".join(run("score", "--help").out.split())
    assert "the correlations count the voxels of B above its contour level" in said
    assert "the Fourier shell correlation is taken on the voxels of A" in said


def test_quiet_says_what_it_leaves(run: Run) -> None:
    for command in ("align", "demo"):
        said = " ".join(run(command, "--help").out.split())
        assert "No progress bar and no remarks; the result, warnings and errors stay." in said


def test_version(run: Run) -> None:
    assert run("--version").out == f"botalign {botalign.__version__}\n"


def test_help_loads_no_numerics() -> None:
    heavy = {"numpy", "scipy", "numba", "matplotlib", "rich", "mrcfile"}
    script = (
        "import sys; from botalign.cli import main; main(['align', '--help']); "
        f"print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr == "[]\n"
