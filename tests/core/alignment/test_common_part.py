"""Two maps of which a part is the same: the two arcs of Figure 10 of Singer and Yang (2024), and a moved domain."""

import numpy as np
import pytest
from scipy import stats

import botalign
from botalign.geometry import apply_transform, geodesic_degrees, inverse, matrix_from_rotation_vector
from botalign.maps.resampling import moved

RADIUS, EXTENSION = 34.0, 0.35  # angstrom; share of the half circle
GRID = botalign.Grid.cube(56, 2.0, np.zeros(3))


def beads(places: np.ndarray, masses: np.ndarray, sigma: float = 3.5) -> botalign.DensityMap:
    """A map of Gaussian beads at places ``(x, y, z)``."""
    z, y, x = (GRID.axis_angstrom(axis) for axis in range(3))
    data = np.zeros(GRID.shape)
    for (px, py, pz), mass in zip(places, masses, strict=True):
        lines = (np.exp(-((line - at) ** 2) / (2 * sigma**2)) for line, at in ((z, pz), (y, py), (x, px)))
        data += mass * np.einsum("i,j,k->ijk", *lines)
    return botalign.DensityMap(data.astype(np.float32), GRID, "arc")


def on_circle(angles: np.ndarray, radius: float = RADIUS) -> np.ndarray:
    return np.stack([radius * np.cos(angles), radius * np.sin(angles), np.zeros_like(angles)], axis=1)


def arc(length: float) -> botalign.DensityMap:
    """An arc of a length in radians from angle 0 on, with three knobs on its first half that tell where it is."""
    along = np.linspace(0, length, 90)
    knobs = on_circle(np.pi * np.array([0.13, 0.37, 0.78]), RADIUS + 8)
    knobs[:, 2] = 4.0, -3.0, 5.0
    places = np.concatenate([on_circle(along), knobs])
    masses = np.concatenate([np.full(90, length / 90), [0.06, 0.05, 0.07]])
    return beads(places, masses)


def turned(degrees: float) -> np.ndarray:
    """The motion that turns about the middle of the circle."""
    return np.column_stack([matrix_from_rotation_vector([0, 0, np.radians(degrees)]), np.zeros(3)])


def test_transport_prefers_the_middle_to_the_matching_end() -> None:
    # In closed form: uniform lines of length 1 and 1 + e cost e / 2 with one end in common, e / 4 centred.
    line = (np.arange(20_000) + 0.5) / 20_000
    longer = line * (1 + EXTENSION)
    matched = stats.wasserstein_distance(line, longer)
    centred = stats.wasserstein_distance(line + EXTENSION / 2, longer)
    assert matched == pytest.approx(EXTENSION / 2, rel=1e-3)
    assert centred == pytest.approx(EXTENSION / 4, rel=1e-3)
    # And so does the WEMD of the two arcs in space.
    short, long = arc(np.pi), arc(np.pi * (1 + EXTENSION))
    middle = turned(90 * EXTENSION)
    at_end, at_middle = (
        botalign.score(long, short, transform=pose).scores.wemd_angstrom for pose in (turned(0), middle)
    )
    assert at_middle < 0.8 * at_end


def test_the_common_part_decides_where_transport_errs() -> None:
    short, long = arc(np.pi), arc(np.pi * (1 + EXTENSION))
    start = np.column_stack([matrix_from_rotation_vector([0.9, -0.4, 1.7]), [3.0, -4.0, 2.0]])
    moving = moved(short, inverse(start), GRID)
    errors = {}
    for loss, refine in (("wemd", False), ("core", True)):
        result = botalign.align(long, moving, loss=loss, hand="keep", refine=refine)
        errors[loss] = float(geodesic_degrees(result.moving_to_fixed[:, :3], start[:, :3]))
    assert errors["wemd"] > 10
    assert errors["core"] < 1


@pytest.fixture(scope="module")
def conformations() -> tuple[botalign.DensityMap, botalign.DensityMap, np.ndarray]:
    """A molecule, and the same in another pose with a third of it turned by 30 degrees; the motion back."""
    rng = np.random.default_rng(5)
    places = np.concatenate([rng.normal(size=(40, 3)) * [14, 10, 9], rng.normal(size=(20, 3)) * 7 + [30, 4, 0]])
    masses = rng.uniform(0.5, 1.5, 60)
    hinge = np.array([20.0, 0.0, 0.0])
    other = places.copy()
    other[40:] = (places[40:] - hinge) @ matrix_from_rotation_vector([0, np.radians(30), 0]).T + hinge
    motion = np.column_stack([matrix_from_rotation_vector([1.1, 2.0, -0.3]), [2.0, 5.0, -3.0]])
    return beads(places, masses), beads(apply_transform(inverse(motion), other), masses), motion


def test_a_moved_domain_is_left_out(conformations: tuple[botalign.DensityMap, botalign.DensityMap, np.ndarray]) -> None:
    fixed, moving, motion = conformations
    errors = {
        loss: float(geodesic_degrees(found.rotation, motion[:, :3]))
        for loss in ("l2", "core")
        for found in [botalign.align(fixed, moving, loss=loss, hand="keep")]
    }
    assert errors["core"] < 0.3
    assert errors["core"] < errors["l2"] / 3


def test_the_weights_say_which_part_agrees(
    conformations: tuple[botalign.DensityMap, botalign.DensityMap, np.ndarray],
) -> None:
    fixed, moving, _ = conformations
    result = botalign.align(fixed, moving, loss="core", hand="check")
    assert result.hand is not None
    assert result.hand.decision == "as given"
    weights = result.common_part(fixed, moving)
    assert weights.grid == fixed.grid
    assert 0 <= weights.data.min() <= weights.data.max() <= 1
    x = fixed.grid.axis_angstrom(2)
    dense = fixed.data > 0.3 * fixed.data.max()
    assert weights.data[:, :, x < 5][dense[:, :, x < 5]].mean() > 0.8
    assert weights.data[:, :, x > 32][dense[:, :, x > 32]].mean() < 0.4
    assert 0.4 < result.candidates[0].share < 1
