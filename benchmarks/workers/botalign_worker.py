"""BOTalign, through its public API."""

import numpy as np
from job import Clock, Parameters, run

import botalign


def density_map(volume: np.ndarray) -> botalign.DensityMap:
    grid = botalign.Grid(shape=volume.shape, voxel_size_angstrom=(1.0, 1.0, 1.0), origin_angstrom=(0.0, 0.0, 0.0))
    return botalign.DensityMap(volume, grid)


def align(fixed: np.ndarray, moving: np.ndarray, parameters: Parameters, clock: Clock) -> np.ndarray:
    maps = density_map(fixed), density_map(moving)
    with clock:
        result = botalign.align(
            *maps,
            hand="keep",
            size=parameters["size"],
            evaluations=parameters.get("exactly"),
            seed=parameters["seed"],
            threads=1,
        )
    return result.moving_to_fixed


if __name__ == "__main__":
    # More evaluations than initial rotations, so that the first descent is compiled before the measurement.
    run(align, warm_up={"exactly": 12}, distributions=["botalign", "numba", "scipy"])
