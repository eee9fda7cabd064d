"""Checks of the arguments of a landscape."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from botalign.arrays import Matrix
from botalign.embeddings.diffusion import checked_distances
from botalign.errors import InputError, Setting, counted

_FEWEST = 5


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
