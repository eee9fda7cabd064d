"""PowerFit: the first ten fits of each part, in the whole map. The parts know nothing of each other."""

import tempfile
from pathlib import Path

import numpy as np
from fits_job import Answer, run
from fits_powerfit_worker import positions
from job import Clock
from powerfit_em.powerfit import powerfit

COUNT = 10


def superposition(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    centres = moving.mean(axis=0), fixed.mean(axis=0)
    left, _, right = np.linalg.svd((fixed - centres[1]).T @ (moving - centres[0]))
    linear = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    return np.column_stack([linear, centres[1] - linear @ centres[0]])


def place(map_path: str, model_path: str, resolution: float, clock: Clock) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        with Path(map_path).open("rb") as target, Path(model_path).open() as template, clock:
            powerfit(
                target, resolution, template, angle=15, laplace=True, core_weighted=True, directory=folder, num=COUNT
            )
        moving = positions(model_path)
        fits = sorted(Path(folder).glob("fit_*.pdb"), key=lambda path: int(path.stem.removeprefix("fit_")))
        return {"places": [superposition(moving, positions(fit)).tolist() for fit in fits]}


if __name__ == "__main__":
    run(place, distributions=["powerfit-em", "numpy", "scipy", "pyFFTW"])
