"""The scale of a map, measured by a part that is placed in it."""

from functools import partial

import numpy as np
import pytest

from botalign import Alignment, DensityMap, Model, align, simulate
from botalign.alignment.matching_resolution import LEAST, MOST, matching_resolution
from botalign.alignment.scale import Scale, combined
from botalign.geometry import MIRROR, apply_transform, compose, inverse, matrix_from_rotation_vector
from botalign.models import HIGHEST_RESOLUTION, LOWEST_RESOLUTION

from ..globules import globule_in

RESOLUTION, VOXEL = 10.0, 3.0
CENTRES = np.array([[0.0, 0.0, 0.0], [48.0, 4.0, 0.0], [2.0, 46.0, 8.0]])
#: Where the part is, relative to the map, and a start near it.
MOTION = np.column_stack([matrix_from_rotation_vector([0.9, -1.7, 0.5]), [12.0, -8.0, 30.0]])
START = compose(np.column_stack([matrix_from_rotation_vector([0.03, -0.02, 0.02]), np.zeros(3)]), MOTION)


def globule(seed: int, atoms: int = 400) -> np.ndarray:
    rng = np.random.default_rng(seed)
    points = globule_in(rng.uniform(17, 26, 3), rng, atoms)
    return points - points.mean(axis=0)


def model_of(points: np.ndarray) -> Model:
    return Model(points, np.full(len(points), 6.0), name="chain.pdb")


@pytest.fixture(scope="module")
def chains() -> list[np.ndarray]:
    """Invented chains, side by side."""
    return [globule(seed) + centre for seed, centre in enumerate(CENTRES)]


@pytest.fixture(scope="module")
def whole(chains: list[np.ndarray]) -> DensityMap:
    return simulate(model_of(np.concatenate(chains)), RESOLUTION, voxel_size_angstrom=VOXEL)


def wrong(density: DensityMap, factor: float) -> DensityMap:
    """Return a map whose voxel size is too small by a factor."""
    return DensityMap(density.data, density.grid.scaled(1 / factor, (0, 0, 0)), "map.mrc")


