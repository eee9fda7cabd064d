"""Run inside ChimeraX as a script: `botalign` and `fitmap search` from the same poses, in one session."""

import json
import os
import sys
import time
from pathlib import Path

from chimerax.core.commands import run
from chimerax.geometry import Place

folder = Path(os.environ["BOTALIGN_JOB"])
job = json.loads((folder / "job.json").read_text())


def position(moving, fixed):
    """Where the moving map lies in the reference's coordinates, in angstrom."""
    return (fixed.scene_position.inverse() * moving.scene_position).matrix.tolist()


def timed(command, moving, fixed):
    """Type a command with the moving map where its file puts it; return the seconds and where it comes to lie."""
    moving.scene_position = Place()
    began, worked = time.perf_counter(), time.process_time()
    try:
        run(session, command, log=False)  # noqa: F821 (ChimeraX gives it to scripts)
    except Exception as error:
        return {"error": str(error)}
    seconds = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - worked}
    return seconds | {"moving_to_fixed": position(moving, fixed)}


def settled(moving, fixed):
    """By how many degrees and angstrom the plain Fit in Map moves a map from where it lies now."""
    before = moving.scene_position
    run(session, "fitmap #2 inMap #1", log=False)  # noqa: F821
    centre = moving.scene_position * moving.center()
    shift, angle = (moving.scene_position * before.inverse()).shift_and_angle(centre)
    return {"angle_degrees": float(angle), "shift_angstrom": float(shift)}


answers = []
for pair in job["pairs"]:
    run(session, "close session", log=False)  # noqa: F821
    fixed, moving = (run(session, f"open {pair[role]}", log=False)[0] for role in ("fixed", "moving"))  # noqa: F821
    run(session, "volume #1,2 step 1", log=False)  # noqa: F821
    if not answers:  # what is imported and compiled once is no part of an alignment
        timed("botalign #2 to #1 evaluations 12", moving, fixed)
    answer = {name: timed(command, moving, fixed) for name, command in job["commands"].items()}
    timed("botalign #2 to #1 hand keep", moving, fixed)
    answer["settled"] = settled(moving, fixed)
    answers.append(answer)
    print(pair["moving"], {name: round(answer[name].get("cpu_seconds", -1), 2) for name in job["commands"]},
          file=sys.__stdout__, flush=True)  # fmt: skip
    (folder / "answers.json").write_text(json.dumps(answers))
