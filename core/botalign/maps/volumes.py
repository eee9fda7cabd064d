"""Many maps in a folder, or in a NumPy file."""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path

import numpy as np

from botalign.arrays import load_array
from botalign.errors import InputError, Setting
from botalign.files import listed_extensions
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.writing import EXTENSIONS

_DIGITS = re.compile(r"(\d+)")


def find_volumes(path: str | PathLike[str], *, voxel_size_angstrom: float = 1.0) -> list[DensityMap | Path]:
    """Return the volumes in a folder or in a NumPy file.

    Parameters
    ----------
    path : path-like
        Folder of maps, sorted by name with numbers in numerical order (``vol_9.mrc`` before ``vol_10.mrc``), or an
        ``.npy`` file of shape (volumes, z, y, x).
    voxel_size_angstrom : float, optional
        Voxel size of the volumes in a NumPy file.

    Returns
    -------
    list of Path or DensityMap
        Paths of the maps in a folder, or the volumes of the file.

    Raises
    ------
    InputError
        If there are no volumes, or the voxel size is not positive.
    """
    path = Path(path)
    if path.is_dir():
        maps = [each for each in path.iterdir() if _is_map(each)]
        if not maps:
            raise InputError(
                f"{path}: no maps in this folder, expected files with the extension "
                f"{listed_extensions(EXTENSIONS)}; give another folder."
            )
        ordered: list[DensityMap | Path] = [*sorted(maps, key=_by_number)]
        return ordered
    if path.suffix.lower() != ".npy":
        found = "not a folder" if path.exists() else "no such folder"
        raise InputError(f"{path}: {found}, expected a folder of maps, or volumes as .npy (volumes, z, y, x).")
    if not 0 < voxel_size_angstrom < np.inf:
        raise InputError(
            Setting("voxel_size_angstrom"), f": got {voxel_size_angstrom:g}, expected a number of angstrom above 0."
        )
    volumes = load_array(path, "volumes (volumes, z, y, x)", mapped=True)
    if volumes.ndim != 4:
        raise InputError(f"{path}: got an array of shape {volumes.shape}, expected volumes (volumes, z, y, x).")
    grid = Grid(volumes.shape[1:], (voxel_size_angstrom,) * 3)
    return [DensityMap(volume, grid, name=f"{path}[{k}]") for k, volume in enumerate(volumes)]


def _is_map(path: Path) -> bool:
    """Return whether a file has the extension of a map and is not hidden, as the files that macOS adds."""
    return path.name.lower().endswith(EXTENSIONS) and not path.name.startswith(".")


def _by_number(path: Path) -> list[tuple[int, str]]:
    """Return the key to sort names with numbers in numerical order."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(path.name)]
