from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

import botalign
from botalign.geometry import random_rotations


@dataclass(frozen=True)
class Turned:
    """Views of a phantom, each many times over, turned in the plane by known angles, with noise."""

    stack: botalign.ImageStack
    view: NDArray[np.int64]
    degrees: NDArray[np.float64]


def about_z(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations about z."""
    c, s, o = np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), np.zeros(len(degrees))
    return np.stack([np.stack([c, -s, o], 1), np.stack([s, c, o], 1), np.stack([o, o, o + 1], 1)], axis=1)


@pytest.fixture(scope="session")
def turned() -> Turned:
    """Forty images of 32 pixels: four views, ten times each."""
    rng = np.random.default_rng(5)
    view, degrees = np.repeat(np.arange(4), 10), rng.uniform(0, 360, 40)
    order = rng.permutation(40)
    view = view[order]
    rotations = about_z(degrees) @ random_rotations(4, rng)[view]
    phantom = botalign.phantom(32, voxel_size_angstrom=4.0)
    return Turned(botalign.projections(phantom, rotations, snr=50.0, seed=1).stack, view, degrees)


def scipy_turned(image: NDArray[np.float32], degrees: float) -> NDArray[np.float64]:
    """Turn an image by another program, x towards y, and cut it to the largest disc."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.array([[c, -s], [s, c]])  # rows and columns are (y, x)
    middle = (len(image) - 1) / 2
    out = ndimage.affine_transform(
        image.astype(float), matrix, middle - matrix @ [middle, middle], order=3, mode="mirror"
    )
    return np.where(in_disc(len(image)), out, 0)


def in_disc(side: int) -> NDArray[np.bool_]:
    """Which pixels lie in the largest disc."""
    offset = np.arange(side) - (side - 1) / 2
    return offset[:, None] ** 2 + offset**2 <= ((side - 1) / 2) ** 2
