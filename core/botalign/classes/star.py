"""RELION's star files: the images that one lists, and where each of them went."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError
from botalign.files import output_file
from botalign.maps import ImageStack, read_stack

if TYPE_CHECKING:
    from botalign.classes.result import Classification

_IMAGE = "rlnImageName"
_PARTICLES = "particles"
#: By how much pixel sizes may differ, as parts of them, and count as the same.
_ALIKE = 1e-3


@dataclass(frozen=True, eq=False)
class ImageList:
    """Images, and the tables they were listed in.

    Attributes
    ----------
    stack : ImageStack
        The images, in the order of the list.
    blocks : dict
        The star file's tables by name; for a plain stack, tables that list it.
    particles : str
        The name of the table of images.
    """

    stack: ImageStack
    blocks: dict[str, Any]
    particles: str


def read_images(path: str | os.PathLike[str]) -> ImageList:
    """Read images to be classified: a stack, or those that a star file lists.

    Parameters
    ----------
    path : path-like
        An ``.mrcs`` file, or a ``.star`` file of RELION. Names of stacks in the latter are looked for from the current
        folder, as RELION does, from the star file's, and from those above it.

    Returns
    -------
    ImageList

    Raises
    ------
    InputError
        If a file is missing or damaged, a stack has fewer images than are asked for, or images or their pixels differ
        in size.
    """
    path = Path(path)
    if path.suffix.lower() != ".star":
        stack = read_stack(path)
        # The same name wherever the list is read from.
        names = [f"{number:06d}@{path.resolve()}" for number in range(1, len(stack.images) + 1)]
        return ImageList(stack, _tables(stack, names), _PARTICLES)
    blocks = _read_star(path)
    name = next((name for name, table in blocks.items() if _IMAGE in getattr(table, "columns", ())), None)
    if name is None:
        raise InputError(f"{path}: has no column _{_IMAGE}, expected a star file that lists images; give another.")
    names = [str(each) for each in blocks[name][_IMAGE]]
    if not names:
        raise InputError(f"{path}: lists no images; give another.")
    images, pixel = _listed(path, names)
    known = _pixel_size(path, blocks, name)
    pixel = pixel if known is None else (known, known)
    return ImageList(ImageStack(images, pixel, name=str(path)), blocks, name)


def write_image_list(
    listed: ImageList, found: Classification, path: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Write a star file with class, angle, shift and distance of every image.

    ``_rlnAnglePsi`` and ``_rlnOriginXAngst``, ``_rlnOriginYAngst`` are RELION's: shifted by the origin and then turned
    by psi about its middle pixel, ``side // 2``, an image lies as its class average does. ``_rlnIsFlip`` is 1 if it is
    to be mirrored, left to right, after that; it is there if images are, or if the list had it. ``_botalignDistance``
    is its distance.

    Parameters
    ----------
    listed : ImageList
        The images and their tables; columns of the same names are replaced, all others kept.
    found : Classification
        Where they went.
    path : path-like
        The file, in ``.star``.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    InputError
        If the file can't be written.
    """
    starfile = _starfile()
    table = listed.blocks[listed.particles].copy()
    psi, origin = relion_pose(found, listed.stack.images.shape[1], listed.stack.pixel_size_angstrom[0])
    for old in ("rlnOriginX", "rlnOriginY"):  # those of before 3.1, in pixels
        if old in table:
            table = table.drop(columns=old)
    table["rlnClassNumber"] = found.labels + 1
    table["rlnAnglePsi"] = psi
    table["rlnOriginXAngst"], table["rlnOriginYAngst"] = origin[:, 0], origin[:, 1]
    if "rlnIsFlip" in table or found.mirrored.any():
        table["rlnIsFlip"] = found.mirrored.astype(int)
    table["botalignDistance"] = found.distances
    with output_file(path, overwrite=overwrite, suffixes=(".star",)) as temporary:
        starfile.write({**listed.blocks, listed.particles: table}, temporary, overwrite=True)


