"""Options of a classification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from botalign.classes.poses import Poses
from botalign.errors import InputError, Setting
from botalign.options import LARGEST, Option, check_options

METRICS = ("wemd", "l2")


@dataclass(frozen=True)
class ClassifyOptions:
    """Options of :func:`botalign.classify`.

    Raises
    ------
    InputError
        For the first option that cannot be used.

    Examples
    --------
    >>> import botalign
    >>> botalign.ClassifyOptions(rotations=0)
    Traceback (most recent call last):
        ...
    botalign.errors.InputError: rotations: got 0, expected a whole number from 1 to 3600.
    """

    metric: Annotated[
        str,
        Option("Distance between images: wavelet earth mover's distance (wemd), or L2 distance (l2)", choices=METRICS),
    ] = "wemd"
    scales: Annotated[
        int | None,
        Option(
            "Number of scales of the wavelet transform; by default 6 for images of 128 pixels, 5 for 64", low=1, high=12
        ),
    ] = None
    rotations: Annotated[int, Option("In-plane rotations to compare", low=1, high=3600)] = 200
    mirror: Annotated[bool, Option("Compare mirror images too")] = False
    shift_pixels: Annotated[int, Option("Largest length of the shifts to compare", low=0, high=20, unit="pixels")] = 0
    iterations: Annotated[int, Option("Maximum number of iterations", low=1, high=9999)] = 50
    seed: Annotated[int, Option("Seed; the same seed gives the same result, bit for bit", low=0, high=LARGEST)] = 0
    invert: Annotated[
        bool | None,
        Option("Invert the contrast, for particles that are darker than the background; by default decided from them"),
    ] = None
    correct_ctf: Annotated[
        bool, Option("Correct the averages for the amplitudes of the CTF, if the phases were flipped by it")
    ] = True
    diameter_angstrom: Annotated[
        float | None, Option("Diameter of the disc that is compared; by default the image width", above=0, unit="A")
    ] = None
    size: Annotated[
        int | None,
        Option(
            "Size to which images are reduced before they are compared; by default with 64 pixels along the diameter, "
            "if it is given",
            low=8,
            high=2**16,
            unit="pixels",
        ),
    ] = None

    def __post_init__(self) -> None:
        """Check the options."""
        check_options(self)
        if self.metric == "l2" and self.scales is not None:
            raise InputError(
                Setting("scales", self.scales), " cannot be combined with ", Setting("metric", "l2"),
                ": this metric has no scales. Leave it out.",
            )  # fmt: skip

    @property
    def poses(self) -> Poses:
        """The poses that are compared."""
        return Poses(self.rotations, self.mirror, self.shift_pixels)
