"""Overlap of placed parts, and their joint refinement."""

from collections.abc import Callable

import numpy as np
import pytest

import botalign
from botalign.alignment.joint_refinement import refine_together
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.overlap import Body, overlap, overlaps, share_inside
from botalign.alignment.part_pair import PartPair
from botalign.alignment.part_search import SAME
from botalign.alignment.problem import AlignmentProblem
from botalign.geometry import apply_transform, geodesic_degrees, inverse, matrix_from_rotation_vector, transform_about
from botalign.progress import exhaust

Beads = Callable[..., botalign.DensityMap]


def ball(radius: float) -> Body:
    """Return a ball around the origin."""
    grid = botalign.Grid.cube(81, 0.5, np.zeros(3))
    z, y, x = np.meshgrid(*(grid.axis_angstrom(axis) for axis in range(3)), indexing="ij")
    inside = (x * x + y * y + z * z < radius**2).astype(np.float32)
    points = 0.5 * np.argwhere(inside > 0)[::7, ::-1] + np.array(grid.origin_angstrom)
    return Body(np.zeros(3), radius + 0.5, float(inside.sum()) * 0.125, grid, inside, points)


def at(*place: float) -> np.ndarray:
    return np.column_stack([matrix_from_rotation_vector([0.3, 1.0, -0.4]), place])


@pytest.mark.parametrize("distance", [0.0, 5.0, 10.0, 15.0, 25.0])
def test_the_overlap_of_two_balls(distance: float) -> None:
    radius = 10.0
    one = ball(radius)
    lens = max(0.0, 1 - 3 * distance / (4 * radius) + distance**3 / (16 * radius**3)) if distance < 2 * radius else 0.0
    shared = share_inside(one, at(1, 2, 3), one, at(1 + distance, 2, 3))
    assert shared == pytest.approx(lens, abs=0.03)


def test_the_share_is_that_of_the_smaller_part() -> None:
    small, large = ball(4.0), ball(12.0)
    assert overlap(large, at(0, 0, 0), small, at(5, 0, 0)) == 1.0
    assert overlap(small, at(5, 0, 0), large, at(0, 0, 0)) == 1.0
    assert share_inside(large, at(0, 0, 0), small, at(5, 0, 0)) == pytest.approx((4 / 12) ** 3, rel=0.15)
    shares = overlaps([small, large, small], [at(5, 0, 0), at(0, 0, 0), at(-30, 0, 0)])
    np.testing.assert_array_equal(shares, [[1, 1, 0], [1, 1, 0], [0, 0, 1]])


@pytest.fixture(scope="module")
def neighbours(beads: Beads) -> tuple[list[PartPair], list[np.ndarray]]:
    """Two parts that touch, each with their common map, and where they are."""
    rng = np.random.default_rng(31)
    halves, moves, pairs = [], [], []
    for side in (-1, 1):
        points = rng.normal(size=(40, 3)) * 5.5
        halves.append(points + np.array([side * 9.0, 0, 0]))
        moves.append(np.column_stack([matrix_from_rotation_vector(rng.normal(size=3)), rng.uniform(-4, 4, 3)]))
    whole = beads(np.concatenate(halves), np.ones(80))
    for points, move in zip(halves, moves, strict=True):
        part = beads(apply_transform(inverse(move), points), np.ones(40))
        problem = AlignmentProblem.of(whole, part, AlignmentOptions(partial=True, hand="keep", resolution=9))
        pairs.append(PartPair.of(problem))
    return pairs, moves


def off(found: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    shift = apply_transform(found, np.zeros(3)) - apply_transform(truth, np.zeros(3))
    return float(geodesic_degrees(found[:, :3], truth[:, :3])), float(np.linalg.norm(shift))


def test_parts_are_refined_in_what_the_others_leave(neighbours: tuple[list[PartPair], list[np.ndarray]]) -> None:
    pairs, truth = neighbours
    turned = transform_about(matrix_from_rotation_vector([0.05, -0.04, 0.06]), np.zeros(3), np.array([0.9, -0.7, 0.5]))
    starts = [np.column_stack([turned[:, :3] @ each[:, :3], each[:, 3] + turned[:, 3]]) for each in truth]
    sampling = {"voxel_angstrom": 2.0, "sigma_angstrom": 1.0}
    together = exhaust(refine_together(pairs, starts, **sampling))
    alone = [exhaust(refine_together([pair], [start], **sampling)) for pair, start in zip(pairs, starts, strict=True)]
    assert together.score > together.start_score
    assert together.score > 0.999
    for number, pose in enumerate(together.poses):
        degrees, angstrom = off(pose, truth[number])
        assert degrees < 0.5
        assert angstrom < 0.1
        lone_degrees, lone_angstrom = off(alone[number].poses[0], truth[number])
        assert lone_degrees + lone_angstrom > 2 * (degrees + angstrom)
        assert together.correlations[number] > alone[number].correlations[0]


def test_the_refinement_is_never_worse_and_repeats(neighbours: tuple[list[PartPair], list[np.ndarray]]) -> None:
    pairs, truth = neighbours
    far = [np.column_stack([pose[:, :3], pose[:, 3] + [0, 14.0, 0]]) for pose in truth]
    sampling = {"voxel_angstrom": 2.0, "sigma_angstrom": 1.0}
    first, second = (exhaust(refine_together(pairs, far, **sampling)) for _ in range(2))
    assert first.score >= first.start_score
    np.testing.assert_array_equal(first.poses, second.poses)


def test_a_part_does_not_leave_its_place(neighbours: tuple[list[PartPair], list[np.ndarray]]) -> None:
    """From a pose beyond the limit, a fit returns to the true place; the refinement stays where the part was judged."""
    pairs, truth = neighbours
    pair, sampling = pairs[0], {"voxel_angstrom": 2.0, "sigma_angstrom": 1.0}
    turn = transform_about(matrix_from_rotation_vector([0.0, 0.0, np.radians(20)]), np.zeros(3), np.zeros(3))
    start = np.column_stack([truth[0][:, :3] @ turn[:, :3], truth[0][:, 3]])
    assert off(inverse(pair.fit(2.0, 1.0).solve(inverse(start))[0]), truth[0])[0] < 6
    stayed = exhaust(refine_together([pair], [start], **sampling))
    assert pair.tolerance(SAME).same(stayed.poses[0], start)
    (moved,) = exhaust(refine_together([pair], [start], places=[truth[0]], **sampling)).poses
    assert off(moved, truth[0])[0] < 6
