"""Correction of the voxel size in the header of a map; everything else in the file stays as it is."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE

from botalign.errors import InputError
from botalign.files import output_file
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.header import HEADER_BYTES, MapHeader
from botalign.maps.reading import open_map_file, read_header, split_content
from botalign.maps.writing import EXTENSIONS, compressed
from botalign.options import Declaration, Option

VOXEL_SIZE = Declaration(
    "voxel_size_angstrom", float, False, False, None, Option("Side of a voxel", low=0.01, high=1000, unit="A")
)


def correct_voxel_size(
    path: str | os.PathLike[str],
    target: str | os.PathLike[str],
    voxel_size_angstrom: float,
    *,
    overwrite: bool = False,
) -> None:
    """Copy a map file with another voxel size in its header.

    Parameters
    ----------
    path : path-like
        Map in MRC or CCP4 format.
    target : path-like
        File to write; it is compressed according to its extension.
    voxel_size_angstrom : float
        Side of the voxels in angstrom, the same along all axes.
    overwrite : bool, optional
        Whether to replace an existing file.

    Raises
    ------
    InputError
        As :func:`botalign.read` for files that are not maps and :meth:`botalign.DensityMap.write` for those that cannot
        be written; if the voxel size is out of range; if `target` is `path`.

    Notes
    -----
    Only the cell of the header changes. The densities, all other fields and the extended header are copied byte for
    byte, also an origin in angstrom. An origin in voxels (`nstart`) moves with the voxel size.

    Examples
    --------
    >>> import botalign
    >>> botalign.phantom(24, voxel_size_angstrom=4.0).write("phantom.mrc")
    >>> botalign.correct_voxel_size("phantom.mrc", "corrected.mrc", 4.1)
    >>> botalign.read("corrected.mrc")
    <DensityMap corrected.mrc: shape (24, 24, 24), voxels of 4.1 A>
    """
    size = float(VOXEL_SIZE.check(voxel_size_angstrom))
    if Path(split_content(path)[0]).resolve() == Path(target).resolve():
        raise InputError(Path(target), ": this is the map itself; choose another name.")
    with (
        open_map_file(path) as (stream, header, _),
        output_file(target, overwrite=overwrite, extensions=EXTENSIONS) as temporary,
        compressed(temporary, Path(target).suffix.lower()) as out,
    ):
        stream.seek(0)
        out.write(_corrected(stream.read(HEADER_BYTES), header, size))
        shutil.copyfileobj(stream, out)


def with_voxel_size(density_map: DensityMap, path: str | os.PathLike[str], voxel_size_angstrom: float) -> DensityMap:
    """Return a map as it would be read if its file had another voxel size.

    Parameters
    ----------
    density_map : DensityMap
        The map.
    path : path-like
        The file that it was read from.
    voxel_size_angstrom : float
        Side of the voxels in angstrom.

    Raises
    ------
    InputError
        If the voxel size is out of range.
    """
    size = float(VOXEL_SIZE.check(voxel_size_angstrom))
    grid = density_map.grid
    x, y, z = grid.origin_angstrom
    if read_header(path).origin_from == "nstart":
        x, y, z = (size * at / side for at, side in zip((x, y, z), grid.voxel_size_angstrom, strict=True))
    return replace(density_map, grid=Grid(grid.shape, (size, size, size), (x, y, z)))


def _corrected(raw: bytes, header: MapHeader, voxel_size_angstrom: float) -> bytes:
    """Return the bytes of a header with the cell of a voxel size."""
    fields = np.frombuffer(bytearray(raw), HEADER_DTYPE.newbyteorder(header.dtype.byteorder)).reshape(())
    for axis, count in zip("xyz", header.grid.shape[::-1], strict=True):
        sampling = int(fields[f"m{axis}"])
        if sampling <= 0:
            fields[f"m{axis}"] = sampling = count
        fields["cella"][axis] = sampling * voxel_size_angstrom
    return fields.tobytes()
