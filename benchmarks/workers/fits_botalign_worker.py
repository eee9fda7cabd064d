"""BOTalign, through its public API."""

import warnings

from fits_job import Answer, run
from job import Clock

import botalign


def place(map_path: str, model_path: str, resolution: float, clock: Clock) -> Answer:
    with clock:
        model = botalign.read_model(model_path)
        result = botalign.align(botalign.read(map_path), model, resolution=resolution, threads=1)
    return {"moving_to_fixed": result.moving_to_fixed.tolist(), "verdict": result.verdict}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(place, distributions=["botalign", "gemmi", "numba", "numpy", "scipy"])
