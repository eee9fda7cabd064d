"""Install the bundle into ChimeraX, for these tests only, and run the scenarios there.

The outcome of each scenario is reported as a separate test.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .names import SECONDS, allowed

HERE = Path(__file__).parent
ROOT = HERE.parents[2]

Outcome = dict[str, Any]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of a ChimeraX with separate settings and packages, so that those of the user do not change."""
    executable = os.environ.get("CHIMERAX")
    if not executable:
        pytest.skip("no ChimeraX: set the environment variable CHIMERAX to its executable")
    if shutil.which(executable) is None:
        pytest.fail(f"CHIMERAX names {executable}, which cannot be run")
    home = tmp_path_factory.mktemp("home")
    separate = {"HOME": str(home)}
    for name in ("DATA", "CONFIG", "CACHE"):
        (home / name.lower()).mkdir()
        separate[f"XDG_{name}_HOME"] = str(home / name.lower())
    separate["BOTALIGN_DATA"] = os.environ.get("BOTALIGN_DATA", str(ROOT.parent / "shared" / "data"))
    return os.environ | separate


@pytest.fixture(scope="session")
def installation(environment: dict[str, str]) -> str:
    """Output of the line in the README that installs botalign and the bundle."""
    (line,) = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith('"$CHIMERAX" ')]
    done = subprocess.run(
        ["bash", "-c", line], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        pytest.fail(
            f"exit code {done.returncode} of: {line}\n{done.stdout[-4000:]}{done.stderr[-4000:]}", pytrace=False
        )
    return done.stdout


def drive(environment: dict[str, str], folder: Path, *arguments: str, module: str) -> dict[str, Outcome]:
    """Run the scenarios of a module in one ChimeraX, and return their outcomes by name."""
    results, seconds = folder / "results.json", allowed(module)
    try:
        done = subprocess.run(
            [environment["CHIMERAX"], *arguments, "--script", str(HERE / "drive.py")],
            env=environment | {"BOTALIGN_SCENARIOS": module, "BOTALIGN_OUT": str(folder)},
            cwd=folder, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
        ended = f"exit code {done.returncode}"
        output = done.stdout + done.stderr
    except subprocess.TimeoutExpired as late:
        ended = f"stopped after {seconds} seconds"
        output = f"{late.stdout}{late.stderr}"
    (folder / "output.txt").write_text(output)
    if not results.exists():
        pytest.fail(f"ChimeraX wrote no results ({ended}):\n{output[-4000:]}")
    outcomes: dict[str, Outcome] = json.loads(results.read_text())
    outcomes["ChimeraX"] = {"ok": True, "output": f"{ended}\n{output[-4000:]}", "facts": {}}
    return outcomes


@pytest.fixture(scope="session")
def plain(
    environment: dict[str, str], installation: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Outcome]]:
    """Return a function that returns the outcomes of a module of scenarios without windows."""

    @cache
    def outcomes(module: str) -> dict[str, Outcome]:
        return drive(environment, tmp_path_factory.mktemp(module), "--nogui", "--exit", module=module)

    return outcomes


@pytest.fixture(scope="session")
def windows(
    environment: dict[str, str], installation: str, display: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Outcome]]:
    """Return a function that returns the outcomes of a module of scenarios with windows."""

    @cache
    def outcomes(module: str) -> dict[str, Outcome]:
        return drive(environment | {"DISPLAY": display}, tmp_path_factory.mktemp(module), module=module)

    return outcomes


@pytest.fixture
def judge(record_property: Callable[[str, object], None]) -> Callable[[dict[str, Outcome], str], None]:
    """Return a function that passes, skips or fails as a scenario did in ChimeraX."""

    def verdict(outcomes: dict[str, Outcome], name: str) -> None:
        outcome = outcomes.get(name)
        if outcome is None:
            pytest.fail(f"ChimeraX did not run it: {outcomes['ChimeraX']['output']}")
        for key, value in outcome["facts"].items():
            record_property(key, value)
            print(f"{key}: {value}")
        if outcome.get("skipped"):
            pytest.skip(outcome["skipped"])
        if not outcome["ok"]:
            pytest.fail(f"in ChimeraX:\n{outcome['error']}", pytrace=False)

    return verdict
