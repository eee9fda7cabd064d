"""The volumes of a subset of latents, where a program left them."""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path

import numpy as np

from botalign.errors import InputError, Setting
from botalign.latent.arrays import load_array
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.writing import EXTENSIONS

_DIGITS = re.compile(r"(\d+)")


def find_volumes(path: str | PathLike[str], *, voxel_size_angstrom: float = 1.0) -> list[DensityMap | Path]:
    """Return the volumes in a folder, or in a NumPy file.

    Parameters
    ----------
    path : path-like
        A folder of maps, which are taken in the order of their names with numbers as numbers (``vol_9.mrc`` comes
        before ``vol_10.mrc``); or a ``.npy`` file of shape (volumes, z, y, x).
    voxel_size_angstrom : float
        Of the volumes in a NumPy file, which doesn't say.

    Returns
    -------
    list of Path or DensityMap

    Raises
    ------
    InputError
        If there are none, or the voxel size is none.
    """
    path = Path(path)
    if path.is_dir():
        maps = [each for each in path.iterdir() if _is_map(each)]
        if not maps:
            raise InputError(f"{path}: holds no maps, expected some of {', '.join(EXTENSIONS)}; give another folder.")
        ordered: list[DensityMap | Path] = [*sorted(maps, key=_by_number)]
        return ordered
    if path.suffix.lower() != ".npy":
        found = "expected" if path.exists() else "there is no such folder; expected"
        raise InputError(f"{path}: {found} a folder of maps, or volumes as .npy (volumes, z, y, x).")
    if not 0 < voxel_size_angstrom < np.inf:
        raise InputError(Setting("voxel_size_angstrom"), f": got {voxel_size_angstrom:g}, expected a size above 0.")
    volumes = load_array(path, "volumes (volumes, z, y, x)", mapped=True)
    if volumes.ndim != 4:
        raise InputError(f"{path}: got an array of shape {volumes.shape}, expected volumes (volumes, z, y, x).")
    grid = Grid(volumes.shape[1:], (voxel_size_angstrom,) * 3)
    return [DensityMap(volume, grid, name=f"{path}[{k}]") for k, volume in enumerate(volumes)]


def _is_map(path: Path) -> bool:
    """Whether a file is a map by its name, and not hidden, as what macOS adds to each file on a foreign disk."""
    return path.name.lower().endswith(EXTENSIONS) and not path.name.startswith(".")


def _by_number(path: Path) -> list[tuple[int, str]]:
    """Return what to sort a name by."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(path.name)]
