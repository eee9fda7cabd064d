"""How operators and tensors that belong to a model change when it is moved."""

from __future__ import annotations

import numpy as np

from botalign.arrays import Matrix
from botalign.geometry import compose, inverse


def conjugate(operator: Matrix, transform: Matrix) -> Matrix:
    """Return the operator, ``T P T^-1``, that does to a moved model what ``P`` does to the original."""
    return compose(transform, compose(operator, inverse(transform)))


def rotated_tensors(tensors: Matrix, transform: Matrix) -> Matrix:
    """Rotate symmetric tensors, shape (n, 6) in the order 11, 22, 33, 12, 13, 23, with a model: ``R U R^T``."""
    order = np.array([[0, 3, 4], [3, 1, 5], [4, 5, 2]])
    rotation = transform[:, :3]
    full = rotation @ tensors[:, order] @ rotation.T
    return np.asarray(full[:, [0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]])
