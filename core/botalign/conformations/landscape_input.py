"""What a landscape is learned from, checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.arguments import whole_number
from botalign.conformations.diffusion import checked_distances
from botalign.conformations.learning import Weighting
from botalign.errors import InputError

Matrix = NDArray[np.float64]

_FEWEST = 5


@dataclass(frozen=True)
class LandscapeOptions:
    """See :func:`botalign.landscape`, whose options these are."""

    dimensions: int | None = None
    amortise: bool = True
    weighting: Weighting = "relative"
    floor: float | None = None
    grow: bool = True
    held_out: float = 0.2
    steps: int = 2000
    batch: int = 512
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be used, by name.

        Raises
        ------
        InputError
            For the first option that is out of range.
        """
        if self.weighting not in ("relative", "local"):
            raise InputError(f"weighting: got {self.weighting!r}, expected 'relative' (eq. 8) or 'local' (eq. 9).")
        if self.floor is not None and not 0 < self.floor < np.inf:
            raise InputError(f"floor: got {self.floor}, expected a positive distance.")
        if not 0 <= self.held_out <= 0.5:
            raise InputError(f"held_out: got {self.held_out}, expected a part from 0 to 0.5.")
        # JSON takes none of numpy's types.
        object.__setattr__(self, "amortise", bool(self.amortise))
        object.__setattr__(self, "grow", bool(self.grow))
        object.__setattr__(self, "held_out", float(self.held_out))
        if self.floor is not None:
            object.__setattr__(self, "floor", float(self.floor))
        for name, least in (("dimensions", 1), ("steps", 1), ("batch", 1), ("seed", 0)):
            value = getattr(self, name)
            if name == "dimensions" and value is None:
                continue
            object.__setattr__(self, name, whole_number(name, value, least))


def checked_latents(latents: ArrayLike, subset: ArrayLike) -> tuple[Matrix, Matrix]:
    """Return the latents of all images and those of the subset as float64, or say what is wrong with them."""
    z, omega = _table(latents, "latents"), _table(subset, "subset")
    if z.shape[1] != omega.shape[1]:
        raise InputError(
            f"subset: {omega.shape[1]} coordinates, but latents have {z.shape[1]}; expected the same latent space."
        )
    if len(omega) < _FEWEST:
        raise InputError(f"subset: got {len(omega)} latents, expected {_FEWEST} or more; make more volumes.")
    return z, omega


def checked_table(distances: ArrayLike, count: int) -> Matrix:
    """Return the distances of a subset as float64, or say what is wrong with them."""
    given = np.asarray(distances)
    if given.shape != (count, count) or given.dtype.kind not in "iuf":
        raise InputError(
            f"distances: got an array of shape {given.shape} and type {given.dtype}, expected real numbers "
            f"({count}, {count}), a row for each of the subset."
        )
    checked = checked_distances(given)
    if not checked.any():
        raise InputError("distances: all are zero, expected volumes that differ; there is nothing to learn from.")
    return checked


def _table(values: ArrayLike, name: str) -> Matrix:
    table = np.asarray(values)
    if table.ndim != 2 or not table.size or table.dtype.kind not in "iuf":
        raise InputError(f"{name}: got shape {table.shape}, type {table.dtype}, expected real numbers (rows, d).")
    table = table.astype(np.float64)
    if not np.isfinite(table).all():
        raise InputError(f"{name}: some coordinates are NaN or infinite; leave these rows out.")
    return table
