"""Options for loading the images of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from botalign.options import Option, check_options


@dataclass(frozen=True)
class LoadOptions:
    """Options of :func:`botalign.load_images`.

    Raises
    ------
    InputError
        For the first option that cannot be used.

    Examples
    --------
    >>> import botalign
    >>> botalign.LoadOptions(dust=0)
    Traceback (most recent call last):
        ...
    botalign.errors.InputError: dust: got 0, expected a number above 0 sigma.
    """

    pixel_size_angstrom: Annotated[
        float | None,
        Option(
            "Pixel size to which all images are rescaled, which may then differ in pixel and box size; by default they "
            "must be of one size",
            above=0,
            unit="A",
        ),
    ] = None
    dust: Annotated[
        float | None,
        Option(
            "Replace pixels that differ from the background by more than this number of its standard deviations, such "
            "as 5; by default none",
            above=0,
            unit="sigma",
        ),
    ] = None
    phase_flip: Annotated[
        bool | None,
        Option(
            "Flip the phases of the images by the CTF in the list, or not; by default if the list has the CTF and the "
            "images were not flipped before"
        ),
    ] = None

    def __post_init__(self) -> None:
        """Check the options."""
        check_options(self)
