import numpy as np
import pytest

from botalign import DensityMap, Grid, phantom
from botalign.geometry import apply_transform, compose, identity, inverse, random_rotations, transform_about
from botalign.maps.fourier import rotate_fourier
from botalign.maps.resampling import (
    grid_points,
    resample,
    smoothed,
    spline_at,
    spline_gradients_at,
    spline_moments_at,
)
from botalign.maps.splines import spline_coefficients

FWHM = np.sqrt(8 * np.log(2))


def random_transform(seed: int, *, mirror: bool = False, reach: float = 12.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    flip = np.diag([1.0, 1.0, -1.0 if mirror else 1.0])
    return np.column_stack([random_rotations(1, rng)[0] @ flip, rng.uniform(-reach, reach, 3)])


def largest_relative_difference(got: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference, relative to the largest value."""
    return float(np.abs(got.astype(float) - expected).max() / np.abs(expected).max())


def blob(grid: Grid, centre: np.ndarray, sigma: float) -> DensityMap:
    """Return a Gaussian of mass 1."""
    z, y, x = (grid.axis_angstrom(axis) for axis in range(3))
    squared = ((z - centre[2]) ** 2)[:, None, None] + ((y - centre[1]) ** 2)[None, :, None] + (x - centre[0]) ** 2
    return DensityMap(np.exp(-squared / (2 * sigma**2)) / (2 * np.pi * sigma**2) ** 1.5, grid)


def test_several_transforms_give_a_row_each() -> None:
    made, rng = phantom(24, voxel_size_angstrom=4.0), np.random.default_rng(2)
    coefficients, points = spline_coefficients(made.data), grid_points((5, 4, 3))
    transforms = np.array([random_transform(seed) for seed in range(3)])
    onto = Grid.cube(9, 7.0, rng.uniform(-3, 3, 3))
    rows = spline_at(coefficients, made.grid, transforms, onto, points)
    for row, transform in zip(rows, transforms, strict=True):
        np.testing.assert_array_equal(row, spline_at(coefficients, made.grid, transform, onto, points))
    assert spline_at(coefficients, made.grid, transforms[:0], onto, points).shape == (0, 60)


GRIDS = {
    "the same": Grid.cube(50, 3.0, np.zeros(3)),
    "odd, another voxel": Grid.cube(61, 2.6, np.zeros(3)),
    "a far origin": Grid((50, 50, 50), (3.0, 3.0, 3.0), (-63.0, -81.0, -70.0)),
    "unequal sides": Grid((40, 50, 66), (2.4, 3.1, 3.6), (-78.0, -77.0, -70.0)),
}


@pytest.mark.parametrize("target", GRIDS)
@pytest.mark.parametrize("mirror", [False, True])
def test_a_transformed_map_is_the_map_of_the_transformed_molecule(target: str, mirror: bool) -> None:
    original = phantom(50, voxel_size_angstrom=3.0, resolution_angstrom=10.0)
    for seed in range(2):
        transform = random_transform(seed, mirror=mirror)
        got = resample(original, transform, GRIDS[target])
        expected = phantom(grid=GRIDS[target], resolution_angstrom=10.0, transform=transform)
        assert got.grid == GRIDS[target]
        assert largest_relative_difference(got.data, expected.data) < 0.005


@pytest.mark.parametrize("source", GRIDS)
def test_maps_on_any_grid_can_be_resampled(source: str) -> None:
    transform = random_transform(5)
    original = phantom(grid=GRIDS[source], resolution_angstrom=11.0)
    expected = phantom(grid=GRIDS["the same"], resolution_angstrom=11.0, transform=transform)
    assert largest_relative_difference(resample(original, transform, GRIDS["the same"]).data, expected.data) < 0.01


def test_resampling_agrees_with_exact_rotation() -> None:
    original = phantom(48, voxel_size_angstrom=3.0, resolution_angstrom=12.0)
    for seed in range(3):
        transform = random_transform(seed, mirror=seed == 2, reach=6.0)
        exact = rotate_fourier(original.data, transform[:, :3], shift_voxels=transform[:, 3] / 3.0)
        assert largest_relative_difference(resample(original, transform, original.grid).data, exact) < 0.003


def test_the_identity_keeps_all_voxels() -> None:
    rng = np.random.default_rng(0)
    for shape in ((16, 17, 18), (5, 3, 2), (4, 1, 6)):
        grid = Grid(shape, (1.3, 1.7, 0.9), (0.1, -7.3, 12.9))
        noise = DensityMap(rng.normal(size=shape), grid)
        np.testing.assert_allclose(resample(noise, identity(), grid).data, noise.data, atol=2e-5)


def test_shifts_by_whole_voxels_are_exact_and_not_periodic() -> None:
    noise = DensityMap(np.random.default_rng(1).normal(size=(10, 11, 12)), Grid((10, 11, 12), (2.0, 2.0, 2.0)))
    shift = np.column_stack([np.eye(3), [4.0, -6.0, 8.0]])  # 2, -3 and 4 voxels
    got = resample(noise, shift, noise.grid).data
    expected = np.zeros_like(noise.data)
    expected[4:, :-3, 2:] = noise.data[:-4, 3:, :-2]
    np.testing.assert_allclose(got, expected, atol=2e-5)
    assert (got[expected == 0] == 0).all()


def test_density_outside_the_box_is_zero() -> None:
    full = DensityMap(np.ones((12, 12, 12)), Grid((12, 12, 12)))
    away = np.column_stack([np.eye(3), [12.0, 0.0, 0.0]])
    assert not resample(full, away, full.grid).data.any()
    corner = resample(
        full, transform_about(random_rotations(1, np.random.default_rng(2))[0], [5.5] * 3, [5.5] * 3), full.grid
    )
    assert set(np.unique(corner.data.round(4))) == {0.0, 1.0}


def test_transform_and_inverse_transform_are_the_identity() -> None:
    original = phantom(50, voxel_size_angstrom=3.0, resolution_angstrom=12.0)
    transform = random_transform(3, mirror=True, reach=4.0)
    back = resample(resample(original, transform, original.grid), inverse(transform), original.grid)
    assert largest_relative_difference(back.data, original.data) < 0.01


def test_gradients_agree_with_differences_of_the_transformed_map() -> None:
    original = phantom(40, voxel_size_angstrom=3.2, resolution_angstrom=10.0)
    transform, onto, step = random_transform(6, mirror=True), Grid.cube(24, 2.6, original.grid.centre_angstrom), 0.01
    points, coefficients = grid_points(onto.shape), spline_coefficients(original.data)
    got = spline_gradients_at(coefficients, original.grid, transform, onto, points)
    for axis in range(3):
        moved = []
        for sign in (1, -1):
            origin = list(onto.origin_angstrom)
            origin[axis] += sign * step * 2.6
            shifted = Grid(onto.shape, onto.voxel_size_angstrom, (origin[0], origin[1], origin[2]))
            moved.append(spline_at(coefficients, original.grid, transform, shifted, points).astype(float))
        difference = (moved[0] - moved[1]) / (2 * step)
        assert np.abs(difference).max() > 0.01
        np.testing.assert_allclose(got[:, axis], difference, atol=2e-3 * np.abs(difference).max())


def test_the_result_does_not_depend_on_threads() -> None:
    original, transform = phantom(40, voxel_size_angstrom=3.2), random_transform(4)
    one, two, five = (resample(original, transform, original.grid, threads=n).data for n in (1, 2, 5))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, five)


def test_name_and_labels_are_kept() -> None:
    named = DensityMap(np.ones((4, 4, 4)), Grid((4, 4, 4)), "name", ("label",))
    onto = Grid((3, 3, 3))
    for result in (resample(named, identity(), onto), smoothed(named, onto, sigma_angstrom=1.0)):
        assert (result.name, result.labels, result.grid) == ("name", ("label",), onto)


def test_the_given_map_is_not_changed() -> None:
    noise = DensityMap(np.random.default_rng(1).normal(size=(6, 6, 6)), Grid((6, 6, 6)))
    kept = noise.data.copy()
    for result in (resample(noise, identity(), noise.grid), smoothed(noise, noise.grid, sigma_angstrom=0.8)):
        assert not np.shares_memory(result.data, noise.data)
    np.testing.assert_array_equal(noise.data, kept)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (Grid.cube(60, 2.0, np.zeros(3)), Grid.cube(32, 3.9, np.ones(3))),
        (
            Grid((50, 60, 70), (1.7, 2.0, 2.4), (-60.0, -58.0, -62.0)),
            Grid((31, 29, 40), (4.0, 4.5, 3.1), (-61, -62, -60)),
        ),
        (Grid.cube(40, 3.0, np.zeros(3)), Grid.cube(61, 1.9, np.zeros(3))),
    ],
)
def test_a_smoothed_gaussian_is_a_wider_gaussian(source: Grid, target: Grid) -> None:
    centre = np.array([3.0, -4.5, 7.2])
    got = smoothed(blob(source, centre, 7.0), target, sigma_angstrom=4.0)
    expected = blob(target, centre, np.hypot(7.0, 4.0))
    assert largest_relative_difference(got.data, expected.data) < 1e-4


def test_smoothing_keeps_mass_and_centre_of_mass() -> None:
    source, target = Grid.cube(60, 2.5, np.zeros(3)), Grid((30, 36, 40), (4.4, 5.0, 5.5), (-84.0, -88.0, -80.0))
    molecule = phantom(grid=source, resolution_angstrom=8.0)
    smooth = smoothed(molecule, target, sigma_angstrom=0.75 * 5.5)
    sums = []
    for density in (molecule, smooth):
        weights = density.data.astype(float)
        mass = weights.sum() * np.prod(density.grid.voxel_size_angstrom)
        axes = [density.grid.axis_angstrom(axis) for axis in (2, 1, 0)]
        centre = [
            weights.sum(axis=axes) @ x / weights.sum() for axes, x in zip(((0, 1), (0, 2), (1, 2)), axes, strict=True)
        ]
        sums.append([mass, *centre])
    assert sums[1][0] == pytest.approx(sums[0][0], rel=2e-3)
    np.testing.assert_allclose(sums[1][1:], sums[0][1:], atol=0.02)


def test_smoothing_commutes_with_transforms() -> None:
    # Smoothing widens the Gaussian of each residue, so the smoothed phantom is known in closed form.
    sigma, width = 5.0, 9.0
    wider = np.sqrt(width**2 + (FWHM * sigma) ** 2)
    target = Grid.cube(32, 5.0, np.array([2.0, -1.0, 3.0]))
    for seed in range(3):
        transform = random_transform(seed, mirror=seed == 1)
        sharp = phantom(64, voxel_size_angstrom=2.6, resolution_angstrom=width, transform=transform)
        expected = phantom(grid=target, resolution_angstrom=wider, transform=transform).data * (width / wider) ** 3
        assert largest_relative_difference(smoothed(sharp, target, sigma_angstrom=sigma).data, expected) < 1e-3


def test_smoothing_is_linear_and_keeps_a_density_positive() -> None:
    rng = np.random.default_rng(3)
    grid, onto = Grid((12, 13, 14)), Grid((7, 7, 7), (2.0, 2.0, 2.0))
    u, v = (DensityMap(rng.random((12, 13, 14)), grid) for _ in range(2))

    def smooth(data: np.ndarray) -> np.ndarray:
        return smoothed(DensityMap(data, grid), onto, sigma_angstrom=1.5).data

    np.testing.assert_allclose(smooth(2 * u.data - v.data), 2 * smooth(u.data) - smooth(v.data), atol=1e-5)
    assert smooth(u.data).min() >= 0


def test_a_smoothed_map_is_zero_far_from_the_box() -> None:
    full = DensityMap(np.ones((20, 20, 20)), Grid((20, 20, 20)))
    far = smoothed(full, Grid.cube(8, 1.0, np.array([60.0, 9.5, 9.5])), sigma_angstrom=2.0)
    assert not far.data.any()
    # On the boundary of a half space of ones, the smoothed density is 1/2.
    middle = smoothed(full, Grid((1, 1, 1), origin_angstrom=(-0.5, 9.5, 9.5)), sigma_angstrom=2.0)
    assert float(middle.data[0, 0, 0]) == pytest.approx(0.5, abs=1e-3)


def test_two_transforms_are_their_composition() -> None:
    original = phantom(56, voxel_size_angstrom=3.0, resolution_angstrom=12.0)
    first, second = random_transform(8, reach=5.0), random_transform(9, reach=5.0)
    twice = resample(resample(original, first, original.grid), second, original.grid)
    once = resample(original, compose(second, first), original.grid)
    assert largest_relative_difference(twice.data, once.data) < 0.01
    point = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(
        apply_transform(compose(second, first), point), apply_transform(second, apply_transform(first, point))
    )


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_sums_of_moments_are_those_of_the_derivatives(mirrored: bool) -> None:
    rng = np.random.default_rng(8)
    source, onto = Grid.cube(14, 2.1, np.array([3.0, 1.0, -2.0])), Grid.cube(16, 1.7, np.array([2.0, 0.0, 1.0]))
    coefficients = rng.normal(size=(14, 14, 14)).astype(np.float32)
    transform = random_transform(3, mirror=mirrored, reach=4.0)
    points = rng.integers(0, 16, (800, 3)).astype(np.int32)  # some of them outside the map
    columns, densities, centre = rng.normal(size=(800, 4)), rng.normal(size=800).astype(np.float32), [4.0, 5.0, 6.0]
    sums = spline_moments_at(
        coefficients, source, transform, onto, points, centre=np.array(centre), columns=columns, densities=densities
    )
    slopes = spline_gradients_at(coefficients, source, transform, onto, points)
    arms = points - (np.array(centre) - onto.origin_angstrom) / onto.voxel_size_angstrom
    derivatives = np.hstack([np.cross(arms, slopes), slopes])
    assert (slopes == 0).all(axis=1).any()
    np.testing.assert_allclose(sums, derivatives.T @ np.column_stack([columns, densities]), atol=2e-3)
