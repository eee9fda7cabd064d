"""Copies of a model placed by other programs: PowerFit's first fits, and ChimeraX's ``fitmap``, for ``copies.py``.

The copies that ``fitmap`` places start from random poses in the map, each from its own.
"""

import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import botalign
from botalign.geometry import compose
from fits import random_pose, run_chimerax
from maps import Array
from peers import run_worker

#: The poses that a program found, and its CPU seconds; None if it failed.
Answer = tuple[list[Array], float] | None
#: The ways in which ChimeraX places copies: the value for the worker, and the name in the table.
FITMAP = {"sequence": "fitmap sequence", "search": "fitmap search, then sequence"}


def powerfit(
    whole: botalign.DensityMap, part: botalign.Model, resolution: float, python: Path, timeout: float
) -> Answer:
    """Return PowerFit's first twenty fits."""

    def run(folder: Path) -> dict[str, Any]:
        answer = run_worker("copies_powerfit", python, folder, timeout)
        return answer if "error" in answer else answer["answers"][0]

    answer = _placed("PowerFit", whole, [part], resolution, run)
    return None if answer is None else ([np.array(each) for each in answer[0]], answer[1])


def chimerax(
    whole: botalign.DensityMap, part: botalign.Model, resolution: float, copies: int, how: str, executable: str,
    timeout: float,
) -> Answer:  # fmt: skip
    """Place copies by ``fitmap sequence`` from random poses, alone or after ``fitmap search`` of each."""
    rng = np.random.default_rng(copies)
    starts = [random_pose(part.points, whole, rng) for _ in range(copies)]

    def run(folder: Path) -> dict[str, Any]:
        return run_chimerax(executable, how, folder, timeout, worker="assemblies_chimerax_worker.py")

    answer = _placed(FITMAP[how], whole, [part.moved(start) for start in starts], resolution, run)
    if answer is None:
        return None
    # The worker returns a list of places for each model, here with one.
    poses = [compose(np.array(places[0]), start) for places, start in zip(answer[0], starts, strict=True)]
    return poses, answer[1]


def _placed(
    program: str, whole: botalign.DensityMap, models: list[botalign.Model], resolution: float,
    run: Callable[[Path], dict[str, Any]],
) -> tuple[list[Any], float] | None:  # fmt: skip
    """Write a job with a case for each model, run it, and return the places and the CPU seconds."""
    with tempfile.TemporaryDirectory(prefix="botalign-copies-") as name:
        folder = Path(name)
        whole.write(folder / "map.mrc")
        cases = [
            {"map": str(folder / "map.mrc"), "resolution": resolution, "model": str(_written(model, folder, number))}
            for number, model in enumerate(models)
        ]
        (folder / "job.json").write_text(json.dumps({"cases": cases}))
        answer = run(folder)
    if "error" in answer:
        print(f"{program} failed: {answer['error']}", file=sys.stderr)
        return None
    return answer["places"], answer["cpu_seconds"]


def _written(model: botalign.Model, folder: Path, number: int) -> Path:
    """Write the atoms of a model with the occupancies that PowerFit needs, which 1oel_A.pdb leaves out."""
    path = folder / f"part_{number}.pdb"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.write(path)
    lines = (line for line in path.read_text().splitlines() if line.startswith("ATOM"))
    path.write_text("".join(f"{line[:54]}  1.00  0.00{line[66:]}\n" for line in lines))
    return path
