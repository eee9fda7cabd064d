from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from botalign import Alignment, DensityMap, Grid, align, phantom
from botalign.geometry import (
    apply_transform,
    compose,
    geodesic_degrees,
    identity,
    inverse,
    matrix_from_rotation_vector,
    transform_about,
)

Make = Callable[..., np.ndarray]
Measure = Callable[..., tuple[float, float]]


@pytest.mark.parametrize("seed", range(6))
def test_any_pose_is_found(seed: int, motion: Make, misfit: Measure) -> None:
    there = motion(seed)
    a = phantom(48, voxel_size_angstrom=3.0, seed=seed)
    b = phantom(48, voxel_size_angstrom=3.0, seed=seed, transform=there)
    degrees, voxels = misfit(align(a, b, hand="keep", seed=seed), there)
    assert degrees < 0.1
    assert voxels < 0.1


GRIDS = {
    "a larger box": Grid.cube(64, 3.0, np.zeros(3)),
    "an odd box": Grid.cube(47, 3.1, np.zeros(3)),
    "smaller voxels": Grid.cube(66, 2.1, np.zeros(3)),
    "larger voxels": Grid.cube(34, 4.2, np.zeros(3)),
    "not a cube": Grid((44, 52, 60), (3.0, 3.0, 3.0), (-85.0, -76.0, -70.0)),
    "unequal sides": Grid((60, 50, 44), (3.3, 2.8, 2.5), (-70.0, -69.0, -74.0)),
    "one long side": Grid((30, 48, 48), (3.0, 3.0, 5.0), (-70.5, -70.5, -72.5)),
}


@pytest.mark.parametrize("name", GRIDS)
def test_grids_may_differ(name: str, motion: Make, misfit: Measure) -> None:
    there = motion(1, reach=6.0)
    a = phantom(48, voxel_size_angstrom=3.0, resolution_angstrom=12.0)
    b = phantom(grid=GRIDS[name], resolution_angstrom=12.0, transform=there)
    for fixed, moving, made_by in ((a, b, there), (b, a, inverse(there))):
        degrees, voxels = misfit(align(fixed, moving, hand="keep", evaluations=120), made_by)
        assert degrees < 0.1
        assert voxels < 0.1


def test_distant_origins_do_not_matter(motion: Make, misfit: Measure) -> None:
    here, away = np.array([340.0, -150.0, 77.0]), np.array([-512.0, 800.0, 33.3])
    R = motion(2)[:, :3]
    there = transform_about(R, here, away)
    a = phantom(grid=Grid.cube(48, 3.0, here), transform=transform_about(np.eye(3), np.zeros(3), here))
    b = phantom(grid=Grid.cube(50, 3.0, away + 4), transform=transform_about(R, np.zeros(3), away))
    found = align(a, b, hand="keep")
    degrees, voxels = misfit(found, there, here)
    assert degrees < 0.1
    assert voxels < 0.1
    np.testing.assert_allclose(apply_transform(found.moving_to_fixed, away), here, atol=0.3)


def test_a_molecule_near_a_face_of_its_box_is_found(motion: Make, misfit: Measure) -> None:
    aside = transform_about(motion(3)[:, :3], np.zeros(3), np.array([60.0, -55.0, 50.0]))
    a = phantom(48, voxel_size_angstrom=3.0)
    b = phantom(grid=Grid.cube(80, 3.0, np.zeros(3)), transform=aside)
    degrees, voxels = misfit(align(a, b, hand="keep"), aside)
    assert degrees < 0.1
    assert voxels < 0.1


@pytest.mark.parametrize(
    "unit",
    [(1e-6, 0.0), (5e4, 0.0), (5e4, -3e4), (1.0, 100.0)],
)
def test_scale_and_offset_of_a_map_do_not_matter(
    unit: tuple[float, float], fixed: DensityMap, moving: DensityMap, there: np.ndarray, misfit: Measure
) -> None:
    scale, offset = unit
    other = moving.with_data(scale * moving.data + np.float32(offset))
    degrees, voxels = misfit(align(fixed, other, hand="keep"), there)
    assert degrees < 0.1
    assert voxels < 0.1


