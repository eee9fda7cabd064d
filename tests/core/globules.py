"""Invented chains."""

import numpy as np


def globule_in(axes: np.ndarray, rng: np.random.Generator, atoms: int) -> np.ndarray:
    """Return the atoms of a chain, shape (atoms, 3): a random walk that turns back at the surface of an ellipsoid."""
    points = [np.zeros(3)]
    while len(points) < atoms:
        step = rng.normal(size=3)
        new = points[-1] + 3.8 * step / np.linalg.norm(step)
        if ((new / axes) ** 2).sum() < 1:
            points.append(new)
    return np.array(points)
