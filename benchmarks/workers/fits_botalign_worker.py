"""BOTalign, through its public API."""

import warnings
from pathlib import Path

import numpy as np
from fits_job import Answer, run
from job import Clock
from scipy.ndimage import gaussian_filter

import botalign


def aligned(fixed: botalign.DensityMap, model_path: str, resolution: float) -> botalign.Alignment:
    if hasattr(botalign, "read_model"):
        return botalign.align(fixed, botalign.read_model(model_path), resolution=resolution, threads=1)
    # Until botalign reads models (issue 15): remove this and ``simulated``.
    return botalign.align(fixed, simulated(model_path, resolution), partial=True, hand="keep", threads=1)


def simulated(path: str, resolution: float) -> botalign.DensityMap:
    lines = [line for line in Path(path).read_text().splitlines() if line.startswith("ATOM")]
    atoms = np.array([[float(line[i : i + 8]) for i in (30, 38, 46)] for line in lines])
    voxel, margin = resolution / 4, resolution + 5
    origin = atoms.min(axis=0) - margin
    indices = np.rint((atoms - origin) / voxel).astype(int)
    data = np.zeros(np.ceil((np.ptp(atoms, axis=0) + 2 * margin) / voxel).astype(int)[::-1] + 1, np.float32)
    np.add.at(data, tuple(indices.T[::-1]), 1.0)
    data = gaussian_filter(data, resolution / (np.pi * np.sqrt(2)) / voxel)
    return botalign.DensityMap(data, botalign.Grid(data.shape, (voxel,) * 3, tuple(origin)))


def place(map_path: str, model_path: str, resolution: float, clock: Clock) -> Answer:
    with clock:
        result = aligned(botalign.read(map_path), model_path, resolution)
    return {"moving_to_fixed": result.moving_to_fixed.tolist(), "verdict": result.verdict}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(place, distributions=["botalign", "numba", "numpy", "scipy"])
