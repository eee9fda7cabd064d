"""Filaments that run through the box of a map.

Beyond the faces of the box the filament goes on, but the map does not show it. So the position along its axis is that
of the box, not of the molecule.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from botalign.arrays import Matrix
from botalign.maps.grid import Grid

#: A voxel of the molecule is at a face of the box if it is no more than this many voxels inside.
DEPTH_VOXELS = 1.5
#: The two places at which a filament meets the faces are this fraction of the side of the box apart, or farther.
LEAST_DISTANCE = 0.75
#: A place with less than this fraction of the voxels of the largest one is a speck.
LEAST_PLACE = 0.1


def filament_axis(inside: NDArray[np.int64], sampled: Grid, box: Grid) -> Matrix | None:
    """Return the direction in which a molecule runs through a box, a unit vector; None if it does not.

    It does if it meets the faces at two places that are far apart, and nowhere else.

    Parameters
    ----------
    inside : ndarray of int, shape (n,)
        Indices of the voxels of the molecule on a flattened grid.
    sampled : Grid
        That grid, of cubic voxels.
    box : Grid
        Grid of the map.
    """
    voxel = sampled.voxel_size_angstrom[0]
    indices = np.stack(np.unravel_index(inside, sampled.shape), axis=1)
    places = np.array(sampled.origin_angstrom) + voxel * indices[:, ::-1]
    low = np.array(box.origin_angstrom)
    high = low + np.array(box.voxel_size_angstrom) * (np.array(box.shape[::-1]) - 1)
    depth = np.minimum(places - low, high - places).min(axis=1)
    at_faces = np.zeros(sampled.shape, dtype=np.bool_)
    at_faces[tuple(indices[depth <= DEPTH_VOXELS * voxel].T)] = True
    labels, count = ndimage.label(at_faces, np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    large = 1 + np.flatnonzero(sizes >= LEAST_PLACE * sizes.max(initial=0))
    if len(large) != 2:
        return None
    first, second = (voxel * np.array(centre)[::-1] for centre in ndimage.center_of_mass(at_faces, labels, large))
    apart = np.linalg.norm(second - first)
    return (second - first) / apart if apart >= LEAST_DISTANCE * box.size_angstrom.min() else None
