"""Script for ChimeraX: place each model of a job by the command of the job, in one session."""

import json
import os
import time
from pathlib import Path

from chimerax.core.commands import run

from chimerax import app_dirs

folder = Path(os.environ["BOTALIGN_JOB"])
cases = json.loads((folder / "job.json").read_text())["cases"]
command = os.environ["BOTALIGN_COMMAND"]
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def place(case):
    """Return the transform of a model, and the seconds from opening the files to the transform."""
    run(session, "close session", log=False)  # noqa: F821 (defined by ChimeraX)
    began, worked = time.perf_counter(), time.process_time()
    try:
        fixed, moving = (run(session, f"open {case[role]}", log=False)[0] for role in ("map", "model"))  # noqa: F821
        (best, *_) = run(session, command.format(resolution=case["resolution"]), log=False)  # noqa: F821
        matrix = (fixed.scene_position.inverse() * moving.scene_position).matrix.tolist()
    except Exception as error:
        return {"error": str(error)}
    seconds = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - worked}
    return seconds | {"moving_to_fixed": matrix, "verdict": getattr(best, "verdict", None)}


answers = [place(case) for case in [cases[0], *cases]][1:]  # the first one again: imports are not measured
(folder / "answer.json").write_text(json.dumps({"answers": answers, "versions": {"chimerax": app_dirs.version}}))
