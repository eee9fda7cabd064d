"""Maps with a common part: the two arcs of Figure 10 of Singer and Yang (2024), and a domain that moved."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import botalign
from botalign.geometry import apply_transform, geodesic_degrees, inverse, matrix_from_rotation_vector
from botalign.maps.resampling import resample

RADIUS, EXTENSION = 34.0, 0.35  # angstrom; fraction of the half circle


def on_circle(angles: np.ndarray, radius: float = RADIUS) -> np.ndarray:
    return np.stack([radius * np.cos(angles), radius * np.sin(angles), np.zeros_like(angles)], axis=1)


@pytest.fixture(scope="module")
def arcs(beads: Callable[..., botalign.DensityMap]) -> list[botalign.DensityMap]:
    """Two arcs from angle 0, a half circle and a longer one, with three knobs on the common part."""
    knobs = on_circle(np.pi * np.array([0.13, 0.37, 0.78]), RADIUS + 8)
    knobs[:, 2] = 4.0, -3.0, 5.0
    maps = []
    for length in (np.pi, np.pi * (1 + EXTENSION)):
        places = np.concatenate([on_circle(np.linspace(0, length, 90)), knobs])
        maps.append(beads(places, np.concatenate([np.full(90, length / 90), [0.06, 0.05, 0.07]])))
    return maps


def turned(degrees: float) -> np.ndarray:
    """The rotation about the centre of the circle."""
    return np.column_stack([matrix_from_rotation_vector([0, 0, np.radians(degrees)]), np.zeros(3)])


def test_transport_prefers_the_middle_to_the_matching_end(arcs: list[botalign.DensityMap]) -> None:
    # In closed form: uniform lines of length 1 and 1 + e cost e / 2 with one end in common, e / 4 centred.
    line = (np.arange(20_000) + 0.5) / 20_000
    longer = line * (1 + EXTENSION)
    matched = stats.wasserstein_distance(line, longer)
    centred = stats.wasserstein_distance(line + EXTENSION / 2, longer)
    assert matched == pytest.approx(EXTENSION / 2, rel=1e-3)
    assert centred == pytest.approx(EXTENSION / 4, rel=1e-3)
    # And so does the WEMD of the two arcs in space.
    short, long = arcs
    middle = turned(90 * EXTENSION)
    at_end, at_middle = (
        botalign.score(long, short, transform=pose).scores.wemd_angstrom for pose in (turned(0), middle)
    )
    assert at_middle < 0.8 * at_end


@pytest.mark.slow
def test_the_common_part_decides_where_transport_errs(arcs: list[botalign.DensityMap]) -> None:
    short, long = arcs
    start = np.column_stack([matrix_from_rotation_vector([0.9, -0.4, 1.7]), [3.0, -4.0, 2.0]])
    moving = resample(short, inverse(start), short.grid)
    errors = {}
    for loss, refine in (("wemd", False), ("core", True)):
        result = botalign.align(long, moving, loss=loss, hand="keep", refine=refine)
        errors[loss] = float(geodesic_degrees(result.moving_to_fixed[:, :3], start[:, :3]))
    assert errors["wemd"] > 10
    assert errors["core"] < 2


def test_a_domain_that_moved_is_left_out(
    conformations: tuple[botalign.DensityMap, botalign.DensityMap, np.ndarray],
) -> None:
    fixed, moving, motion = conformations
    errors = {
        loss: float(geodesic_degrees(found.rotation, motion[:, :3]))
        for loss in ("l2", "core")
        for found in [botalign.align(fixed, moving, loss=loss, hand="keep")]
    }
    assert errors["core"] < 0.3
    assert errors["core"] < errors["l2"] / 3


@pytest.mark.slow
def test_the_weights_show_the_common_part(
    conformations: tuple[botalign.DensityMap, botalign.DensityMap, np.ndarray],
) -> None:
    fixed, moving, _ = conformations
    result = botalign.align(fixed, moving, loss="core", hand="check")
    assert result.hand is not None
    assert result.hand.decision == "as given"
    weights = botalign.common_part(fixed, moving, result)
    assert weights.grid == fixed.grid
    assert 0 <= weights.data.min() <= weights.data.max() <= 1
    x = fixed.grid.axis_angstrom(2)
    dense = fixed.data > 0.3 * fixed.data.max()
    assert weights.data[:, :, x < 5][dense[:, :, x < 5]].mean() > 0.8
    assert weights.data[:, :, x > 32][dense[:, :, x > 32]].mean() < 0.4
    assert 0.4 < result.candidates[0].share < 1


@pytest.mark.slow
def test_two_arms_that_moved_leave_the_answer_certain(beads: Callable[..., botalign.DensityMap]) -> None:
    # Each arm is 22 % of the mass, rotated by 60 degrees, like the lids of adenylate kinase.
    rng = np.random.default_rng(5)
    places = np.concatenate([rng.normal(size=(50, 3)) * [12, 10, 9], rng.normal(size=(40, 3)) * 6])
    masses = rng.uniform(0.5, 1.5, 90)
    other = places.copy()
    for arm, side, axis in ((slice(50, 70), 1, [0, 1, 0]), (slice(70, 90), -1, [0, 0.3, 1])):
        places[arm] += [30 * side, 4 * side, 0]
        hinge = np.array([20.0 * side, 0, 0])
        turn = matrix_from_rotation_vector(np.radians(60) * np.array(axis))
        other[arm] = (places[arm] - hinge) @ turn.T + hinge
    motion = np.column_stack([matrix_from_rotation_vector([1.1, 2.0, -0.3]), [2.0, 5.0, -3.0]])
    fixed, moving = beads(places, masses), beads(apply_transform(inverse(motion), other), masses)
    result = botalign.align(fixed, moving, loss="core", hand="keep")
    assert float(geodesic_degrees(result.rotation, motion[:, :3])) < 3
    assert result.verdict == "certain"


def test_maps_that_do_not_overlap_have_finite_weights(
    result: botalign.Alignment, fixed: botalign.DensityMap, moving: botalign.DensityMap
) -> None:
    # No shell correlates, so no resolution determines the sampling.
    aside = replace(result, moving_to_fixed=result.moving_to_fixed + np.array([0, 0, 0, 1e4]))
    weights = botalign.common_part(fixed, moving, aside).data
    dense = fixed.data > 0.5 * fixed.data.max()
    assert np.isfinite(weights).all()
    assert weights[dense].mean() < 0.4


def test_with_masks_the_weights_are_inside_them(
    conformations: tuple[botalign.DensityMap, botalign.DensityMap, np.ndarray],
) -> None:
    fixed, moving, motion = conformations
    x = fixed.grid.axis_angstrom(2)
    half = np.broadcast_to(x < 5, fixed.data.shape).astype(np.float32)
    mask_fixed = fixed.with_data(half)
    mask_moving = resample(mask_fixed, inverse(motion), moving.grid)
    mask_moving = mask_moving.with_data(np.clip(mask_moving.data, 0, 1))
    masks = {"mask_fixed": mask_fixed, "mask_moving": mask_moving}
    result = botalign.align(fixed, moving, loss="core", hand="keep", **masks)
    with pytest.raises(botalign.InputError, match=r"^mask_fixed: the alignment used the mask"):
        botalign.common_part(fixed, moving, result)
    weights = botalign.common_part(fixed, moving, result, **masks)
    assert weights.data[:, :, x >= 5].max() == 0
    assert weights.data.max() > 0.9
