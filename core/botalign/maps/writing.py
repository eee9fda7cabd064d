"""Writing of MRC files."""

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

from botalign.arrays import mean_and_deviation
from botalign.files import output_file
from botalign.maps.grid import Grid

EXTENSIONS = tuple(f"{kind}{packed}" for packed in ("", ".gz", ".bz2") for kind in (".mrc", ".map", ".ccp4", ".rec"))

Header = np.ndarray[tuple[int, ...], np.dtype[np.void]]


def write_map(
    path: str | os.PathLike[str],
    data: NDArray[np.float32],
    grid: Grid,
    *,
    labels: tuple[str, ...] = (),
    history: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write densities as an MRC file of 32-bit floats; the same input gives the same bytes.

    Parameters
    ----------
    path : path-like
        File to write; see :meth:`botalign.DensityMap.write` for the extensions.
    data : ndarray, shape (z, y, x)
        Densities.
    grid : Grid
        Grid of the densities.
    labels : tuple of str
        Label lines of the header.
    history : str, optional
        Label line to append. If there are more than ten lines, the first one and the nine latest are kept.
    overwrite : bool
        Whether to replace an existing file.

    Raises
    ------
    InputError
        As :meth:`botalign.DensityMap.write`.
    """
    with output_file(path, overwrite=overwrite, extensions=EXTENSIONS) as temporary:
        write_sections(temporary, path, _map_header(data, grid, labels, history), data)


def write_sections(temporary: Path, path: str | os.PathLike[str], header: Header, data: NDArray[np.float32]) -> None:
    """Write a header and densities to `temporary`, compressed according to the extension of `path`."""
    with compressed(temporary, Path(path).suffix.lower()) as stream:
        stream.write(header.tobytes())
        for section in data:
            stream.write(np.ascontiguousarray(section, dtype="<f4").data)


def blank_header(space_group: int) -> Header:
    """Return a little-endian header with everything that does not depend on the data."""
    header = np.zeros((), dtype=HEADER_DTYPE.newbyteorder("<"))
    header["cellb"] = (90.0, 90.0, 90.0)
    header["mapc"], header["mapr"], header["maps"] = 1, 2, 3
    header["mode"], header["ispg"], header["nversion"] = 2, space_group, 20141
    header["map"], header["machst"] = b"MAP ", (0x44, 0x44, 0, 0)
    return header


def _map_header(data: NDArray[np.float32], grid: Grid, labels: tuple[str, ...], history: str | None) -> Header:
    header = blank_header(1)
    steps = np.array(grid.origin_angstrom) / grid.voxel_size_angstrom
    # nstart holds whole voxels only, and ChimeraX ignores large values.
    expressible = np.abs(steps - np.rint(steps)).max() < 1e-4 and np.abs(steps).max() <= 10 * max(grid.shape)
    for axis, count, side, origin, step in zip(
        "xyz", grid.shape[::-1], grid.voxel_size_angstrom, grid.origin_angstrom, np.rint(steps), strict=True
    ):
        header[f"n{axis}"] = header[f"m{axis}"] = count
        header[f"n{axis}start"] = int(step) if expressible else 0
        header["cella"][axis] = count * side
        header["origin"][axis] = origin
    header["dmin"], header["dmax"] = data.min(), data.max()
    header["dmean"], header["rms"] = mean_and_deviation(data)
    lines = _labels(labels, history)
    header["nlabl"] = len(lines)
    for i, line in enumerate(lines):
        header["label"][i] = line
    return header


def _labels(labels: tuple[str, ...], history: str | None) -> list[bytes]:
    # Chimera rotates a map that has this label. The written map does not need the rotation.
    kept = [label for label in labels if not label.startswith("Chimera rotation:")]
    texts = kept if history is None else [*kept, history]
    if len(texts) > 10:
        texts = [texts[0], *texts[-9:]]
    lines = ("".join(c if c.isprintable() else " " for c in text) for text in texts)
    return [line.encode("ascii", "replace")[:80] for line in lines]


@contextmanager
def compressed(path: Path, extension: str) -> Iterator[BinaryIO]:
    """Open a file to write, compressed according to an extension."""
    with path.open("wb") as file:
        if extension == ".gz":
            # Without name and time, so that two files of the same map are identical.
            with gzip.GzipFile(filename="", mode="wb", compresslevel=4, fileobj=file, mtime=0) as stream:
                yield cast(BinaryIO, stream)
        elif extension == ".bz2":
            with bz2.BZ2File(file, "wb") as packed:
                yield cast(BinaryIO, packed)
        else:
            yield file
