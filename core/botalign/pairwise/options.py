"""The options of distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from botalign.errors import InputError, Setting
from botalign.options import LARGEST, Option, changed, check_options, refuse_together

METRICS = ("wemd", "l2")
DENSITIES = ("contour", "whole")
NORMALISATIONS = ("mass", "none")


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
        from botalign.transport.wavelets import check_scales, wavelet_named  # the declarations alone do not need it

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
