"""Coefficients of the cubic spline through the voxels of a map."""

from functools import partial

import numpy as np

from botalign.arrays import Volume
from botalign.maps.recursion import filter_columns, filter_planes, mirrored
from botalign.threads import run_in_threads

#: Planes, and rows of all planes, that are filtered by one task.
SLAB = 16
#: Margin of coefficients before and after the samples, so that every position in the box has 64 neighbours.
BEFORE, AFTER = 1, 2


def spline_coefficients(data: Volume, *, threads: int = 1) -> Volume:
    """Return the cubic B-spline coefficients of a map, with a margin.

    The sum of the B-splines with these coefficients interpolates the samples (Unser 1999, IEEE Signal Processing
    Magazine 16, 22), which are mirrored at the faces of the box.

    Parameters
    ----------
    data : ndarray of float32, shape (z, y, x)
        Samples.
    threads : int, optional
        Number of threads. The result does not depend on it.

    Returns
    -------
    ndarray of float32, shape (z + 3, y + 3, x + 3)
        Coefficients; those of the samples begin at index 1.
    """
    padded: Volume = np.empty([side + BEFORE + AFTER for side in data.shape], dtype=np.float32)
    inner = padded[tuple(slice(BEFORE, BEFORE + side) for side in data.shape)]
    planes = [slice(start, start + SLAB) for start in range(0, data.shape[0], SLAB)]
    run_in_threads([partial(filter_planes, data[slab], inner[slab]) for slab in planes], threads)
    rows = [slice(start, start + SLAB) for start in range(0, data.shape[1], SLAB)]
    run_in_threads([partial(filter_columns, inner[:, slab]) for slab in rows], threads)
    for axis, side in enumerate(data.shape):
        lines = np.moveaxis(padded, axis, 0)
        for beyond in (-1, side, side + 1):
            lines[BEFORE + beyond] = lines[BEFORE + mirrored(beyond, side)]
    return padded
