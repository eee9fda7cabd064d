"""Pairs of maps with a known transform: a map, exactly rotated and shifted by its Fourier series."""

from dataclasses import dataclass

import finufft
import numpy as np
from scipy.spatial.transform import Rotation

from maps import MASS_LOST_LIMIT, Array

SHIFT_FRACTION = 0.05


@dataclass(frozen=True)
class Pair:
    """A fixed and a moving map, arrays ``[z, y, x]``, and ``x_fixed = M[:, :3] @ x_moving + M[:, 3]`` in voxels."""

    fixed: Array
    moving: Array
    moving_to_fixed: Array


def voxel_positions(size: int) -> Array:
    """Return the positions ``(x, y, z)`` of the voxels of a cube in array order, shape (size**3, 3)."""
    return np.indices((size, size, size)).reshape(3, -1)[::-1].T.astype(np.float64)


def sample(volume: Array, positions: Array) -> Array:
    """Evaluate the Fourier series of ``volume`` at ``positions`` (x, y, z in voxels); zero outside the box."""
    size = volume.shape[0]
    angle = 2.0 * np.pi / size * positions
    spectrum = np.fft.fftn(volume) / volume.size
    x, y, z = (np.ascontiguousarray(angle[:, axis]) for axis in range(3))
    values = finufft.nufft3d2(z, y, x, spectrum, isign=1, eps=1e-9, modeord=1, nthreads=1).real
    # A trigonometric polynomial is periodic: outside the box it repeats the map.
    inside = np.all((positions > -0.5) & (positions < size - 0.5), axis=1)
    return np.where(inside, values, 0.0)


def transformed(volume: Array, moving_to_fixed: Array) -> Array:
    """Return the moving map whose voxel at ``x`` holds the density of ``volume`` at ``M[:, :3] @ x + M[:, 3]``."""
    positions = voxel_positions(volume.shape[0]) @ moving_to_fixed[:, :3].T + moving_to_fixed[:, 3]
    return sample(volume, positions).reshape(volume.shape)


def random_pair(fixed: Array, rng: np.random.Generator) -> Pair:
    """Rotate a map uniformly at random about the centre of its box, and shift it by up to 5 % of the box per axis."""
    size = fixed.shape[0]
    rotation = Rotation.random(random_state=rng).as_matrix()
    shift = rng.uniform(-SHIFT_FRACTION, SHIFT_FRACTION, 3) * size
    centre = np.full(3, size / 2.0)
    matrix = np.column_stack([rotation, centre - rotation @ (centre + shift)])
    moving = transformed(fixed, matrix)
    lost = 1.0 - moving.sum() / fixed.sum()
    if abs(lost) > MASS_LOST_LIMIT:
        raise ValueError(f"{lost:.1%} of the map's mass left the box of {size} voxels: raise PADDING in maps.py")
    return Pair(fixed, moving, matrix)


def centre_of_mass(volume: Array) -> Array:
    """Return the centre of mass ``(x, y, z)`` of the positive density in voxels."""
    positive = np.clip(volume, 0.0, None)
    return voxel_positions(volume.shape[0]).T @ positive.ravel() / positive.sum()
