from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import botalign
from botalign.alignment import Candidate, Part
from botalign.geometry import compose, geodesic_degrees, matrix_from_rotation_vector, random_rotations, transform_about
from botalign.geometry import inverse as inverted


@pytest.fixture(scope="module")
def whole() -> botalign.Alignment:
    moved = np.column_stack([random_rotations(1, np.random.default_rng(5))[0], [4.0, -3.0, 2.0]])
    fixed, moving = (
        botalign.phantom(32, voxel_size_angstrom=4.5, symmetry="C3", transform=pose) for pose in (None, moved)
    )
    return botalign.align(fixed, moving, hand="keep")


def test_symmetric_equivalents_are_one_group(whole: botalign.Alignment) -> None:
    assert whole.symmetry is not None
    assert len(whole.places) == 3
    first = [pose for pose in whole.poses if pose.group == 0]
    assert len(first) == 3
    assert all(pose.as_good for pose in first)
    np.testing.assert_array_equal(first[0].moving_to_fixed, whole.moving_to_fixed)
    assert (first[0].angle_degrees, first[0].shift_angstrom) == pytest.approx((0, 0), abs=1e-4)
    for pose in first[1:]:
        assert pose.angle_degrees == pytest.approx(120, abs=0.5)
        operation = compose(pose.moving_to_fixed, inverted(whole.moving_to_fixed))
        assert float(geodesic_degrees(compose(operation, operation)[:, :3], operation[:, :3].T)) < 0.5
    assert len({pose.group for pose in whole.poses}) == whole.poses[-1].group + 1


def test_a_pose_that_symmetry_makes_equivalent_to_another_is_left_out(whole: botalign.Alignment) -> None:
    assert whole.symmetry is not None
    other = compose(
        transform_about(matrix_from_rotation_vector(np.radians([70.0, 0, 0])), np.zeros(3), np.zeros(3)),
        whole.moving_to_fixed,
    )
    worse = [Candidate(compose(each, other), False, 0.5, 0.6) for each in whole.symmetry.operations]
    mirrored = Candidate(whole.moving_to_fixed * [1, 1, -1, 1], True, 0.5, 0.6)
    away = Candidate(compose(other, other), False, 0.5, 0.05)  # the start, where the maps do not overlap
    poses = replace(whole, candidates=(whole.candidates[0], *worse, mirrored, away)).poses
    assert [pose.group for pose in poses] == [0, 0, 0, 1]
    assert not poses[-1].as_good
    assert poses[-1].quality == 0.6


@pytest.mark.parametrize("role", ["moving", "fixed"])
def test_places_of_a_part_are_one_group_if_the_verdict_is_certain(
    whole: botalign.Alignment, role: str, shifted: Callable[[np.ndarray, float], np.ndarray]
) -> None:
    pose = whole.moving_to_fixed
    first, *others = (
        Candidate(shifted(pose, distance), False, 0.5, quality, as_good=as_good)
        for distance, quality, as_good in ((0, 0.9, False), (40, 0.89, True), (80, 0.88, True), (9, 0.5, False))
    )
    part = replace(
        whole, candidates=(first, *others), symmetry=None, part=Part(role, 0.3, "noticed", (0.0, 0.0, 0.0)),
        verdict="certain",
    )  # fmt: skip
    assert [each.group for each in part.poses] == [0, 0, 0, 1]
    assert [each.shift_angstrom for each in part.poses] == pytest.approx([0, 40, 80, 9])
    assert [each.group for each in replace(part, verdict="ambiguous").poses] == [0, 1, 2, 3]
    assert [each.as_good for each in part.poses] == [True, True, True, False]


@pytest.fixture
def shifted() -> Callable[[np.ndarray, float], np.ndarray]:
    """Return a function that shifts the fixed map along x."""
    return lambda pose, distance: compose(np.column_stack([np.eye(3), [distance, 0, 0]]), pose)
