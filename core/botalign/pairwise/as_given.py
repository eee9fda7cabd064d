"""Distances of maps as they lie: each embedded once, then all pairs in compiled blocks."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError, Setting
from botalign.jobs import BlockStore, Shared, Workers, run_blocks
from botalign.maps.contour import contour_level
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.pairwise.options import DistanceOptions, Source
from botalign.pairwise.table import DistanceTable
from botalign.progress import Progress
from botalign.transport import WaveletTransform, distance_block

Vectors = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]

#: Maps embedded in a block of work.
TOGETHER = 4
#: Rows and columns of the table in a block: at most so many, of vectors that take up at most so many bytes together.
MOST, BYTES, FEWEST = 64, 2**28, 8
#: A map whose densities add up to less than this share of their sizes has no mass to speak of.
LEAST_MASS = 0.05


@dataclass(frozen=True, eq=False)
class Vectoriser:
    """What makes a vector of a map.

    Attributes
    ----------
    grid : Grid
        The grid that all maps lie on.
    first : str
        The name of the map it was taken from.
    options : DistanceOptions
        What is asked for.
    wavelets : WaveletTransform or None
        That of the WEMD; for L2 the vector is the map itself.
    """

    grid: Grid
    first: str
    options: DistanceOptions
    wavelets: WaveletTransform | None

    @classmethod
    def of(cls, first: DensityMap, options: DistanceOptions) -> Vectoriser:
        """Make it for maps on the grid of the first.

        Raises
        ------
        InputError
            If the voxels aren't cubes and the metric is the WEMD.
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
        """Numbers in a vector."""
        return int(np.prod(self.grid.shape)) if self.wavelets is None else self.wavelets.size

    def __call__(self, density_map: DensityMap) -> Vectors:
        """Return the vector of a map.

        Raises
        ------
        InputError
            If the map lies on another grid, or has no mass to be scaled by.
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
                    f"{density_map.name}: its densities add up to {mass:.3g}, next to nothing, expected a mass to "
                    "scale by; use ", Setting("density", "contour"), " or ", Setting("normalise", "none"), ".",
                )  # fmt: skip
            scale = 1 / mass
        if self.wavelets is not None:
            return self.wavelets(values * np.float32(scale))
        volume = float(np.prod(self.grid.voxel_size_angstrom))
        integral = volume**-0.5 if self.options.normalise == "mass" else volume**0.5
        return values.ravel() * np.float32(scale * integral)

    def _check_grid(self, density_map: DensityMap) -> None:
        mine, other = self.grid, density_map.grid
        near = 0.01 * np.array(mine.voxel_size_angstrom)
        same = mine.shape == other.shape and all(
            (np.abs(np.subtract(getattr(mine, name), getattr(other, name))) < near).all()
            for name in ("voxel_size_angstrom", "origin_angstrom")
        )
        if not same:
            raise InputError(
                f"{density_map.name}: its voxels are not those of {self.first}, expected the same shape, size and "
                "origin for maps compared without alignment; use ", Setting("over_rotations", True),
                ", or resample them onto one grid first.",
            )  # fmt: skip


def distances_as_given(
    maps: Sequence[Source], options: DistanceOptions, workers: Workers, readers: Workers, store: BlockStore | None
) -> Generator[Progress, None, DistanceTable]:
    """Compute all pairs of maps as they lie.

    Parameters
    ----------
    maps, options, workers, readers, store
        As for :func:`botalign.pairwise.over_rotations.distances_over_rotations`.
    """
    n = len(maps)
    vectorise = Vectoriser.of(maps[0].load(), options)
    vectors = _room(n, vectorise.length, store)
    reading = {
        f"vectors_{start:06d}": (maps[start : start + TOGETHER], vectorise, vectors[start : start + TOGETHER])
        for start in range(0, n, TOGETHER)
    }
    yield from run_blocks(embed_block, reading, workers=readers, store=store, stage="read")
    norm = "l1" if options.metric == "wemd" else "l2"
    band = max(FEWEST, min(MOST, BYTES // (4 * vectorise.length)))
    corners = [(row, column) for row, column in itertools.product(range(0, n, band), repeat=2) if row <= column]
    bands = {start: _band(vectors, slice(start, start + band), workers) for start in range(0, n, band)}
    blocks = {f"pairs_{row:06d}_{column:06d}": (bands[row], bands[column], norm) for row, column in corners}
    found = yield from run_blocks(table_block, blocks, workers=workers, store=store, stage="pairs")
    distances: NDArray[np.float64] = np.zeros((n, n))
    for (row, column), arrays in zip(corners, found.values(), strict=True):
        distances[row : row + band, column : column + band] = arrays["distances"]
        distances[column : column + band, row : row + band] = arrays["distances"].T
    np.fill_diagonal(distances, 0.0)
    names = tuple(source.name for source in maps)
    return DistanceTable(names, distances, None, options.metric, options.as_parameters())


def embed_block(maps: Sequence[Source], vectorise: Vectoriser, out: Vectors) -> Arrays:
    """Read maps and write their vectors where they belong."""
    for source, row in zip(maps, out, strict=True):
        row[:] = vectorise(source.load())
    if isinstance(out, np.memmap):
        out.flush()  # before the block is noted as done
    return {"done": np.array(True)}


@dataclass(frozen=True)
class Band:
    """Some of the vectors in a file."""

    path: str
    rows: slice

    def load(self) -> Vectors:
        """Return them, mapped into memory."""
        vectors: Vectors = np.load(self.path, mmap_mode="r")[self.rows]
        return vectors


def table_block(rows: Vectors | Band, columns: Vectors | Band, norm: str) -> Arrays:
    """Compute a block of the table."""
    first, second = (each.load() if isinstance(each, Band) else each for each in (rows, columns))
    return {"distances": distance_block(np.asarray(first), np.asarray(second), norm=norm)}


def _band(vectors: Vectors, rows: slice, workers: Workers) -> Band | Shared:
    """Return what stands for some of the vectors among a block's arguments: no block carries them itself."""
    if isinstance(vectors, np.memmap) and not workers.apart:
        return Band(str(vectors.filename), rows)
    return workers.share(vectors[rows], everywhere=False)


def _room(count: int, length: int, store: BlockStore | None) -> Vectors:
    """Return room for the vectors: a file beside the blocks of work, else memory."""
    if store is None:
        return np.empty((count, length), dtype=np.float32)
    place = store.folder / "vectors.npy"
    try:
        with suppress(FileNotFoundError, ValueError):  # not begun, or cut off
            kept = np.lib.format.open_memmap(place, mode="r+")
            if kept.shape == (count, length) and kept.dtype == np.float32:
                return kept
        for noted in store.folder.glob("vectors_*.npz"):  # as done, in a file that is no more
            noted.unlink()
        return np.lib.format.open_memmap(place, mode="w+", dtype=np.float32, shape=(count, length))
    except OSError as error:
        raise InputError(f"{place}: can't be written ({error.strerror or error}); free some space.") from error
