"""Images listed in a star file of RELION."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError, counted
from botalign.files import output_file
from botalign.images.reading import read_stack
from botalign.images.stack import ImageStack

_IMAGE = "rlnImageName"
_PARTICLES = "particles"
#: Pixel sizes within this relative difference count as the same.
_SAME_PIXEL_SIZE = 1e-3


@dataclass(frozen=True, eq=False)
class ImageList:
    """Images, and the tables of the star file that lists them.

    Attributes
    ----------
    stack : ImageStack
        Images, in the order of the list.
    blocks : dict
        Tables of the star file by name. For a stack without a star file, tables that list its images.
    particles : str
        Name of the table of images.

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
    >>> list(listed.table.columns)
    ['rlnImageName', 'rlnOpticsGroup']
    """

    stack: ImageStack
    blocks: dict[str, Any]
    particles: str

    @property
    def table(self) -> Any:
        """Table of images, a :class:`pandas.DataFrame`."""
        return self.blocks[self.particles]

    def with_columns(self, columns: Mapping[str, NDArray[Any]], *, without: Collection[str] = ()) -> ImageList:
        """Return the list with columns of the table of images added, replaced or removed.

        Parameters
        ----------
        columns : mapping
            Column names, without the leading underscore, and their values, one for each image.
        without : collection of str, optional
            Columns to remove.

        Returns
        -------
        ImageList
            The list with the new table; the given list does not change.

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
        >>> listed.with_columns({"rlnClassNumber": np.array([2, 1, 2])}).table["rlnClassNumber"].tolist()
        [2, 1, 2]
        """
        table = self.table.drop(columns=[name for name in without if name in self.table])
        return replace(self, blocks={**self.blocks, self.particles: table.assign(**columns)})

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the tables as a star file.

        Parameters
        ----------
        path : path-like
            File to write, with the extension ``.star``.
        overwrite : bool, optional
            Whether to replace an existing file.

        Raises
        ------
        InputError
            If the extension is not ``.star``, the file exists and `overwrite` is false, or it cannot be written.

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
        ...     len(botalign.read_images(folder / "particles.star").stack.images)
        3
        """
        with output_file(path, overwrite=overwrite, extensions=(".star",)) as temporary:
            _starfile().write(self.blocks, temporary, overwrite=True)


def read_images(path: str | os.PathLike[str]) -> ImageList:
    """Read the images of a stack, or those that a star file of RELION lists.

    Parameters
    ----------
    path : path-like
        File with the extension ``.star``, or a stack. Stacks named in a star file are searched for relative to the
        current folder, as RELION does, to the folder of the star file, and to all folders above it.

    Returns
    -------
    ImageList
        The images, in the order of the list, and the tables of the star file.

    Raises
    ------
    InputError
        If a file is missing or damaged, a listed image does not exist in its stack, images or pixels differ in size, or
        the package starfile is not installed.

    See Also
    --------
    read_stack : Read a stack only; does not need starfile.
    Classification.annotate : Add the classes of the images to the list.

    Notes
    -----
    The pixel size is that of the star file, if it has one, otherwise that of the first stack.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "particles.mrcs"
    ...     botalign.ImageStack(np.zeros((3, 32, 32)), (1.5, 1.5)).write(path)
    ...     listed = botalign.read_images(path)
    >>> listed.stack
    <ImageStack particles.mrcs: 3 images of 32 x 32 pixels of 1.5 A>
    """
    path = Path(path)
    if path.suffix.lower() != ".star":
        stack = read_stack(path)
        # An absolute path, so that the list can be read from any folder.
        names = [f"{number:06d}@{path.resolve()}" for number in range(1, len(stack.images) + 1)]
        return ImageList(stack, _tables(stack, names), _PARTICLES)
    blocks = _read_star(path)
    name = next((name for name, table in blocks.items() if _IMAGE in getattr(table, "columns", ())), None)
    if name is None:
        raise InputError(f"{path}: has no column _{_IMAGE}, expected a star file of particles; give another file.")
    names = [str(each) for each in blocks[name][_IMAGE]]
    if not names:
        raise InputError(f"{path}: lists no images, expected at least one; give another file.")
    images, pixel = _listed(path, names)
    known = _pixel_size(path, blocks, name)
    pixel = pixel if known is None else (known, known)
    return ImageList(ImageStack(images, pixel, name=str(path)), blocks, name)


