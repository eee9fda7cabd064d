"""Learning the distance between two latents (eq. 7 of Levy) and the transformation of the latent space (eq. 8)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Matrix
from botalign.latent.networks import (
    ROUNDING,
    Parameters,
    distance,
    mapped,
    new_distance,
    new_map,
)
from botalign.latent.training import Loss, Schedule, descend, draw_pairs
from botalign.threads import one_blas_thread

_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Scaling:
    """Scaling of latents and distances for training.

    Attributes
    ----------
    centre, spread : ndarray, shape (d,)
        Mean and standard deviation of each latent coordinate.
    unit : float
        Median distance.
    floor : float
        Smallest divisor in eqs. 8 and 9, in units of `unit`.
    """

    centre: Matrix
    spread: Matrix
    unit: float
    floor: float

    def scaled(self, latents: Matrix) -> NDArray[np.float32]:
        """Return latents scaled for the networks."""
        return np.asarray((latents - self.centre) / self.spread, dtype=np.float32)


def scaling(latents: Matrix, distances: Matrix, floor: float | None) -> Scaling:
    """Return the scaling of latents and distances; `floor` is a twentieth of the median distance by default."""
    between = distances[np.triu_indices(len(distances), 1)]
    unit = float(np.median(between[between > 0]))
    spread = latents.std(axis=0)
    spread[spread == 0] = 1.0
    return Scaling(latents.mean(axis=0), spread, unit, 0.05 if floor is None else floor / unit)


def best_scale(lengths: Matrix, distances: Matrix) -> float:
    """Return the factor between lengths and distances by least squares."""
    squares = float((lengths**2).sum())
    return float((lengths * distances).sum() / squares) if squares > 0 else 1.0


Descent = Generator[tuple[int, float], None, Parameters]


@dataclass(frozen=True, eq=False)
class Fit:
    """What a fit of either function starts from.

    Attributes
    ----------
    latents : ndarray, shape (n, d)
        Scaled latents.
    start : ndarray, shape (d, d')
        Linear map to start from.
    floor : float
        Smallest divisor of the errors.
    schedule : Schedule
        Steps and learning rate.
    rng : numpy.random.Generator
        Random number generator.
    """

    latents: NDArray[np.float32]
    start: Matrix
    floor: float
    schedule: Schedule
    rng: np.random.Generator

    def distance(self, known: NDArray[np.float32], members: NDArray[np.intp]) -> Descent:
        r"""Fit :math:`h_\psi` (eq. 7) to the known distances between some of the latents.

        Errors are relative to the distance, as in eq. 8, or to the floor if it is larger.
        """
        draw = draw_pairs(self.rng, members)
        return descend(_distance_loss, new_distance(self.rng, self.start), self._data(known), draw, self.schedule)

    def map(self, known: Parameters | NDArray[np.float32], weighting: str) -> Descent:
        r"""Fit :math:`f_\xi` so that Euclidean distances agree with known distances.

        Parameters
        ----------
        known : parameters of :func:`distance`, or ndarray, shape (n, n)
            Parameters of :math:`h_\psi` or, without amortisation, distances.
        weighting : {"relative", "local"}
            Errors of eq. 8, or of eq. 9, where large distances have less weight.
        """
        loss = _map_loss(not isinstance(known, np.ndarray), weighting)
        draw = draw_pairs(self.rng, np.arange(len(self.latents)))
        return descend(loss, new_map(self.rng, self.start), self._data(known), draw, self.schedule)

    def _data(self, known: Any) -> dict[str, Any]:
        return {"latents": self.latents, "known": known, "floor": np.float32(self.floor)}


def _distance_loss(xp: Any, parameters: Parameters, data: Any, pairs: Any) -> Any:
    first, second = pairs[:, 0], pairs[:, 1]
    known = data["known"][first, second]
    found = distance(xp, parameters, data["latents"][first], data["latents"][second])
    return (((found - known) / xp.maximum(known, data["floor"])) ** 2).mean()


@cache
def _map_loss(amortised: bool, weighting: str) -> Loss:
    def loss(xp: Any, parameters: Parameters, data: Any, pairs: Any) -> Any:
        first, second = pairs[:, 0], pairs[:, 1]
        a, b = data["latents"][first], data["latents"][second]
        target = distance(xp, data["known"], a, b) if amortised else data["known"][first, second]
        difference = mapped(xp, parameters, a) - mapped(xp, parameters, b)
        lengths = xp.sqrt((difference**2).sum(axis=-1) + np.float32(ROUNDING**2))
        divisor = xp.maximum(target, data["floor"])
        errors = ((lengths - target) / divisor) ** 2
        return (errors / divisor**2 if weighting == "local" else errors).mean()

    return loss


def linear_start(latents: NDArray[np.float32], spread: Matrix, target: int, scale: float) -> Matrix:
    """Return the linear map from which a map of the latent space starts, shape (d, d').

    It is `scale` times the identity, in unscaled coordinates. If d' is less than d, it is the projection on the first
    principal axes; if d' is more, the further coordinates are zero.
    """
    dimension = len(spread)
    start = np.zeros((dimension, target))
    if target < dimension:
        given = np.asarray(latents, dtype=np.float64) * spread
        axes = np.linalg.eigh(np.cov(given.T).reshape(dimension, dimension))[1][:, ::-1]
        start[:] = axes[:, :target]
    else:
        start[:, :dimension] = np.eye(dimension)
    return spread[:, None] * scale * start


@one_blas_thread()
def transform(parameters: Parameters, latents: NDArray[np.float32]) -> Matrix:
    """Return the images of scaled latents under a map."""
    blocks = range(0, len(latents), _AT_ONCE)
    return np.concatenate([np.asarray(mapped(np, parameters, latents[k : k + _AT_ONCE]), float) for k in blocks])


@one_blas_thread()
def predict(parameters: Parameters, first: NDArray[np.float32], second: NDArray[np.float32]) -> Matrix:
    """Return the learned distances between pairs of scaled latents."""
    blocks = range(0, len(first), _AT_ONCE)
    return np.concatenate(
        [np.asarray(distance(np, parameters, first[k : k + _AT_ONCE], second[k : k + _AT_ONCE]), float) for k in blocks]
    )
