"""Installs the bundle into ChimeraX, for these tests alone, and runs the scenarios there.

What each of them came to is brought back, to be told as a test of its own.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SECONDS = 1200

Outcome = dict[str, Any]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of a ChimeraX with settings and packages of its own, where the user's are left alone."""
    executable = os.environ.get("CHIMERAX")
    if not executable:
        pytest.skip("no ChimeraX: set the environment variable CHIMERAX to its executable")
    if shutil.which(executable) is None:
        pytest.fail(f"CHIMERAX names {executable}, which can't be run")
    home = tmp_path_factory.mktemp("home")
    own = {"HOME": str(home)}
    for name in ("DATA", "CONFIG", "CACHE"):
        (home / name.lower()).mkdir()
        own[f"XDG_{name}_HOME"] = str(home / name.lower())
    own["BOTALIGN_DATA"] = os.environ.get("BOTALIGN_DATA", str(ROOT.parent / "shared" / "data"))
    return os.environ | own


@pytest.fixture(scope="session")
def installation(environment: dict[str, str]) -> str:
    """What the line in the README said that installs core and bundle."""
    (line,) = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith('"$CHIMERAX" ')]
    done = subprocess.run(
        ["bash", "-c", line], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        pytest.fail(
            f"exit code {done.returncode} of: {line}\n{done.stdout[-4000:]}{done.stderr[-4000:]}", pytrace=False
        )
    return done.stdout


def drive(environment: dict[str, str], folder: Path, *arguments: str, kind: str) -> dict[str, Outcome]:
    """Run all scenarios of one kind in one ChimeraX; return what each came to, by its name."""
    results = folder / "results.json"
    try:
        done = subprocess.run(
            [environment["CHIMERAX"], *arguments, "--script", str(HERE / "drive.py")],
            env=environment | {"BOTALIGN_SCENARIOS": kind, "BOTALIGN_OUT": str(folder)},
            cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        ended = f"exit code {done.returncode}"
        said = done.stdout + done.stderr
    except subprocess.TimeoutExpired as late:
        ended = f"stopped after {SECONDS} seconds"
        said = f"{late.stdout}{late.stderr}"
    (folder / "said.txt").write_text(said)
    if not results.exists():
        pytest.fail(f"ChimeraX brought back no results ({ended}):\n{said[-4000:]}")
    outcomes: dict[str, Outcome] = json.loads(results.read_text())
    outcomes["ChimeraX"] = {"ok": True, "said": f"{ended}\n{said[-4000:]}", "facts": {}}
    return outcomes


@pytest.fixture(scope="session")
def plain(
    environment: dict[str, str], installation: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcome]:
    """What the scenarios without windows came to."""
    return drive(environment, tmp_path_factory.mktemp("plain"), "--nogui", "--exit", kind="plain")


@pytest.fixture(scope="session")
def windows(
    environment: dict[str, str], installation: str, display: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcome]:
    """What the scenarios with windows came to."""
    return drive(environment | {"DISPLAY": display}, tmp_path_factory.mktemp("windows"), kind="windows")


@pytest.fixture
def judge(record_property: Callable[[str, object], None]) -> Callable[[dict[str, Outcome], str], None]:
    """Return a function that passes, skips or fails as a scenario did in ChimeraX."""

    def verdict(outcomes: dict[str, Outcome], name: str) -> None:
        outcome = outcomes.get(name)
        if outcome is None:
            pytest.fail(f"ChimeraX did not come to it: {outcomes['ChimeraX']['said']}")
        for key, value in outcome["facts"].items():
            record_property(key, value)
            print(f"{key}: {value}")
        if outcome.get("skipped"):
            pytest.skip(outcome["skipped"])
        if not outcome["ok"]:
            pytest.fail(f"in ChimeraX:\n{outcome['error']}", pytrace=False)

    return verdict
