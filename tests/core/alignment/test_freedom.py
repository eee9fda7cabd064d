"""Alignments that may only shift the moving map, or only rotate it."""

import numpy as np
import pytest

from botalign import DensityMap, InputError, Model, align, phantom, simulate
from botalign.alignment.survey import survey
from botalign.geometry import (
    apply_transform,
    compose,
    geodesic_degrees,
    inverse,
    matrix_from_rotation_vector,
    transform_about,
)

TURN = matrix_from_rotation_vector([1.0, 0.5, -0.7])


def centre_of(density_map: DensityMap) -> np.ndarray:
    return survey(density_map).centre_angstrom


@pytest.fixture(scope="module")
def molecule() -> Model:
    """A compact set of atoms without symmetry."""
    rng = np.random.default_rng(4)
    points = rng.normal(size=(300, 3)) * (14.0, 9.0, 6.0) + np.abs(rng.normal(size=(300, 1))) * (6.0, 0.0, -4.0)
    return Model(points, np.full(300, 6.0), name="molecule")


@pytest.fixture(scope="module")
def complex_map(molecule: Model) -> DensityMap:
    """The map of the molecule in place, among others in other poses."""
    shifts = ((0, 0, 0), (45, 0, 0), (0, 40, 5), (-38, 5, 8), (3, -36, 4))
    poses = [
        np.column_stack([matrix_from_rotation_vector(0.9 * number * np.array([1.0, -0.4, 0.6])), shift])
        for number, shift in enumerate(shifts)
    ]
    points = np.concatenate([apply_transform(pose, molecule.points) for pose in poses])
    return simulate(Model(points, np.full(len(points), 6.0), name="complex"), 8.0)


def test_without_rotation_only_the_shift_changes(fixed: DensityMap) -> None:
    moving = phantom(48, voxel_size_angstrom=3.0, transform=np.column_stack([np.eye(3), [9.0, -6.0, 4.0]]))
    found = align(fixed, moving, rotate=False)
    assert np.array_equal(found.moving_to_fixed[:, :3], np.eye(3))
    np.testing.assert_allclose(found.moving_to_fixed[:, 3], [-9.0, 6.0, -4.0], atol=0.1)
    assert found.verdict == "certain"
    assert found.uncertainty is not None
    assert found.uncertainty.angle_degrees == 0
    assert found.uncertainty.shift_angstrom > 0


def test_without_rotation_that_of_the_start_is_kept(fixed: DensityMap, moving: DensityMap, there: np.ndarray) -> None:
    start = inverse(there)
    start[:, 3] += 5.0
    found = align(fixed, moving, rotate=False, start=start)
    np.testing.assert_allclose(found.moving_to_fixed[:, :3], start[:, :3], atol=1e-12)
    np.testing.assert_allclose(found.moving_to_fixed[:, 3], inverse(there)[:, 3], atol=0.2)


def test_without_rotation_a_rotated_map_stays_rotated(fixed: DensityMap) -> None:
    moving = phantom(48, voxel_size_angstrom=3.0, transform=np.column_stack([TURN, np.zeros(3)]))
    found = align(fixed, moving, rotate=False)
    assert np.array_equal(found.moving_to_fixed[:, :3], np.eye(3))
    assert found.verdict != "certain"


@pytest.mark.parametrize("offset", [0.0, 12.0])
def test_without_shift_the_centre_of_mass_stays(fixed: DensityMap, offset: float) -> None:
    # The moving map is turned about the centre of the molecule, and its start is beside its place.
    centre = centre_of(fixed)
    turn = transform_about(TURN, centre, centre)
    moving = phantom(48, voxel_size_angstrom=3.0, transform=turn)
    start = np.column_stack([np.eye(3), [offset, 0, 0]])
    found = align(fixed, moving, shift=False, start=start)
    kept, put = apply_transform(found.moving_to_fixed, centre_of(moving)), apply_transform(start, centre_of(moving))
    np.testing.assert_allclose(kept, put, atol=1e-6)
    left = compose(found.moving_to_fixed, turn)
    assert offset or geodesic_degrees(left[:, :3], np.eye(3)) < 0.5
    assert found.uncertainty is not None
    assert found.uncertainty.shift_angstrom == 0


@pytest.mark.parametrize("part_moves", [True, False])
def test_a_part_only_shifts(complex_map: DensityMap, molecule: Model, part_moves: bool) -> None:
    maps = (complex_map, molecule) if part_moves else (molecule, complex_map)
    start = np.column_stack([np.eye(3), [18.0, -12.0, 14.0]])
    found = align(*maps, resolution=8.0, rotate=False, start=start)
    assert found.part is not None
    np.testing.assert_allclose(found.moving_to_fixed[:, :3], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(found.moving_to_fixed[:, 3], 0, atol=0.5)


def test_a_part_only_rotates(complex_map: DensityMap, molecule: Model) -> None:
    centre = centre_of(simulate(molecule, 8.0))
    start = transform_about(TURN, centre, centre)
    found = align(complex_map, molecule, resolution=8.0, shift=False, start=start)
    assert found.part is not None
    np.testing.assert_allclose(apply_transform(found.moving_to_fixed, centre), centre, atol=0.2)
    assert geodesic_degrees(found.moving_to_fixed[:, :3], np.eye(3)) < 1
    assert found.verdict == "certain"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rotate": False, "shift": False}, "nothing would move"),
        ({"rotate": False, "hand": "auto"}, "hand"),
        ({"rotate": False, "evaluations": 50}, "search over rotations"),
        ({"rotate": False, "local_degrees": 10.0}, "search over rotations"),
        ({"rotate": False, "refine": False}, "search over rotations"),
        ({"rotate": False, "preset": "paper"}, "published"),
        ({"shift": False, "preset": "paper"}, "published"),
    ],
)
def test_options_without_effect_are_refused(fixed: DensityMap, options: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        align(fixed, fixed, **options)  # type: ignore[arg-type]
