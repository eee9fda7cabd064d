"""A list of particles together with its images."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from botalign.arrays import Counts
from botalign.errors import InputError, counted
from botalign.images.centring import centred
from botalign.images.ctf import phase_flipped
from botalign.images.dust import without_dust
from botalign.images.names import NO_NUMBER, ImageNames, located
from botalign.images.particles import ClassColumns, ParticleList
from botalign.images.pixel_size import pixel_size
from botalign.images.stack import ImageStack
from botalign.images.stored import StackFile, StoredImages
from botalign.maps.reading import warn_of_remarks


@dataclass(frozen=True, eq=False)
class ImageList:
    """Images, and the list that refers to them.

    Attributes
    ----------
    stack : ImageStack
        Images, in the order of the list, which are read when they are needed.
    particles : botalign.images.ParticleList
        The list. For a stack without a list, one that was made for it.

    See Also
    --------
    read_images : Read a list or a stack.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "particles.mrcs"
    ...     botalign.ImageStack(np.zeros((3, 32, 32))).write(path)
    ...     listed = botalign.read_images(path)
    >>> listed.particles.columns
    ('rlnImageName', 'rlnOpticsGroup')
    """

    stack: ImageStack
    particles: ParticleList

    def with_classes(self, found: ClassColumns) -> ImageList:
        """Return the list with the class and pose of each image; the given list does not change."""
        return replace(self, particles=self.particles.with_classes(found))

    def phase_flipped(self) -> ImageList:
        """Return the list with the phases of its images flipped where their contrast transfer function is negative.

        Images that were flipped or multiplied by their CTF before, according to the list, stay as they are.

        Raises
        ------
        InputError
            If the list has no parameters of the CTF, or not for every image.
        """
        parameters = self.particles.ctf
        if parameters is None:
            raise InputError(
                f"{self.particles.name}: has no defocus, voltage, spherical aberration or amplitude contrast, expected "
                "all of them; give a list that has the CTF, or do not flip phases."
            )
        return replace(self, stack=phase_flipped(self.stack, parameters))

    def centred(self) -> ImageList:
        """Return the list with each image shifted by its origin, rounded to whole pixels as in RELION.

        Images without an origin in the list stay as they are. :meth:`Classification.annotate` counts the shifts in.

        Raises
        ------
        InputError
            If an origin is not a number, or far from the middle of the image.
        """
        origins = self.particles.origins_pixels(self.stack.pixel_size_angstrom[0])
        return self if origins is None else replace(self, stack=centred(self.stack, origins))

    def without_dust(self, dust: float) -> ImageList:
        """Return the list with pixels of dust replaced by the level of the background.

        Do this before phases are flipped, which spreads dust.

        Parameters
        ----------
        dust : float
            A pixel that differs from the background by more than this number of its standard deviations is dust.

        Raises
        ------
        InputError
            If `dust` is not a positive number.
        """
        return replace(self, stack=without_dust(self.stack, dust))

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the list.

        Parameters
        ----------
        path : path-like
            File to write, with the extension of the list: ``.star``, or ``.cs`` for a list of cryoSPARC.
        overwrite : bool, optional
            Whether to replace an existing file.

        Raises
        ------
        InputError
            If the extension is another one, the file exists and `overwrite` is false, or it cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import numpy as np
        >>> import botalign
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     folder = Path(folder)
        ...     botalign.ImageStack(np.zeros((3, 32, 32))).write(folder / "particles.mrcs")
        ...     botalign.read_images(folder / "particles.mrcs").write(folder / "particles.star")
        ...     len(botalign.read_images(folder / "particles.star").stack)
        3
        """
        self.particles.write(path, overwrite=overwrite)


def images_of(listed: ParticleList) -> ImageStack:
    """Return the images of a list, of which only the headers of the stacks are read.

    Raises
    ------
    InputError
        If the list does not refer to single images; if a stack is missing, cannot be read, or has fewer images than
        listed; if sizes of images or pixels differ.

    Warns
    -----
    MapWarning
        Once, if headers have errors or contradict the list.
    """
    if listed.refusal is not None:
        raise InputError(f"{listed.name}: {listed.refusal}")
    names = listed.names
    files = tuple(StackFile.open(path, stated=True) for path in located(Path(listed.name), names))
    numbers = _numbers(listed.name, names, files)
    _check_sides(listed, names, files)
    pixel, remarks = pixel_size(listed, files)
    warn_of_remarks(listed.name, [*remarks, *_shared_remarks(files)], stacklevel=4)  # at the caller of read_images
    return ImageStack(StoredImages(files, names.file_of, numbers), pixel, name=listed.name)


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
            f"{name}: lists image {numbers[i] + 1} of {names.files[names.file_of[i]]}, which holds "
            f"{counted(int(counts[i]), 'image')}{more}; use the stack for which the list was made."
        )
    return numbers


def _check_sides(listed: ParticleList, names: ImageNames, files: tuple[StackFile, ...]) -> None:
    """Refuse images of different sizes, or of another size than listed."""
    sizes: Counter[tuple[int, ...]] = Counter()
    for file, count in zip(files, np.bincount(names.file_of, minlength=len(files)).tolist(), strict=True):
        sizes[file.shape[:0:-1]] += count  # columns and rows
    if len(sizes) > 1:
        parts = []
        for (columns, rows), count in sizes.most_common(4):
            first = next(file.path for file in files if file.shape[1:] == (rows, columns))
            parts.append(f"{columns} x {rows} pixels for {counted(count, 'image')} (first stack {first})")
        more = f" and {len(sizes) - 4} more sizes" if len(sizes) > 4 else ""
        raise InputError(
            f"{listed.name}: images of {', '.join(parts)}{more}, expected one size; classify them separately, or "
            "rescale them to one box and pixel size."
        )
    sides = listed.sides
    if sides is None:
        return
    columns = files[0].shape[2]
    wrong = np.flatnonzero(np.isfinite(sides) & (sides != columns))
    if len(wrong):
        i = int(wrong[0])
        raise InputError(
            f"{listed.name}: image {i + 1} has {sides[i]:g} pixels a side according to the list, but {columns} in "
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