def relion_pose(
    found: Classification, side: int, pixel_size_angstrom: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return psi in degrees and the origin in angstrom, shape (n, 2), in which images lie as their averages do.

    Parameters
    ----------
    found : Classification
        How the averages are turned and shifted to look like the images.
    side : int
        Pixels a side of the images, which may be more than those of the averages.
    pixel_size_angstrom : float
        Side of a pixel of the images.
    """
    angle = np.radians(found.angles_degrees)
    shift = found.shifts_pixels * found.averages.pixel_size_angstrom[0]
    # We turn about the middle, (side - 1) / 2; RELION about the pixel side // 2.
    off = (side // 2 - (side - 1) / 2) * pixel_size_angstrom
    turned = off * np.stack([np.cos(angle) - np.sin(angle), np.sin(angle) + np.cos(angle)], axis=1)
    psi = -found.angles_degrees
    return np.where(psi < -180, psi + 360, psi) + 0.0, off - turned - shift


def _starfile() -> Any:
    try:
        import starfile
    except ImportError:
        raise InputError(
            "star files need starfile, which isn't installed; install it by pip install starfile."
        ) from None
    return starfile


def _read_star(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; check the name.")
    try:
        blocks: dict[str, Any] = _starfile().read(path, always_dict=True)
    except InputError:
        raise
    except Exception as error:  # the parser raises whatever it stumbles over
        raise InputError(f"{path}: can't be read as a star file ({type(error).__name__}: {error}).") from error
    return blocks


def _listed(path: Path, names: list[str]) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Read listed images, each file once."""
    wanted: dict[str, list[tuple[int, int]]] = {}
    for place, name in enumerate(names):
        number, at, file = name.rpartition("@")
        if at and not number.strip().isdigit():
            raise InputError(f"{path}: image {place + 1} is called {name!r}, expected NUMBER@STACK.")
        wanted.setdefault(file, []).append((place, int(number) - 1 if at else 0))
    images: NDArray[np.float32] | None = None
    pixel, first = (1.0, 1.0), ""
    for file, places in wanted.items():
        stack = read_stack(_located(path, file, places[0][0]))
        beyond = next((index for _, index in places if not 0 <= index < len(stack.images)), None)
        if beyond is not None:
            raise InputError(
                f"{path}: image {beyond + 1} of {file} is asked for, which holds {len(stack.images)}; is it the stack "
                "that the list was made for?"
            )
        if images is None:
            images = np.empty((len(names), *stack.images.shape[1:]), dtype=np.float32)
            pixel, first = stack.pixel_size_angstrom, file
        if stack.images.shape[1:] != images.shape[1:]:
            sizes = (f"{shape[1]} x {shape[0]}" for shape in (stack.images.shape[1:], images.shape[1:]))
            raise InputError(
                f"{path}: the images of {file} have {next(sizes)} pixels, those of {first} {next(sizes)}; expected one "
                "size, so classify them apart."
            )
        for place, index in places:
            images[place] = stack.images[index]
    assert images is not None  # there is a name at least
    return images, pixel


def _located(path: Path, file: str, image: int) -> Path:
    """Find a stack: from here, or from the star file's folder or one above."""
    folders = [Path(), *path.resolve().parents]
    for folder in folders:
        if (folder / file).is_file():
            return folder / file
    raise InputError(
        f"{path}: the stack {file} of image {image + 1} isn't there; run this in the folder that such names start from."
    )


def _pixel_size(path: Path, blocks: dict[str, Any], name: str) -> float | None:
    """Return what the tables say of the pixel size of the listed images, if they do."""
    optics: Any = blocks.get("optics")
    table = blocks[name]
    # A single group may be written without a loop, and is no table then.
    if "rlnOpticsGroup" in getattr(optics, "columns", ()) and "rlnOpticsGroup" in table:
        optics = optics[optics["rlnOpticsGroup"].isin(table["rlnOpticsGroup"])]
    for each in (optics, table):
        for column in ("rlnImagePixelSize", "rlnPixelSize"):
            if each is not None and column in each and len(each):
                sizes = np.ravel(each[column]).astype(float)
                least, most = float(sizes.min()), float(sizes.max())
                if most - least > _ALIKE * most:
                    raise InputError(
                        f"{path}: pixels of {least:g} and of {most:g} A, expected one size; classify them apart, or "
                        "extract them alike."
                    )
                return float(sizes[0])
    return None


def _tables(stack: ImageStack, names: list[str]) -> dict[str, Any]:
    """Make tables as RELION's for a plain stack."""
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
