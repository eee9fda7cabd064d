"""Distances between maps compared without alignment: each map is converted to a vector, then all pairs are compared."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.cancellation import check_cancelled
from botalign.errors import InputError, Setting
from botalign.jobs import BlockStore, SharedValue, Workers, run_blocks
from botalign.maps.contour import contour_level
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.pairwise.options import DistanceOptions
from botalign.pairwise.sources import Source
from botalign.pairwise.table import DistanceTable
from botalign.progress import Progress
from botalign.transport import WaveletTransform, distance_block

Vectors = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]

#: Maps that a block of work reads.
MAPS_PER_BLOCK = 4
#: Largest number of rows of the table in a block, largest size of their vectors in bytes, and least number of rows.
MOST_ROWS, MOST_BYTES, FEWEST_ROWS = 64, 2**28, 8
#: A map cannot be divided by its mass if the sum of its densities is below this fraction of the sum of their
#: magnitudes.
LEAST_MASS = 0.05


@dataclass(frozen=True, eq=False)
class Vectoriser:
    """Converts maps into vectors whose L1 or L2 distances are the distances between the maps.

    Attributes
    ----------
    grid : Grid
        Grid that all maps must have.
    first : str
        Name of the map that the grid was taken from.
    options : DistanceOptions
        Options.
    wavelets : WaveletTransform or None
        Wavelet transform of the WEMD; None for L2, whose vectors are the densities.
    """

    grid: Grid
    first: str
    options: DistanceOptions
    wavelets: WaveletTransform | None

    @classmethod
    def of(cls, first: DensityMap, options: DistanceOptions) -> Vectoriser:
        """Return the vectoriser for maps on the grid of the first map.

        Raises
        ------
        InputError
            If the metric is the WEMD and the voxels are not cubic.
        """
        sides = first.grid.voxel_size_angstrom
        if options.metric == "l2":
            return cls(first.grid, first.name, options, None)
        if max(sides) > 1.01 * min(sides):
            raise InputError(
                f"{first.name}: its voxels are {sides[0]:g} x {sides[1]:g} x {sides[2]:g} A, expected cubes for ",
                Setting("metric", "wemd"), "; use ", Setting("metric", "l2"), " or ", Setting("over_rotations", True),
                ".",
            )  # fmt: skip
        wavelets = WaveletTransform(
            first.grid.shape, wavelet=options.wavelet, scales=options.scales, voxel_size=sides[0]
        )
        return cls(first.grid, first.name, options, wavelets)

    @property
    def length(self) -> int:
        """Length of a vector."""
        return int(np.prod(self.grid.shape)) if self.wavelets is None else self.wavelets.size

    def __call__(self, density_map: DensityMap) -> Vectors:
        """Return the vector of a map.

        Raises
        ------
        InputError
            If the map has another grid, or its mass is too small to divide by.
        """
        self._check_grid(density_map)
        values = density_map.data
        if self.options.density == "contour":
            values = np.maximum(values - np.float32(contour_level(density_map)), np.float32(0))
        scale = 1.0
        if self.options.normalise == "mass":
            mass = float(values.sum(dtype=np.float64))
            if mass <= LEAST_MASS * float(np.abs(values).sum(dtype=np.float64)):
                raise InputError(
                    f"{density_map.name}: its densities add up to {mass:.3g}, nearly zero, expected a mass to divide "
                    "by; use ", Setting("density", "contour"), " or ", Setting("normalise", "none"), ".",
                )  # fmt: skip
            scale = 1 / mass
        if self.wavelets is not None:
            return self.wavelets(values * np.float32(scale))
        volume = float(np.prod(self.grid.voxel_size_angstrom))
        integral = volume**-0.5 if self.options.normalise == "mass" else volume**0.5
        return values.ravel() * np.float32(scale * integral)

    def _check_grid(self, density_map: DensityMap) -> None:
        expected, found = self.grid, density_map.grid
        tolerance = 0.01 * np.array(expected.voxel_size_angstrom)
        same = expected.shape == found.shape and all(
            (np.abs(np.subtract(getattr(expected, name), getattr(found, name))) < tolerance).all()
            for name in ("voxel_size_angstrom", "origin_angstrom")
        )
        if not same:
            raise InputError(
                f"{density_map.name}: its voxels are not those of {self.first}, expected the same shape, voxel size "
                "and origin for maps compared without alignment; use ", Setting("over_rotations", True),
                ", or resample the maps onto one grid.",
            )  # fmt: skip


def distances_without_alignment(
    maps: Sequence[Source], options: DistanceOptions, workers: Workers, readers: Workers, store: BlockStore | None
) -> Generator[Progress, None, DistanceTable]:
    """Compute the distances between all pairs of maps without alignment.

    The parameters are those of :func:`botalign.pairwise.over_rotations.distances_over_rotations`.
    """
    n = len(maps)
    vectorise = Vectoriser.of(maps[0].load(), options)
    vectors = _allocate(n, vectorise.length, store)
    readings = {
        f"vectors_{start:06d}": (
            maps[start : start + MAPS_PER_BLOCK],
            vectorise,
            vectors[start : start + MAPS_PER_BLOCK],
        )
        for start in range(0, n, MAPS_PER_BLOCK)
    }
    yield from run_blocks(vectors_block, readings, workers=readers, store=store, stage="read")
    norm = "l1" if options.metric == "wemd" else "l2"
    side = max(FEWEST_ROWS, min(MOST_ROWS, MOST_BYTES // (4 * vectorise.length)))
    corners = [(row, column) for row, column in itertools.product(range(0, n, side), repeat=2) if row <= column]
    rows = {start: _rows_argument(vectors, slice(start, start + side), workers) for start in range(0, n, side)}
    blocks = {f"pairs_{row:06d}_{column:06d}": (rows[row], rows[column], norm) for row, column in corners}
    found = yield from run_blocks(table_block, blocks, workers=workers, store=store, stage="pairs")
    distances: NDArray[np.float64] = np.zeros((n, n))
    for (row, column), arrays in zip(corners, found.values(), strict=True):
        distances[row : row + side, column : column + side] = arrays["distances"]
        distances[column : column + side, row : row + side] = arrays["distances"].T
    np.fill_diagonal(distances, 0.0)
    names = tuple(source.name for source in maps)
    return DistanceTable(names, distances, None, options.metric, options.as_parameters())


def vectors_block(maps: Sequence[Source], vectorise: Vectoriser, out: Vectors) -> Arrays:
    """Read maps and write their vectors to the rows of an array."""
    for source, row in zip(maps, out, strict=True):
        check_cancelled()
        row[:] = vectorise(source.load())
    if isinstance(out, np.memmap):
        out.flush()  # before the block is recorded as complete
    return {"done": np.array(True)}


@dataclass(frozen=True)
class StoredRows:
    """Some of the vectors, in a file."""

    path: str
    rows: slice

    def load(self) -> Vectors:
        """Return the vectors, mapped into memory."""
        vectors: Vectors = np.load(self.path, mmap_mode="r")[self.rows]
        return vectors


def table_block(rows: Vectors | StoredRows, columns: Vectors | StoredRows, norm: str) -> Arrays:
    """Compute a block of the table."""
    first, second = (each.load() if isinstance(each, StoredRows) else each for each in (rows, columns))
    return {"distances": distance_block(np.asarray(first), np.asarray(second), norm=norm)}


def _rows_argument(vectors: Vectors, rows: slice, workers: Workers) -> StoredRows | SharedValue:
    """Return the argument for some of the vectors, so that they are not sent with every block."""
    if isinstance(vectors, np.memmap) and not workers.separate_memory:
        return StoredRows(str(vectors.filename), rows)
    return workers.share(vectors[rows], to_all=False)


def _allocate(count: int, length: int, store: BlockStore | None) -> Vectors:
    """Return an array for the vectors: a file in the work folder, or memory without a work folder."""
    if store is None:
        return np.empty((count, length), dtype=np.float32)
    path = store.folder / "vectors.npy"
    try:
        with suppress(FileNotFoundError, ValueError):  # missing or cut off
            kept = np.lib.format.open_memmap(path, mode="r+")
            if kept.shape == (count, length) and kept.dtype == np.float32:
                return kept
        for record in store.folder.glob("vectors_*.npz"):  # of blocks whose vectors are lost
            record.unlink()
        return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(count, length))
    except OSError as error:
        raise InputError(f"{path}: it cannot be written ({error.strerror or error}); free some space.") from error
