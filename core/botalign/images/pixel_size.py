"""One rule for the pixel sizes of listed images: the list before the headers of the stacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from botalign.arrays import Counts, Matrix
from botalign.errors import InputError, Setting, counted
from botalign.images.particles import ParticleList
from botalign.images.stored import StackFile

#: Pixel sizes within this relative difference count as the same.
SAME_PIXEL_SIZE = 1e-3


@dataclass(frozen=True, eq=False)
class PixelSizes:
    """Pixel sizes of listed images.

    Attributes
    ----------
    of_images : ndarray, shape (n, 2)
        Pixel sides ``(x, y)`` of each image in angstrom.
    remarks : list of str
        Contradictions and assumptions.
    """

    of_images: Matrix
    remarks: list[str]

    @classmethod
    def of(cls, listed: ParticleList, files: Sequence[StackFile], file_of: Counts) -> PixelSizes:
        """Return the pixel sizes of the images of a list, given the files and that of each image.

        The list decides, even if the headers disagree. Programs that do not know the pixel size write 0 or 1 A into
        headers, so 1 A does not contradict a list.

        Raises
        ------
        InputError
            If some of the images have no pixel size.
        """
        sizes = listed.pixel_sizes_angstrom
        if sizes is None or np.isnan(sizes).all():
            return cls._of_headers(listed.name, files, file_of)
        if np.isnan(sizes).any():
            missing = np.isnan(sizes)
            raise InputError(
                f"{listed.name}: a pixel size for {counted(int((~missing).sum()), 'image')}, but none for "
                f"{missing.sum()}, the first image {int(np.argmax(missing)) + 1}; add it to the list."
            )
        if _agree(sizes):
            sizes = np.full(len(sizes), sizes[0])
        return cls(np.stack([sizes, sizes], axis=1), _contradictions(sizes, files, file_of))

    @classmethod
    def _of_headers(cls, name: str, files: Sequence[StackFile], file_of: Counts) -> PixelSizes:
        sides = np.array([file.header.grid.voxel_size_angstrom[:2] for file in files])
        known = np.array([file.header.size_remark is None for file in files])
        if not known.any():
            remarks = ["no pixel size, neither in the list nor in the stacks, assumed 1 A"]
            return cls(np.ones((len(file_of), 2)), remarks)
        if known.all():
            return cls(sides[file_of], [])
        first, unknown = sides[known][0], files[int(np.argmin(known))].path
        if not _agree(sides[known]):
            raise InputError(
                f"{name}: the list has no pixel size, nor has the header of {unknown}, and those of other stacks "
                "differ; add the pixel size to the list."
            )
        sides[~known] = first
        return cls(sides[file_of], ["some stacks have no pixel size, assumed that of the others"])

    @property
    def agree(self) -> bool:
        """Whether all images have the same pixel size."""
        return _agree(self.of_images)

    @property
    def largest(self) -> float:
        """Largest pixel side of all images in angstrom."""
        return float(self.of_images.max())

    def refuse_several(self, listed: ParticleList, files: Sequence[StackFile], file_of: Counts) -> None:
        """Refuse images with pixels of different sizes.

        Raises
        ------
        InputError
            If they differ; the message names the sizes.
        """
        if self.agree:
            return
        rescale = Setting("pixel_size_angstrom", float(f"{self.largest:.6g}"))
        advice = ("expected one size; rescale them to one pixel size by ", rescale, ", or classify them separately.")
        sizes, groups = self.of_images[:, 0], listed.groups
        if listed.pixel_sizes_angstrom is None or np.isnan(listed.pixel_sizes_angstrom).all():
            other = int(np.argmax(np.abs(self.of_images - self.of_images[0]).max(axis=1)))
            paths = [files[file_of[i]].path for i in (0, other)]
            raise InputError(
                f"{listed.name}: the list has no pixel size, and the headers of its stacks differ: {sizes[0]:g} A in "
                f"{paths[0]}, {sizes[other]:g} A in {paths[1]}, ", *advice
            )  # fmt: skip
        parts = []
        for size in np.unique(sizes):
            at = np.flatnonzero(sizes == size)
            of = "" if groups is None else f" (group {', '.join(sorted({groups[i] for i in at.tolist()}))})"
            parts.append(f"{size:g} A for {counted(len(at), 'image')}{of}")
        several = ", ".join(parts[:4]) + (f" and {len(parts) - 4} more" if len(parts) > 4 else "")
        raise InputError(f"{listed.name}: pixels of {several}, ", *advice)


def _agree(sizes: Matrix) -> bool:
    return bool((np.ptp(sizes, axis=0) <= SAME_PIXEL_SIZE * sizes.max(axis=0)).all())


def _contradictions(sizes: Matrix, files: Sequence[StackFile], file_of: Counts) -> list[str]:
    """Return a remark if headers contradict the sizes of their images according to the list."""
    firsts = np.unique(file_of, return_index=True)[1]  # the first image of each file
    others = [
        (file.path, x, size)
        for file, size in zip(files, sizes[firsts].tolist(), strict=True)
        for x in file.header.grid.voxel_size_angstrom[:1]
        if file.header.size_remark is None and x != 1 and abs(x - size) > SAME_PIXEL_SIZE * size
    ]
    if not others:
        return []
    path, x, size = others[0]
    has = f"the header of {path} has" if len(others) == 1 else f"the headers of {len(others)} stacks have"
    first = "" if len(others) == 1 else f" (first {path})"
    return [f"pixels of {size:g} A according to the list, but {has} {x:g} A{first}; the list was used"]
