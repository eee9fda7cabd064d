"""The point group of a set of poses."""

import numpy as np
import pytest

from botalign.alignment.copy_symmetry import set_symmetry
from botalign.geometry import (
    axis_angle,
    compose,
    geodesic_degrees,
    matrix_from_rotation_vector,
    point_group,
    random_rotations,
    transform_about,
)

CENTRE, MIDDLE = np.array([3.0, -2.0, 5.0]), np.array([10.0, 20.0, -5.0])
RADIUS = 20.0


def made(symbol: str, *, seed: int = 0, orbits: int = 1) -> tuple[list[np.ndarray], np.ndarray]:
    """Return poses with a point group about a point, and the operations of the group."""
    rng = np.random.default_rng([seed, 12])
    frame = random_rotations(1, rng)[0]
    group = [transform_about(frame @ each @ frame.T, MIDDLE, MIDDLE) for each in point_group(symbol)]
    poses = []
    for orbit in range(orbits):
        place = MIDDLE + (40 + 15 * orbit) * random_rotations(1, rng)[0][0]
        first = transform_about(random_rotations(1, rng)[0], CENTRE, place)
        poses += [compose(each, first) for each in group]
    return [poses[number] for number in rng.permutation(len(poses))], np.array(group)


@pytest.mark.parametrize("symbol", ["C2", "C3", "C7", "D2", "D3", "D5", "D7", "T", "O", "I"])
def test_the_group_of_exact_copies_is_found(symbol: str) -> None:
    poses, group = made(symbol)
    found = set_symmetry(poses, CENTRE, RADIUS)
    assert found is not None
    assert found.symmetry.group == symbol
    assert found.symmetry.order == len(group)
    for operation in found.symmetry.operations:
        assert np.abs(group - operation).max(axis=(1, 2)).min() < 1e-6
    assert found.angle_degrees < 1e-5
    assert found.distance_angstrom < 1e-5


@pytest.mark.parametrize(("symbol", "orbits"), [("C3", 2), ("D5", 2), ("D2", 3)])
def test_several_copies_in_an_asymmetric_unit(symbol: str, orbits: int) -> None:
    found = set_symmetry(made(symbol, orbits=orbits)[0], CENTRE, RADIUS)
    assert found is not None
    assert found.symmetry.group == symbol


@pytest.mark.parametrize("symbol", ["C3", "D5", "T"])
def test_errors_of_the_poses_are_averaged_and_reported(symbol: str) -> None:
    poses, group = made(symbol, seed=1)
    rng = np.random.default_rng(3)
    degrees, angstrom = 1.5, 0.8
    moved = []
    for pose in poses:
        turn = matrix_from_rotation_vector(np.radians(degrees) * random_rotations(1, rng)[0][0])
        place = pose[:, :3] @ CENTRE + pose[:, 3]
        moved.append(compose(transform_about(turn, place, place + angstrom * random_rotations(1, rng)[0][0]), pose))
    found = set_symmetry(moved, CENTRE, RADIUS)
    assert found is not None
    assert found.symmetry.group == symbol
    off = [geodesic_degrees(group[:, :, :3], each[:, :3]).min() for each in found.symmetry.operations]
    assert max(off) < degrees
    # The group explains a part of the errors.
    assert 0.4 * degrees < found.angle_degrees < 1.5 * degrees
    assert 0.4 * angstrom < found.distance_angstrom < 1.2 * angstrom


def test_an_unrelated_or_incomplete_set_has_no_group() -> None:
    poses, _ = made("D3")
    assert set_symmetry(poses[1:], CENTRE, RADIUS) is None
    rng = np.random.default_rng(0)
    apart = [transform_about(each, CENTRE, rng.uniform(-80, 80, 3)) for each in random_rotations(6, rng)]
    assert set_symmetry(apart, CENTRE, RADIUS) is None


def test_copies_of_a_symmetric_part_have_the_group_of_the_whole() -> None:
    # The part has a two-fold axis through the centre of a ring of three, in its plane: together they are D3.
    _, group = made("D3", seed=2)
    turn = next(each for each in group[1:] if abs(axis_angle(each[:, :3])[1] - 180) < 1e-6)
    ring = [each for each in group if abs(axis_angle(each[:, :3])[0] @ axis_angle(turn[:, :3])[0]) < 1e-6]
    place = MIDDLE + 40 * axis_angle(turn[:, :3])[0]
    first = transform_about(random_rotations(1, np.random.default_rng(8))[0], CENTRE, place)
    three = [first, *(compose(each, first) for each in ring if abs(axis_angle(each[:, :3])[1] - 120) < 1e-6)]
    own = transform_about(first[:, :3].T @ turn[:, :3] @ first[:, :3], CENTRE, CENTRE)
    assert len(three) == 3
    without, found = (set_symmetry(three, CENTRE, RADIUS, of_part=turns) for turns in ((), (own,)))
    assert without is not None
    assert found is not None
    assert (without.symmetry.group, found.symmetry.group) == ("C3", "D3")
