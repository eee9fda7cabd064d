import gc
import weakref
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from botalign import DensityMap, phantom
from botalign.alignment import candidates
from botalign.alignment.candidates import fine
from botalign.alignment.distinct import Tolerance, distinct
from botalign.alignment.extent import level_enclosing
from botalign.alignment.fitting import FitProblem, _Point
from botalign.alignment.gauss_newton import ALL
from botalign.alignment.itself import Itself
from botalign.alignment.losses import l2
from botalign.alignment.nelder_mead import nelder_mead
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.sampled import Sampled
from botalign.alignment.sampling import fit_problem
from botalign.alignment.survey import survey
from botalign.alignment.working_pair import working_pair
from botalign.geometry import (
    MIRROR,
    compose,
    geodesic_degrees,
    identity,
    inverse,
    matrix_from_rotation_vector,
    random_rotations,
    transform_about,
    uniform_rotations,
)
from botalign.maps.fourier import rotate_fourier
from botalign.maps.resampling import spline_at
from botalign.maps.splines import spline_coefficients

Make = Callable[..., np.ndarray]
Measure = Callable[..., tuple[float, float]]


@pytest.fixture(scope="module")
def problem(fixed: DensityMap, moving: DensityMap) -> FitProblem:
    return fit_problem(survey(fixed), survey(moving), voxel_angstrom=4.0)