def placed(whole: DensityMap, part: Model, *, part_moves: bool = True, **options: object) -> Alignment:
    """Place a part near the right place."""
    moved = part.moved(inverse(MOTION))
    maps, start = ((whole, moved), START) if part_moves else ((moved, whole), inverse(START))
    given = {"resolution": RESOLUTION, "hand": "keep", "partial": True, "start": start, "local_degrees": 12} | options
    return align(*maps, threads=1, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("part_moves", [True, False])
@pytest.mark.parametrize("factor", [0.95, 0.98, 1.03])
def test_a_model_finds_the_voxel_size_of_the_map(
    whole: DensityMap, chains: list[np.ndarray], factor: float, part_moves: bool
) -> None:
    found = placed(wrong(whole, factor), model_of(chains[0]), part_moves=part_moves)
    assert found.verdict == "certain"
    assert found.scale is not None
    of_map = found.scale.inverse if part_moves else found.scale
    assert of_map.value == pytest.approx(factor, abs=3 * of_map.standard_error)
    assert of_map.value == pytest.approx(factor, rel=0.01)
    assert of_map.is_wrong
    assert not found.is_scaled
    role, right = "fixed" if part_moves else "moving", of_map.value * VOXEL / factor
    assert found.scale_text is not None
    assert "the voxel size of the map is off" in found.scale_text
    assert found.scale_text.endswith(f"try {right:.4g} A instead of {VOXEL / factor:.4g} A in the {role} map")


@pytest.mark.parametrize("given", [8.0, 10.0, 13.0])
def test_another_definition_of_the_resolution_is_no_scale(
    whole: DensityMap, chains: list[np.ndarray], given: float
) -> None:
    found = placed(whole, model_of(chains[0]), resolution=given)
    assert found.verdict == "certain"
    assert found.scale is not None
    assert not found.scale.is_wrong
    assert found.scale_text is None


@pytest.mark.parametrize("given", [8.0, 12.0])
def test_a_wrong_voxel_size_is_found_at_a_wrong_resolution(
    whole: DensityMap, chains: list[np.ndarray], given: float
) -> None:
    found = placed(wrong(whole, 1.03), model_of(chains[0]), resolution=given)
    assert found.scale is not None
    assert found.scale.is_wrong
    assert 1 / found.scale.value == pytest.approx(1.03, rel=0.01)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_map_of_a_part_has_the_scale_too(whole: DensityMap, chains: list[np.ndarray], mirrored: bool) -> None:
    flip = np.column_stack([MIRROR if mirrored else np.eye(3), np.zeros(3)])
    part = simulate(model_of(apply_transform(flip, chains[0])), RESOLUTION, voxel_size_angstrom=VOXEL)
    start = compose(np.column_stack([matrix_from_rotation_vector([0.03, -0.02, 0.02]), np.zeros(3)]), flip)
    found = align(
        wrong(whole, 1.03), part, resolution=RESOLUTION, partial=True, hand="keep", start=start, local_degrees=12
    )
    assert found.verdict == "certain"
    assert found.mirrored == mirrored
    assert found.scale is not None
    assert 1 / found.scale.value == pytest.approx(1.03, rel=0.01)
    assert "one of the maps is off" in str(found.scale_text)


def test_a_map_finds_its_own_voxel_size_as_a_part_of_a_model(chains: list[np.ndarray]) -> None:
    part = wrong(simulate(model_of(chains[0]), RESOLUTION, voxel_size_angstrom=VOXEL), 1.03)
    found = align(
        model_of(np.concatenate(chains)), part, resolution=11.0, partial=True, hand="keep", local_degrees=5, threads=1
    )
    assert found.part is not None
    assert found.part.role == "moving"
    assert found.scale is not None
    assert found.scale.value == pytest.approx(1.03, rel=0.01)
    assert found.scale.is_wrong
    assert "in the moving map" in str(found.scale_text)


def test_a_part_of_a_few_residues_does_not_report_a_scale(whole: DensityMap, chains: list[np.ndarray]) -> None:
    found = placed(wrong(whole, 1.03), model_of(chains[0][:40]))
    assert found.scale is None or not found.scale.is_wrong


def test_a_part_that_does_not_match_has_no_scale(whole: DensityMap) -> None:
    found = placed(wrong(whole, 1.03), model_of(globule(7)))
    assert found.verdict == "no match"
    assert found.scale is None


def test_the_scale_of_a_part_is_not_tested_if_it_is_kept(whole: DensityMap, chains: list[np.ndarray]) -> None:
    assert placed(wrong(whole, 1.03), model_of(chains[0]), scale="keep").scale is None


@pytest.mark.slow
def test_copies_find_the_voxel_size_of_the_map(chains: list[np.ndarray]) -> None:
    one = chains[0]
    both = np.concatenate([one, one @ matrix_from_rotation_vector([0.4, 1.1, -0.7]).T + [50.0, 6.0, -4.0]])
    density = simulate(model_of(both), RESOLUTION, voxel_size_angstrom=VOXEL)
    for factor in (1.0, 1.03):
        found = align(wrong(density, factor), model_of(one), resolution=RESOLUTION, copies=2, hand="keep")
        assert found.verdict == "certain"
        assert found.scale is not None
        assert found.scale.is_wrong == (factor != 1)
        assert 1 / found.scale.value == pytest.approx(factor, rel=0.01)


def test_two_models_have_no_wrong_voxel_size(chains: list[np.ndarray]) -> None:
    both = [model_of(np.concatenate(chains)), model_of(chains[0] * 1.03)]
    assert align(*both, resolution=RESOLUTION, partial=True, local_degrees=5, threads=1).scale is None  # type: ignore[arg-type]


def test_the_scale_of_the_fixed_map_is_the_inverse() -> None:
    scale = Scale(1.25, 0.05)
    assert scale.inverse.value == pytest.approx(0.8)
    assert scale.inverse.standard_error == pytest.approx(0.032)
    assert scale.inverse.inverse.standard_error == pytest.approx(0.05)


@pytest.mark.parametrize("given", [1.0, 2.0, 10.0, 60.0, 100.0])
def test_only_resolutions_that_can_be_simulated_are_tried(given: float) -> None:
    tried: list[float] = []

    def resembles(resolution: float, sign: int) -> float:
        tried.append(resolution)
        return sign * resolution

    for sign in (-1, 1):
        matching_resolution(given, partial(resembles, sign=sign))
    assert max(LEAST * given, LOWEST_RESOLUTION) <= min(tried) < 1.1 * max(LEAST * given, LOWEST_RESOLUTION)
    assert 0.9 * min(MOST * given, HIGHEST_RESOLUTION) < max(tried) <= min(MOST * given, HIGHEST_RESOLUTION)


def test_the_scales_by_several_parts_are_combined_by_their_variances() -> None:
    assert combined([]) is None
    assert combined([Scale(1.02, 0.004)]) == Scale(pytest.approx(1.02), pytest.approx(0.004))  # type: ignore[arg-type]
    both = combined([Scale(1.020, 0.003), Scale(1.024, 0.006)])
    assert both is not None
    assert both.value == pytest.approx((4 * 1.020 + 1.024) / 5)
    assert both.standard_error == pytest.approx(0.003 * np.sqrt(4 / 5))
    # Two parts that differ by ten standard errors of their difference.
    differing = combined([Scale(1.0, 0.001), Scale(1.0 + 0.01 * np.sqrt(2), 0.001)])
    assert differing is not None
    assert differing.standard_error == pytest.approx(10 * 0.001 / np.sqrt(2))
    assert not differing.is_wrong
