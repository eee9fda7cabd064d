"""The two learned functions: a distance between two latents, and a transformation of the latent space.

Both are functions of parameters and arrays, for an array module ``xp``: jax.numpy in training, numpy afterwards.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Nested dictionaries and lists of arrays.
Parameters = Any
Array = NDArray[np.float32]

_HIDDEN = (64, 64)
_FEATURES = 16
_WEIGHT_UNITS = (32,)
#: Norms are smoothed below this fraction of a typical distance, so that they have a derivative at zero.
ROUNDING = 1e-3


def layers(rng: np.random.Generator, sizes: tuple[int, ...], *, last: float = 1.0) -> list[dict[str, Array]]:
    """Draw the layers of a perceptron; the weights of the last layer are multiplied by `last`."""
    drawn = []
    for k, (inner, outer) in enumerate(pairwise(sizes)):
        scale = (last if k == len(sizes) - 2 else 1.0) / math.sqrt(inner)
        weights = scale * rng.standard_normal((inner, outer))
        drawn.append({"weights": weights.astype(np.float32), "bias": np.zeros(outer, np.float32)})
    return drawn


def perceptron(xp: Any, parameters: Parameters, x: Any) -> Any:
    """Return the values, shape (..., outer), of a perceptron with the activation ``x / (1 + exp(-x))``."""
    for layer in parameters[:-1]:
        x = x @ layer["weights"] + layer["bias"]
        x = 0.5 * x * (1 + xp.tanh(0.5 * x))
    return x @ parameters[-1]["weights"] + parameters[-1]["bias"]


def rounded_norm(xp: Any, squares: Any) -> Any:
    """Return the square root of a sum of squares, smoothed at zero."""
    return xp.sqrt(squares + np.float32(ROUNDING**2)) - np.float32(ROUNDING)


def new_distance(rng: np.random.Generator, start: NDArray[np.float64]) -> Parameters:
    """Draw the parameters of :func:`distance`; the first d features start from the linear map `start`, shape (d, d)."""
    dimension = len(start)
    linear = np.zeros((dimension, max(_FEATURES, dimension)), np.float32)
    linear[:, :dimension] = start
    features = linear.shape[1]
    return {
        "linear": linear,
        "correction": layers(rng, (dimension, *_HIDDEN, features), last=0.3),
        "weight": layers(rng, (2 * features, *_WEIGHT_UNITS, features), last=0.1),
    }


def distance(xp: Any, parameters: Parameters, first: Any, second: Any) -> Any:
    r"""Return :math:`h_\psi(z_1, z_2)` (eq. 7 of Levy), shape (...), of latents of shape (..., d).

    With features :math:`p = \phi(z_1)`, :math:`q = \phi(z_2)` it is :math:`\sqrt{\sum_k a_k (p_k - q_k)^2}`, where the
    positive weights :math:`a_k` are a function of :math:`|p - q|` and :math:`p + q`. For all parameters it is
    symmetric, not negative, and zero for equal arguments.
    """
    p, q = _features(xp, parameters, first), _features(xp, parameters, second)
    gap = xp.abs(p - q)
    weights = xp.logaddexp(perceptron(xp, parameters["weight"], xp.concatenate([gap, p + q], axis=-1)), np.float32(0))
    return rounded_norm(xp, (weights * gap**2).sum(axis=-1))


def _features(xp: Any, parameters: Parameters, z: Any) -> Any:
    return z @ parameters["linear"] + perceptron(xp, parameters["correction"], z)


def new_map(rng: np.random.Generator, start: NDArray[np.float64]) -> Parameters:
    """Draw the parameters of :func:`mapped`, which starts from the linear map `start`, shape (d, d')."""
    dimension, target = start.shape
    return {"linear": start.astype(np.float32), "correction": layers(rng, (dimension, *_HIDDEN, target), last=0.0)}


def mapped(xp: Any, parameters: Parameters, z: Any) -> Any:
    r"""Return :math:`f_\xi(z)` (eq. 6 of Levy), shape (..., d'): the sum of a linear function and a perceptron.

    The perceptron is zero at first.
    """
    return z @ parameters["linear"] + perceptron(xp, parameters["correction"], z)
