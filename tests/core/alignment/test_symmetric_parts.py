"""A part that is symmetric by itself: poses that its symmetry makes equivalent are one place."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.alignment.distinct import Tolerance, distinct
from botalign.alignment.part_search import PartSearch
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.geometry import apply_transform, compose, geodesic_degrees, inverse, point_group, random_rotations

from .test_copies import beads


@dataclass(frozen=True)
class Pair:
    """A map of two rings and something else, a ring in another pose, its symmetry, and the poses to its places."""

    whole: botalign.DensityMap
    part: botalign.DensityMap
    own: np.ndarray
    places: list[np.ndarray]


@pytest.fixture(scope="module")
def pair() -> Pair:
    """Two rings with the group C4."""
    rng = np.random.default_rng([4, 7])
    unit = rng.normal(size=(40, 3)) * [7.0, 5.0, 4.0]
    unit = unit[np.abs(unit).max(axis=1) < 14] + [13.0, 0.0, 3.0]
    ring = np.concatenate([unit @ each.T for each in point_group("C4")])
    first, second, turn = random_rotations(3, rng)
    places = [np.column_stack([first, [-28.0, 0.0, -6.0]]), np.column_stack([second, [28.0, 8.0, 6.0]])]
    rest = rng.normal(size=(60, 3)) * 8 + [0.0, -38.0, 20.0]
    whole = beads(np.concatenate([*(apply_transform(pose, ring) for pose in places), rest]), 60)
    motion = np.column_stack([turn, np.zeros(3)])
    own = np.array([np.column_stack([turn @ each @ turn.T, np.zeros(3)]) for each in point_group("C4")])
    return Pair(
        whole, beads(apply_transform(motion, ring), 28), own, [compose(each, inverse(motion)) for each in places]
    )


def which(pose: np.ndarray, pair: Pair) -> int | None:
    """Return the number of the place at which a pose puts the ring, turned about its axis or not."""
    for number, place in enumerate(pair.places):
        equivalents = compose(place, pair.own)
        apart = np.linalg.norm(equivalents[:, :, 3] - pose[:, 3], axis=1)
        if ((geodesic_degrees(equivalents[:, :, :3], pose[:, :3]) < 2) & (apart < 1)).any():
            return number
    return None


def test_poses_that_the_symmetry_of_the_moving_map_relates_count_once() -> None:
    own = np.concatenate([point_group("C3"), np.zeros((3, 3, 1))], axis=2)
    of_fixed = np.concatenate([point_group("C2"), np.zeros((2, 3, 1))], axis=2)
    pose = np.column_stack([random_rotations(1, np.random.default_rng(1))[0], [20.0, 0.0, 3.0]])
    poses = [*compose(pose, own), *compose(of_fixed[1], compose(pose, own))]
    tolerance = Tolerance(10.0, 2.0, np.zeros(3))
    assert distinct(poses, range(6), tolerance) == [0, 1, 2, 3, 4, 5]
    assert distinct(poses, range(6), tolerance, of_moving=own) == [0, 3]
    assert distinct(poses, range(6), tolerance, operations=of_fixed) == [0, 1, 2]
    assert distinct(poses, range(6), tolerance, operations=of_fixed, of_moving=own) == [0]


@pytest.mark.parametrize("part_moves", [True, False])
def test_equivalent_wrong_poses_of_a_part_count_once(pair: Pair, part_moves: bool) -> None:
    maps = (pair.whole, pair.part) if part_moves else (pair.part, pair.whole)
    options = botalign.AlignmentOptions(partial=True, hand="keep", threads=1)
    search = PartSearch(AlignmentProblem.of(*maps, options))
    assert search.symmetry_of_part is not None
    assert search.symmetry_of_part.group == "C4"
    elsewhere = np.column_stack([random_rotations(1, np.random.default_rng(2))[0], [0.0, 30.0, 0.0]])
    candidates = [
        Candidate(pose if part_moves else inverse(pose), False, 1 - correlation, correlation)
        for place, correlation in ((pair.places[0], 0.9), (elsewhere, 0.4))
        for pose in compose(place, pair.own)
    ]
    assert search.correlations(candidates) == [0.9, 0.4]


def test_another_turn_of_a_symmetric_part_is_no_reason_to_doubt(pair: Pair) -> None:
    found = botalign.align(pair.whole, pair.part, partial=True, resolution=10, hand="keep", threads=2)
    assert found.verdict_text == "certain, one of 2 places that fit equally well"
    assert {which(found.candidates[number].moving_to_fixed, pair) for number in found.places} == {0, 1}


@pytest.mark.parametrize("turn", [1, 2])
def test_of_the_turns_of_a_symmetric_part_that_nearest_to_the_start_is_the_result(pair: Pair, turn: int) -> None:
    start = compose(pair.places[1], pair.own[turn])
    found = botalign.align(pair.whole, pair.part, partial=True, resolution=10, hand="keep", start=start, threads=2)
    place = which(found.moving_to_fixed, pair)
    assert place is not None
    turned = compose(pair.places[place], pair.own)[:, :, :3]
    nearest = turned[int(np.argmin(geodesic_degrees(turned, start[:, :3])))]
    assert geodesic_degrees(found.moving_to_fixed[:, :3], nearest) < 2


@pytest.mark.parametrize("wanted", [4, "auto"])
def test_equivalent_poses_are_one_copy(pair: Pair, wanted: int | str) -> None:
    found = botalign.align(pair.whole, pair.part, copies=wanted, resolution=10, hand="keep", threads=2).copies
    assert found is not None
    assert [copy.verdict for copy in found.placed] == ["certain", "certain"]
    assert {which(copy.moving_to_fixed, pair) for copy in found.placed} == {0, 1}


@pytest.mark.slow
def test_a_ring_of_groel_has_two_copies(data_folder: Path) -> None:
    whole = botalign.read(data_folder / "maps" / "emd_1080_groel_11.5A.mrc")
    symmetry = botalign.orient(whole).symmetry
    assert symmetry is not None
    assert symmetry.group == "D7"
    assert abs(symmetry.axis[2]) > 0.999
    # All operations permute the subunits, so the mean of the images of a point is the centre.
    middle = np.mean([apply_transform(each, np.zeros(3)) for each in symmetry.operations], axis=0)
    upper = whole.grid.axis_angstrom(0) > middle[2]
    found = botalign.align(whole, whole.with_data(whole.data * upper[:, None, None]), copies=2, hand="keep", threads=2)
    assert found.copies is not None
    assert found.copies.title == "2 copies, D7"
    assert [copy.verdict for copy in found.copies.placed] == ["certain", "certain"]
