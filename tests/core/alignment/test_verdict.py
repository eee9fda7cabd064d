from collections.abc import Callable

import numpy as np
import pytest

from botalign import Alignment, DensityMap, Grid, align, phantom
from botalign.alignment.chance import chance, rotations_of_cube
from botalign.geometry import geodesic_degrees, matrix_from_rotation_vector

Make = Callable[..., np.ndarray]
Measure = Callable[..., tuple[float, float]]


def symmetric(operations: list[np.ndarray], transform: np.ndarray | None = None) -> DensityMap:
    """Copies of a phantom in several poses around their common centre, moved together."""
    parts = []
    for operation in operations:
        aside = operation @ np.column_stack([np.eye(3), [14.0, 9.0, 11.0]])
        pose = aside if transform is None else transform @ np.vstack([aside, [0, 0, 0, 1]])
        parts.append(phantom(48, voxel_size_angstrom=3.6, resolution_angstrom=12.0, transform=pose))
    return parts[0].with_data(np.sum([part.data for part in parts], axis=0))


def turns(axis: list[float], order: int) -> list[np.ndarray]:
    unit = np.array(axis) / np.linalg.norm(axis)
    return [matrix_from_rotation_vector(2 * np.pi * k / order * unit) for k in range(order)]


GROUPS = {
    "C2": turns([1, 2, 0], 2),
    "C3": turns([0, 0, 1], 3),
    "D2": [a @ b for a in turns([0, 0, 1], 2) for b in turns([1, 0, 0], 2)],
    "D3": [a @ b for a in turns([1, 1, 1], 3) for b in turns([1, -1, 0], 2)],
    "T": [a @ b @ c for a in turns([1, 1, 1], 3) for b in turns([0, 0, 1], 2) for c in turns([1, 0, 0], 2)],
}


@pytest.mark.parametrize("group", GROUPS)
def test_a_symmetry_is_recognised_and_the_closest_equivalent_pose_chosen(
    group: str, motion: Make, misfit: Measure
) -> None:
    operations, there = GROUPS[group], motion(4)
    result = align(symmetric(operations), symmetric(operations, there), hand="keep")
    assert result.symmetry is not None
    assert result.symmetry.group == group
    assert result.symmetry.order == len(operations)
    assert result.verdict == "certain"
    for operation in result.symmetry.operations[:, :, :3]:
        assert min(float(geodesic_degrees(operation, known)) for known in operations) < 1
    answers = [operation @ there[:, :3].T for operation in operations]
    nearest = min(answers, key=lambda linear: float(geodesic_degrees(linear, np.eye(3))))
    assert float(geodesic_degrees(result.moving_to_fixed[:, :3], nearest)) < 0.5
    assert f"one of {len(operations)} equivalent poses (symmetry {group})" in result.to_text()


def test_a_map_without_symmetry_is_certain(result: Alignment) -> None:
    assert result.verdict == "certain"
    assert result.symmetry is None
    assert not any(candidate.as_good for candidate in result.candidates)


def test_two_poses_without_a_symmetry_are_ambiguous(motion: Make) -> None:
    # A map with two equal copies onto one in which they differ: both poses fit equally well, and the fixed map has no
    # symmetry.
    one, two = turns([0, 0, 1], 2)
    weak = symmetric([two])
    fixed = weak.with_data(symmetric([one]).data + np.float32(0.4) * weak.data)
    result = align(fixed, symmetric([one, two], motion(5)), hand="keep", partial=False)
    assert result.symmetry is None
    assert result.verdict == "ambiguous"
    assert any(candidate.as_good for candidate in result.candidates)
    assert " as well" in result.to_text()


def test_an_undetermined_hand_is_ambiguous(motion: Make) -> None:
    # A mirror plane through the molecule: its mirror image is the same molecule.
    plane = np.diag([1.0, 1.0, -1.0])
    fixed, moving = (
        phantom(48, voxel_size_angstrom=3.6).with_data(symmetric([np.eye(3), plane], there).data)
        for there in (None, motion(6))
    )
    result = align(fixed, moving)
    assert result.hand is not None
    assert result.hand.decision == "undetermined"
    assert result.verdict == "ambiguous"
    assert "ambiguous: the hand is undetermined" in result.to_text()


def test_a_pose_at_the_limit_of_a_local_search_is_no_match() -> None:
    fixed = phantom(48, voxel_size_angstrom=3.0)
    turned = np.column_stack([matrix_from_rotation_vector([0, 0, np.radians(9)]), np.zeros(3)])
    moving = phantom(48, voxel_size_angstrom=3.0, transform=turned)
    result = align(fixed, moving, hand="keep", local_degrees=6)
    assert result.verdict == "no match"
    assert "at the limit of the local search" in result.to_text()
    assert align(fixed, moving, hand="keep", local_degrees=12).verdict == "certain"


def blobs(seed: int, grid: Grid) -> DensityMap:
    """A globular map that shows no molecule."""
    rng = np.random.default_rng(seed)
    data = np.zeros(grid.shape, dtype=np.float32)
    z, y, x = np.indices(data.shape)
    for _ in range(40):
        at = 23.5 + 5.5 * rng.normal(size=3)
        data += np.exp(-((z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2) / 6).astype(np.float32)
    return DensityMap(data, grid, "blobs")


@pytest.mark.parametrize("loss", ["wemd", pytest.param("core", marks=pytest.mark.slow)])
def test_unrelated_maps_do_not_match(loss: str) -> None:
    fixed = phantom(48, voxel_size_angstrom=3.0)
    results = [align(fixed, blobs(seed, fixed.grid), hand="keep", loss=loss) for seed in range(3)]
    assert [result.verdict for result in results] == ["no match"] * 3
    assert all(result.probability is not None and result.probability > 0.001 for result in results)
    assert all("no match" in result.to_text() for result in results)


def test_there_is_no_verdict_without_refinement(fixed: DensityMap, moving: DensityMap) -> None:
    assert align(fixed, moving, hand="keep", refine=False, evaluations=20).verdict is None


def test_the_probability_is_that_of_an_exponential_tail() -> None:
    # The largest of many such scores exceeds the next as often as stated, whatever the scale is.
    rng = np.random.default_rng(2)
    scores = np.sort(rng.exponential(50.0, size=(20_000, 40)), axis=1)[:, ::-1]
    stated = np.array([chance(best, others) for best, *others in scores])
    for limit in (0.003, 0.01, 0.1, 0.5):
        assert np.mean(stated < limit) == pytest.approx(limit, abs=4 * np.sqrt(limit / len(scores)))
    assert chance(1e6, [1.0, 2.0]) == 1  # too few to know the scale
    assert chance(1.0, [2.0] * 20) == 1


def test_rotations_of_a_cube_keep_the_outline_of_a_box() -> None:
    operations = rotations_of_cube(np.eye(3))
    assert operations.shape == (27, 3, 3)
    assert np.sum(np.linalg.det(operations) > 0) == 23
    assert len(np.unique(operations, axis=0)) == 27
    assert np.allclose(operations @ operations.transpose(0, 2, 1), np.eye(3))
