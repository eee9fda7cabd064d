"""Tables of distances on disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError

FORMAT, VERSION = "botalign-distances", 1


@dataclass(frozen=True, eq=False)
class DistanceTable:
    """The distances of all pairs of maps.

    Attributes
    ----------
    names : tuple of str
        Of the n maps.
    distances : ndarray, shape (n, n)
        Symmetric, with zeros on the diagonal.
    motions : ndarray, shape (n, n, 3, 4), or None
        The motion that brings map j to map i, where distances were minimised over motions.
    metric : str
        What the distances are.
    parameters : dict
        How they were computed.
    """

    names: tuple[str, ...]
    distances: NDArray[np.float64]
    motions: NDArray[np.float64] | None
    metric: str
    parameters: dict[str, Any]


def read_distances(path: str | os.PathLike[str]) -> DistanceTable:
    """Read a table of distances that `botalign distances` has written.

    Raises
    ------
    InputError
        If zarr is not installed, or the path holds no such table.
    """
    try:
        import zarr
    except ImportError:
        raise InputError(
            f"{path}: needs zarr, which isn't installed; install it by pip install botalign[many]."
        ) from None
    if not Path(path).is_dir():
        raise InputError(f"{path}: is no folder, expected a table of distances, D.zarr; give what was written.")
    try:
        group = zarr.open_group(path, mode="r")
        attributes: dict[str, Any] = dict(group.attrs)
    except Exception as error:
        raise InputError(f"{path}: can't be read as a zarr group ({error}); give a table of distances.") from None
    if attributes.get("format") != FORMAT or attributes.get("version") != VERSION:
        raise InputError(f"{path}: is no table of distances of version {VERSION}; give what was written.")
    motions = np.asarray(group["motions"]) if "motions" in group else None
    return DistanceTable(
        tuple(attributes["names"]),
        np.asarray(group["distances"]),
        motions,
        attributes["metric"],
        attributes["parameters"],
    )
