r"""Images of different pixel and box sizes, resampled to one pixel size and one box.

An image of :math:`n` pixels is a sum of waves. Its values at other positions are exact up to the Nyquist frequency of
the new pixels, above which the waves are left out. Pixel ``side // 2``, on which RELION and cryoSPARC centre particles,
remains this pixel, so that poses and origins in angstrom stay right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from botalign.arrays import Counts, Matrix, Volume
from botalign.errors import InputError, Setting
from botalign.images.pixel_size import SAME_PIXEL_SIZE
from botalign.images.stored import ImageSource, StoredImages

_LEAST_SIDE = 8


@dataclass(frozen=True, eq=False)
class RescaledImages(ImageSource):
    """Images that are resampled when they are read.

    Attributes
    ----------
    groups : tuple of StoredImages
        Images, each group of one size.
    matrices : tuple of ndarray, shape (side, side of the group)
        Matrix that resamples the rows and columns of a group.
    group_of, number_of : ndarray of int64, shape (n,)
        Group of each image, and its number there.
    """

    groups: tuple[StoredImages, ...]
    matrices: tuple[Matrix, ...]
    group_of: Counts
    number_of: Counts

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of images, rows and columns."""
        side = len(self.matrices[0])
        return len(self.group_of), side, side

    def blocks(self, which: Counts) -> Iterator[tuple[Counts, Volume]]:
        """Read and resample images, group by group."""
        for number, (group, matrix) in enumerate(zip(self.groups, self.matrices, strict=True)):
            at = np.flatnonzero(self.group_of[which] == number)
            for places, images in group.blocks(self.number_of[which[at]]):
                with np.errstate(invalid="ignore", over="ignore"):  # the stack refuses values that are not finite
                    yield at[places], (matrix @ images @ matrix.T).astype(np.float32)


def rescaled(
    images: StoredImages, pixel_sizes_angstrom: Matrix, pixel_size_angstrom: float, name: str
) -> RescaledImages:
    """Return images of several sizes resampled to one pixel size, in the largest box that all of them contain.

    Parameters
    ----------
    images : StoredImages
        Images, of any sizes.
    pixel_sizes_angstrom : ndarray, shape (n, 2)
        Pixel sides ``(x, y)`` of each image.
    pixel_size_angstrom : float
        Side of a pixel of the result, at least that of the largest pixel: smaller ones would not add details.
    name : str
        Name of the list in messages.

    Raises
    ------
    InputError
        If images or pixels are not square, or the pixel size is out of range.
    """
    sides = np.array([file.shape[1:] for file in images.files])[images.file_of]
    described = np.concatenate([sides, pixel_sizes_angstrom], axis=1)
    kinds, group_of = np.unique(described, axis=0, return_inverse=True)
    for rows, columns, x, y in kinds.tolist():
        if rows != columns or abs(x - y) > SAME_PIXEL_SIZE * x:
            raise InputError(
                f"{name}: got images of {columns:g} x {rows:g} pixels of {x:g} x {y:g} A, expected square images and "
                "pixels to rescale them; leave them out."
            )
    largest, width = float(kinds[:, 2].max()), float((kinds[:, 1] * kinds[:, 2]).min())
    if not largest * (1 - SAME_PIXEL_SIZE) <= pixel_size_angstrom <= width / _LEAST_SIDE:
        raise InputError(
            Setting("pixel_size_angstrom"),
            f": got {pixel_size_angstrom:g} A, expected {largest:g} A, the largest pixel of {name}, to "
            f"{width / _LEAST_SIDE:g} A, an eighth of its smallest box.",
        )
    side = int(width / pixel_size_angstrom + 10 * SAME_PIXEL_SIZE)
    groups, matrices, number_of = [], [], np.empty(len(group_of), dtype=np.int64)
    for number, (_, columns, pixel, _) in enumerate(kinds.tolist()):
        members = np.flatnonzero(group_of == number)
        number_of[members] = np.arange(len(members))
        groups.append(StoredImages(images.files, images.file_of[members], images.number_of[members]))
        matrices.append(resampling_matrix(int(columns), side, pixel_size_angstrom / pixel))
    return RescaledImages(tuple(groups), tuple(matrices), group_of, number_of)


def resampling_matrix(side: int, new_side: int, step: float) -> Matrix:
    """Return the matrix, shape (new_side, side), that resamples values along one axis.

    Parameters
    ----------
    side, new_side : int
        Number of values before and after.
    step : float
        Distance between new positions, in old ones.
    """
    positions = (np.arange(new_side) - new_side // 2) * step + side // 2
    frequencies = np.arange(side // 2 + 1)
    highest = side / 2 * min(1.0, 1 / step)
    # The wave at the Nyquist frequency stands for a pair, of which it is one half.
    weights = np.where(frequencies < highest * (1 - 1e-9), 2.0, np.where(frequencies <= highest * (1 + 1e-9), 1.0, 0.0))
    weights[0] = 1.0
    new, old = (2 * np.pi / side * each[:, None] * frequencies for each in (positions, np.arange(side)))
    # The cosine of a difference.
    return np.asarray(((weights * np.cos(new)) @ np.cos(old).T + (weights * np.sin(new)) @ np.sin(old).T) / side)
