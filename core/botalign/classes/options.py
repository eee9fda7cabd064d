"""The options of a classification, checked in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from botalign.arguments import whole_number
from botalign.classes.metrics import MetricName
from botalign.classes.poses import Poses
from botalign.errors import InputError


@dataclass(frozen=True)
class ClassifyOptions:
    """See :func:`botalign.classify`, whose options these are."""

    metric: MetricName = "wemd"
    levels: int | None = None
    rotations: int = 200
    mirror: bool = False
    shift_pixels: int = 0
    iterations: int = 50
    seed: int = 0
    invert: bool = False
    diameter_angstrom: float | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be used, by name, and make plain numbers of numpy's.

        Raises
        ------
        InputError
            For the first option that is out of range, and for scales of a metric that has none.
        """
        if self.metric not in get_args(MetricName):
            raise InputError(f"metric: got {self.metric!r}, expected 'wemd' or 'l2'.")
        for name, low, high, unit, advice in (
            ("levels", 1, 12, "", ""),
            ("rotations", 1, 3600, "", ""),
            ("shift_pixels", 0, 20, " pixels", "; centre the images first"),
            ("iterations", 1, 9999, "", ""),
            ("seed", 0, 2**63 - 1, "", ""),
            ("size", 8, 2**16, " pixels", ""),
        ):
            value = getattr(self, name)
            if value is None and name in ("levels", "size"):
                continue
            number = whole_number(name.removesuffix("_pixels"), value, low, high, unit=unit, advice=advice)
            object.__setattr__(self, name, number)
        if self.metric == "l2" and self.levels is not None:
            raise InputError(
                f"levels: got {self.levels} with the metric 'l2', expected none, since it has no scales; leave it out."
            )
        object.__setattr__(self, "mirror", bool(self.mirror))

    @property
    def poses(self) -> Poses:
        """The poses that are tried."""
        return Poses(self.rotations, self.mirror, self.shift_pixels)