@pytest.mark.parametrize("scale", [1e-30, 1e-25, 1e20, 1e34])
def test_extreme_densities_do_not_matter(scale: float, fixed: DensityMap, moving: DensityMap) -> None:
    """Their squares are beyond single precision."""
    expected = align(fixed, moving)
    found = align(*(each.with_data(np.float32(scale) * each.data) for each in (fixed, moving)))
    assert found.hand is not None
    assert expected.hand is not None
    assert (found.verdict, found.hand.decision) == (expected.verdict, expected.hand.decision) == ("certain", "as given")
    assert found.after.fsc_resolution_angstrom == pytest.approx(expected.after.fsc_resolution_angstrom, rel=1e-3)
    assert found.after.wemd_angstrom == pytest.approx(expected.after.wemd_angstrom, abs=0.01)
    np.testing.assert_allclose(found.moving_to_fixed, expected.moving_to_fixed, atol=1e-4)


def test_maps_of_mean_zero_are_found(fixed: DensityMap, moving: DensityMap, there: np.ndarray, misfit: Measure) -> None:
    a, b = (m.with_data(m.data - m.data.mean(dtype=float).astype(np.float32)) for m in (fixed, moving))
    degrees, voxels = misfit(align(a, b, hand="keep"), there)
    assert degrees < 0.1
    assert voxels < 0.1


def test_noisy_maps_are_found(motion: Make, misfit: Measure) -> None:
    for seed in range(2):
        there = motion(seed)
        a = phantom(48, voxel_size_angstrom=3.0, noise=0.1, noise_seed=1)
        b = phantom(48, voxel_size_angstrom=3.0, noise=0.1, noise_seed=2, transform=there)
        degrees, voxels = misfit(align(a, b, hand="keep"), there)
        assert degrees < 1.5  # as far as this noise lets any fit come
        assert voxels < 0.5


def test_a_map_on_itself_stays_in_place(fixed: DensityMap) -> None:
    found = align(fixed, fixed, hand="keep", evaluations=40)
    np.testing.assert_allclose(found.moving_to_fixed, identity(), atol=1e-3)
    assert found.before.correlation == pytest.approx(1, abs=1e-6)
    assert found.before.wemd_angstrom == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(("symmetry", "order"), [("C4", 4), ("D2", 4)])
def test_a_symmetric_map_is_found_up_to_its_symmetry(symmetry: str, order: int, motion: Make, misfit: Measure) -> None:
    from botalign.geometry import point_group

    there = motion(4)
    a = phantom(48, voxel_size_angstrom=3.0, symmetry=symmetry)
    b = phantom(48, voxel_size_angstrom=3.0, symmetry=symmetry, transform=there)
    found = align(a, b, hand="keep")
    rotations = point_group(symmetry)
    assert len(rotations) == order
    errors = [misfit(found, compose(there, np.column_stack([R, np.zeros(3)]))) for R in rotations]
    degrees, voxels = min(errors)
    assert degrees < 0.1
    assert voxels < 0.1


def test_the_l2_loss_finds_it_too(fixed: DensityMap, moving: DensityMap, there: np.ndarray, misfit: Measure) -> None:
    found = align(fixed, moving, loss="l2", hand="keep")
    assert misfit(found, there)[0] < 0.1
    assert found.parameters["loss"] == "l2"


@pytest.mark.parametrize("scale", [1.0, 1e-8])
def test_a_loss_may_be_any_function_in_any_unit(
    scale: float, fixed: DensityMap, moving: DensityMap, there: np.ndarray, misfit: Measure
) -> None:
    seen = []

    def manhattan(rotated: np.ndarray, still: np.ndarray) -> float:
        seen.append((rotated.shape, still.shape, float(rotated.sum()), float(still.sum())))
        return scale * float(np.abs(rotated - still).sum())

    found = align(fixed, moving, loss=manhattan, hand="keep", size=24, evaluations=120, refine=False)
    assert misfit(found, there)[0] < 10
    assert found.parameters["loss"] == "manhattan"
    assert len(seen) == 120
    for one, other, mass, still_mass in seen:
        assert one == other == (24, 24, 24)
        assert mass == pytest.approx(1, rel=0.02)
        assert still_mass == pytest.approx(1, rel=1e-4)


def test_without_refinement_a_candidate_is_close(
    fixed: DensityMap, moving: DensityMap, there: np.ndarray, misfit: Measure
) -> None:
    rough = align(fixed, moving, hand="keep", refine=False)
    # A rotation of the phantom by 180 degrees looks similar, so the closest may not be the first.
    nearest = min(float(geodesic_degrees(c.moving_to_fixed[:, :3], there[:, :3])) for c in rough.candidates)
    assert 0.1 < nearest < 20
    assert rough.candidates[0].loss == min(point.loss for point in rough.trace)


