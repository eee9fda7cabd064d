"""Reading of MRC and CCP4 files in all variants that programs write."""

from __future__ import annotations

import bz2
import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from botalign.errors import InputError, counted
from botalign.file_warnings import warn
from botalign.files import cannot_be_read
from botalign.maps.content import Content
from botalign.maps.density_map import DensityMap
from botalign.maps.header import HEADER_BYTES, MapHeader, MapWarning, parse_header

_CHUNK_BYTES = 1 << 22
_MOST_GZIP_RATIO = 1100  # deflate cannot compress better than 1032 : 1
#: Extensions of atomic models, which another function reads.
_OF_MODELS = (".pdb", ".ent", ".cif", ".mmcif")
_SUFFIXES: dict[str, Content] = {":mrc": "map", ":mrcs": "images"}
_STATED = {"map": "a map", "images": "images"}


def read(path: str | os.PathLike[str]) -> DensityMap:
    """Read a map in MRC or CCP4 format, uncompressed or compressed by gzip or bzip2.

    Modes 0, 1, 2, 6 and 12, both byte orders and all axis orders are supported. The origin is the `origin` field if it
    is not zero, otherwise `nstart` times the voxel size, as in ChimeraX.

    Parameters
    ----------
    path : path-like
        File to read. ``NAME:mrc`` states that the file is a map, whatever its header or extension.

    Returns
    -------
    DensityMap
        The map, with axes z, y, x, float32 densities, and the name of the file.

    Raises
    ------
    InputError
        If the file is missing, cannot be read, is not a map, is cut off or damaged, or holds images, several maps,
        complex values, or values that are not finite.

    Warns
    -----
    MapWarning
        If the header has errors: one warning that lists them and what was assumed instead.

    See Also
    --------
    read_header : Read the header only.
    read_stack : Read a stack of images.
    DensityMap.write : Write a map.

    Notes
    -----
    Maps with a skewed unit cell are read as if its angles were right angles, with a warning.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "phantom.mrc.gz"
    ...     botalign.phantom(24, voxel_size_angstrom=4.0).write(path)
    ...     density_map = botalign.read(path)
    >>> density_map
    <DensityMap phantom.mrc.gz: shape (24, 24, 24), voxels of 4 A>
    """
    name = os.fspath(path)
    if name.lower().removesuffix(".gz").endswith(_OF_MODELS) and Path(name).is_file():
        raise InputError(f"{name}: got an atomic model, expected a map; read it with botalign.read_model.")
    with open_map_file(path) as (stream, header, size):
        data, remarks = read_sections(stream, header, size)
    result = DensityMap(data, header.grid, name=header.name, labels=header.labels)
    warn_of_remarks(header.name, remarks)
    return result


def read_header(path: str | os.PathLike[str]) -> MapHeader:
    """Read the header of a map file, without the densities.

    Parameters
    ----------
    path : path-like
        File to read.

    Returns
    -------
    botalign.maps.MapHeader
        The header. Its attribute ``remarks`` lists the errors that :func:`read` would warn about.

    Raises
    ------
    InputError
        If the file is missing, cannot be read, is not a map, is cut off, or holds images, several maps, or complex
        values.

    See Also
    --------
    read : Read the map.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "phantom.mrc"
    ...     botalign.phantom(24, voxel_size_angstrom=4.0).write(path)
    ...     header = botalign.read_header(path)
    >>> header.grid.shape, header.mode, header.remarks
    ((24, 24, 24), 2, ())
    """
    with open_map_file(path) as (_, header, _):
        return header


@contextmanager
def open_map_file(
    path: str | os.PathLike[str], *, expected: Content | None = "map", stated: bool = False
) -> Iterator[tuple[BinaryIO, MapHeader, int | None]]:
    """Open a map file and read its header; turn all errors inside the context into :class:`InputError`.

    `expected` and `stated` are those of :func:`botalign.maps.header.parse_header`. Yields the stream, at the first
    density, the header, and the size of the file in bytes, None if it is compressed.
    """
    name, content = split_content(path)
    if content is not None and not stated:
        if expected is not None and expected != content:
            raise InputError(f"{name}: {_STATED[content]} according to its name, expected {_STATED[expected]}.")
        expected, stated = content, True
    try:
        with open(name, "rb") as file:  # noqa: PTH123
            stream, compression = _decompressed(file)
            size = os.fstat(file.fileno()).st_size
            raw = stream.read(HEADER_BYTES)
            if not raw:
                raise InputError(f"{name}: the file is empty, expected a map; download or write it again.")
            if len(raw) < HEADER_BYTES:
                raise InputError(
                    f"{name}: not a map: {counted(len(raw), 'byte')}, fewer than the {HEADER_BYTES} of a header; give "
                    "another file."
                )
            header = parse_header(raw, name=name, compression=compression, expected=expected, stated=stated)
            header = _checked_length(header, size)
            if compression is not None and header.extended_bytes:
                length = HEADER_BYTES + _skip(stream, 1 << 62)
                header = _without_missing_part(header, length)
                stream.seek(HEADER_BYTES)
            _skip(stream, header.extended_bytes)
            yield stream, header, size if compression is None else None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{name}: the compressed data are truncated or damaged ({error}); download it again."
        ) from error
    except OSError as error:
        raise cannot_be_read(name, error, "a map") from error
    except MemoryError as error:
        raise InputError(f"{name}: too large for the memory of this machine; use a binned or cropped map.") from error


