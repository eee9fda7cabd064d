"""The example of the help page as a command line: what is written, and the exit code."""

import html
import json
import re
import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.geometry import compose, matrix_from_rotation_vector

from .conftest import ROOT
from .names import SECONDS, TO_NOTICE

pytestmark = pytest.mark.hangs(SECONDS + TO_NOTICE)

PAGE = ROOT / "chimerax_bundle" / "src" / "docs" / "user" / "commands" / "botalign.html"
POSE = np.column_stack([matrix_from_rotation_vector(np.array([1.0, 2.0, 0.5])), [9.0, -6.0, 3.0]])


@pytest.fixture(scope="module")
def example() -> list[str]:
    """The command line on the page."""
    (text,) = re.findall(r"<pre>\s*(ChimeraX .*?)\s*</pre>", PAGE.read_text(), flags=re.DOTALL)
    return shlex.split(html.unescape(text))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the maps of the example."""
    for name, pose in (("reference", None), ("moving", POSE)):
        botalign.phantom(48, voxel_size_angstrom=3.0, transform=pose).write(tmp_path / f"{name}.mrc")
    return tmp_path


def run(environment: dict[str, str], folder: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run ChimeraX with the arguments of an example."""
    return subprocess.run(
        [environment["CHIMERAX"], *arguments[1:]],
        env=environment, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("installation")
def test_the_example_of_the_help_page(environment: dict[str, str], example: list[str], folder: Path) -> None:
    done = run(environment, folder, example)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((folder / "fit.json").read_text())["verdict"] == "certain"
    result = botalign.Alignment.read(folder / "fit.json")
    np.testing.assert_allclose(compose(result.moving_to_fixed, POSE), np.eye(3, 4), atol=0.2)
    reference, aligned = (botalign.read(folder / f"{name}.mrc") for name in ("reference", "aligned"))
    assert botalign.score(reference, aligned).scores.correlation > 0.99


@pytest.mark.slow
@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize("kind", ["error", "verdict", "script"])
def test_a_failure_ends_with_an_exit_code(
    environment: dict[str, str], example: list[str], folder: Path, kind: str
) -> None:
    arguments = list(example)
    if kind == "error":
        arguments[-1] = arguments[-1].replace("to #1", "to #9")
    else:
        botalign.phantom(48, voxel_size_angstrom=3.0, seed=1).write(folder / "moving.mrc", overwrite=True)
    if kind == "script":
        (folder / "pipeline.cxc").write_text(arguments[-1].replace("; ", "\n"))
        arguments[-2:] = ["--script", "pipeline.cxc"]
    done = run(environment, folder, arguments)
    assert done.returncode != 0
    assert not (folder / "aligned.mrc").exists()
    reason = "#9 matches nothing that is open" if kind == "error" else "the verdict is no match, expected certain"
    assert reason in done.stderr
    if kind != "error":
        assert json.loads((folder / "fit.json").read_text())["verdict"] == "no match"


@pytest.mark.slow
@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize("kind", ["--cmd", "--script"])
def test_an_assembly_that_lacks_what_is_required_ends_with_an_exit_code(
    environment: dict[str, str], tmp_path: Path, kind: str
) -> None:
    botalign.phantom(32, voxel_size_angstrom=4.0).write(tmp_path / "whole.mrc")
    unrelated = np.random.default_rng(1).normal(size=(60, 3)) * [9.0, 6.0, 4.0]
    botalign.simulate(botalign.Model(unrelated, np.full(60, 6.0)), 10, voxel_size_angstrom=4.0).write(
        tmp_path / "part.mrc"
    )
    commands = "open whole.mrc; open part.mrc; botalign assemble #2 to #1 require match result places.json; save s.cxs"
    if kind == "--script":
        (tmp_path / "pipeline.cxc").write_text(commands.replace("; ", "\n"))
    given = commands if kind == "--cmd" else "pipeline.cxc"
    done = run(environment, tmp_path, ["ChimeraX", "--nogui", "--exit", kind, given])
    assert done.returncode == 70, done.stdout + done.stderr
    assert "part.mrc (#2) was not placed: no match" in done.stderr
    assert "nothing was moved. Usage: botalign assemble" in done.stderr
    assert not (tmp_path / "s.cxs").exists()
    assert json.loads((tmp_path / "places.json").read_text())["placed"] == []