@pytest.mark.parametrize("evaluations", [None, 30])
def test_the_same_seed_gives_the_same_bits_for_any_number_of_threads(
    evaluations: int | None, fixed: DensityMap, moving: DensityMap
) -> None:
    first, second, third = (
        align(fixed, moving, evaluations=evaluations, size=16, seed=7, threads=threads) for threads in (1, 1, 2)
    )
    for other in (second, third):
        assert len(first.candidates) == len(other.candidates)
        assert first.probability == other.probability
        assert first.scale == other.scale
        np.testing.assert_array_equal(first.moving_to_fixed, other.moving_to_fixed)
        assert first.trace == other.trace
        assert first.after == other.after
        assert first.hand == other.hand


def test_another_seed_searches_elsewhere_and_finds_the_same_pose(
    fixed: DensityMap, moving: DensityMap, there: np.ndarray, misfit: Measure
) -> None:
    found = [align(fixed, moving, hand="keep", seed=seed, evaluations=40) for seed in (1, 2)]
    assert found[0].trace != found[1].trace
    assert max(misfit(each, there)[0] for each in found) < 0.1
    assert [each.seed for each in found] == [1, 2]


def test_the_search_ends_when_the_answer_is_certain(
    fixed: DensityMap, moving: DensityMap, there: np.ndarray, misfit: Measure
) -> None:
    short, long = align(fixed, moving), align(fixed, moving, evaluations=200)
    # The start, and four rotations that superimpose the principal axes, for each hand.
    assert len(short.trace) == 10
    assert len(long.trace) == 400
    assert short.verdict == long.verdict == "certain"
    assert short.hand is not None
    assert short.hand.decision == "as given"
    assert max(misfit(each, there)[0] for each in (short, long)) < 0.1
    assert short.trace[:5] == long.trace[:5]


def test_the_search_goes_on_where_no_pose_is_certain(fixed: DensityMap) -> None:
    rng = np.random.default_rng(3)
    other = fixed.with_data(gaussian_filter(rng.normal(size=fixed.data.shape), 3).astype(np.float32))
    result = align(fixed, other, hand="keep", partial=False)
    assert result.verdict == "no match"
    assert len(result.trace) == 200


def test_scores_are_of_the_pose_before_and_after(result: Alignment) -> None:
    assert result.after.correlation > 0.999
    assert result.after.correlation_about_mean > 0.999
    assert result.before.correlation_about_mean < 0.6
    assert result.after.wemd_angstrom < 0.05 * result.before.wemd_angstrom
    assert result.after.fsc_resolution_angstrom < result.before.fsc_resolution_angstrom
    assert result.shells_after.correlation[:10].min() > 0.99
    assert result.shells_after.resolution(0.5) == result.after.fsc_resolution_angstrom
    assert result.shells_before.resolution(0.5) == result.before.fsc_resolution_angstrom


def test_the_result_records_how_it_was_found(result: Alignment, fixed: DensityMap, moving: DensityMap) -> None:
    assert result.fixed.grid == fixed.grid
    assert result.moving.grid == moving.grid
    assert len(result.trace) == 200
    assert sum(point.mirrored for point in result.trace) == 100
    np.testing.assert_array_equal(result.candidates[0].moving_to_fixed, result.moving_to_fixed)
    assert {"botalign", "numpy", "scipy", "python"} <= set(result.versions)
    assert result.seconds > 0


def test_applying_the_transform_superimposes_the_maps(
    result: Alignment, fixed: DensityMap, moving: DensityMap, there: np.ndarray
) -> None:
    put = result.apply(moving, onto=fixed)
    assert put.grid == fixed.grid
    assert np.corrcoef(put.data.ravel(), fixed.data.ravel())[0, 1] > 0.99
    back = result.apply(fixed, onto=moving.grid, inverse=True)
    assert np.corrcoef(back.data.ravel(), moving.data.ravel())[0, 1] > 0.99
    np.testing.assert_array_equal(result.apply(moving, onto=fixed, threads=2).data, put.data)
    np.testing.assert_allclose(compose(result.matrix(inverse=True), result.matrix()), identity(), atol=1e-9)
    assert result.apply(moving).grid == moving.grid


def test_rotation_axis_angle_and_shift_describe_the_transform(result: Alignment, there: np.ndarray) -> None:
    back = inverse(there)
    angle = float(geodesic_degrees(back[:, :3], np.eye(3)))
    assert result.angle_degrees == pytest.approx(angle, abs=0.1)
    np.testing.assert_allclose(there[:, :3] @ result.axis, result.axis, atol=0.01)
    centre = result.moving.grid.centre_angstrom
    np.testing.assert_allclose(result.shift_angstrom, apply_transform(back, centre) - centre, atol=0.1)


