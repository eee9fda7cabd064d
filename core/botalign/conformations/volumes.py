"""The volumes of a subset of latents, where a program left them."""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path

import numpy as np

from botalign.errors import InputError
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.writing import SUFFIXES

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
        If there are none.
    """
    path = Path(path)
    if path.is_dir():
        found = [each for each in path.iterdir() if each.name.lower().endswith(SUFFIXES)]
        if not found:
            raise InputError(f"{path}: holds no maps, expected some of {', '.join(SUFFIXES)}; give another folder.")
        ordered: list[DensityMap | Path] = [*sorted(found, key=_by_number)]
        return ordered
    if path.suffix.lower() != ".npy":
        raise InputError(f"{path}: expected a folder of maps, or volumes as .npy (volumes, z, y, x).")
    try:
        volumes = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or "it is no numpy file"
        raise InputError(f"{path}: can't be read ({reason}); expected volumes.") from None
    if volumes.ndim != 4:
        raise InputError(f"{path}: got an array of shape {volumes.shape}, expected volumes (volumes, z, y, x).")
    grid = Grid(volumes.shape[1:], (voxel_size_angstrom,) * 3)
    return [DensityMap(volume, grid, name=f"{path}[{k}]") for k, volume in enumerate(volumes)]


def _by_number(path: Path) -> list[tuple[int, str]]:
    """Return what to sort a name by."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(path.name)]
