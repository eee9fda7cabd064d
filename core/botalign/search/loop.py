"""The loop of Bayesian optimisation on SO(3)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from botalign.arrays import Matrix
from botalign.errors import InputError, Setting
from botalign.geometry.rotations import matrix_from_quaternion, quaternion_from_matrix, random_quaternions
from botalign.search.surrogate import Surrogate

#: A descent takes the surrogate and a unit quaternion, and returns the one where it ended and the surrogate's value.
Descent = Callable[[Surrogate, Matrix], tuple[Matrix, float]]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One evaluation of the loss.

    Attributes
    ----------
    iteration : int
        Number of the evaluation, from 1.
    loss : float
        Loss at `rotation`.
    best_loss : float
        Lowest loss so far.
    rotation : ndarray, shape (3, 3)
        Rotation that was evaluated.
    best_rotation : ndarray, shape (3, 3)
        Rotation with the lowest loss so far.
    """

    iteration: int
    loss: float
    best_loss: float
    rotation: Matrix
    best_rotation: Matrix


def search(
    loss: Callable[[Matrix], float],
    *,
    evaluations: int = 200,
    length_scale: float = 0.75,
    nugget: float = 1e-3,
    starts: int = 4,
    min_gradient: float = 0.1,
    min_step: float = 0.1,
    initial: Matrix | None = None,
    within_degrees: float | None = None,
    descend: Descent | None = None,
    rng: np.random.Generator,
) -> Iterator[Evaluation]:
    """Minimise a function of the rotation by Bayesian optimisation (Algorithm 1 of Singer and Yang 2024).

    The next rotation to evaluate is the lowest end of several steepest descents of the surrogate from random rotations.
    The descents stop early, which makes the search explore (Remark 3.2). The losses are divided by the first one but
    not centred: the prior mean of zero is below all losses, and so draws the search to unexplored rotations.

    Parameters
    ----------
    loss : callable
        Takes a rotation matrix, shape (3, 3), and returns a loss of at least 0.
    evaluations : int, optional
        Number of evaluations of the loss.
    length_scale, nugget : float, optional
        Parameters of the :class:`Surrogate`. The length scale of the paper is 0.75 for the WEMD and 1 for L2.
    starts : int, optional
        Number of descents for each evaluation. The paper uses one.
    min_gradient, min_step : float, optional
        Thresholds at which a descent stops; see :meth:`Surrogate.descend`.
    initial : ndarray, shape (n, 3, 3), optional
        Rotations to evaluate first; by default the identity.
    within_degrees : float, optional
        Largest angle between a rotation to evaluate and the first initial one.
    descend : callable, optional
        Descent to use instead of :meth:`Surrogate.descend`.
    rng : numpy.random.Generator
        Random number generator.

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


def _starts(count: int, centre: Matrix, within_degrees: float | None, rng: np.random.Generator) -> Matrix:
    """Draw the starts of descents: uniformly from all rotations, or from the ball around `centre`."""
    if within_degrees is None:
        return random_quaternions(count, rng)
    # A radius distributed as the cubic root of a uniform number fills a small ball uniformly.
    axes = rng.standard_normal((count, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    half = np.radians(within_degrees) / 2 * rng.random((count, 1)) ** (1 / 3)
    return np.array([_product(np.r_[np.cos(h), np.sin(h) * a], centre) for h, a in zip(half[:, 0], axes, strict=True)])


def _pulled_back(q: Matrix, centre: Matrix, within_degrees: float) -> Matrix:
    """Return the rotation nearest to `q` among those within `within_degrees` of `centre`."""
    dot = float(q @ centre)
    if dot < 0:
        q, dot = -q, -dot
    angle, limit = np.arccos(min(1.0, dot)), np.radians(within_degrees) / 2
    if angle <= limit:
        return q
    tangent = (q - dot * centre) / np.sin(angle)
    return np.asarray(np.cos(limit) * centre + np.sin(limit) * tangent, dtype=np.float64)


def _product(p: Matrix, q: Matrix) -> Matrix:
    """Return the quaternion product: the rotation `q` first, then `p`."""
    w, v = p[0], p[1:]
    return np.concatenate([[w * q[0] - v @ q[1:]], w * q[1:] + q[0] * v + np.cross(v, q[1:])])
