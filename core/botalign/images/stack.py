"""The stack of images, which has the same file format as a map."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.arguments import kind_of
from botalign.arrays import Counts, Matrix, Volume
from botalign.errors import InputError, Setting, counted
from botalign.files import output_file
from botalign.images.particles import CtfParameters
from botalign.images.stored import ImageSource, images_per_block
from botalign.maps.writing import Header, blank_header, write_sections

STACK_EXTENSIONS = (".mrcs", ".mrcs.gz", ".mrcs.bz2")


class ImageStack:
    """A stack of images of the same size, in memory or in files that are read when the images are needed.

    Parameters
    ----------
    images : array_like, shape (images, y, x)
        Images of any real type.
    pixel_size_angstrom : tuple of float, optional
        Pixel sides ``(x, y)`` in angstrom.
    name : str, optional
        Name of the stack in messages, usually its file.
    ctf : CtfParameters, optional
        Parameters of the contrast transfer functions, if the phases of the images are flipped.
    shifts_pixels : ndarray, shape (n, 2), optional
        Shifts ``(x, y)`` that centred the images, if they were shifted.
    dark : bool, optional
        Whether particles are darker than the background according to the list, if it states this.

    Attributes
    ----------
    pixel_size_angstrom : tuple of float
        Pixel sides ``(x, y)`` in angstrom.
    name : str
        Name of the stack.
    ctf : CtfParameters or None
        Parameters of the contrast transfer functions, None if they are unknown or the phases are not flipped.
    shifts_pixels : ndarray or None
        Shifts ``(x, y)`` that centred the images, None if they were not shifted.
    dark : bool or None
        Whether particles are darker than the background according to the list, None if it does not state this.

    Raises
    ------
    InputError
        If `images` is empty, not three-dimensional, not real or not finite, or a pixel size is not positive.

    See Also
    --------
    read_stack : Read a stack from a file.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign
    >>> botalign.ImageStack(np.zeros((10, 32, 32)), (1.5, 1.5), name="particles.mrcs")
    <ImageStack particles.mrcs: 10 images of 32 x 32 pixels of 1.5 A>
    """

    def __init__(
        self,
        images: ArrayLike | ImageSource,
        pixel_size_angstrom: tuple[float, float] = (1.0, 1.0),
        name: str = "stack",
        *,
        ctf: CtfParameters | None = None,
        shifts_pixels: Matrix | None = None,
        dark: bool | None = None,
    ) -> None:
        self.name, self.ctf, self.shifts_pixels, self.dark = name, ctf, shifts_pixels, dark
        self._stored = images if isinstance(images, ImageSource) else None
        if self._stored is None:
            self.images = self._checked(np.asarray(images))
        x, y = (float(side) for side in pixel_size_angstrom)
        if not (0 < x < np.inf and 0 < y < np.inf):
            raise InputError(f"{name}: got pixels of {x:g} x {y:g} A, expected positive pixel sizes.")
        self.pixel_size_angstrom = (x, y)

    def __repr__(self) -> str:
        """Return one line without the pixels."""
        return f"<ImageStack {self.summary}>"

    def __len__(self) -> int:
        """Return the number of images."""
        return self.shape[0]

    @cached_property
    def images(self) -> Volume:
        """All images, shape (images, y, x), in memory; images in files are read at the first access."""
        return self.load(np.arange(len(self)))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of images, rows and columns."""
        if self._stored is not None:
            return self._stored.shape
        count, rows, columns = self.images.shape
        return count, rows, columns

    def load(self, indices: ArrayLike) -> Volume:
        """Return some of the images; of images in files, only these are read.

        Parameters
        ----------
        indices : array_like of int, shape (n,)
            Indices of the images, from 0.

        Returns
        -------
        ndarray of float32, shape (n, y, x)
            The images.

        Raises
        ------
        InputError
            If a file cannot be read, is damaged, or one of these images has pixels that are not finite.

        Examples
        --------
        >>> import numpy as np
        >>> import botalign
        >>> botalign.ImageStack(np.zeros((10, 32, 32))).load([0, 3]).shape
        (2, 32, 32)
        """
        which = np.asarray(indices, dtype=np.int64)
        images = np.empty((len(which), *self.shape[1:]), dtype=np.float32)
        for places, block in self.blocks(which):
            images[places] = block
        return images

    def blocks(self, indices: Counts | None = None) -> Iterator[tuple[Counts, Volume]]:
        """Read images in blocks, so that not all are in memory at once.

        Parameters
        ----------
        indices : ndarray of int64, shape (n,), optional
            Indices of the images, from 0; by default all images.

        Yields
        ------
        places : ndarray of int64
            Positions in `indices` of the images of the block. The blocks are in the order of the files.
        images : ndarray of float32
            These images.

        Raises
        ------
        InputError
            As :meth:`load`.

        Examples
        --------
        >>> import numpy as np
        >>> import botalign
        >>> stack = botalign.ImageStack(np.ones((10, 32, 32)))
        >>> sum(float(images.sum()) for _, images in stack.blocks())
        10240.0
        """
        which = np.arange(len(self)) if indices is None else indices
        if self._stored is not None and "images" not in self.__dict__:
            for places, block in self._stored.blocks(which):
                yield places, self._checked(block, which[places])
            return
        for start in range(0, len(which), step := images_per_block(self.shape)):
            places = np.arange(start, min(start + step, len(which)))
            yield places, self.images[which[places]]

    def _checked(self, images: NDArray[Any], numbers: Counts | None = None) -> Volume:
        """Return images as float32, or refuse them; `numbers` are their indices in the stack."""
        if images.ndim != 3 or not images.size:
            raise InputError(f"{self.name}: got an array of shape {images.shape}, expected a stack (image, y, x).")
        if images.dtype.kind not in "biuf":
            raise InputError(f"{self.name}: got values of type {images.dtype}, expected real values; convert them.")
        with np.errstate(over="ignore", invalid="ignore"):
            images = np.ascontiguousarray(images, dtype=np.float32)
            total = images.sum(dtype=np.float64)
        if not np.isfinite(total):
            counts = images[0].size - np.count_nonzero(np.isfinite(images), axis=(1, 2))
            bad = np.flatnonzero(counts)
            first = (bad if numbers is None else numbers[bad]).min() + 1
            where = f"image {first}" if len(bad) == 1 else f"{len(bad)} images, the first image {first}"
            raise InputError(
                f"{self.name}: {counted(int(counts.sum()), 'pixel is', 'pixels are')} NaN or infinite, in {where}, "
                "expected finite values; replace such values, for example by 0."
            )
        return images

    @property
    def summary(self) -> str:
        """Name, number and size of the images, in one line."""
        count, rows, columns = self.shape
        x, y = self.pixel_size_angstrom
        pixel = f"{x:.6g}" if x == y else f"{x:.6g} x {y:.6g}"
        images = "1 image" if count == 1 else f"{count} images"
        return f"{Path(self.name).name}: {images} of {columns} x {rows} pixels of {pixel} A"

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the images as a stack in MRC format, as 32-bit floats.

        Parameters
        ----------
        path : path-like
            File to write, with the extension ``.mrcs``, or ``.mrcs.gz`` or ``.mrcs.bz2`` for a compressed file.
        overwrite : bool, optional
            Whether to replace an existing file.

        Raises
        ------
        InputError
            If the extension is unknown, the file exists and `overwrite` is false, the folder is missing or not
            writable, or the disk is full.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import numpy as np
        >>> import botalign
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "particles.mrcs"
        ...     botalign.ImageStack(np.zeros((10, 32, 32))).write(path)
        ...     botalign.holds_images(path)
        True
        """
        with output_file(path, overwrite=overwrite, extensions=STACK_EXTENSIONS) as temporary:
            write_sections(temporary, path, _header(self), self.images)


@dataclass(frozen=True, eq=False)
class ChangedImages(ImageSource):
    """Images of a stack that are changed when they are read.

    Attributes
    ----------
    stack : ImageStack
        The images.
    """

    stack: ImageStack

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of images, rows and columns."""
        return self.stack.shape

    def as_stack(self, *, ctf: CtfParameters | None = None, shifts_pixels: Matrix | None = None) -> ImageStack:
        """Return the changed images as a stack, which has what the unchanged one has unless it is given."""
        old = self.stack
        return ImageStack(
            self, old.pixel_size_angstrom, old.name, ctf=old.ctf if ctf is None else ctf,
            shifts_pixels=old.shifts_pixels if shifts_pixels is None else shifts_pixels, dark=old.dark,
        )  # fmt: skip


def _header(stack: ImageStack) -> Header:
    """Return the header of a stack: in MRC2014, a stack has space group 0 and one section per cell."""
    header, images = blank_header(0), stack.images
    x, y = stack.pixel_size_angstrom
    header["nz"], header["ny"], header["nx"] = images.shape
    header["mz"], header["my"], header["mx"] = 1, *images.shape[1:]
    header["cella"] = (x * images.shape[2], y * images.shape[1], x)
    header["dmin"], header["dmax"] = images.min(), images.max()
    header["dmean"], header["rms"] = images.mean(dtype=np.float64), images.std(dtype=np.float64)
    return header


def expect_stack(value: object, name: str) -> None:
    """Refuse an argument that is not a stack of images, as :func:`expect_map` for maps."""
    if not isinstance(value, ImageStack):
        advice = "read a file with botalign.read_stack, convert an array with botalign.ImageStack(array)"
        raise InputError(Setting(name), f": got {kind_of(value)}, expected an ImageStack; {advice}.")
