"""The files of the images of a list, of which only the headers are read, and the stack of these images."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from botalign.arrays import Counts
from botalign.errors import InputError, Setting, counted
from botalign.images.names import NO_NUMBER, ImageNames, located
from botalign.images.particles import ParticleList
from botalign.images.pixel_size import PixelSizes
from botalign.images.rescaling import rescaled
from botalign.images.stack import ImageStack
from botalign.images.stored import StackFile, StoredImages
from botalign.maps.reading import warn_of_remarks


@dataclass(frozen=True, eq=False)
class ListedFiles:
    """The files of the images of a list.

    Attributes
    ----------
    particles : ParticleList
        The list.
    images : StoredImages
        The images, which may differ in size.
    pixel_sizes : PixelSizes
        Their pixel sizes.
    """

    particles: ParticleList
    images: StoredImages
    pixel_sizes: PixelSizes

    @classmethod
    def of(cls, particles: ParticleList) -> ListedFiles:
        """Find the files of a list.

        Raises
        ------
        InputError
            If the list does not refer to single images; if a stack is missing, cannot be read, or has fewer or other
            images than listed.
        """
        if particles.refusal is not None:
            raise InputError(f"{particles.name}: {particles.refusal}")
        names = particles.names
        files = tuple(StackFile.open(path, stated=True) for path in located(Path(particles.name), names))
        numbers = _numbers(particles.name, names, files)
        _check_sides(particles, names, files)
        pixel_sizes = PixelSizes.of(particles, files, names.file_of)
        return cls(particles, StoredImages(files, names.file_of, numbers), pixel_sizes)

    @property
    def differ(self) -> bool:
        """Whether images differ in the number or size of their pixels."""
        return len({file.shape[1:] for file in self.images.files}) > 1 or not self.pixel_sizes.agree

    def stack(self, pixel_size_angstrom: float | None = None) -> ImageStack:
        """Return the images as a stack, which are read when needed.

        Parameters
        ----------
        pixel_size_angstrom : float, optional
            Pixel size to which all images are rescaled. Otherwise all must have the same size and pixel size.

        Raises
        ------
        InputError
            If images differ in the number or size of their pixels, or cannot be rescaled.

        Warns
        -----
        MapWarning
            Once, if headers have errors or contradict the list.
        """
        name, images, sizes = self.particles.name, self.images, self.pixel_sizes
        if pixel_size_angstrom is None:
            self._refuse_several_sides()
            sizes.refuse_several(self.particles, images.files, images.file_of)
            x, y = sizes.of_images[0].tolist()
            found = ImageStack(images, (x, y), name=name, dark=self.particles.dark)
        else:
            smaller = rescaled(images, sizes.of_images, pixel_size_angstrom, name)
            side = pixel_size_angstrom
            found = ImageStack(smaller, (side, side), name=name, dark=self.particles.dark)
        remarks = [*sizes.remarks, *_shared_remarks(images.files)]
        warn_of_remarks(name, remarks, stacklevel=4)  # at the caller of read_images
        return found

    def _refuse_several_sides(self) -> None:
        """Refuse images of different sizes."""
        files, sizes = self.images.files, Counter[tuple[int, ...]]()
        for file, count in zip(files, np.bincount(self.images.file_of, minlength=len(files)).tolist(), strict=True):
            sizes[file.shape[:0:-1]] += count  # columns and rows
        if len(sizes) < 2:
            return
        parts = []
        for (columns, rows), count in sizes.most_common(4):
            first = next(file.path for file in files if file.shape[1:] == (rows, columns))
            parts.append(f"{columns} x {rows} pixels for {counted(count, 'image')} (first stack {first})")
        more = f" and {len(sizes) - 4} more sizes" if len(sizes) > 4 else ""
        raise InputError(
            f"{self.particles.name}: images of {', '.join(parts)}{more}, expected one size; rescale them to one pixel "
            "size and box by ", Setting("pixel_size_angstrom", float(f"{self.pixel_sizes.largest:.6g}")),
            ", or classify them separately.",
        )  # fmt: skip


def _numbers(name: str, names: ImageNames, files: tuple[StackFile, ...]) -> Counts:
    """Return the number of each image in its file, or refuse numbers that the files do not have."""
    counts = np.array([file.shape[0] for file in files])[names.file_of]
    without = names.number_of == NO_NUMBER
    unclear, numbers = np.flatnonzero(without & (counts > 1)), np.where(without, 0, names.number_of)
    if len(unclear):
        i = int(unclear[0])
        file = names.files[names.file_of[i]]
        raise InputError(
            f"{name}: image {i + 1} is {file}, a stack of {counts[i]} images, without the number of one of them "
            f"({counted(len(unclear), 'such name')}), expected NUMBER@STACK with numbers from 1; correct the list."
        )
    beyond = np.flatnonzero((numbers < 0) | (numbers >= counts))
    if len(beyond):
        i = int(beyond[0])
        more = f" ({len(beyond)} such images)" if len(beyond) > 1 else ""
        raise InputError(
            f"{name}: the list has image {numbers[i] + 1} of {names.files[names.file_of[i]]}, which holds "
            f"{counted(int(counts[i]), 'image')}{more}; use the stack for which the list was made."
        )
    return numbers


def _check_sides(listed: ParticleList, names: ImageNames, files: tuple[StackFile, ...]) -> None:
    """Refuse images of another size than listed."""
    sides = listed.sides
    if sides is None:
        return
    columns = np.array([file.shape[2] for file in files])[names.file_of]
    wrong = np.flatnonzero(np.isfinite(sides) & (sides != columns))
    if len(wrong):
        i = int(wrong[0])
        raise InputError(
            f"{listed.name}: image {i + 1} has {sides[i]:g} pixels a side according to the list, but {columns[i]} in "
            f"{names.files[names.file_of[i]]}; use the stack for which the list was made."
        )


def _shared_remarks(files: tuple[StackFile, ...]) -> list[str]:
    """Return the remarks about all headers, each once, with the number of stacks; the list decides pixel sizes."""
    found: dict[str, list[str]] = {}
    for file in files:
        for remark in file.header.remarks:
            if remark != file.header.size_remark:
                found.setdefault(remark, []).append(file.path)
    return [
        f"{remark} ({paths[0] if len(paths) == 1 else f'{len(paths)} stacks, the first {paths[0]}'})"
        for remark, paths in found.items()
    ]
