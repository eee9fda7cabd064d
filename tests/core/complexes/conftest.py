from dataclasses import dataclass

import numpy as np
import pytest

import botalign
from botalign.geometry import apply_transform, compose, inverse, random_rotations

from ..globules import globule_in

RESOLUTION = 10.0


def globule(seed: int, name: str, atoms: int = 220) -> botalign.Model:
    """Return an invented model, centred at 0."""
    rng = np.random.default_rng(seed)
    points = globule_in(rng.uniform(14, 26, 3), rng, atoms)
    centred = points - points.mean(axis=0)
    return botalign.Model(centred, np.full(atoms, 6.0), name=name)


def pose(seed: int, shift: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    """Return a random rotation, with a shift."""
    return np.column_stack([random_rotations(1, np.random.default_rng(seed))[0], shift])


def together(*models: botalign.Model) -> botalign.Model:
    """Return one model of several."""
    return botalign.Model(
        np.concatenate([each.points for each in models]), np.concatenate([each.weights for each in models])
    )


def rmsd(model: botalign.Model, found: np.ndarray, truth: np.ndarray) -> float:
    """Return the distance between a model at two places, in angstrom."""
    apart = apply_transform(found, model.points) - apply_transform(truth, model.points)
    return float(np.sqrt((apart**2).sum(axis=1).mean()))


@dataclass(frozen=True, eq=False)
class InventedComplex:
    """A map, its parts in random poses, and the true places of each: two of the second part."""

    whole: botalign.DensityMap
    parts: list[botalign.Model]
    places: list[list[np.ndarray]]


def invented_at(resolution: float) -> InventedComplex:
    """Three parts, one of them twice, side by side."""
    models = [globule(seed, name) for seed, name in ((1, "first"), (2, "second"), (3, "third"))]
    centres = [[(0, 0, 0)], [(38, 0, 0), (0, 38, 5)], [(38, 38, 0)]]
    places = [[pose(10 * i + j, c) for j, c in enumerate(own)] for i, own in enumerate(centres)]
    placed = [model.moved(place) for model, own in zip(models, places, strict=True) for place in own]
    whole = botalign.simulate(together(*placed), resolution, voxel_size_angstrom=4.0)
    starts = [pose(100 + i, (5.0 * i, -20.0, 30.0)) for i in range(3)]
    moved = [model.moved(start) for model, start in zip(models, starts, strict=True)]
    true = [[compose(place, inverse(start)) for place in own] for start, own in zip(starts, places, strict=True)]
    return InventedComplex(whole, moved, true)


@pytest.fixture(scope="session")
def invented() -> InventedComplex:
    """The complex at 10 angstrom."""
    return invented_at(RESOLUTION)
