"""The search in rounds: when it ends, what it finds then, and how its steps are counted."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from botalign import Alignment, AlignmentOptions, DensityMap, Progress, align, align_steps, phantom
from botalign.alignment.candidates import given
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import EVALUATIONS, Candidate
from botalign.alignment.resembling import mirrored_poses
from botalign.alignment.rounds import SHORT
from botalign.alignment.searches import HandSearch, short_search
from botalign.geometry import compose, geodesic_degrees, inverse, matrix_from_rotation_vector
from botalign.progress import exhaust

Make = Callable[..., np.ndarray]
#: Evaluations of the first round: the identity, and the rotations that superimpose the principal axes.
FIRST = 5
#: A phantom away from the centre.
AWAY = np.column_stack([np.eye(3), [12.0, 9.0, 10.0]])


def run(fixed: DensityMap, moving: DensityMap, **options: Any) -> tuple[list[Progress], Alignment]:
    records, steps = [], align_steps(fixed, moving, AlignmentOptions(**options))
    while True:
        try:
            records.append(next(steps))
        except StopIteration as stop:
            return records, stop.value


@pytest.mark.parametrize("hand", ["keep", "check"])
def test_the_search_of_copies_ends_after_the_first_round(fixed: DensityMap, moving: DensityMap, hand: str) -> None:
    result = align(fixed, moving, hand=hand)
    assert result.verdict == "certain"
    assert len(result.trace) == FIRST * (1 if hand == "keep" else 2)


@pytest.mark.parametrize("hand", ["keep", "check"])
@pytest.mark.parametrize("symmetry", ["C3", "D4"])
def test_the_search_of_symmetric_copies_ends_after_the_first_round_too(
    symmetry: str, hand: str, motion: Make, misfit: Callable[..., tuple[float, float]]
) -> None:
    still, moved = (
        phantom(40, voxel_size_angstrom=3.6, symmetry=symmetry, transform=there) for there in (None, motion(4))
    )
    result = align(still, moved, hand=hand)
    assert result.verdict == "certain"
    assert result.symmetry is not None
    assert result.symmetry.group == symmetry
    assert len(result.trace) == FIRST * (1 if hand == "keep" else 2)
    errors = [misfit(each.moving_to_fixed, motion(4))[0] for each in result.candidates[: result.symmetry.order]]
    assert min(errors) < 0.1


def test_the_search_of_unrelated_maps_makes_all_evaluations(fixed: DensityMap) -> None:
    result = align(fixed, phantom(40, voxel_size_angstrom=3.6, seed=11), hand="keep")
    assert result.verdict == "no match"
    assert len(result.trace) == EVALUATIONS


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, True),
        ({"loss": "l2"}, True),
        ({"loss": "core"}, False),
        ({"loss": lambda first, second: 1.0}, False),
        ({"evaluations": EVALUATIONS}, False),
        ({"rotate": False}, False),
    ],
    ids=["defaults", "l2", "core", "function", "number", "held"],
)
def test_when_a_search_may_end_early(
    options: dict[str, Any], expected: bool, fixed: DensityMap, moving: DensityMap
) -> None:
    assert AlignmentProblem.of(fixed, moving, AlignmentOptions(**options)).stops_early is expected


def test_a_number_of_evaluations_is_kept(fixed: DensityMap, moving: DensityMap) -> None:
    assert len(align(fixed, moving, hand="keep", evaluations=20).trace) == 20


def test_an_early_end_hides_no_pose_that_fits_as_well(motion: Make) -> None:
    # Two equal copies onto a map in which they differ: both poses fit, but no symmetry relates them.
    def pair(weight: float, there: np.ndarray | None = None) -> np.ndarray:
        half = compose(np.column_stack([np.diag([-1.0, -1.0, 1.0]), np.zeros(3)]), AWAY)
        poses = [each if there is None else compose(there, each) for each in (AWAY, half)]
        maps = [phantom(40, voxel_size_angstrom=4.0, resolution_angstrom=14.0, transform=each) for each in poses]
        return np.asarray(maps[0].data + np.float32(weight) * maps[1].data)

    empty = phantom(40, voxel_size_angstrom=4.0)
    fixed, moving = empty.with_data(pair(0.5)), empty.with_data(pair(1.0, motion(3)))
    result = align(fixed, moving, hand="keep")
    assert result.symmetry is None
    assert result.verdict == "ambiguous"
    (other,) = [each for each in result.candidates if each.as_good]
    between = float(geodesic_degrees(other.moving_to_fixed[:, :3], result.moving_to_fixed[:, :3]))
    assert between == pytest.approx(180, abs=3)


@pytest.mark.parametrize("order", [1, 3, 4])
def test_an_early_end_does_not_hide_that_the_hand_is_undetermined(order: int, motion: Make) -> None:
    # Mirror planes through the axis: the mirror image is the same molecule, in a pose that no principal axis shows.
    turn = matrix_from_rotation_vector([0, 0, 2 * np.pi / order])
    rotations = [np.linalg.matrix_power(turn, each) for each in range(order)]
    normal = np.array([np.cos(0.4), np.sin(0.4), 0.0])
    operations = [each @ plane for each in rotations for plane in (np.eye(3), np.eye(3) - 2 * np.outer(normal, normal))]
    maps = []
    for there in (np.eye(3, 4), motion(2)):
        poses = [compose(there, compose(np.column_stack([each, np.zeros(3)]), AWAY)) for each in operations]
        data = [phantom(40, voxel_size_angstrom=4.0, resolution_angstrom=14.0, transform=each).data for each in poses]
        maps.append(phantom(40, voxel_size_angstrom=4.0).with_data(np.sum(data, axis=0)))
    result = align(*maps)
    assert result.hand is not None
    assert result.hand.decision == "undetermined"
    assert result.verdict == "ambiguous"


def test_reflections_that_keep_the_axis_find_the_mirror_image_of_a_symmetric_map(motion: Make) -> None:
    fixed = phantom(40, voxel_size_angstrom=3.6, symmetry="C3")
    there = motion(5, mirror=True)
    problem = AlignmentProblem.of(
        fixed, phantom(40, voxel_size_angstrom=3.6, symmetry="C3", transform=there), AlignmentOptions()
    )
    # Of a pose whose axis is right, but its hand is wrong, and its angle about the axis too.
    turn = matrix_from_rotation_vector([0, 0, 0.7]) @ np.diag([1.0, 1.0, -1.0])
    wrong = compose(np.column_stack([turn, np.zeros(3)]), inverse(there))
    found = mirrored_poses(problem, Candidate(wrong, False, 0.0, 0.9))
    assert found[0].mirrored
    answers = compose(found[0].moving_to_fixed, there)[:, :3]
    assert min(float(geodesic_degrees(answers, each)) for each in problem.symmetry.operations[:, :, :3]) < 1
    # There are none for a map whose principal axes differ.
    plain = phantom(40, voxel_size_angstrom=3.6)
    assert (
        mirrored_poses(AlignmentProblem.of(plain, plain, AlignmentOptions()), Candidate(wrong, False, 0.0, 0.9)) == []
    )


def test_the_symmetry_counts_where_the_shift_is_held_too(motion: Make) -> None:
    still, moved = (
        phantom(40, voxel_size_angstrom=3.6, symmetry="C3", transform=there)
        for there in (None, np.column_stack([motion(4)[:, :3], np.zeros(3)]))
    )
    problem = AlignmentProblem.of(still, moved, AlignmentOptions(shift=False))
    assert problem.symmetry is None  # equivalent poses have other shifts
    best = Candidate(inverse(np.column_stack([motion(4)[:, :3], np.zeros(3)])), False, 0.0, 1.0)
    assert mirrored_poses(problem, best)
    assert problem.evidence(best, []).probability < 1e-6


def test_the_start_is_a_candidate_of_a_short_search(
    fixed: DensityMap, moving: DensityMap, there: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The correlation over all shifts may lead a search astray. The start does not depend on it.
    start = inverse(there)
    problem = AlignmentProblem.of(fixed, moving, AlignmentOptions(start=start, hand="keep"))
    (candidate,) = given(problem, False)
    np.testing.assert_array_equal(candidate.moving_to_fixed, start)
    assert given(problem, True) == []
    monkeypatch.setattr(
        AlignmentProblem, "best_shift", lambda self, linear: (1.0, np.column_stack([linear, [60.0, 0, 0]]))
    )
    found = exhaust(short_search(HandSearch(problem, False), 1))
    np.testing.assert_allclose(found.refined[0].moving_to_fixed, start, atol=0.05)
    assert given(AlignmentProblem.of(fixed, moving, AlignmentOptions()), False) == []


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("hand", ["keep", "check", "auto"])
@pytest.mark.parametrize("case", ["first round", "second round", "all", "not refined"])
def test_progress_never_goes_back_and_ends_at_the_total(
    case: str, hand: str, threads: int, fixed: DensityMap, moving: DensityMap
) -> None:
    options: dict[str, Any] = {"hand": hand, "threads": threads, "size": 24}
    maps = fixed, moving
    if case == "second round":
        options["start"] = np.eye(3, 4)  # then the first round evaluates the start only
    elif case == "all":
        maps = fixed, phantom(40, voxel_size_angstrom=3.6, seed=11)
    elif case == "not refined":
        options["refine"] = False
    records, result = run(*maps, **options)
    hands = 1 if hand == "keep" else 2
    evaluations = {"first round": FIRST, "second round": SHORT}.get(case, EVALUATIONS)
    if case == "not refined" and hands == 2:
        evaluations = FIRST  # the hand needs refined poses, and these may be certain
    assert len(result.trace) == hands * evaluations
    assert len({record.total for record in records}) == 1
    done = [record.done for record in records]
    assert done[: hands * evaluations] == list(range(1, hands * evaluations + 1))
    assert done == sorted(done)
    assert done[-1] == records[0].total
