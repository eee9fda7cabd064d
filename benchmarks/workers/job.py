"""Shared code of the workers: read a job, warm up, time each alignment, write the answers.

A worker runs in the interpreter of its program, so this needs only numpy. A job is a folder with ``job.json``, arrays
``[z, y, x]`` and, when the worker is done, ``answer.json``. There is one fixed map for all moving maps, or one for
each. For programs that search rotations alone, ``centres`` may give the centres of mass of each pair, ``(x, y, z)`` in
voxels.
"""

import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

Parameters = dict[str, Any]


class Clock:
    """Measure the time of a ``with`` block."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def __enter__(self) -> "Clock":
        self._start = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._start[0]
        self.cpu_seconds = time.process_time() - self._start[1]


Align = Callable[[np.ndarray, np.ndarray, Parameters, Clock], np.ndarray]


def version_of(distribution: str) -> str:
    """Return the version of a distribution; a checkout on the path has none."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "(not installed)"


def run(align: Align, *, warm_up: Parameters, distributions: list[str]) -> None:
    """Run the job in the folder named on the command line.

    Parameters
    ----------
    align : callable
        Takes the fixed map, the moving map, the parameters and a clock that times the alignment alone; returns
        the 3x4 matrix that takes ``(x, y, z)`` in voxels of the moving map to the fixed one.
    warm_up : dict
        Parameters of a short first run of the same code, which is not timed: imports, compilation and planning are
        not part of an alignment.
    distributions : list of str
        Distributions whose versions are reported.
    """
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text())
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    each = job["fixed"] if isinstance(job["fixed"], list) else [job["fixed"]] * len(job["moving"])
    pairs = list(zip(each, job["moving"], job.get("centres", [None] * len(each)), strict=True))
    answers = []
    for index, (fixed, name, centres) in enumerate([pairs[0], *pairs]):
        parameters = job["parameters"] | {"seed": job["parameters"]["seed"] + index, "centres": centres}
        if index == 0:
            parameters |= warm_up
        clock = Clock()
        answer: dict[str, Any] = {"moving": name}
        started = time.perf_counter()
        try:
            maps = np.load(folder / fixed), np.load(folder / name)
            answer["moving_to_fixed"] = np.asarray(align(*maps, parameters, clock)).tolist()
        except Exception:
            answer["error"] = traceback.format_exc()
        answer |= {"seconds": clock.seconds, "cpu_seconds": clock.cpu_seconds}
        answer["total_seconds"] = time.perf_counter() - started
        if index > 0:
            answers.append(answer)
    versions = {name: version_of(name) for name in ["numpy", *distributions]}
    result = {"answers": answers, "versions": {"python": platform.python_version(), **versions}}
    (folder / "answer.json").write_text(json.dumps(result))
