"""Write a file of a map, or of images."""

from __future__ import annotations

import bz2
import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from numpy.typing import NDArray

from botalign.files import output_file
from botalign.maps.density_map import DensityMap
from botalign.maps.image_stack import ImageStack
from botalign.maps.statistics import describe

SUFFIXES = tuple(f"{kind}{packed}" for packed in ("", ".gz", ".bz2") for kind in (".mrc", ".map", ".ccp4", ".rec"))
STACK_SUFFIXES = (".mrcs", ".mrcs.gz", ".mrcs.bz2")

_Header = np.ndarray[tuple[int, ...], np.dtype[np.void]]


def write(
    density_map: DensityMap, path: str | os.PathLike[str], *, overwrite: bool = False, history: str | None = None
) -> None:
    """Write a map in MRC format, 32-bit floats; the same map and history give the same bytes.

    The file is written beside its place and moved there when it is complete.

    Parameters
    ----------
    density_map : DensityMap
        The map.
    path : path-like
        The file, in ``.mrc``, ``.map``, ``.ccp4`` or ``.rec``; with ``.gz`` or ``.bz2`` after that it is compressed.
    overwrite : bool
        Whether an existing file may be replaced.
    history : str, optional
        A line that goes into the header after the labels of the map. If they are more than ten then, the first stays
        and the oldest after it go.

    Raises
    ------
    InputError
        If the ending is another, the file exists, the folder is missing or can't be written, or the disk is full.
    """
    with output_file(path, overwrite=overwrite, suffixes=SUFFIXES) as temporary:
        _write_sections(temporary, path, _header(density_map, history), density_map.data)


def write_stack(stack: ImageStack, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write images as a stack in MRC format, 32-bit floats.

    Parameters
    ----------
    stack : ImageStack
        The images.
    path : path-like
        The file, in ``.mrcs``; with ``.gz`` or ``.bz2`` after that it is compressed.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    InputError
        As :func:`write` does.
    """
    with output_file(path, overwrite=overwrite, suffixes=STACK_SUFFIXES) as temporary:
        _write_sections(temporary, path, _stack_header(stack), stack.images)


def _write_sections(temporary: Path, path: str | os.PathLike[str], header: _Header, data: NDArray[np.float32]) -> None:
    with _compressed(temporary, Path(path).suffix.lower()) as stream:
        stream.write(header.tobytes())
        for section in data:
            stream.write(np.ascontiguousarray(section, dtype="<f4").data)


def _blank_header(space_group: int) -> _Header:
    header = np.zeros((), dtype=HEADER_DTYPE.newbyteorder("<"))
    header["cellb"] = (90.0, 90.0, 90.0)
    header["mapc"], header["mapr"], header["maps"] = 1, 2, 3
    header["mode"], header["ispg"], header["nversion"] = 2, space_group, 20141
    header["map"], header["machst"] = b"MAP ", (0x44, 0x44, 0, 0)
    return header


def _stack_header(stack: ImageStack) -> _Header:
    """Space group 0 and one section a cell is what makes it a stack (MRC2014)."""
    header, images = _blank_header(0), stack.images
    x, y = stack.pixel_size_angstrom
    header["nz"], header["ny"], header["nx"] = images.shape
    header["mz"], header["my"], header["mx"] = 1, *images.shape[1:]
    header["cella"] = (x * images.shape[2], y * images.shape[1], x)
    header["dmin"], header["dmax"] = images.min(), images.max()
    header["dmean"], header["rms"] = images.mean(dtype=np.float64), images.std(dtype=np.float64)
    return header


def _header(density_map: DensityMap, history: str | None) -> _Header:
    grid, facts = density_map.grid, describe(density_map)
    header = _blank_header(1)
    steps = np.array(grid.origin_angstrom) / grid.voxel_size_angstrom
    # nstart can't express every origin, and ChimeraX does not believe it if it is far off.
    whole = np.abs(steps - np.rint(steps)).max() < 1e-4 and np.abs(steps).max() <= 10 * max(grid.shape)
    for axis, count, side, origin, step in zip(
        "xyz", grid.shape[::-1], grid.voxel_size_angstrom, grid.origin_angstrom, np.rint(steps), strict=True
    ):
        header[f"n{axis}"] = header[f"m{axis}"] = count
        header[f"n{axis}start"] = int(step) if whole else 0
        header["cella"][axis] = count * side
        header["origin"][axis] = origin
    header["dmin"], header["dmax"], header["dmean"] = facts.minimum, facts.maximum, facts.mean
    header["rms"] = facts.standard_deviation
    lines = _labels(density_map.labels, history)
    header["nlabl"] = len(lines)
    for i, line in enumerate(lines):
        header["label"][i] = line
    return header


def _labels(labels: tuple[str, ...], history: str | None) -> list[bytes]:
    # Chimera turns a map that has this label; the written one is not turned any more.
    kept = [label for label in labels if not label.startswith("Chimera rotation:")]
    texts = kept if history is None else [*kept, history]
    if len(texts) > 10:
        texts = [texts[0], *texts[-9:]]
    lines = ("".join(c if c.isprintable() else " " for c in text) for text in texts)
    return [line.encode("ascii", "replace")[:80] for line in lines]


@contextmanager
def _compressed(path: Path, suffix: str) -> Iterator[BinaryIO]:
    with path.open("wb") as file:
        if suffix == ".gz":
            # Neither name nor time: they would make two files of the same map differ.
            with gzip.GzipFile(filename="", mode="wb", compresslevel=4, fileobj=file, mtime=0) as stream:
                yield cast(BinaryIO, stream)
        elif suffix == ".bz2":
            with bz2.BZ2File(file, "wb") as packed:
                yield cast(BinaryIO, packed)
        else:
            yield file
