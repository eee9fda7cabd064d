"""Rotation, mirroring and shifting of images by cubic splines, inside a disc."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import ndimage

from botalign.arrays import Matrix, Volume

#: Margin of coefficients before and after the pixels, so that every position in the image has 16 neighbours.
BEFORE, AFTER = 1, 2


def image_splines(images: Volume) -> Volume:
    """Return the cubic B-spline coefficients of images, shape (n, side + 3, side + 3), with a margin.

    Parameters
    ----------
    images : ndarray of float32, shape (n, side, side)
        Images, mirrored at their edges.
    """
    n, side = images.shape[:2]
    out = np.empty((n, side + BEFORE + AFTER, side + BEFORE + AFTER), dtype=np.float32)
    for image, padded in zip(images, out, strict=True):
        exact = np.asarray(ndimage.spline_filter(image, order=3, output=np.float64, mode="mirror"))
        padded[...] = np.pad(exact, (BEFORE, AFTER), mode="reflect")
    return out


def disc_spans(side: int, radius: float) -> NDArray[np.int64]:
    """Return, for each row, the first column in a disc around the centre and the first column after it.

    Parameters
    ----------
    side : int
        Side of the image in pixels.
    radius : float
        Radius in pixels; at most that of the largest disc in the image is used, which rotations keep in the image.

    Returns
    -------
    ndarray of int64, shape (side, 2)
        Columns; both are 0 for a row outside the disc.
    """
    centre = (side - 1) / 2
    square = min(radius, centre) ** 2 - (np.arange(side) - centre) ** 2
    half = np.sqrt(np.maximum(square, 0.0))
    spans = np.stack([np.ceil(centre - half), np.floor(centre + half) + 1], axis=1)
    spans[square < 0] = 0
    return spans.astype(np.int64)


def cut_to_disc(images: Volume, spans: NDArray[np.int64]) -> None:
    """Set the pixels outside a disc to zero, in place."""
    columns = np.arange(images.shape[2])
    inside = (columns >= spans[:, :1]) & (columns < spans[:, 1:])
    images *= inside


def in_poses(splines: Volume, pull: Matrix, spans: NDArray[np.int64]) -> Volume:
    """Return an image in several poses.

    Parameters
    ----------
    splines : ndarray of float32, shape (side + 3, side + 3)
        Spline coefficients of the image.
    pull : ndarray, shape (poses, 2, 3)
        Matrices from offsets ``(x, y)`` from the centre of the result to offsets from the centre of the image; see
        :meth:`botalign.classes.poses.Poses.pull`.
    spans : ndarray
        Disc to fill, from :func:`disc_spans`.

    Returns
    -------
    ndarray of float32, shape (poses, side, side)
        The posed images, zero outside the disc.
    """
    side = splines.shape[0] - BEFORE - AFTER
    out = np.zeros((len(pull), side, side), dtype=np.float32)
    _fill_poses(splines, pull, spans, out)
    return out


# Without fastmath, so that the result is the same on every machine.
@njit(cache=True, nogil=True)
def _fill_poses(splines: Volume, pull: Matrix, spans: NDArray[np.int64], out: Volume) -> None:
    side, width = out.shape[1], splines.shape[1]
    flat = splines.ravel()
    centre = (side - 1) / 2
    unit, half, sixth, two_thirds = np.float32(1), np.float32(0.5), np.float32(1 / 6), np.float32(2 / 3)
    row, one, two, three = np.uintp(width), np.uintp(1), np.uintp(2), np.uintp(3)
    for p in range(pull.shape[0]):
        for j in range(side):
            for i in range(spans[j, 0], spans[j, 1]):
                x = pull[p, 0, 0] * (i - centre) + pull[p, 0, 1] * (j - centre) + pull[p, 0, 2] + centre
                y = pull[p, 1, 0] * (i - centre) + pull[p, 1, 1] * (j - centre) + pull[p, 1, 2] + centre
                # The tolerance keeps the outermost pixels of an image that is not rotated, despite rounding.
                if x < -1e-6 or y < -1e-6 or x > side - 1 + 1e-6 or y > side - 1 + 1e-6:
                    continue
                column = max(0, min(int(x), side - 2))
                line = max(0, min(int(y), side - 2))
                t, u = np.float32(x - column), np.float32(y - line)
                s = unit - t
                a0, a3 = s * s * s * sixth, t * t * t * sixth
                a1, a2 = two_thirds - t * t * (unit - half * t), two_thirds - s * s * (unit - half * s)
                s = unit - u
                b0, b3 = s * s * s * sixth, u * u * u * sixth
                b1, b2 = two_thirds - u * u * (unit - half * u), two_thirds - s * s * (unit - half * s)
                at = np.uintp(line * width + column)
                v = b0 * (a0 * flat[at] + a1 * flat[at + one] + a2 * flat[at + two] + a3 * flat[at + three])
                at += row
                v += b1 * (a0 * flat[at] + a1 * flat[at + one] + a2 * flat[at + two] + a3 * flat[at + three])
                at += row
                v += b2 * (a0 * flat[at] + a1 * flat[at + one] + a2 * flat[at + two] + a3 * flat[at + three])
                at += row
                v += b3 * (a0 * flat[at] + a1 * flat[at + one] + a2 * flat[at + two] + a3 * flat[at + three])
                out[p, j, i] = v
