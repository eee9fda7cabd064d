"""Maps in any unit of density and any size of voxel, and maps whose pose is not unique."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from botalign import Alignment, DensityMap, Grid, align, orient, phantom, score
from botalign.alignment.filament import filament_axis
from botalign.alignment.pose_covariance import LARGEST_ERROR, UNKNOWN, pose_covariance
from botalign.alignment.survey import survey
from botalign.geometry import compose, inverse, matrix_from_rotation_vector, transform_about

SIDE, VOXEL = 48, 3.0
UNITS = [(1e-25, 0.0), (1e20, 0.0), (1e-25, 1e-23), (1.0, 100.0), (1e20, -1e22)]
KINDS = {"whole": {}, "core": {"loss": "core"}, "part": {"partial": True}}

Formula = Callable[[np.ndarray], np.ndarray]


def pose(degrees: float, axis: tuple[float, float, float], shift: tuple[float, float, float]) -> np.ndarray:
    unit = np.array(axis) / np.linalg.norm(axis)
    return transform_about(matrix_from_rotation_vector(np.radians(degrees) * unit), np.zeros(3), np.array(shift))


THERE = pose(70.0, (0.6, 0.0, 0.8), (6.0, -4.0, 3.0))


def in_unit(density_map: DensityMap, factor: float, offset: float) -> DensityMap:
    return density_map.with_data(np.float32(factor * density_map.data.astype(np.float64) + offset))


def with_voxels(density_map: DensityMap, factor: float) -> DensityMap:
    grid = density_map.grid
    voxel, origin = (tuple(factor * each for each in of) for of in (grid.voxel_size_angstrom, grid.origin_angstrom))
    return replace(density_map, grid=Grid(grid.shape, voxel, origin))


@pytest.fixture(scope="module")
def pair() -> tuple[DensityMap, DensityMap]:
    options = {"voxel_size_angstrom": 4.0, "noise": 0.01}
    return phantom(32, **options, noise_seed=1), phantom(32, **options, noise_seed=2, transform=THERE)


@pytest.fixture(scope="module")
def plain(pair: tuple[DensityMap, DensityMap]) -> Callable[[str], Alignment]:
    return cache(lambda kind: align(*pair, **KINDS[kind]))


def check_same(result: Alignment, expected: Alignment, *, length: float = 1.0) -> None:
    """Check a result whose lengths are multiplied by a factor."""
    moved = result.moving_to_fixed / ([1.0, 1.0, 1.0, length])
    # A thousandth of a voxel: rounding of the densities changes where a fit stops.
    np.testing.assert_allclose(moved, expected.moving_to_fixed, atol=5e-3)
    assert (result.verdict, result.symmetry) == (expected.verdict, expected.symmetry)
    assert result.hand.decision == expected.hand.decision
    assert result.uncertainty.angle_degrees == pytest.approx(expected.uncertainty.angle_degrees, rel=0.02)
    assert result.uncertainty.shift_angstrom == pytest.approx(length * expected.uncertainty.shift_angstrom, rel=0.02)


@pytest.mark.parametrize("kind", ["whole", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("part", "core"))])
@pytest.mark.parametrize(("factor", "offset"), UNITS)
def test_the_unit_of_the_densities_does_not_matter(
    kind: str, factor: float, offset: float, pair: tuple[DensityMap, DensityMap], plain: Callable[[str], Alignment]
) -> None:
    fixed, moving = pair
    assert plain(kind).verdict == "certain"
    result = align(in_unit(fixed, factor, offset), in_unit(moving, 1 / factor, 0.0), **KINDS[kind])
    check_same(result, plain(kind))


@pytest.mark.parametrize("kind", ["whole", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("part", "core"))])
@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_the_unit_of_length_does_not_matter(
    kind: str, factor: float, pair: tuple[DensityMap, DensityMap], plain: Callable[[str], Alignment]
) -> None:
    result = align(*(with_voxels(each, factor) for each in pair), **KINDS[kind])
    check_same(result, plain(kind), length=factor)


@pytest.mark.parametrize(("factor", "offset"), UNITS)
def test_the_unit_does_not_matter_for_scores(factor: float, offset: float, pair: tuple[DensityMap, DensityMap]) -> None:
    fixed, moving = pair
    for partial in (False, True):
        expected = score(fixed, moving, transform=inverse(THERE), partial=partial).scores
        found = score(
            in_unit(fixed, factor, offset), in_unit(moving, 1 / factor, 0.0), transform=inverse(THERE), partial=partial
        ).scores
        for name in ("correlation", "correlation_about_mean", "wemd_angstrom", "fsc_resolution_angstrom"):
            assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-3), name


@pytest.mark.parametrize(("factor", "offset"), UNITS)
def test_the_unit_does_not_matter_for_a_symmetry(factor: float, offset: float) -> None:
    ring = phantom(26, voxel_size_angstrom=5.0, symmetry="C4", transform=THERE, noise=0.02)
    expected, found = orient(ring), orient(in_unit(ring, factor, offset))
    assert found.symmetry.group == expected.symmetry.group == "C4"
    np.testing.assert_allclose(found.transform, expected.transform, atol=1e-3)


def drawn(formula: Formula, transform: np.ndarray, *, noise: float, seed: int) -> DensityMap:
    """Return a map of a formula of the positions, moved by a transform, with noise relative to the maximum 1."""
    axis = VOXEL * (np.arange(SIDE) - (SIDE - 1) / 2)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    back = inverse(transform)
    data = formula(np.stack([x, y, z], axis=-1) @ back[:, :3].T + back[:, 3])
    data += noise * np.random.default_rng(seed).standard_normal(data.shape)
    return DensityMap(data.astype(np.float32), Grid.cube(SIDE, VOXEL, np.zeros(3)))


def sphere(x: np.ndarray) -> np.ndarray:
    return np.exp(-(x**2).sum(axis=-1) / (2 * 18**2))


def shell(x: np.ndarray) -> np.ndarray:
    return np.exp(-((np.linalg.norm(x, axis=-1) - 40) ** 2) / (2 * 6**2))


def spheroid(x: np.ndarray) -> np.ndarray:
    return np.exp(-((x / [10, 10, 26]) ** 2).sum(axis=-1) / 2)


def fibre(x: np.ndarray) -> np.ndarray:
    return np.exp(-(x[..., :2] ** 2).sum(axis=-1) / (2 * 12**2))


def helix(x: np.ndarray) -> np.ndarray:
    """Return a helix of balls around a core; five of them are a turn."""
    density = 0.8 * np.exp(-(x[..., :2] ** 2).sum(axis=-1) / (2 * 8**2))
    for k in range(-12, 13):
        angle = 2 * np.pi * k / 5
        centre = [22 * np.cos(angle), 22 * np.sin(angle), 12 * k]
        density += np.exp(-((x - centre) ** 2).sum(axis=-1) / (2 * 7**2))
    return density


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("formula", [sphere, shell, spheroid, fibre])
def test_a_rotation_that_changes_nothing_is_never_certain(formula: Formula, noise: float, tmp_path: Path) -> None:
    there = pose(110.0, (0.3, 0.5, 0.8), (5.0, -6.0, 2.0))
    fixed, moving = (drawn(formula, where, noise=noise, seed=n) for n, where in enumerate((np.eye(3, 4), there)))
    result = align(fixed, moving)
    assert result.verdict in ("ambiguous", "no match")
    undetermined = result.error_text.startswith("undetermined")
    if noise and result.verdict == "ambiguous":
        # Noise may hide that a direction is undetermined, but it does not make the rotation precise.
        assert undetermined or result.uncertainty.angle_degrees > 1
    else:
        assert undetermined == (result.verdict == "ambiguous")
    result.write(tmp_path / "r.json")
    assert Alignment.read(tmp_path / "r.json").error_text == result.error_text


@pytest.mark.parametrize("turn", [0.0, 30.0, 50.0])
def test_the_position_along_a_filament_is_undetermined(turn: float) -> None:
    there = pose(turn, (0.0, 0.0, 1.0), (0.0, 0.0, 7.0))
    fixed, moving = (drawn(helix, where, noise=0.02, seed=n) for n, where in enumerate((np.eye(3, 4), there)))
    result = align(fixed, moving, hand="keep")
    assert "degrees, undetermined along (" in result.error_text
    assert result.verdict == "ambiguous"
    assert result.verdict_text.startswith("ambiguous: the position is undetermined along (")
    (direction,) = result.uncertainty.undetermined
    assert abs(direction[5]) > np.cos(np.radians(10))
    assert result.uncertainty.shift_angstrom > 60
    # With the shift given, nothing is unknown.
    held = align(fixed, moving, hand="keep", shift=False)
    assert "undetermined" not in held.error_text + held.verdict_text


@pytest.mark.parametrize("degrees", [0.0, 20.0, 40.0, 60.0, 90.0])
def test_filaments_are_noticed_and_other_shapes_are_not(degrees: float) -> None:
    where = pose(degrees, (0.6, 0.8, 0.0), (8.0, -5.0, 3.0))
    for formula in (fibre, helix):
        axis = survey(drawn(formula, where, noise=0.05, seed=1)).filament_axis
        assert axis is not None
        assert abs(axis @ where[:, 2]) > np.cos(np.radians(12))
    for formula in (sphere, shell, spheroid):
        assert survey(drawn(formula, where, noise=0.05, seed=1)).filament_axis is None


def test_a_molecule_that_meets_one_face_or_three_is_no_filament() -> None:
    box = Grid((10, 10, 10), (1.0,) * 3)
    inside = np.zeros(box.shape, dtype=np.bool_)
    inside[:8, 5, 5] = True
    assert filament_axis(np.flatnonzero(inside), box, box) is None
    inside[:, 5, 5] = True
    np.testing.assert_allclose(np.abs(filament_axis(np.flatnonzero(inside), box, box)), [0, 0, 1], atol=1e-9)
    inside[5, :5, 5] = True
    assert filament_axis(np.flatnonzero(inside), box, box) is None


def test_a_direction_without_curvature_is_undetermined() -> None:
    turned = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 6)))[0]
    curvatures = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    hessian, spread = turned @ np.diag(curvatures) @ turned.T, 1e-6 * turned @ np.diag(curvatures) @ turned.T
    covariance, undetermined = pose_covariance(hessian, spread, 1.0, lambda _: 0.0)
    np.testing.assert_allclose(np.abs(undetermined @ turned), [[1, 0, 0, 0, 0, 0]], atol=1e-9)
    expected = np.diag([UNKNOWN**2, *(1e-6 / curvatures[1:])])
    np.testing.assert_allclose(turned.T @ covariance @ turned, expected, atol=1e-9)


@pytest.mark.parametrize(("error", "count"), [(0.9 * LARGEST_ERROR, 0), (1.1 * LARGEST_ERROR, 1)])
def test_a_direction_lost_in_the_noise_is_undetermined(error: float, count: int) -> None:
    covariance, undetermined = pose_covariance(np.eye(6), np.diag([error**2] + [1e-6] * 5), 1.0, lambda _: 0.0)
    assert len(undetermined) == count
    assert covariance[0, 0] == pytest.approx(UNKNOWN**2 if count else error**2)


@pytest.mark.parametrize(("curvature", "error", "count"), [(0.05, 0.01, 0), (0.05, 0.02, 1), (1.0, 0.5, 0)])
def test_a_small_curvature_must_stand_out_from_the_noise(curvature: float, error: float, count: int) -> None:
    hessian = np.diag([curvature] + [2.0] * 5)
    covariance, undetermined = pose_covariance(hessian, 1e-6 * np.eye(6), 1.0, lambda _: error)
    assert len(undetermined) == count
    assert covariance[0, 0] == pytest.approx(UNKNOWN**2 if count else 1e-6 / curvature**2)


def test_a_screw_of_the_helix_is_a_pose_as_good() -> None:
    # What the test above relies on: a step of the screw changes nothing.
    step = pose(72.0, (0.0, 0.0, 1.0), (0.0, 0.0, 12.0))
    there = compose(step, np.eye(3, 4))
    middle = slice(SIDE // 4, -SIDE // 4)
    first, second = (drawn(helix, where, noise=0.0, seed=0).data[middle] for where in (np.eye(3, 4), there))
    np.testing.assert_allclose(first, second, atol=1e-5)