def _starfile() -> Any:
    try:
        import starfile
    except ImportError:
        raise InputError(
            "star files need the package starfile, which is not installed; install it with `pip install starfile`."
        ) from None
    return starfile


def _read_star(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the name.")
    starfile = _starfile()
    try:
        blocks: dict[str, Any] = starfile.read(path, always_dict=True)
    except Exception as error:  # the parser raises exceptions of many types
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path}: cannot be read as a star file ({type(error).__name__}: {reason}); check its format."
        ) from error
    return blocks


def _listed(path: Path, names: list[str]) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Read the listed images; each stack is read once."""
    wanted: dict[str, list[tuple[int, int]]] = {}
    for position, name in enumerate(names):
        number, at, file = name.rpartition("@")
        if at and not number.strip().isdigit():
            raise InputError(
                f"{path}: image {position + 1} has the name {name!r}, expected NUMBER@STACK, as in 000001@a.mrcs."
            )
        wanted.setdefault(file, []).append((position, int(number) - 1 if at else 0))
    images: NDArray[np.float32] | None = None
    pixel, first = (1.0, 1.0), ""
    for file, entries in wanted.items():
        stack = read_stack(_located(path, file, entries[0][0]))
        beyond = next((index for _, index in entries if not 0 <= index < len(stack.images)), None)
        if beyond is not None:
            raise InputError(
                f"{path}: lists image {beyond + 1} of {file}, which holds {counted(len(stack.images), 'image')}; use "
                "the stack for which the list was made."
            )
        if images is None:
            images = np.empty((len(names), *stack.images.shape[1:]), dtype=np.float32)
            pixel, first = stack.pixel_size_angstrom, file
        if stack.images.shape[1:] != images.shape[1:]:
            sizes = (f"{shape[1]} x {shape[0]}" for shape in (stack.images.shape[1:], images.shape[1:]))
            raise InputError(
                f"{path}: the images of {file} have {next(sizes)} pixels, those of {first} {next(sizes)}; expected "
                "one size; classify them separately."
            )
        for position, index in entries:
            images[position] = stack.images[index]
    assert images is not None  # the list is not empty
    return images, pixel


def _located(path: Path, file: str, image: int) -> Path:
    """Return the path of a stack, relative to the current folder, the folder of the star file, or one above it."""
    folders = [Path(), *path.resolve().parents]
    for folder in folders:
        if (folder / file).is_file():
            return folder / file
    raise InputError(
        f"{path}: the stack {file} (image {image + 1}) does not exist; run the command from the folder to which the "
        "paths in the star file are relative."
    )


def _pixel_size(path: Path, blocks: dict[str, Any], name: str) -> float | None:
    """Return the pixel size of the listed images, if the tables have it."""
    optics: Any = blocks.get("optics")
    table = blocks[name]
    # A single optics group may be written without a loop, and is then a dictionary instead of a table.
    if "rlnOpticsGroup" in getattr(optics, "columns", ()) and "rlnOpticsGroup" in table:
        optics = optics[optics["rlnOpticsGroup"].isin(table["rlnOpticsGroup"])]
    for each in (optics, table):
        for column in ("rlnImagePixelSize", "rlnPixelSize"):
            if each is not None and column in each and len(each):
                sizes = np.ravel(each[column]).astype(float)
                least, most = float(sizes.min()), float(sizes.max())
                if most - least > _SAME_PIXEL_SIZE * most:
                    raise InputError(
                        f"{path}: pixels of {least:g} and of {most:g} A, expected one size; classify them separately, "
                        "or extract them with one pixel size."
                    )
                return float(sizes[0])
    return None


def _tables(stack: ImageStack, names: list[str]) -> dict[str, Any]:
    """Return tables as those of RELION for a stack without a star file."""
    _starfile()
    import pandas

    optics = {
        "rlnOpticsGroup": [1],
        "rlnOpticsGroupName": ["opticsGroup1"],
        "rlnImagePixelSize": [stack.pixel_size_angstrom[0]],
        "rlnImageSize": [stack.images.shape[1]],
        "rlnImageDimensionality": [2],
    }
    return {
        "optics": pandas.DataFrame(optics),
        _PARTICLES: pandas.DataFrame({_IMAGE: names, "rlnOpticsGroup": 1}),
    }
