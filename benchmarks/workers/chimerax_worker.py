"""Script for ChimeraX: `botalign` and `fitmap search` from the same poses, in one session."""

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
    """Return the position of the moving map in the coordinates of the reference, in angstrom."""
    return (fixed.scene_position.inverse() * moving.scene_position).matrix.tolist()


def timed(command, moving, fixed):
    """Run a command with the moving map at the position of its file; return seconds and the final position."""
    moving.scene_position = Place()
    began, worked = time.perf_counter(), time.process_time()
    try:
        run(session, command, log=False)  # noqa: F821 (defined by ChimeraX)
    except Exception as error:
        return {"error": str(error)}
    seconds = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - worked}
    return seconds | {"moving_to_fixed": position(moving, fixed)}


def settled(moving, fixed):
    """Return by how many degrees and angstrom Fit in Map moves a map from its current position."""
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
    if not answers:  # imports and compilation are not measured
        timed("botalign #2 to #1 evaluations 12", moving, fixed)
    answer = {name: timed(command, moving, fixed) for name, command in job["commands"].items()}
    timed("botalign #2 to #1 hand keep", moving, fixed)
    answer["settled"] = settled(moving, fixed)
    answers.append(answer)
    print(pair["moving"], {name: round(answer[name].get("cpu_seconds", -1), 2) for name in job["commands"]},
          file=sys.__stdout__, flush=True)  # fmt: skip
    (folder / "answers.json").write_text(json.dumps(answers))
