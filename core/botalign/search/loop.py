"""The loop: ask the surrogate where to look, look, tell it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError, Setting
from botalign.geometry.rotations import matrix_from_quaternion, quaternion_from_matrix, random_quaternions
from botalign.search.surrogate import Surrogate

Array = NDArray[np.float64]
#: A descent of the surrogate: from a unit quaternion to another, and the surrogate's value there.
Descent = Callable[[Surrogate, Array], tuple[Array, float]]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One evaluation of the loss.

    Attributes
    ----------
    iteration : int
        Its number, from 1.
    loss : float
        The loss there.
    best_loss : float
        The lowest so far.
    rotation : ndarray, shape (3, 3)
        Where.
    best_rotation : ndarray, shape (3, 3)
        Where the lowest was found.
    """

    iteration: int
    loss: float
    best_loss: float
    rotation: Array
    best_rotation: Array


def search(
    loss: Callable[[Array], float],
    *,
    evaluations: int = 200,
    length_scale: float = 0.75,
    nugget: float = 1e-3,
    starts: int = 4,
    min_gradient: float = 0.1,
    min_step: float = 0.1,
    initial: Array | None = None,
    within_degrees: float | None = None,
    descend: Descent | None = None,
    rng: np.random.Generator,
) -> Iterator[Evaluation]:
    """Minimise a function of the rotation by Bayesian optimisation (Algorithm 1 of Singer and Yang 2024).

    Each rotation to look at is the lowest end of a few steepest descents of the surrogate from random rotations,
    stopped early, which is what makes the search explore (Remark 3.2). The losses are divided by the first one, and are
    not centred: a prior mean of zero below all losses draws the search to where it hasn't been.

    Parameters
    ----------
    loss : callable
        Takes a rotation matrix, shape (3, 3), returns a loss that isn't negative.
    evaluations : int, optional
        How many times to call it.
    length_scale, nugget : float, optional
        See :class:`Surrogate`. The paper's length scale is 0.75 for the WEMD, 1 for L2.
    starts : int, optional
        How many descents to pick the lowest from. The paper uses one.
    min_gradient, min_step : float, optional
        Where a descent stops; see :meth:`Surrogate.descend`.
    initial : ndarray, shape (n, 3, 3), optional
        Rotations to look at first; the identity if not given.
    within_degrees : float, optional
        Look only at rotations at most this far from the first initial one.
    descend : callable, optional
        Takes a surrogate and a unit quaternion to start from, returns the one where a descent ends and the surrogate's
        value there; :meth:`Surrogate.descend` if not given.
    rng : numpy.random.Generator
        Source of randomness.

    Yields
    ------
    Evaluation
        After each call of `loss`.

    Raises
    ------
    InputError
        If `evaluations` is below 1 or a loss is not finite.
    """
    if evaluations < 1:
        raise InputError(Setting("evaluations"), f": got {evaluations}, expected at least 1.")
    first = quaternion_from_matrix(np.eye(3)[None] if initial is None else np.reshape(initial, (-1, 3, 3)))
    surrogate = Surrogate(evaluations, length_scale=length_scale, nugget=nugget)
    draws = _starts(evaluations * starts, first[0], within_degrees, rng).reshape(evaluations, starts, 4)
    scale = 1.0
    best_loss, best = np.inf, np.eye(3)
    for t in range(evaluations):
        if t < len(first):
            q = first[t]
        else:
            candidates = [
                descend(surrogate, start)
                if descend
                else surrogate.descend(start, min_gradient=min_gradient, min_step=min_step)
                for start in draws[t]
            ]
            q = min(candidates, key=lambda end: end[1])[0]
            if within_degrees is not None:
                q = _pulled_back(q, first[0], within_degrees)
        rotation = matrix_from_quaternion(q)
        value = float(loss(rotation))
        if not np.isfinite(value):
            raise InputError(Setting("loss"), f": got {value} at evaluation {t + 1}, expected a finite number.")
        if t == 0 and value > 0:
            scale = value
        surrogate.add(q, value / scale)
        if value < best_loss:
            best_loss, best = value, rotation
        yield Evaluation(t + 1, value, best_loss, rotation, best)


def _starts(count: int, centre: Array, within_degrees: float | None, rng: np.random.Generator) -> Array:
    """Draw where descents start: anywhere, or in the ball about `centre`."""
    if within_degrees is None:
        return random_quaternions(count, rng)
    # The tangent offset of the half angle; its cubic root law makes points uniform in the ball for small angles.
    axes = rng.standard_normal((count, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    half = np.radians(within_degrees) / 2 * rng.random((count, 1)) ** (1 / 3)
    return np.array([_product(np.r_[np.cos(h), np.sin(h) * a], centre) for h, a in zip(half[:, 0], axes, strict=True)])


def _pulled_back(q: Array, centre: Array, within_degrees: float) -> Array:
    """Return the rotation nearest to `q` that is no further than `within_degrees` from `centre`."""
    dot = float(q @ centre)
    if dot < 0:
        q, dot = -q, -dot
    angle, limit = np.arccos(min(1.0, dot)), np.radians(within_degrees) / 2
    if angle <= limit:
        return q
    tangent = (q - dot * centre) / np.sin(angle)
    return np.asarray(np.cos(limit) * centre + np.sin(limit) * tangent, dtype=np.float64)


def _product(p: Array, q: Array) -> Array:
    """Quaternion product: the rotation `q` first, `p` then."""
    w, v = p[0], p[1:]
    return np.concatenate([[w * q[0] - v @ q[1:]], w * q[1:] + q[0] * v + np.cross(v, q[1:])])
