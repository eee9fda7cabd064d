"""The options of a landscape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from botalign.options import Option, check_options

WEIGHTINGS = ("relative", "local")


@dataclass(frozen=True)
class LandscapeOptions:
    """Options of :func:`botalign.landscape`.

    Raises
    ------
    InputError
        For the first option that cannot be used.

    Examples
    --------
    >>> import botalign
    >>> botalign.LandscapeOptions(steps=0)
    Traceback (most recent call last):
        ...
    botalign.errors.InputError: steps: got 0, expected a whole number of at least 1.
    """

    dimensions: Annotated[
        int | None, Option("Dimensions of the new coordinates; by default those of the latents", low=1)
    ] = None
    amortise: Annotated[
        bool,
        Option("Train a network to predict the distance between any two latents, then fit the coordinates to it"),
    ] = True
    weighting: Annotated[
        str,
        Option(
            "Weights of the errors: relative to the distance, or local, which gives large distances less weight",
            choices=WEIGHTINGS,
        ),
    ] = "relative"
    floor: Annotated[
        float | None,
        Option(
            "Distances below this value are treated as this value when errors are divided by the distance; by default "
            "a twentieth of the median",
            above=0,
        ),
    ] = None
    grow: Annotated[bool, Option("Estimate the intrinsic dimension by fitting coordinates in 1, 2, ... dimensions")] = (
        True
    )
    held_out: Annotated[
        float,
        Option(
            "Fraction of the subset that is held out to measure the error of the predicted distances", low=0, high=0.5
        ),
    ] = 0.2
    steps: Annotated[int, Option("Optimisation steps for each fit", low=1)] = 2000
    batch: Annotated[int, Option("Pairs of latents per step", low=1)] = 512
    seed: Annotated[int, Option("Seed; the same seed gives the same result on the same machine", low=0)] = 0

    def __post_init__(self) -> None:
        """Check the options."""
        check_options(self)
