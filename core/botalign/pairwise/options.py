"""What distances are asked for, and of which maps: checked in one place."""

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
from botalign.options import Option, changed, check_options, refuse_together
from botalign.pairwise.closeness import METRICS
from botalign.transport.wavelets import check_scales, wavelet_named

DENSITIES = ("contour", "whole")
NORMALISATIONS = ("mass", "none")
#: Bytes looked at of either end of a file.
END = 2**20


@dataclass(frozen=True, eq=False)
class Source:
    """A map to be read when it is needed: a set of them may not fit into memory.

    Attributes
    ----------
    name : str
        What it is called.
    given : DensityMap or Path
        The map, or its file.
    """

    name: str
    given: DensityMap | Path

    def load(self) -> DensityMap:
        """Return the map."""
        return self.given if isinstance(self.given, DensityMap) else read(self.given)

    def identity(self) -> list[Any]:
        """Return what tells the map from another one, or from its file after a change.

        Of a file, where it is, its size and time, and what its two ends hold: to read all of a large set takes minutes.
        """
        if isinstance(self.given, DensityMap):
            grid = self.given.grid
            lattice = [list(grid.shape), list(grid.voxel_size_angstrom), list(grid.origin_angstrom)]
            return [self.name, lattice, blake2b(self.given.data.tobytes(), digest_size=16).hexdigest()]
        try:
            place = self.given.resolve()
            found = place.stat()
            with place.open("rb") as file:
                digest = blake2b(file.read(END), digest_size=16)
                file.seek(max(found.st_size - END, 0))
                digest.update(file.read(END))
        except OSError as error:
            raise InputError(f"{self.given}: can't be read ({error.strerror or error}); check the name.") from None
        return [str(place), found.st_size, found.st_mtime_ns, digest.hexdigest()]


def sources(maps: Sequence[DensityMap | str | os.PathLike[str]]) -> list[Source]:
    """Return the maps of a set.

    Raises
    ------
    InputError
        If there are fewer than two.
    """
    found = [
        Source(each.name, each) if isinstance(each, DensityMap) else Source(os.fspath(each), Path(each))
        for each in maps
    ]
    if len(found) < 2:
        raise InputError(Setting("maps"), f": got {len(found)}, expected at least 2 to tell the distances of.")
    return found


@dataclass(frozen=True)
class DistanceOptions:
    """Options of :func:`botalign.distances`.

    `density` and `normalise` depend on the metric if they are None; their attributes have the values that are used.

    Raises
    ------
    InputError
        For the first option that cannot be used.
    """

    metric: Annotated[str, Option("Wavelet earth mover's distance, or L2", choices=METRICS)] = "wemd"
    over_rotations: Annotated[
        bool, Option("Minimise over rotation and shift; by default maps are compared without alignment")
    ] = False
    mirror: Annotated[bool, Option("Minimise over the hand too, together with rotations")] = False
    density: Annotated[
        str | None,
        Option("Density to compare: above the contour level (default of wemd), or whole (default of l2)",
               choices=DENSITIES),
    ] = None  # fmt: skip
    normalise: Annotated[
        str | None,
        Option("Divide each map by its mass (default of wemd), or by nothing (default of l2)", choices=NORMALISATIONS),
    ] = None
    size: Annotated[
        int, Option("Side of the box in which rotated maps are compared", low=16, high=128, unit="voxels")
    ] = 32
    evaluations: Annotated[int, Option("Evaluations of each search, for each hand", low=1, high=5000)] = 200
    landmarks: Annotated[int, Option("Maps that are aligned with all others by a search", low=1, high=1000)] = 4
    wavelet: Annotated[str, Option("Wavelet of wemd, such as coif3")] = "sym3"
    scales: Annotated[int, Option("Scales of the wavelet transform", low=1, high=64)] = 6
    seed: Annotated[int, Option("Seed; the same seed gives the same result, bit for bit", low=0, high=2**63 - 1)] = 0

    def __post_init__(self) -> None:
        """Check the options, and set those that depend on the metric."""
        check_options(self)
        defaults = ("contour", "mass") if self.metric == "wemd" else ("whole", "none")
        object.__setattr__(self, "density", self.density or defaults[0])
        object.__setattr__(self, "normalise", self.normalise or defaults[1])
        if self.mirror and not self.over_rotations:
            raise InputError(
                Setting("mirror", True), " has no effect without ", Setting("over_rotations", True),
                "; give both, or leave it out.",
            )  # fmt: skip
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
