from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

import botalign
from botalign.geometry import MIRROR, random_rotations

#: Small maps, and searches that suffice for them.
QUICK = {"size": 20, "evaluations": 60}


@dataclass(frozen=True)
class Family:
    """Maps of one molecule with different hinge angles and poses, and these angles and poses."""

    maps: list[botalign.DensityMap]
    hinges: list[float]
    poses: list[np.ndarray]


def family(hinges: list[float], *, mirrored: tuple[int, ...] = (), seed: int = 0) -> Family:
    rng = np.random.default_rng((3, seed))
    maps, poses = [], []
    for number, hinge in enumerate(hinges):
        flip = MIRROR if number in mirrored else np.eye(3)
        pose = np.column_stack([random_rotations(1, rng)[0] @ flip, rng.uniform(-4, 4, 3)])
        made = botalign.phantom(
            24, voxel_size_angstrom=5.0, resolution_angstrom=16, hinge_degrees=hinge, transform=pose
        )
        maps.append(botalign.DensityMap(made.data, made.grid, f"map {number}"))
        poses.append(pose)
    return Family(maps, hinges, poses)


@pytest.fixture(scope="session")
def make_family() -> Callable[..., Family]:
    """Return a function that makes a family."""
    return family


@pytest.fixture(scope="session")
def six() -> Family:
    """Return three conformations, each in two poses."""
    return family([0.0, 25.0, 50.0, 0.0, 25.0, 50.0])
