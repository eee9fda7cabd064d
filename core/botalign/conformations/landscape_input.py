"""What a landscape is learned from, checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError

Matrix = NDArray[np.float64]

_FEWEST = 5
_SYMMETRIC = 1e-4


def checked_arrays(latents: ArrayLike, subset: ArrayLike, distances: ArrayLike) -> tuple[Matrix, Matrix, Matrix]:
    """Return the three arrays as float64, or say what is wrong with them."""
    z, omega = _table(latents, "latents"), _table(subset, "subset")
    given = np.asarray(distances)
    if z.shape[1] != omega.shape[1]:
        raise InputError(
            f"subset: {omega.shape[1]} coordinates, but latents have {z.shape[1]}; expected the same latent space."
        )
    count = len(omega)
    if count < _FEWEST:
        raise InputError(f"subset: got {count} latents, expected {_FEWEST} or more; make more volumes.")
    if given.shape != (count, count) or given.dtype.kind not in "iuf":
        raise InputError(
            f"distances: got an array of shape {given.shape} and type {given.dtype}, expected real numbers "
            f"({count}, {count}), a row for each of the subset."
        )
    given = given.astype(np.float64)
    if not np.isfinite(given).all() or given.min() < 0:
        raise InputError("distances: some are negative, NaN or infinite; expected all pairs, and finish them first.")
    largest = float(given.max())
    if largest == 0:
        raise InputError("distances: all are zero; expected volumes that differ.")
    if np.abs(given - given.T).max() > _SYMMETRIC * largest or np.abs(np.diag(given)).max() > _SYMMETRIC * largest:
        raise InputError("distances: the matrix isn't symmetric with zeros on its diagonal; expected distances.")
    return z, omega, (given + given.T) / 2


def _table(values: ArrayLike, name: str) -> Matrix:
    table = np.asarray(values)
    if table.ndim != 2 or not table.size or table.dtype.kind not in "iuf":
        raise InputError(f"{name}: got shape {table.shape}, type {table.dtype}, expected real numbers (rows, d).")
    table = table.astype(np.float64)
    if not np.isfinite(table).all():
        raise InputError(f"{name}: some coordinates are NaN or infinite; leave these rows out.")
    return table


def check_options(
    *, dimensions: int, weighting: str, floor: float | None, held_out: float, steps: int, batch: int, seed: int
) -> None:
    """Refuse options that are out of range."""
    if weighting not in ("relative", "local"):
        raise InputError(f"weighting: got {weighting!r}, expected 'relative' (eq. 8) or 'local' (eq. 9).")
    if floor is not None and not 0 < floor < np.inf:
        raise InputError(f"floor: got {floor}, expected a positive distance.")
    if not 0 <= held_out <= 0.5:
        raise InputError(f"held_out: got {held_out}, expected a part from 0 to 0.5.")
    for name, value in (("dimensions", dimensions), ("steps", steps), ("batch", batch)):
        if value < 1:
            raise InputError(f"{name}: got {value}, expected 1 or more.")
    if seed < 0:
        raise InputError(f"seed: got {seed}, expected 0 or more.")