def nudged(problem: FitProblem, transform: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Rotate by step[:3] radians about the centre of the fit, shift by step[3:] voxels."""
    voxel = problem.fixed_grid.voxel_size_angstrom[0]
    turn = matrix_from_rotation_vector(step[:3])
    return compose(transform_about(turn, problem.centre, problem.centre + voxel * step[3:]), transform)


def test_the_derivatives_match_finite_differences() -> None:
    made = phantom(24, voxel_size_angstrom=5.0, resolution_angstrom=15.0)
    where = np.zeros(made.data.shape, dtype=bool)
    where[6:-6, 6:-6, 6:-6] = True
    centre = np.array([3.0, -4.0, 1.0])
    sampled = Sampled(made.data, made.grid)
    problem = FitProblem.between(sampled, sampled, where=where, centre=centre)
    np.testing.assert_array_equal(problem.fixed, made.data[where])
    np.testing.assert_array_equal(problem.terms[:, 6], 1)
    coefficients = spline_coefficients(made.data)
    for column, direction in enumerate(np.eye(6)):
        ends = []
        for sign in (1e-3, -1e-3):
            there = nudged(problem, identity(), sign * direction)
            ends.append(spline_at(coefficients, made.grid, inverse(there), made.grid, problem.points).astype(float))
        slopes = (ends[0] - ends[1]) / 2e-3
        np.testing.assert_allclose(problem.terms[:, column], slopes, atol=3e-3 * np.abs(slopes).max())


@pytest.mark.parametrize("mirror", [False, True])
def test_the_correlation_of_a_step_is_that_of_the_values(mirror: bool, problem: FitProblem, there: np.ndarray) -> None:
    pose = nudged(problem, inverse(there), np.array([0.03, -0.02, 0.05, 0.4, -0.3, 0.2]))
    if mirror:
        pose = compose(pose, np.column_stack([MIRROR, np.zeros(3)]))
    _, correlation = problem.solve(pose, max_steps=0)
    assert correlation == pytest.approx(np.corrcoef(problem.fixed, problem.moved(pose))[0, 1], abs=1e-9)


def test_it_converges_from_three_degrees_and_a_voxel(problem: FitProblem, there: np.ndarray, misfit: Measure) -> None:
    rng = np.random.default_rng(0)
    for _ in range(6):
        axis, way = rng.normal(size=(2, 3))
        step = np.r_[np.radians(3) * axis / np.linalg.norm(axis), way / np.linalg.norm(way)]
        start = nudged(problem, inverse(there), step)
        assert misfit(start, there)[0] == pytest.approx(3, abs=1e-6)
        found, correlation = problem.solve(start)
        degrees, voxels = misfit(found, there)
        assert degrees < 0.02
        assert voxels < 0.02
        assert correlation > problem.correlation(start)
        assert correlation == pytest.approx(problem.correlation(found), abs=1e-9)


def test_a_fit_never_makes_the_correlation_worse(problem: FitProblem) -> None:
    rng = np.random.default_rng(1)
    for R in random_rotations(5, rng):
        start = transform_about(R, problem.moving_grid.centre_angstrom, problem.centre)
        found, correlation = problem.solve(start)
        assert correlation >= problem.correlation(start) - 1e-12
        np.testing.assert_allclose(found[:, :3] @ found[:, :3].T, np.eye(3), atol=1e-9)


def test_no_step_from_the_end_improves_the_correlation(problem: FitProblem, there: np.ndarray) -> None:
    found, best = problem.solve(inverse(there), tolerance=1e-6)
    for direction in np.eye(6):
        for sign in (1, -1):
            assert problem.correlation(nudged(problem, found, sign * 5e-3 * direction)) < best


def test_scale_and_offset_of_the_moving_map_do_not_matter(problem: FitProblem, there: np.ndarray) -> None:
    start = nudged(problem, inverse(there), np.array([0.02, 0.03, -0.02, 0.3, 0.2, -0.1]))
    other = replace(problem, coefficients=(1e-4 * (problem.coefficients + 0.1)).astype(np.float32))
    np.testing.assert_allclose(other.solve(start)[0], problem.solve(start)[0], atol=1e-3)


def test_nelder_mead_finds_the_bottom_of_a_bowl() -> None:
    target = random_rotations(1, np.random.default_rng(2))[0]
    for mirror in (1.0, -1.0):
        flip = np.diag([1.0, 1.0, mirror])
        start = matrix_from_rotation_vector([0.08, -0.1, 0.05]) @ target @ flip
        calls = []

        def loss(linear: np.ndarray, flip: np.ndarray = flip, calls: list = calls) -> float:
            calls.append(1)
            return float(geodesic_degrees(linear @ flip, target))

        found, value = nelder_mead(loss, start, tolerance_degrees=0.01, evaluations=400)
        assert value == float(geodesic_degrees(found @ flip, target)) < 0.1
        assert len(calls) <= 401


def test_distinct_poses_differ_and_come_lowest_first() -> None:
    rotations = random_rotations(300, np.random.default_rng(3))
    losses = np.random.default_rng(4).random(300)
    chosen = distinct(rotations, losses, Tolerance(30.0), count=5)
    assert chosen[0] == losses.argmin()
    assert (np.diff(losses[chosen]) > 0).all()
    apart = geodesic_degrees(rotations[chosen][:, None], rotations[chosen][None])
    assert apart[~np.eye(5, dtype=bool)].min() >= 30
    # Every pose that was dropped is close to a better one.
    passed = [k for k in range(300) if losses[k] < losses[chosen[-1]] and k not in chosen]
    for k in passed:
        assert min(float(geodesic_degrees(rotations[k], rotations[c])) for c in chosen if losses[c] < losses[k]) < 30


def test_there_may_be_fewer_distinct_poses_than_requested() -> None:
    assert distinct(np.tile(np.eye(3), (4, 1, 1)), np.array([3.0, 1.0, 2.0, 4.0]), Tolerance(15.0), count=3) == [1]


def test_a_working_pair_has_mass_one_around_its_centre(fixed: DensityMap, moving: DensityMap) -> None:
    pair = working_pair(survey(fixed), survey(moving), size=24)
    assert pair.fixed.shape == (24,) * 3
    assert pair.moving.shape == (48,) * 3
    assert float(pair.fixed.sum(dtype=float)) == pytest.approx(1, rel=1e-5)
    assert float(pair.moving.sum(dtype=float)) == pytest.approx(8, rel=1e-5)
    places = np.indices(pair.fixed.shape).reshape(3, -1)
    np.testing.assert_allclose(places @ pair.fixed.ravel(), 11.5, atol=0.05)


def test_the_fast_rotation_of_a_working_pair_agrees_with_the_exact_one(
    fixed: DensityMap, moving: DensityMap, there: np.ndarray
) -> None:
    pair = working_pair(survey(fixed), survey(moving), size=32)
    coarse = pair.rotated(np.eye(3))
    for linear in (inverse(there)[:, :3], random_rotations(1, np.random.default_rng(5))[0]):
        fast, exact = pair.rotated(linear), rotate_fourier(coarse, linear)
        assert np.corrcoef(fast.ravel(), exact.ravel())[0, 1] > 0.995
    assert l2(pair.rotated(inverse(there)[:, :3]), pair.fixed) < 0.1 * l2(coarse, pair.fixed)


def test_a_working_pairs_transform_takes_centre_to_centre(fixed: DensityMap, moving: DensityMap) -> None:
    pair = working_pair(survey(fixed), survey(moving), size=16)
    R = random_rotations(1, np.random.default_rng(6))[0]
    there = pair.transform(R)
    np.testing.assert_allclose(R @ pair.moving_centre + there[:, 3], pair.fixed_centre)


def test_l2_is_the_euclidean_distance() -> None:
    a, b = np.random.default_rng(7).random((2, 4, 5, 6), dtype=np.float32)
    assert l2(a, b) == pytest.approx(np.linalg.norm(a.astype(float) - b), rel=1e-6)


@pytest.mark.parametrize("voxels", [0, 9, 300, 5_000, 40_000, 10**6])
def test_a_level_encloses_a_number_of_voxels(voxels: int) -> None:
    data = np.random.default_rng(7).normal(size=(30, 35, 40)).astype(np.float32)
    enclosed = np.count_nonzero(data > level_enclosing(data, voxels))
    assert enclosed == min(max(voxels, 8), data.size - 1)


def test_a_level_does_not_depend_on_the_order_of_the_voxels() -> None:
    data = np.sort(np.random.default_rng(8).normal(size=27_000).astype(np.float32))
    levels = {level_enclosing(each.reshape(30, 30, 30), 2_000) for each in (data, data[::-1])}
    assert levels == {float(data[-2_001])}


@pytest.mark.parametrize("voxel", [2.0, 3.0])
def test_a_survey_finds_the_molecule_in_its_box(voxel: float) -> None:
    aside = np.array([30.0, -20.0, 10.0])
    made = phantom(round(200 / voxel), voxel_size_angstrom=voxel, transform=np.column_stack([np.eye(3), aside]))
    found = survey(made)
    weights = np.maximum(made.data - 0.2 * made.data.max(), 0).astype(float)
    places = [made.grid.axis_angstrom(axis) for axis in (2, 1, 0)]
    centre = [
        weights.sum(axis=axes) @ x / weights.sum() for axes, x in zip(((0, 1), (0, 2), (1, 2)), places, strict=True)
    ]
    np.testing.assert_allclose(found.centre_angstrom, centre, atol=2)
    # The molecule extends 48 A from the mean of its atoms.
    assert 44 < found.radius_angstrom < 58


@pytest.mark.parametrize("seed", [0, 1])
def test_a_small_part_counts_in_a_clear_map_and_is_a_speck_in_a_noisy_one(seed: int) -> None:
    made = phantom(64, voxel_size_angstrom=3.0)
    z, y, x = np.indices(made.data.shape)
    # A twelfth of the mass of the molecule, 120 A away in a corner of the box.
    blob = made.data.max() * np.exp(-((z - 8) ** 2 + (y - 8) ** 2 + (x - 8) ** 2) / 8)
    noise = 1.5 * made.data.max() * np.random.default_rng(seed).normal(size=made.data.shape)
    clear = made.with_data((made.data + blob).astype(np.float32))
    noisy = made.with_data((made.data + blob + noise).astype(np.float32))
    assert survey(clear).radius_angstrom > 110
    assert survey(noisy).radius_angstrom < 60


def test_candidates_that_converge_to_one_pose_are_one_answer(
    fixed: DensityMap, moving: DensityMap, there: np.ndarray
) -> None:
    first, second = Itself(survey(fixed), fixed.grid), Itself(survey(moving), moving.grid)
    problem = AlignmentProblem(first, second, AlignmentOptions(), (False, True))
    pair = problem.working_pair
    rivals = []
    for degrees in (4.0, -4.0):
        turn = matrix_from_rotation_vector(np.radians([degrees, 0, 0]))
        pose = pair.transform(turn @ there[:, :3].T)
        rivals.append(Candidate(pose, False, 0.0, 0.9))
    _, ((answer, *others),) = fine(problem, [rivals])
    assert float(geodesic_degrees(answer.moving_to_fixed[:, :3], there[:, :3].T)) < 0.05
    assert not others


@pytest.mark.parametrize("right", [False, True])
def test_the_better_hand_is_fitted_exactly_and_the_other_one_once(
    monkeypatch: pytest.MonkeyPatch, fixed: DensityMap, moving: DensityMap, mirrored: DensityMap, right: bool
) -> None:
    """The hand that fits is that of `moving`, or the other one of `mirrored`."""
    first, second = (Itself(survey(each), each.grid) for each in (fixed, mirrored if right else moving))
    problem = AlignmentProblem(first, second, AlignmentOptions(), (False, True))
    groups: list[list[Candidate]] = []
    for hand in problem.hands:
        starts = [
            problem.working_pair.transform(turn @ (MIRROR if hand else np.eye(3))) for turn in uniform_rotations(150)
        ]
        ends, found = problem.coarse_fit.thinned(1000).solve_all(starts)
        best = ends[np.argmax(found)]
        near = [nudged(problem.coarse_fit, best, 0.06 * sign * np.eye(6)[0]) for sign in (1, -1)]
        groups.append([Candidate(each, hand, 0.0, 0.9) for each in near])
    monkeypatch.setattr(candidates, "THINNED", 1000)
    fit, (as_given, other) = fine(problem, groups)
    assert len(as_given) == len(other) == 1
    better, worse = (other, as_given) if right else (as_given, other)
    assert better[0].quality > worse[0].quality + 0.1
    assert better[0].quality == pytest.approx(fit.correlation(better[0].moving_to_fixed), abs=1e-9)


def noisy(density_map: DensityMap, seed: int) -> DensityMap:
    """Add noise that is as strong as the densities inside the molecule."""
    values = density_map.data
    strength = values[values > 0.1 * values.max()].std()
    noise = np.random.default_rng(seed).normal(scale=strength, size=values.shape)
    return density_map.with_data(values + noise.astype(np.float32))


def test_a_fit_of_noisy_maps_ends_at_one_maximum_from_all_sides(
    fixed: DensityMap, moving: DensityMap, there: np.ndarray
) -> None:
    problem = fit_problem(survey(noisy(fixed, 1)), survey(noisy(moving, 2)), voxel_angstrom=5.0)
    middle, best = problem.solve_exactly(inverse(there))
    for step in 0.05 * np.array([[1.0, 0, 0, 5, 0, 0], [-1, 0, 1, 0, 5, 0], [0, 1, -1, 0, 0, -5]]):
        end, correlation = problem.solve_exactly(nudged(problem, middle, step))
        assert geodesic_degrees(end[:, :3], middle[:, :3]) < 0.01
        assert correlation == pytest.approx(best, abs=1e-7)
    # The derivatives of the fixed map lead away from the maximum, to steps that are not accepted.
    assert problem.solve(middle)[1] >= best - 1e-9


def test_a_fit_of_the_wrong_hand_ends_at_a_maximum(fixed: DensityMap, there: np.ndarray) -> None:
    surveyed = survey(fixed)
    problem = fit_problem(surveyed, surveyed, voxel_angstrom=5.0)
    start = transform_about(MIRROR, surveyed.centre_angstrom, surveyed.centre_angstrom)
    end, best = problem.solve_exactly(start)
    # Its curvature is much smaller than that of copies, so Gauss-Newton steps end on the way.
    assert best > problem.solve(start)[1] + 0.01
    for step in np.radians(0.5) * np.concatenate([np.eye(6)[:3], -np.eye(6)[:3]]):
        assert problem.correlation(nudged(problem, end, step)) < best


@pytest.mark.parametrize("exact", [True, False])
def test_a_fit_that_ends_too_far_away_is_not_used(problem: FitProblem, there: np.ndarray, exact: bool) -> None:
    start = nudged(problem, inverse(there), 0.02 * np.ones(6))
    (kept,) = problem.solve_each([start], allowed=lambda rotation: False, exact=exact)
    np.testing.assert_array_equal(kept.transform, start)
    assert kept.correlation == problem.correlation(start)
    (fitted,) = problem.solve_each([start], allowed=lambda rotation: True, exact=exact)
    assert fitted.correlation > kept.correlation + 1e-3


@pytest.mark.parametrize("free", [ALL, (0, 1, 2), (3, 4, 5)])
def test_a_newton_step_uses_the_derivatives_of_the_loss(
    problem: FitProblem, there: np.ndarray, free: tuple[int, ...]
) -> None:
    best, _ = problem.solve_exactly(inverse(there))
    start, units = nudged(problem, best, 0.02 * np.ones(6)), np.eye(6)[list(free)]

    def loss(pose: np.ndarray, step: np.ndarray) -> float:
        explained = problem.correlation(nudged(problem, pose, step)) ** 2
        return 0.5 * len(problem.points) * float(np.var(problem.fixed)) * (1 - explained)

    (_, downhill), (hessian, _) = (_Point.at(replace(problem, free=free), pose)._system for pose in (start, best))
    slopes = [(loss(start, 2e-3 * each) - loss(start, -2e-3 * each)) / 4e-3 for each in units]
    np.testing.assert_allclose(downhill, np.negative(slopes), atol=0.01 * np.abs(slopes).max())
    sums = [(loss(best, 0.01 * each), loss(best, -0.01 * each)) for each in units]
    curvatures = [(sum(each) - 2 * loss(best, np.zeros(6))) / 0.01**2 for each in sums]
    np.testing.assert_allclose(np.diag(hessian), curvatures, rtol=0.02)


def test_parameters_that_are_held_do_not_shorten_the_steps_of_others(fixed: DensityMap) -> None:
    surveyed = survey(fixed)
    problem = replace(fit_problem(surveyed, surveyed, voxel_angstrom=5.0), free=(3, 4, 5))
    # At a wrong rotation the loss is not convex in the rotation, but it is in the shift.
    (turn,) = random_rotations(1, np.random.default_rng(1))
    start = transform_about(turn, surveyed.centre_angstrom, surveyed.centre_angstrom)
    best, _ = problem.solve_exactly(start, tolerance=1e-5, max_steps=60)
    end, _ = problem.solve_exactly(nudged(problem, best, 0.6 * np.array([0, 0, 0, 1, -1, 1])), max_steps=4)
    assert np.linalg.norm(end[:, 3] - best[:, 3]) < 0.03


def test_fits_of_several_poses_are_those_of_each(fixed: DensityMap, moving: DensityMap, there: np.ndarray) -> None:
    problem = fit_problem(survey(fixed), survey(moving), voxel_angstrom=5.0)
    starts = [nudged(problem, inverse(there), step) for step in 0.1 * np.eye(6)]
    poses, correlations = problem.solve_all(starts)
    for start, pose, correlation in zip(starts, poses, correlations, strict=True):
        alone, reached = problem.solve(start)
        np.testing.assert_allclose(pose, alone, atol=1e-6)
        assert correlation == pytest.approx(reached, abs=1e-9)
        assert correlation == pytest.approx(problem.correlation(pose), abs=1e-6)
    np.testing.assert_allclose(problem.correlations(poses), correlations, atol=1e-9)
    assert len(problem.solve_all([])[0]) == len(problem.correlations([])) == 0


def test_specks_of_noise_far_from_the_molecule_are_not_compared(fixed: DensityMap) -> None:
    first = survey(noisy(fixed, 1))
    problem = fit_problem(first, first, voxel_angstrom=5.0)
    places = problem.points * 5.0 + np.array(problem.fixed_grid.origin_angstrom)
    far = np.linalg.norm(places - first.centre_angstrom, axis=1).max()
    assert far <= first.radius_angstrom + 2 * 5.0


def test_a_sampled_map_is_freed_with_its_last_reference(fixed: DensityMap) -> None:
    """Many large maps do not fit into memory, and the garbage collector may run late."""
    first = survey(fixed)
    problem, freed = fit_problem(first, first, voxel_angstrom=5.0), weakref.ref(first)
    gc.disable()
    try:
        del first, problem
        assert freed() is None
    finally:
        gc.enable()


def test_a_map_is_sampled_again_with_a_map_that_is_larger_or_smoother(fixed: DensityMap) -> None:
    moving = survey(fixed)
    larger = replace(moving, radius_angstrom=1.5 * moving.radius_angstrom)
    smoother = replace(moving, sigma_angstrom=3 * moving.sigma_angstrom)
    for other in (moving, larger, smoother):
        kept = fit_problem(other, moving, voxel_angstrom=5.0)
        alone = fit_problem(other, survey(fixed), voxel_angstrom=5.0)
        assert kept.moving_grid == alone.moving_grid
        np.testing.assert_array_equal(kept.coefficients, alone.coefficients)
