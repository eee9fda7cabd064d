"""Writing of MRC files."""

from __future__ import annotations

import bz2
import gzip
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from numpy.typing import NDArray

from botalign.arrays import Statistics, Volume
from botalign.files import output_file
from botalign.maps.grid import Grid

PACKED = (".gz", ".bz2")
EXTENSIONS = tuple(f"{kind}{packed}" for packed in ("", *PACKED) for kind in (".mrc", ".map", ".ccp4", ".rec"))

Header = np.ndarray[tuple[int, ...], np.dtype[np.void]]


def write_map(
    path: str | os.PathLike[str],
    slabs: Iterable[Volume],
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
    slabs : iterable of ndarray, shape (sections, y, x)
        Densities, one or more sections at a time. Those of a file that is not compressed are written one by one.
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
    statistics, header, extension = Statistics(), _map_header(grid, labels, history), Path(path).suffix.lower()
    with (
        output_file(path, overwrite=overwrite, extensions=EXTENSIONS) as temporary,
        compressed(temporary, extension) as stream,
    ):
        sections = _counted(slabs, statistics)
        if extension in PACKED:
            sections = iter(list(sections))  # the statistics come first, and cannot be changed afterwards
            stream.write(_with_statistics(header, statistics))
        else:
            stream.write(header.tobytes())
        _write(stream, sections)
        if extension not in PACKED:
            stream.seek(0)
            stream.write(_with_statistics(header, statistics))


def _counted(slabs: Iterable[Volume], statistics: Statistics) -> Iterator[Volume]:
    """Yield the sections of slabs, and add them to statistics."""
    for slab in slabs:
        for section in slab:
            statistics.add(section)
            yield section


def _with_statistics(header: Header, statistics: Statistics) -> bytes:
    """Return a header with the statistics of its densities."""
    header["dmin"], header["dmax"] = statistics.minimum, statistics.maximum
    header["dmean"], header["rms"] = statistics.mean, statistics.deviation
    return header.tobytes()


def _write(stream: BinaryIO, sections: Iterable[Volume]) -> None:
    for section in sections:
        stream.write(np.ascontiguousarray(section, dtype="<f4").data)


def write_sections(temporary: Path, path: str | os.PathLike[str], header: Header, data: NDArray[np.float32]) -> None:
    """Write a header and densities to `temporary`, compressed according to the extension of `path`."""
    with compressed(temporary, Path(path).suffix.lower()) as stream:
        stream.write(header.tobytes())
        _write(stream, data)


def blank_header(space_group: int) -> Header:
    """Return a little-endian header with everything that does not depend on the data."""
    header = np.zeros((), dtype=HEADER_DTYPE.newbyteorder("<"))
    header["cellb"] = (90.0, 90.0, 90.0)
    header["mapc"], header["mapr"], header["maps"] = 1, 2, 3
    header["mode"], header["ispg"], header["nversion"] = 2, space_group, 20141
    header["map"], header["machst"] = b"MAP ", (0x44, 0x44, 0, 0)
    return header


def _map_header(grid: Grid, labels: tuple[str, ...], history: str | None) -> Header:
    """Return the header of a map, without the statistics of its densities."""
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
