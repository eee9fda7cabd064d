"""Shared code of the workers of ``fits.py``: place each model of a job, time it, write the answers.

A job is a folder with ``job.json``, whose ``cases`` name a map, its resolution and a model. The time is that from the
files to the transform, without the start of the program.
"""

import json
import os
import platform
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from job import Clock, version_of

Answer = dict[str, Any]


def run(place: Callable[[str, str, float, Clock], Answer], distributions: list[str]) -> None:
    """Run the job in the folder named on the command line.

    ``place`` takes the files of the map and of the model, the resolution in angstrom and a clock that times the fit;
    it returns the 3x4 transform ``moving_to_fixed`` in angstrom and, if the program has one, the ``verdict``.
    """
    folder = Path(sys.argv[1])
    cases = json.loads((folder / "job.json").read_text())["cases"]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    answers = []
    for case in [cases[0], *cases]:  # the first one again: imports and compilation are not measured
        clock = Clock()
        try:
            answer = place(case["map"], case["model"], case["resolution"], clock)
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.append(answer | {"seconds": clock.seconds, "cpu_seconds": clock.cpu_seconds})
    versions = {"python": platform.python_version(), **{name: version_of(name) for name in distributions}}
    (folder / "answer.json").write_text(json.dumps({"answers": answers[1:], "versions": versions}))
