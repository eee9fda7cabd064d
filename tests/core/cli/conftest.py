from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.cli import main
from botalign.geometry import inverse, matrix_from_rotation_vector, transform_about

#: Enough evaluations to find the phantom from the known pose.
QUICK = ("--evaluations", "40", "--size", "24")


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code and the text on stdout and stderr."""

    code: int
    out: str
    err: str

    def refused(self) -> str:
        """Check that the command refused its input in a single line, and return that line."""
        assert self.code == 2, self
        assert self.out == ""
        assert self.err.startswith("botalign: error: ")
        assert self.err.count("\n") == 1
        assert self.err.endswith("\n")
        return self.err


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command as if typed."""

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Ran(code, *capsys.readouterr())

    return run


@dataclass(frozen=True)
class Pair:
    """Two map files, and the motion that brings the second onto the first."""

    fixed: Path
    moving: Path
    answer: np.ndarray


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let rich take what it writes to for a terminal of 80 columns; what pytest captures, a test has to call one."""
    for name, value in {"TTY_COMPATIBLE": "1", "FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The phantom twice: turned by 50 degrees, shifted, other voxels and another origin."""
    folder = tmp_path_factory.mktemp("pair")
    rotation = matrix_from_rotation_vector(np.radians(50) * np.array([0.6, -0.64, 0.48]))
    answer = transform_about(rotation, np.zeros(3), np.array([4.0, -3.0, 2.0]))
    grid = botalign.Grid((38, 40, 42), (3.3, 3.3, 3.3), (-66.0, -64.0, -60.0))
    botalign.phantom(36, voxel_size_angstrom=3.5, resolution_angstrom=10).write(folder / "fixed.mrc")
    botalign.phantom(grid=grid, resolution_angstrom=10, transform=inverse(answer)).write(folder / "moving.mrc")
    return Pair(folder / "fixed.mrc", folder / "moving.mrc", answer)


@pytest.fixture(scope="session")
def result_file(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of aligning the pair."""
    path = tmp_path_factory.mktemp("result") / "r.json"
    assert main(["align", str(pair.fixed), str(pair.moving), "--result", str(path), "--quiet", *QUICK]) == 0
    return path


def listing(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder with their contents, hidden ones too."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"" for p in folder.rglob("*")}