def split_content(path: str | os.PathLike[str]) -> tuple[str, Content | None]:
    """Split a name as RELION writes it, ``FILE:mrc`` for a map and ``FILE:mrcs`` for images, unless a file has it."""
    name = os.fspath(path)
    for extension, content in _SUFFIXES.items():
        if name.lower().endswith(extension) and not Path(name).exists():
            return name[: -len(extension)], content
    return name, None


def _decompressed(file: BinaryIO) -> tuple[BinaryIO, str | None]:
    """Detect compression from the first bytes, not from the name; a map with the same bytes has a map identifier."""
    start = file.read(212)
    file.seek(0)
    if start[208:211] != b"MAP":
        if start[:2] == b"\x1f\x8b":
            return cast(BinaryIO, gzip.GzipFile(fileobj=file)), "gzip"
        if start[:3] == b"BZh":
            return cast(BinaryIO, bz2.BZ2File(file)), "bzip2"
    return file, None


def _checked_length(header: MapHeader, size: int) -> MapHeader:
    """Compare the length that the header implies with the size of the file, before memory is allocated."""
    needed = HEADER_BYTES + header.extended_bytes + header.data_bytes
    at_most = size * _MOST_GZIP_RATIO if header.compression == "gzip" else size
    if header.compression == "bzip2" or needed <= at_most:
        return header
    shorter = _without_missing_part(header, size)
    if shorter is header:
        raise _cut_off(header, size)
    return shorter


def _without_missing_part(header: MapHeader, length: int) -> MapHeader:
    """Correct the length of the extended header if the uncompressed file would have this length without it."""
    if not header.extended_bytes or HEADER_BYTES + header.data_bytes != length:
        return header
    # emd_1042.map and others have a length of symmetry operators in the header, but no operators.
    remark = f"the extended header of {header.extended_bytes} bytes is missing"
    return replace(header, extended_bytes=0, remarks=(*header.remarks, remark))


def _cut_off(header: MapHeader, found: int) -> InputError:
    needed = HEADER_BYTES + header.extended_bytes + header.data_bytes
    x, y, z = header.grid.shape[::-1]
    return InputError(
        f"{header.name}: the file is truncated: {counted(found, 'byte')}, expected {needed} for {x} x {y} x {z} "
        "voxels; download it again."
    )


def _skip(stream: BinaryIO, count: int) -> int:
    """Skip `count` bytes, or all if there are fewer; return the number of bytes skipped."""
    skipped = 0
    while skipped < count:
        part = len(stream.read(min(_CHUNK_BYTES, count - skipped)))
        if not part:
            break
        skipped += part
    return skipped


def read_sections(
    stream: BinaryIO, header: MapHeader, size: int | None, *, dtype: DTypeLike = np.float32
) -> tuple[NDArray[Any], list[str]]:
    """Read the densities and count the bytes after them; return the densities and all remarks."""
    data, remarks = _read_densities(stream, header, dtype), list(header.remarks)
    surplus = _surplus(stream, header, size)
    if surplus:
        remarks.append(f"{counted(surplus, 'byte')} too long, the surplus ignored")
    return data, remarks


def _read_densities(stream: BinaryIO, header: MapHeader, dtype: DTypeLike) -> NDArray[Any]:
    data = np.empty(header.file_shape, dtype=dtype)
    read_values(stream, data.reshape(-1), header)
    sections_rows_columns = header.axis_order[::-1]
    return np.ascontiguousarray(data.transpose([sections_rows_columns.index(axis) for axis in (3, 2, 1)]))


def read_values(stream: BinaryIO, flat: NDArray[Any], header: MapHeader, offset: int = 0) -> None:
    """Fill a one-dimensional array from a stream in chunks, so that no second copy is in memory.

    Values that need no conversion are read to their place.

    `offset` is the number of bytes of densities before the first value, for the message about a truncated file.
    """
    part = np.empty(min(_CHUNK_BYTES // header.dtype.itemsize, flat.size), dtype=header.dtype)
    for start in range(0, flat.size, part.size):
        here = flat[start : start + part.size]
        wanted = here if flat.dtype == header.dtype else part[: here.size]
        view = memoryview(wanted.view(np.uint8))  # type: ignore[arg-type]
        filled = 0
        while filled < len(view):
            count = stream.readinto(view[filled:])  # type: ignore[attr-defined]
            if not count:
                before = HEADER_BYTES + header.extended_bytes + offset + start * header.dtype.itemsize
                raise _cut_off(header, before + filled)
            filled += count
        if wanted is not here:
            with np.errstate(invalid="ignore"):  # NaN is detected later, with the name of the file
                here[:] = wanted


def _surplus(stream: BinaryIO, header: MapHeader, size: int | None) -> int:
    """Return the number of bytes after the densities; read a compressed file to its end to verify its checksum."""
    if size is None:
        return _skip(stream, 1 << 62)
    return size - HEADER_BYTES - header.extended_bytes - header.data_bytes


def warn_of_remarks(name: str, remarks: list[str], *, stacklevel: int = 3) -> None:
    """Issue one :class:`MapWarning` with all remarks about a file, at the caller of the caller by default."""
    if remarks:
        warn(MapWarning(f"{name}: {'; '.join(remarks)}."), stacklevel=stacklevel)
