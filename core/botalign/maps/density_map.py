"""The density map: densities on a physical grid."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.arguments import kind_of
from botalign.errors import InputError, Setting, counted
from botalign.maps.grid import Grid
from botalign.maps.writing import write_map


@dataclass(frozen=True, eq=False, repr=False)
class DensityMap:
    """A density map on a physical grid.

    Attributes
    ----------
    data : ndarray of float32, shape (z, y, x)
        Densities. Arrays of other real types are converted.
    grid : Grid
        Positions of the voxels, in angstrom.
    name : str
        Name of the map in messages, usually its file.
    labels : tuple of str
        Label lines of the file header.

    Raises
    ------
    InputError
        If `data` is not three-dimensional or not real, does not have the shape of `grid`, or holds values that are not
        finite.

    See Also
    --------
    read : Read a map from a file.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign
    >>> grid = botalign.Grid((4, 5, 6), voxel_size_angstrom=(1.5, 1.5, 1.5))
    >>> botalign.DensityMap(np.zeros((4, 5, 6)), grid, name="empty.mrc")
    <DensityMap empty.mrc: shape (4, 5, 6), voxels of 1.5 A>
    """

    data: NDArray[np.float32]
    grid: Grid
    name: str = "map"
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Convert the densities to float32 and check them."""
        data = np.asarray(self.data)
        if data.ndim != 3:
            raise InputError(f"{self.name}: got an array of {data.ndim} dimensions, expected three (z, y, x).")
        if data.shape != self.grid.shape:
            raise InputError(
                f"{self.name}: got an array of shape {data.shape}, expected the shape {self.grid.shape} of its grid."
            )
        if data.dtype.kind not in "biuf":
            raise InputError(f"{self.name}: got values of type {data.dtype}, expected real densities; convert them.")
        with np.errstate(over="ignore", invalid="ignore"):
            data = np.ascontiguousarray(data, dtype=np.float32)
        refuse_infinite(data, self.name, one="voxel", kind="densities")
        object.__setattr__(self, "data", data)

    def __repr__(self) -> str:
        """Return one line without the densities."""
        sides = [f"{side:.6g}" for side in self.grid.voxel_size_angstrom]
        voxel = sides[0] if len(set(sides)) == 1 else " x ".join(sides)
        return f"<DensityMap {Path(self.name).name}: shape {self.grid.shape}, voxels of {voxel} A>"

    def with_data(self, data: NDArray[np.float32]) -> DensityMap:
        """Return a map of other densities on the same grid, with the same name and labels.

        Parameters
        ----------
        data : ndarray, shape (z, y, x)
            Densities.

        Returns
        -------
        DensityMap
            The map.

        Examples
        --------
        >>> import botalign
        >>> density_map = botalign.phantom(24)
        >>> doubled = density_map.with_data(2 * density_map.data)
        >>> doubled.grid == density_map.grid
        True
        """
        return replace(self, data=data)

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False, history: str | None = None) -> None:
        """Write the map in MRC format as 32-bit floats; the same map and history give the same bytes.

        The file is written under a temporary name in the same folder and renamed when it is complete.

        Parameters
        ----------
        path : path-like
            File to write, with the extension ``.mrc``, ``.map``, ``.ccp4`` or ``.rec``, or one of these followed by
            ``.gz`` or ``.bz2`` for a compressed file.
        overwrite : bool, optional
            Whether to replace an existing file.
        history : str, optional
            Label line to append to the header. If there are more than ten lines, the first one and the nine latest are
            kept.

        Raises
        ------
        InputError
            If the extension is unknown, the file exists and `overwrite` is false, the folder is missing or not
            writable, or the disk is full.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import botalign
        >>> density_map = botalign.phantom(24)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     density_map.write(Path(folder) / "phantom.mrc", history="written as an example")
        ...     botalign.read(Path(folder) / "phantom.mrc").labels[-1]
        'written as an example'
        """
        write_map(path, [self.data], self.grid, labels=self.labels, history=history, overwrite=overwrite)


def expect_map(value: object, name: str) -> None:
    """Refuse an argument that is not a map.

    Parameters
    ----------
    value : object
        The argument.
    name : str
        Name of the argument.

    Raises
    ------
    InputError
        If it is not a :class:`DensityMap`; the message explains how to make one from it.
    """
    if not isinstance(value, DensityMap):
        advice = "read a file with botalign.read, convert an array with botalign.DensityMap(array, grid)"
        raise InputError(Setting(name), f": got {kind_of(value)}, expected a DensityMap; {advice}.")


def refuse_infinite(values: NDArray[Any], name: str, *, one: str, kind: str) -> None:
    """Refuse values that are NaN or infinite.

    Raises
    ------
    InputError
        If there are some; `one` is what such a value is called, and `kind` what was expected.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        # One pass, without a temporary as large as the map: a sum is finite only if every term is.
        total = values.sum(dtype=np.float64)
    if np.isfinite(total):
        return
    bad = int(values.size - np.count_nonzero(np.isfinite(values)))
    raise InputError(
        f"{name}: {counted(bad, f'{one} is', f'{one}s are')} NaN or infinite, expected finite {kind}; replace such "
        "values, for example by 0."
    )
