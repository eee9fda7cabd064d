import numpy as np
import pytest

from botalign import DensityMap, phantom
from botalign.alignment.evidence import Evidence, WrongPoses
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.search_solver import solve_by_search
from botalign.alignment.working_pair import principal_axes
from botalign.geometry import geodesic_degrees
from botalign.progress import exhaust


def test_the_probability_is_the_larger_of_that_of_chance_and_that_of_an_outline() -> None:
    assert Evidence(1e-6, 0.2, 0.4).probability == 0.2
    assert Evidence(0.3, 1e-9, 1.0).probability == 0.3


def test_the_stronger_of_two_tests_counts_half() -> None:
    assert Evidence(1e-6, 2e-4, 1.0).of_two() == Evidence(2e-6, 4e-4, 1.0)
    assert Evidence(0.8, 0.1, 1.0).of_two() == Evidence(1.0, 0.2, 1.0)


@pytest.fixture(scope="module")
def problem() -> AlignmentProblem:
    density = phantom(48, voxel_size_angstrom=3.0)
    return AlignmentProblem.of(density, density, AlignmentOptions(hand="keep"))


def test_fits_from_wrong_poses_end_at_others_than_the_right_one(problem: AlignmentProblem) -> None:
    fit, right = problem.coarse_whole_fit, np.eye(3, 4)
    wrong = WrongPoses.of(fit, principal_axes(problem.working_pair.fixed), right)
    assert len(wrong.poses) == 27
    assert sum(np.linalg.det(pose[:, :3]) < 0 for pose in wrong.poses) == 4
    assert sum(float(geodesic_degrees(pose[:, :3], right[:, :3])) < 20 for pose in wrong.poses) <= 1
    assert max(fit.correlation(pose) for pose in wrong.poses) < 0.95 < fit.correlation(right)


def test_the_same_poses_are_wrong_near_a_pose_but_not_elsewhere(problem: AlignmentProblem) -> None:
    wrong, radius = WrongPoses(np.eye(3, 4), [], problem.fixed.centre_angstrom), problem.fixed.radius_angstrom
    beside, elsewhere = np.eye(3, 4), np.eye(3, 4)
    beside[0, 3], elsewhere[0, 3] = 0.05 * radius, 0.5 * radius
    assert wrong.same(beside, radius)
    assert not wrong.same(elsewhere, radius)
    assert not wrong.same(np.diag([-1.0, -1.0, 1.0]) @ np.eye(3, 4), radius)


def blobs(seed: int) -> DensityMap:
    """A globular map that shows no molecule, another one for each seed."""
    rng = np.random.default_rng(seed)
    density = phantom(32, voxel_size_angstrom=4.0)
    z, y, x = np.indices(density.data.shape)
    data = np.zeros(density.data.shape)
    for _ in range(40):
        at = 15.5 + 4 * rng.normal(size=3)
        data += np.exp(-((z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2) / 4)
    return density.with_data(data.astype(np.float32))


def test_wrong_poses_are_fitted_further_unless_the_match_is_clear(problem: AlignmentProblem) -> None:
    unrelated = AlignmentProblem.of(blobs(1), blobs(2), AlignmentOptions(hand="keep"))
    for pair, brief in ((problem, True), (unrelated, False)):
        candidate = Candidate(np.eye(3, 4), False, 0.0, 1.0)
        assert (pair.evidence(candidate, []).chance < 1e-6) == brief
        assert pair._wrong[0].brief == brief
        fit, poses = pair.coarse_whole_fit, pair.wrong_poses(np.eye(3, 4))
        first = WrongPoses.of(fit, principal_axes(pair.working_pair.fixed), np.eye(3, 4)).poses
        gained = fit.correlations(poses) - fit.correlations(first)
        assert (np.abs(gained).max() == 0) == brief
        assert np.median(gained) >= 0


@pytest.mark.slow
def test_a_small_chance_is_as_rare_as_stated_for_unrelated_maps() -> None:
    stated = []
    for seed in range(0, 16, 2):
        problem = AlignmentProblem.of(blobs(seed), blobs(seed + 1), AlignmentOptions(hand="keep"))
        best, *others = exhaust(solve_by_search(problem)).candidates
        stated.append(problem.evidence(best, others).chance)
    # Four of eight are below 0.05 in one of 2,500 cases.
    assert np.sum(np.array(stated) < 0.05) < 4
    assert min(stated) > 1e-4
    assert len(set(stated)) > 2
