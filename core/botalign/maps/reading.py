"""Read MRC and CCP4 files in any of the forms that programs write."""

from __future__ import annotations

import bz2
import gzip
import os
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError, counted
from botalign.maps.density_map import DensityMap
from botalign.maps.header import HEADER_BYTES, MapHeader, MapWarning, parse_header

_CHUNK_BYTES = 1 << 22
_MOST_GZIP_RATIO = 1100  # deflate can't do better than 1032 : 1


def read(path: str | os.PathLike[str]) -> DensityMap:
    """Read an MRC or CCP4 map, also one that gzip or bzip2 compressed.

    Modes 0, 1, 2, 6 and 12, either byte order and any axis order are understood. The origin is the `origin` field if
    that is not zero, else `nstart` times the voxel size.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    DensityMap
        Densities as float32, axes z, y, x, named as the file.

    Raises
    ------
    InputError
        If the file is missing or can't be read, is no map, is cut off or damaged, holds images, several maps or complex
        values, or has values that are not finite.

    Warns
    -----
    MapWarning
        If something about the file is not quite right, once, saying what was assumed.
    """
    with open_map_file(path) as (stream, header, size):
        data, remarks = read_sections(stream, header, size)
    result = DensityMap(data, header.grid, name=header.name, labels=header.labels)
    warn_of_remarks(header.name, remarks)
    return result


def read_header(path: str | os.PathLike[str]) -> MapHeader:
    """Read what the header of a map file says, without its densities.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    MapHeader

    Raises
    ------
    InputError
        As :func:`read`, as far as the header shows it.

    Notes
    -----
    What is not quite right is in ``remarks``; there is no warning.
    """
    with open_map_file(path) as (_, header, _):
        return header


@contextmanager
def open_map_file(
    path: str | os.PathLike[str], *, images_too: bool = False
) -> Iterator[tuple[BinaryIO, MapHeader, int | None]]:
    """Open a file, read its header, and turn whatever goes wrong, then or later, into an :class:`InputError`.

    The stream stands at the first density. The size is that of the whole file, or None where compression hides it.
    """
    name = os.fspath(path)
    try:
        if Path(name).is_dir():
            raise InputError(f"{name}: is a folder, expected a map file; name a file in it.")
        with open(name, "rb") as file:  # noqa: PTH123
            stream, compression = _decompressed(file)
            size = os.fstat(file.fileno()).st_size
            raw = stream.read(HEADER_BYTES)
            if not raw:
                raise InputError(f"{name}: is empty, expected a map; fetch or write it again.")
            if len(raw) < HEADER_BYTES:
                raise InputError(
                    f"{name}: is not a map: {counted(len(raw), 'byte')}, expected a header of {HEADER_BYTES}."
                )
            header = parse_header(raw, name=name, compression=compression, images_too=images_too)
            header = _checked_length(header, size)
            _skip(stream, header.extended_bytes)
            yield stream, header, size if compression is None else None
    except FileNotFoundError as error:
        raise InputError(f"{name}: there is no such file; check the name.") from error
    except PermissionError as error:
        raise InputError(f"{name}: may not be read (permission denied); change its permissions.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{name}: the compressed data are cut off or damaged ({error}); fetch it again.") from error
    except OSError as error:
        raise InputError(f"{name}: can't be read ({error.strerror or error}); fetch it again.") from error
    except MemoryError as error:
        raise InputError(f"{name}: too large for the memory of this machine; use a binned or cropped map.") from error


def _decompressed(file: BinaryIO) -> tuple[BinaryIO, str | None]:
    """Tell compression by the first bytes, not by the name; a map that begins like them has its identifier."""
    start = file.read(212)
    file.seek(0)
    if start[208:211] != b"MAP":
        if start[:2] == b"\x1f\x8b":
            return cast(BinaryIO, gzip.GzipFile(fileobj=file)), "gzip"
        if start[:3] == b"BZh":
            return cast(BinaryIO, bz2.BZ2File(file)), "bzip2"
    return file, None


def _checked_length(header: MapHeader, size: int) -> MapHeader:
    """Compare what the header promises with the size of the file, before any memory is set aside."""
    needed = HEADER_BYTES + header.extended_bytes + header.data_bytes
    at_most = size * _MOST_GZIP_RATIO if header.compression == "gzip" else size
    if header.compression == "bzip2" or needed <= at_most:
        return header
    if header.extended_bytes and HEADER_BYTES + header.data_bytes == size:
        # emd_1042.map and others announce symmetry operators that are not there.
        remark = f"the extended header of {header.extended_bytes} bytes is missing"
        return replace(header, extended_bytes=0, remarks=(*header.remarks, remark))
    raise _cut_off(header, size)


def _cut_off(header: MapHeader, found: int) -> InputError:
    needed = HEADER_BYTES + header.extended_bytes + header.data_bytes
    x, y, z = header.grid.shape[::-1]
    return InputError(
        f"{header.name}: is cut off: {counted(found, 'byte')}, expected {needed} for {x} x {y} x {z} voxels; "
        "fetch it again."
    )


def _skip(stream: BinaryIO, count: int) -> int:
    """Read `count` bytes or to the end and forget them; return how many there were."""
    skipped = 0
    while skipped < count:
        part = len(stream.read(min(_CHUNK_BYTES, count - skipped)))
        if not part:
            break
        skipped += part
    return skipped


def read_sections(stream: BinaryIO, header: MapHeader, size: int | None) -> tuple[NDArray[np.float32], list[str]]:
    """Read the densities and what follows them; return them and all remarks."""
    data, remarks = _read_densities(stream, header), list(header.remarks)
    surplus = _surplus(stream, header, size)
    if surplus:
        remarks.append(f"{counted(surplus, 'byte')} too long, the rest left out")
    return data, remarks


def _read_densities(stream: BinaryIO, header: MapHeader) -> NDArray[np.float32]:
    """Read part by part into one float32 array, so that no second map of any type is held."""
    data = np.empty(header.file_shape, dtype=np.float32)
    flat = data.reshape(-1)
    part = np.empty(min(_CHUNK_BYTES // header.dtype.itemsize, flat.size), dtype=header.dtype)
    for start in range(0, flat.size, part.size):
        wanted = part[: flat.size - start]
        view = memoryview(wanted.view(np.uint8))  # type: ignore[arg-type]
        filled = 0
        while filled < len(view):
            count = stream.readinto(view[filled:])  # type: ignore[attr-defined]
            if not count:
                before = HEADER_BYTES + header.extended_bytes + start * header.dtype.itemsize
                raise _cut_off(header, before + filled)
            filled += count
        with np.errstate(invalid="ignore"):  # a NaN is found later, with the name of the file
            flat[start : start + wanted.size] = wanted
    sections_rows_columns = header.axis_order[::-1]
    return np.ascontiguousarray(data.transpose([sections_rows_columns.index(axis) for axis in (3, 2, 1)]))


def _surplus(stream: BinaryIO, header: MapHeader, size: int | None) -> int:
    """Return how many bytes follow the densities; a compressed file is read to its end, where its checksum is."""
    if size is None:
        return _skip(stream, 1 << 62)
    return size - HEADER_BYTES - header.extended_bytes - header.data_bytes


def warn_of_remarks(name: str, remarks: list[str]) -> None:
    """Issue one :class:`MapWarning` for all remarks about a file."""
    if remarks:
        warnings.warn(f"{name}: {'; '.join(remarks)}.", MapWarning, stacklevel=3)
