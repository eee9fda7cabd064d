"""A density map: values on a grid in space."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError, counted
from botalign.maps.grid import Grid
from botalign.maps.writing import write_map


@dataclass(frozen=True, eq=False, repr=False)
class DensityMap:
    """A density map on a physical grid.

    Attributes
    ----------
    data : ndarray, shape (z, y, x), float32
        Densities.
    grid : Grid
        Where the voxels lie, in angstrom.
    name : str
        What messages call the map: its file, usually.
    labels : tuple of str
        Text lines of the file's header.

    Raises
    ------
    InputError
        If `data` is not three-dimensional, does not fit `grid`, or holds values that are not finite.
    """

    data: NDArray[np.float32]
    grid: Grid
    name: str = "map"
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Take any real array, keep float32, and check what every later step relies on."""
        data = np.asarray(self.data)
        if data.ndim != 3:
            raise InputError(f"{self.name}: got an array of {data.ndim} dimensions, expected a map of three (z, y, x).")
        if data.shape != self.grid.shape:
            raise InputError(f"{self.name}: the array has shape {data.shape}, but its grid {self.grid.shape}.")
        if data.dtype.kind not in "biuf":
            raise InputError(f"{self.name}: got values of type {data.dtype}, expected real densities; convert them.")
        with np.errstate(over="ignore", invalid="ignore"):
            data = np.ascontiguousarray(data, dtype=np.float32)
            # One pass without a temporary as large as the map: a sum is finite only if every term is.
            total = data.sum(dtype=np.float64)
        if not np.isfinite(total):
            bad = int(data.size - np.count_nonzero(np.isfinite(data)))
            raise InputError(
                f"{self.name}: {counted(bad, 'voxel is', 'voxels are')} NaN or infinite; replace such values (by 0, "
                "say) and try again."
            )
        object.__setattr__(self, "data", data)

    def __repr__(self) -> str:
        """Return one line: the densities are many."""
        sides = [f"{side:.6g}" for side in self.grid.voxel_size_angstrom]
        voxel = sides[0] if len(set(sides)) == 1 else " x ".join(sides)
        return f"<DensityMap {Path(self.name).name}: shape {self.grid.shape}, voxels of {voxel} A>"

    def with_data(self, data: NDArray[np.float32]) -> DensityMap:
        """Return other values on the same grid."""
        return replace(self, data=data)

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False, history: str | None = None) -> None:
        """Write the map in MRC format as 32-bit floats; the same map and history give the same bytes.

        The file is written under a temporary name beside its target and renamed when it is complete.

        Parameters
        ----------
        path : path-like
            File to write, with the extension ``.mrc``, ``.map``, ``.ccp4`` or ``.rec``, or one of these followed by
            ``.gz`` or ``.bz2`` for a compressed file.
        overwrite : bool
            Whether to replace an existing file.
        history : str, optional
            Label line to append to the header. If there are more than ten lines, the first one and the nine latest are
            kept.

        Raises
        ------
        InputError
            If the extension is unknown, the file exists, the folder is missing or not writable, or the disk is full.
        """
        write_map(path, self.data, self.grid, labels=self.labels, history=history, overwrite=overwrite)
