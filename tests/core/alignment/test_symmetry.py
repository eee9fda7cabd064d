"""The symmetry of a map: scanned axes, the group that `align` finds, and the poses that it makes equivalent."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import fft

import botalign
from botalign.alignment.axis_scan import scan_axes
from botalign.alignment.detection import detect
from botalign.alignment.distinct import Tolerance
from botalign.alignment.itself import Itself
from botalign.alignment.survey import survey
from botalign.alignment.symmetry import Symmetry
from botalign.geometry import (
    apply_transform,
    compose,
    geodesic_degrees,
    inverse,
    matrix_from_rotation_vector,
    point_group,
    random_rotations,
    transform_about,
)

AXIS = np.array([2.0, -1.0, 2.0]) / 3


def ring(order: int, *, spread: float = 0.0) -> np.ndarray:
    """A cube with equal blobs around an axis through its centre; with `spread`, their densities differ."""
    z, y, x = np.indices((32, 32, 32)) - 15.5
    across = np.cross(AXIS, [0.0, 0.0, 1.0])
    first = 9 * across / np.linalg.norm(across) + 3 * AXIS
    volume = np.zeros(x.shape)
    for number in range(order):
        cx, cy, cz = matrix_from_rotation_vector(2 * np.pi * number / order * AXIS) @ first
        volume += (1 + spread * number) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) / 8)
    return volume.astype(np.float32)


@pytest.mark.parametrize("order", [2, 3, 5, 7, 11])
def test_the_axis_of_a_ring_is_scanned(order: int) -> None:
    best = scan_axes(ring(order), 14.0)[0]
    assert best.order == order
    assert abs(float(best.direction @ AXIS)) > np.cos(np.radians(4))  # the axes are 6 degrees apart
    assert best.similarity > 0.9


def test_a_ring_of_unequal_blobs_resembles_itself_less() -> None:
    # The mean of a_k a_(k + j) over the rotations, as a fraction of that of a_k a_k.
    densities = 1 + 0.5 * np.arange(5)
    expected = (densities.sum() ** 2 / (densities**2).sum() - 1) / 4
    assert scan_axes(ring(5, spread=0.5), 14.0)[0].similarity == pytest.approx(expected, abs=0.06)


def test_a_ball_has_no_particular_axis() -> None:
    z, y, x = np.indices((32, 32, 32)) - 15.5
    assert scan_axes(np.exp(-(x**2 + y**2 + z**2) / 30).astype(np.float32), 14.0) == []


def made(symmetry: str, noise: float) -> tuple[botalign.DensityMap, np.ndarray]:
    """A symmetric phantom in a random pose, with noise relative to the spread of all densities."""
    rng = np.random.default_rng(7)
    pose = np.column_stack([random_rotations(1, rng)[0], rng.uniform(-5.0, 5.0, 3)])
    clean = botalign.phantom(48, voxel_size_angstrom=3.5, symmetry=symmetry, transform=pose)
    noisy = clean.data + rng.normal(0, noise * clean.data.std(), clean.data.shape) if noise else clean.data
    return clean.with_data(noisy.astype(np.float32)), pose


def test_fine_details_decide_the_symmetry() -> None:
    """Down to 4 A the map has a four-fold axis, but its finer details have a two-fold axis only."""
    side = 112
    coarse, detailed = (
        botalign.phantom(side, voxel_size_angstrom=1.0, symmetry=symmetry, resolution_angstrom=2.5, seed=seed)
        for symmetry, seed in (("C4", 0), ("C2", 5))
    )
    frequencies = np.meshgrid(*[fft.fftfreq(side)] * 2, fft.rfftfreq(side), indexing="ij", sparse=True)
    fine = sum(each**2 for each in frequencies) > (1 / 4) ** 2
    data = fft.irfftn(np.where(fine, fft.rfftn(detailed.data), fft.rfftn(coarse.data)), (side,) * 3)
    itself = Itself(survey(coarse.with_data(data.astype(np.float32))).normalised(), coarse.grid)
    draft = detect(itself.comparison.draft())
    assert draft is not None
    assert draft.group == "C4"
    assert itself.symmetry is not None
    assert itself.symmetry.group == "C2"


@pytest.mark.parametrize("noise", [0.0, 2.0])
@pytest.mark.parametrize("symmetry", ["C3", "D4", "T"])
def test_align_and_orient_find_the_same_group(symmetry: str, noise: float) -> None:
    density_map, pose = made(symmetry, noise)
    found = Itself(survey(density_map).normalised(), density_map.grid).symmetry
    assert found is not None
    assert found.group == botalign.orient(density_map).symmetry.group == symmetry
    true = pose[:, :3] @ point_group(symmetry) @ pose[:, :3].T
    assert all(geodesic_degrees(each[:, :3], true).min() < 2 for each in found.operations)


@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_a_map_without_symmetry_has_none(noise: float) -> None:
    density_map, _ = made("C1", noise)
    assert Itself(survey(density_map).normalised(), density_map.grid).symmetry is None


def test_the_group_does_not_depend_on_the_candidates() -> None:
    # A search close to the start has one candidate only.
    fixed, _ = made("C4", 0.0)
    centre = fixed.grid.centre_angstrom
    turn = transform_about(matrix_from_rotation_vector([0.0, 0.1, 0.1]), centre, centre)
    result = botalign.align(fixed, botalign.resample(fixed, turn, fixed.grid), hand="keep", local_degrees=12)
    assert result.symmetry is not None
    assert result.symmetry.group == "C4"
    assert [pose.group for pose in result.poses[:4]] == [0, 0, 0, 0]
    assert geodesic_degrees(result.rotation, inverse(turn)[:, :3]) < 0.2


def about(centre: list[float], order: int) -> Symmetry:
    at = np.array(centre)
    turns = [matrix_from_rotation_vector([0, 0, 2 * np.pi * k / order]) for k in range(order)]
    return Symmetry(f"C{order}", np.array([transform_about(each, at, at) for each in turns]), np.array([0.0, 0, 1]))


def test_equivalent_poses() -> None:
    symmetry, pose = about([5.0, 0.0, 0.0], 4), np.eye(3, 4)
    quarter = compose(symmetry.operations[1], pose)
    assert symmetry.relates(quarter, pose)
    assert not symmetry.relates(
        transform_about(matrix_from_rotation_vector([0.5, 0, 0]), np.zeros(3), np.zeros(3)), pose
    )
    # The same rotation, elsewhere.
    placed = Tolerance(10.0, 2.0, np.zeros(3))
    elsewhere = quarter + np.array([[0, 0, 0, 8.0], [0] * 4, [0] * 4])
    assert symmetry.relates(quarter, pose, placed)
    assert not symmetry.relates(elsewhere, pose, placed)
    np.testing.assert_allclose(symmetry.nearest(quarter, pose), pose, atol=1e-12)


def test_the_symmetry_of_a_moved_map() -> None:
    symmetry = about([5.0, 0.0, 0.0], 3)
    transform = np.column_stack([random_rotations(1, np.random.default_rng(1))[0], [3.0, -2.0, 7.0]])
    moved = symmetry.moved(transform)
    on_axis = apply_transform(transform, np.array([5.0, 0.0, 4.0]))
    for operation in moved.operations:
        np.testing.assert_allclose(apply_transform(operation, on_axis), on_axis, atol=1e-9)
    np.testing.assert_allclose(moved.axis, transform[:, 2], atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("part_moves", [True, False])
def test_a_part_of_a_symmetric_whole_has_its_equivalents(
    part_moves: bool, beads: Callable[..., botalign.DensityMap]
) -> None:
    rng = np.random.default_rng(4)
    places, masses = rng.normal(size=(40, 3)) * [6, 7, 9] + [22, 0, 0], rng.uniform(0.5, 1.5, 40)
    turns = point_group("C3")
    whole = beads(np.concatenate([places @ turn.T for turn in turns]), np.tile(masses, 3))
    motion = np.column_stack([matrix_from_rotation_vector([-0.8, 1.9, 0.6]), [9.0, -12.0, 4.0]])
    part = beads(apply_transform(inverse(motion), places), masses)
    maps = (whole, part) if part_moves else (part, whole)
    result = botalign.align(*maps, partial=True, hand="keep", threads=2)
    assert result.symmetry is not None
    assert result.symmetry.group == "C3"
    assert result.verdict == "certain"
    assert len(result.places) == 3
    assert not [line for line in result.alternatives if "fits as well" in line]
    equal = [pose.moving_to_fixed for pose in result.poses if pose.group == 0]
    assert len(equal) == 3
    placed = equal if part_moves else [inverse(pose) for pose in equal]
    for turn in turns:
        true = compose(np.column_stack([turn, np.zeros(3)]), motion)
        errors = [
            np.abs(apply_transform(pose, np.eye(3) * 20) - apply_transform(true, np.eye(3) * 20)) for pose in placed
        ]
        assert min(error.max() for error in errors) < 1
    angles = [float(geodesic_degrees(pose[:, :3], np.eye(3))) for pose in equal]
    assert angles[0] == min(angles)
