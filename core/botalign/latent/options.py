"""What a landscape is learned from, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike

from botalign.arrays import Matrix
from botalign.embeddings.diffusion import checked_distances
from botalign.errors import InputError, Setting
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
    """

    dimensions: Annotated[
        int | None, Option("Dimensions of the new coordinates; by default those of the latents", low=1)
    ] = None
    amortise: Annotated[bool, Option("Learn the distance of any two latents before the map")] = True
    weighting: Annotated[
        str,
        Option("Weights of the errors: relative (eq. 8), or local for unreliable large distances (eq. 9)",
               choices=WEIGHTINGS),
    ] = "relative"  # fmt: skip
    floor: Annotated[
        float | None, Option("Smallest distance used as a divisor; by default a twentieth of the median", above=0)
    ] = None
    grow: Annotated[bool, Option("Estimate the intrinsic dimension by maps into 1, 2, ... dimensions")] = True
    held_out: Annotated[
        float, Option("Share of the subset that is held out to measure the error of the distance", low=0, high=0.5)
    ] = 0.2
    steps: Annotated[int, Option("Steps of each descent", low=1)] = 2000
    batch: Annotated[int, Option("Pairs of latents in each step", low=1)] = 512
    seed: Annotated[int, Option("Seed; the same seed gives the same result on the same machine", low=0)] = 0

    def __post_init__(self) -> None:
        """Check the options."""
        check_options(self)


def checked_latents(latents: ArrayLike, subset: ArrayLike) -> tuple[Matrix, Matrix]:
    """Return the latents of all images and those of the subset as float64, or say what is wrong with them."""
    z, omega = _table(latents, "latents"), _table(subset, "subset")
    if z.shape[1] != omega.shape[1]:
        raise InputError(
            Setting("subset"),
            f": {omega.shape[1]} coordinates, but latents have {z.shape[1]}; expected the same latent space.",
        )
    if len(omega) < _FEWEST:
        raise InputError(
            Setting("subset"), f": got {len(omega)} latents, expected {_FEWEST} or more; make more volumes."
        )
    return z, omega


def checked_table(distances: ArrayLike, count: int) -> Matrix:
    """Return the distances of a subset as float64, or say what is wrong with them."""
    given = np.asarray(distances)
    if given.shape != (count, count) or given.dtype.kind not in "iuf":
        raise InputError(
            Setting("distances"),
            f": got an array of shape {given.shape} and type {given.dtype}, expected real numbers "
            f"({count}, {count}), a row for each of the subset.",
        )
    checked = checked_distances(given)
    if not checked.any():
        raise InputError(
            Setting("distances"), ": all are zero, expected volumes that differ; there is nothing to learn from."
        )
    return checked


def _table(values: ArrayLike, name: str) -> Matrix:
    table = np.asarray(values)
    if table.ndim != 2 or not table.size or table.dtype.kind not in "iuf":
        raise InputError(
            Setting(name), f": got shape {table.shape}, type {table.dtype}, expected real numbers (rows, d)."
        )
    table = table.astype(np.float64)
    if not np.isfinite(table).all():
        raise InputError(Setting(name), ": some coordinates are NaN or infinite; leave these rows out.")
    return table
