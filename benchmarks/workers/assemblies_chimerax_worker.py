"""Script for ChimeraX: ``fitmap`` of all parts of a job, one after the other with the others subtracted (`sequence`).

If the job says so, each part is first placed by ``search 200``; `sequence` alone moves it from where it is.
"""

import json
import os
import time
from pathlib import Path

from chimerax.core.commands import run

from chimerax import app_dirs

folder = Path(os.environ["BOTALIGN_JOB"])
job = json.loads((folder / "job.json").read_text())
resolution = job["cases"][0]["resolution"]
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def assembled(cases):
    """Return the transforms of the models, and the CPU seconds from opening the files."""
    run(session, "close session", log=False)  # noqa: F821 (defined by ChimeraX)
    began = time.process_time()
    (fixed,) = run(session, f"open {cases[0]['map']}", log=False)  # noqa: F821
    models = [run(session, f"open {case['model']}", log=False)[0] for case in cases]  # noqa: F821
    if os.environ["BOTALIGN_COMMAND"] == "search":
        for model in models:
            search = f"fitmap #{model.id_string} inMap #1 resolution {resolution} search 200 levelInside 0"
            run(session, search, log=False)  # noqa: F821
    parts = ",".join(model.id_string for model in models)
    text = f"fitmap #{parts} inMap #1 resolution {resolution} sequence {5 * len(models)}"
    run(session, text, log=False)  # noqa: F821
    matrices = [(fixed.scene_position.inverse() * each.scene_position).matrix.tolist() for each in models]
    return {"places": [[each] for each in matrices], "cpu_seconds": time.process_time() - began}


assembled(job["cases"][:2])  # imports are not measured
(folder / "answer.json").write_text(json.dumps(assembled(job["cases"]) | {"versions": {"chimerax": app_dirs.version}}))