@pytest.mark.parametrize("as_result", [True, False])
def test_a_local_search_begins_at_the_start(
    as_result: bool, fixed: DensityMap, moving: DensityMap, there: np.ndarray, result: Alignment, misfit: Measure
) -> None:
    start = result if as_result else inverse(there)
    options = {"hand": "keep", "evaluations": 20, "size": 16}
    found = align(fixed, moving, start=start, local_degrees=10.0, **options)
    assert misfit(found, there)[0] < 0.1
    loss = [point.loss for point in found.trace]
    anywhere = [point.loss for point in align(fixed, moving, **options).trace]
    assert max(loss) < np.median(anywhere)
    assert loss[0] < 1.5 * min(loss)


def test_a_local_search_stays_near_the_present_pose(fixed: DensityMap, motion: Make, misfit: Measure) -> None:
    small = np.array([[0.98, -0.199, 0.0], [0.199, 0.98, 0.0], [0.0, 0.0, 1.0]])
    u, _, v = np.linalg.svd(small)
    near = np.column_stack([u @ v, [3.0, -2.0, 1.0]])
    moving = phantom(48, voxel_size_angstrom=3.0, transform=near)
    found = align(fixed, moving, local_degrees=20.0, hand="keep", evaluations=30, size=24)
    assert misfit(found, near)[0] < 0.1
    far = phantom(48, voxel_size_angstrom=3.0, transform=motion(5))
    assert float(geodesic_degrees(motion(5)[:, :3], np.eye(3))) > 60
    local = align(fixed, far, local_degrees=20.0, hand="keep", refine=False, evaluations=30, size=24)
    assert float(geodesic_degrees(local.moving_to_fixed[:, :3], np.eye(3))) <= 20 + 1e-4


def test_a_contour_level_may_be_given(
    fixed: DensityMap, moving: DensityMap, there: np.ndarray, misfit: Measure
) -> None:
    high = 0.4 * float(fixed.data.max())
    found = align(fixed, moving, contour_level_fixed=high, contour_level_moving=high, hand="keep", evaluations=120)
    assert misfit(found, there)[0] < 0.1
    assert found.parameters["contour_level_fixed"] == found.parameters["contour_level_moving"] == high


def test_a_contour_level_decides_what_is_aligned(
    fixed: DensityMap, moving: DensityMap, there: np.ndarray, misfit: Measure
) -> None:
    # A faint off-centre shell around the molecule, in the moving map only, is below the given contour level.
    k, j, i = np.indices(moving.data.shape)
    faint = np.float32(0.12 * moving.data.max()) * ((k < 12) & (j < 30) & (i < 30)).astype(np.float32)
    disturbed = moving.with_data(np.maximum(moving.data, faint))
    level = 0.3 * float(fixed.data.max())
    found = align(fixed, disturbed, contour_level_fixed=level, contour_level_moving=level, hand="keep")
    degrees, voxels = misfit(found, there)
    assert degrees < 1
    assert voxels < 0.3


def test_the_maps_are_not_changed(fixed: DensityMap, moving: DensityMap) -> None:
    kept = fixed.data.copy(), moving.data.copy()
    align(fixed, moving, evaluations=5, size=16)
    np.testing.assert_array_equal(fixed.data, kept[0])
    np.testing.assert_array_equal(moving.data, kept[1])


@pytest.mark.parametrize("limit", [3.0, 10.0])
def test_a_local_result_stays_within_the_limit(limit: float) -> None:
    turn = transform_about(matrix_from_rotation_vector([0.2, 0.3, -0.1]), np.zeros(3), np.zeros(3))
    a, b = (phantom(40, voxel_size_angstrom=3.6, transform=pose) for pose in (None, turn))
    options = {"hand": "keep", "evaluations": 40}
    assert align(a, b, local_degrees=limit, **options).angle_degrees <= limit + 1e-3  # the answer is 21 degrees away
    assert align(a, b, local_degrees=25.0, **options).angle_degrees == pytest.approx(21.4, abs=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_a_molecule_that_no_single_voxel_shows_is_found(seed: int, motion: Make, misfit: Measure) -> None:
    there = motion(seed)
    a = phantom(48, voxel_size_angstrom=3.0, noise=0.5, noise_seed=2 * seed)
    b = phantom(48, voxel_size_angstrom=3.0, noise=0.5, noise_seed=2 * seed + 1, transform=there)
    assert misfit(align(a, b, hand="keep"), there)[0] < 5
