from dataclasses import dataclass

import numpy as np
import pytest

import botalign
from botalign.geometry import apply_transform, inverse, matrix_from_rotation_vector

RESOLUTION = 10.0
MOTION = np.column_stack([matrix_from_rotation_vector([-0.8, 1.9, 0.6]), [9.0, -12.0, 4.0]])


@dataclass(frozen=True)
class Assembly:
    """The map of a complex, its three parts in another pose, and models that are not in it, all by name."""

    fixed: botalign.DensityMap
    parts: dict[str, botalign.Model]
    wrong: dict[str, botalign.Model]


def model(places: np.ndarray, masses: np.ndarray, name: str) -> botalign.Model:
    return botalign.Model(places, masses, (), name)


@pytest.fixture(scope="session")
def assembly() -> Assembly:
    """Return three blocks of beads, side by side; the mirror image of one of them is not in the map."""
    rng = np.random.default_rng(8)
    places, masses = rng.uniform(-26, 26, size=(90, 3)), rng.uniform(50, 150, 90)
    whole = botalign.Model(places, masses)
    fixed = botalign.simulate(whole, RESOLUTION, voxel_size_angstrom=3.0)
    block = np.digitize(places[:, 0], [-9, 9])
    back = inverse(MOTION)
    parts = {
        name: model(apply_transform(back, places[block == number]), masses[block == number], name)
        for number, name in enumerate(("left", "middle", "right"))
    }
    left = parts["left"]
    wrong = {
        "mirror image": model(left.points * [-1, 1, 1], left.weights, "mirror image"),
        "other beads": model(rng.uniform(-13, 13, size=(30, 3)) * [0.7, 2, 2], masses[:30], "other beads"),
    }
    return Assembly(fixed, parts, wrong)
