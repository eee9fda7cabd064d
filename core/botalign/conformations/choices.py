"""What distances are asked for, and of which maps: checked in one place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from botalign.arguments import whole_number
from botalign.conformations.closeness import METRICS
from botalign.errors import InputError
from botalign.maps.density_map import DensityMap
from botalign.maps.reading import read
from botalign.transport.embedding import check_levels, wavelet_named

DENSITIES = ("contour", "whole")
SCALES = ("mass", "none")
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
        raise InputError(f"maps: got {len(found)}, expected at least 2 to tell the distances of.")
    return found


@dataclass(frozen=True)
class DistanceOptions:
    """See :func:`botalign.distances`, whose options these are."""

    metric: str = "wemd"
    over_rotations: bool = False
    hand: bool = False
    density: str | None = None
    scale: str | None = None
    size: int = 32
    evaluations: int = 200
    landmarks: int = 4
    wavelet: str = "sym3"
    levels: int = 6
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be used, by name, and settle what wasn't given.

        Raises
        ------
        InputError
            For the first option that is out of range.
        """
        by_default = ("contour", "mass") if self.metric == "wemd" else ("whole", "none")
        for name, value, allowed in (
            ("metric", self.metric, METRICS),
            ("density", self.density or by_default[0], DENSITIES),
            ("scale", self.scale or by_default[1], SCALES),
        ):
            if value not in allowed:
                raise InputError(f"{name}: got {value!r}, expected one of {', '.join(allowed)}.")
            object.__setattr__(self, name, value)
        ranges = (("size", 16, 128), ("evaluations", 1, 5000), ("landmarks", 1, 1000), ("levels", 1, 64))
        for name, low, high in (*ranges, ("seed", 0, 2**63 - 1)):
            object.__setattr__(self, name, whole_number(name, getattr(self, name), low, high))
        for name in ("over_rotations", "hand"):
            object.__setattr__(self, name, bool(getattr(self, name)))
        if self.hand and not self.over_rotations:
            raise InputError("hand: a mirror is looked for together with rotations only; ask for over_rotations too.")
        for name in ("wavelet", "levels") if self.metric != "wemd" else ():
            if getattr(self, name) != getattr(DistanceOptions, name):
                raise InputError(f"{name}: the metric wemd alone uses it, and this is {self.metric}; leave it out.")
        check_levels(self.levels, 3)
        wavelet_named(self.wavelet)

    def as_parameters(self) -> dict[str, Any]:
        """Return the options that the distances depend on."""
        parameters: dict[str, Any] = {"over_rotations": self.over_rotations, "density": self.density}
        parameters["scale"] = self.scale
        if self.metric == "wemd":
            parameters |= {"wavelet": self.wavelet, "levels": self.levels}
        if self.over_rotations:
            names = ("hand", "size", "evaluations", "landmarks", "seed")
            parameters |= {name: getattr(self, name) for name in names}
        return parameters
