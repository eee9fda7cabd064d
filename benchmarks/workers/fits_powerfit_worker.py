"""PowerFit: all rotations of a 15 degree grid and all shifts, Laplacian filter and core weights as by default."""

import tempfile
from pathlib import Path

import numpy as np
from fits_job import Answer, run
from job import Clock
from powerfit_em.powerfit import powerfit


def positions(path: str | Path) -> np.ndarray:
    lines = Path(path).read_text().splitlines()
    kept = (line for line in lines if line.startswith("ATOM") and line[12:16] == " CA ")
    return np.array([[float(line[i : i + 8]) for i in (30, 38, 46)] for line in kept])


def place(map_path: str, model_path: str, resolution: float, clock: Clock) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        with Path(map_path).open("rb") as target, Path(model_path).open() as template, clock:
            powerfit(target, resolution, template, angle=15, laplace=True, core_weighted=True, directory=folder, num=1)
        moving, fixed = positions(model_path), positions(Path(folder) / "fit_1.pdb")
    # It writes coordinates; the transform superimposes them.
    centres = moving.mean(axis=0), fixed.mean(axis=0)
    left, _, right = np.linalg.svd((fixed - centres[1]).T @ (moving - centres[0]))
    linear = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    return {"moving_to_fixed": np.column_stack([linear, centres[1] - linear @ centres[0]]).tolist()}


if __name__ == "__main__":
    run(place, distributions=["powerfit-em", "numpy", "scipy", "pyFFTW"])
