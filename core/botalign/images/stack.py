"""The stack of images, which has the same file format as a map."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError, Setting, counted
from botalign.files import output_file
from botalign.maps.expected import kind_of
from botalign.maps.writing import Header, blank_header, write_sections

STACK_EXTENSIONS = (".mrcs", ".mrcs.gz", ".mrcs.bz2")


@dataclass(frozen=True, eq=False, repr=False)
class ImageStack:
    """A stack of images of the same size.

    Attributes
    ----------
    images : ndarray of float32, shape (images, y, x)
        Images. Arrays of other real types are converted.
    pixel_size_angstrom : tuple of float
        Pixel sides ``(x, y)`` in angstrom.
    name : str
        Name of the stack in messages, usually its file.

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

    images: NDArray[np.float32]
    pixel_size_angstrom: tuple[float, float] = (1.0, 1.0)
    name: str = "stack"

    def __post_init__(self) -> None:
        """Convert the images to float32 and check them."""
        images = np.asarray(self.images)
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
            where = f"image {bad[0] + 1}" if len(bad) == 1 else f"{len(bad)} images, the first image {bad[0] + 1}"
            raise InputError(
                f"{self.name}: {counted(counts.sum(), 'pixel is', 'pixels are')} NaN or infinite, in {where}, "
                "expected finite values; replace such values, for example by 0."
            )
        x, y = (float(side) for side in self.pixel_size_angstrom)
        if not (0 < x < np.inf and 0 < y < np.inf):
            raise InputError(f"{self.name}: got pixels of {x:g} x {y:g} A, expected positive pixel sizes.")
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "pixel_size_angstrom", (x, y))

    def __repr__(self) -> str:
        """Return one line without the pixels."""
        return f"<ImageStack {self.summary}>"

    @property
    def summary(self) -> str:
        """Name, number and size of the images, in one line."""
        count, rows, columns = self.images.shape
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
