"""The options of distances, and the maps that they are computed for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any

from botalign.errors import InputError, Setting
from botalign.maps.density_map import DensityMap
from botalign.maps.reading import read
from botalign.options import LARGEST, Option, changed, check_options, refuse_together
from botalign.pairwise.pose_distance import METRICS
from botalign.transport.wavelets import check_scales, wavelet_named

DENSITIES = ("contour", "whole")
NORMALISATIONS = ("mass", "none")
#: Bytes at the start and at the end of a file that are hashed.
HASHED_BYTES = 2**20


@dataclass(frozen=True, eq=False)
class Source:
    """A map that is read when it is needed, because a set of maps may not fit into memory.

    Attributes
    ----------
    name : str
        Name of the map.
    given : DensityMap or Path
        The map, or its file.
    """

    name: str
    given: DensityMap | Path

    def load(self) -> DensityMap:
        """Return the map."""
        return self.given if isinstance(self.given, DensityMap) else read(self.given)

    def identity(self) -> list[Any]:
        """Return an identifier of the map, JSON-compatible, that changes if the map or its file changes.

        For a file these are its path, size, modification time, and a hash of its start and end: reading all files of a
        large set would take minutes.
        """
        if isinstance(self.given, DensityMap):
            grid = self.given.grid
            lattice = [list(grid.shape), list(grid.voxel_size_angstrom), list(grid.origin_angstrom)]
            return [self.name, lattice, blake2b(self.given.data.tobytes(), digest_size=16).hexdigest()]
        try:
            path = self.given.resolve()
            found = path.stat()
            with path.open("rb") as file:
                digest = blake2b(file.read(HASHED_BYTES), digest_size=16)
                file.seek(max(found.st_size - HASHED_BYTES, 0))
                digest.update(file.read(HASHED_BYTES))
        except OSError as error:
            raise InputError(f"{self.given}: cannot be read ({error.strerror or error}); check the name.") from None
        return [str(path), found.st_size, found.st_mtime_ns, digest.hexdigest()]


def sources(maps: Sequence[DensityMap | str | os.PathLike[str]]) -> list[Source]:
    """Return the maps of a set as sources.

    Raises
    ------
    InputError
        If there are fewer than two maps.
    """
    found = [
        Source(each.name, each) if isinstance(each, DensityMap) else Source(os.fspath(each), Path(each))
        for each in maps
    ]
    if len(found) < 2:
        raise InputError(Setting("maps"), f": got {len(found)}, expected at least 2.")
    return found


@dataclass(frozen=True)
class DistanceOptions:
    """Options of :func:`botalign.distances`.

    `density` and `normalise` depend on the metric if they are None; their attributes have the values that are used.

    Raises
    ------
    InputError
        For the first option that cannot be used.

    Examples
    --------
    >>> import botalign
    >>> botalign.DistanceOptions(size=8)
    Traceback (most recent call last):
        ...
    botalign.errors.InputError: size: got 8, expected a whole number from 16 to 128 voxels.
    """

    metric: Annotated[str, Option("Wavelet earth mover's distance (wemd), or L2 distance (l2)", choices=METRICS)] = (
        "wemd"
    )
    over_rotations: Annotated[
        bool, Option("Minimise over rotation and shift; by default maps are compared without alignment")
    ] = False
    mirror: Annotated[bool, Option("With --over-rotations: also minimise over the hand")] = False
    density: Annotated[
        str | None,
        Option("Density to compare: above the contour level (default for wemd), or whole (default for l2)",
               choices=DENSITIES),
    ] = None  # fmt: skip
    normalise: Annotated[
        str | None,
        Option(
            "Divide each map by its mass (default for wemd), or do not normalise (default for l2)",
            choices=NORMALISATIONS,
        ),
    ] = None
    size: Annotated[
        int,
        Option("With --over-rotations: side of the box in which maps are compared", low=16, high=128, unit="voxels"),
    ] = 32
    evaluations: Annotated[
        int, Option("With --over-rotations: evaluations of each search, for each hand", low=1, high=5000)
    ] = 200
    landmarks: Annotated[
        int,
        Option(
            "With --over-rotations: number of landmarks: maps to which a search aligns all others", low=1, high=1000
        ),
    ] = 4
    wavelet: Annotated[str, Option("Wavelet of the wavelet earth mover's distance, such as coif3")] = "sym3"
    scales: Annotated[int, Option("Number of scales of the wavelet transform", low=1, high=64)] = 6
    seed: Annotated[int, Option("Seed; the same seed gives the same result, bit for bit", low=0, high=LARGEST)] = 0

    def __post_init__(self) -> None:
        """Check the options, and set those that depend on the metric."""
        check_options(self)
        defaults = ("contour", "mass") if self.metric == "wemd" else ("whole", "none")
        object.__setattr__(self, "density", self.density or defaults[0])
        object.__setattr__(self, "normalise", self.normalise or defaults[1])
        for setting in () if self.over_rotations else changed(self, "mirror", "size", "evaluations", "landmarks"):
            raise InputError(
                setting, " has no effect without ", Setting("over_rotations", True), "; give both, or leave it out."
            )
        if self.metric != "wemd":
            refuse_together(
                Setting("metric", self.metric), "only wemd uses wavelets", *changed(self, "wavelet", "scales")
            )
        check_scales(self.scales, 3)
        wavelet_named(self.wavelet)

    def as_parameters(self) -> dict[str, Any]:
        """Return the options that the distances depend on."""
        parameters: dict[str, Any] = {"over_rotations": self.over_rotations, "density": self.density}
        parameters["normalise"] = self.normalise
        if self.metric == "wemd":
            parameters |= {"wavelet": self.wavelet, "scales": self.scales}
        if self.over_rotations:
            names = ("mirror", "size", "evaluations", "landmarks", "seed")
            parameters |= {name: getattr(self, name) for name in names}
        return parameters
