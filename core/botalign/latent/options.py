"""The options and arguments of a landscape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike

from botalign.arrays import Matrix
from botalign.embeddings.diffusion import checked_distances
from botalign.errors import InputError, Setting, counted
from botalign.options import Option, check_options

_FEWEST = 5
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


def checked_latents(latents: ArrayLike, subset: ArrayLike) -> tuple[Matrix, Matrix]:
    """Check the latents of all images and of the subset, and return them as float64."""
    z, omega = _table(latents, "latents"), _table(subset, "subset")
    if z.shape[1] != omega.shape[1]:
        raise InputError(
            Setting("subset"),
            f": got {omega.shape[1]} coordinates, expected {z.shape[1]} as for the latents of all images.",
        )
    if len(omega) < _FEWEST:
        raise InputError(
            Setting("subset"), f": got {counted(len(omega), 'latent')}, expected at least {_FEWEST}; make more volumes."
        )
    return z, omega


def checked_table(distances: ArrayLike, count: int) -> Matrix:
    """Check the distances of the subset, and return them as float64."""
    given = np.asarray(distances)
    if given.shape != (count, count) or given.dtype.kind not in "iuf":
        raise InputError(
            Setting("distances"),
            f": got an array of shape {given.shape} and type {given.dtype}, expected real numbers of shape "
            f"({count}, {count}) for the subset.",
        )
    checked = checked_distances(given)
    if not checked.any():
        raise InputError(
            Setting("distances"),
            ": all are zero, expected volumes that differ; give the distances between other volumes.",
        )
    return checked


def _table(values: ArrayLike, name: str) -> Matrix:
    table = np.asarray(values)
    if table.ndim != 2 or not table.size or table.dtype.kind not in "iuf":
        raise InputError(
            Setting(name),
            f": got an array of shape {table.shape} and type {table.dtype}, expected real numbers of shape (rows, d).",
        )
    table = table.astype(np.float64)
    if not np.isfinite(table).all():
        raise InputError(Setting(name), ": some coordinates are NaN or infinite; leave these rows out.")
    return table
