from collections.abc import Callable

import numpy as np
import pytest

from botalign import DensityMap, Grid, contour_level, phantom


def level(data: np.ndarray) -> float:
    return contour_level(DensityMap(data, Grid(data.shape)))


def clean(seed: int) -> np.ndarray:
    return phantom(48, voxel_size_angstrom=2.7, seed=seed).data


def noisy(seed: int) -> np.ndarray:
    return phantom(48, voxel_size_angstrom=2.7, seed=seed, noise=0.1).data


def of_mean_zero(seed: int) -> np.ndarray:
    data = noisy(seed)
    return data - data.mean()


def masked(seed: int) -> np.ndarray:
    axis = np.arange(48) - 23.5
    ball = (axis**2)[:, None, None] + (axis**2)[None, :, None] + axis**2 < 22**2
    return noisy(seed) * ball


MAPS = [clean, noisy, of_mean_zero, masked]


@pytest.mark.parametrize("make", MAPS)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_contour_encloses_the_molecule(make: Callable[[int], np.ndarray], seed: int) -> None:
    data = make(seed)
    molecule = clean(seed)
    share = float((data > level(data)).mean())
    # Thresholds at which a residue's Gaussian is nearly zero, and at which it is not.
    assert share < (molecule > 0.02 * molecule.max()).mean()
    assert share > (molecule > 0.6 * molecule.max()).mean()


def test_the_level_does_not_depend_on_the_size_of_the_noisy_margin() -> None:
    for seed in (0, 1):
        sigma = 0.1 * float(clean(seed).max())
        for side in (48, 64, 80, 128):
            wide = np.random.default_rng(side).normal(0, sigma, (side, side, side))
            middle = slice((side - 48) // 2, (side - 48) // 2 + 48)
            wide[middle, middle, middle] = noisy(seed)
            assert 2.8 < level(wide) / sigma < 3.5


def test_padding_with_zeros_does_not_change_the_level() -> None:
    for side in (60, 96, 128):
        margin = (side - 48) // 2
        assert level(np.pad(clean(0), margin)) == pytest.approx(level(clean(0)), rel=0.05)


@pytest.mark.parametrize("make", MAPS)
@pytest.mark.parametrize(("scale", "offset"), [(3.0, 0.0), (1e-4, 0.0), (1.0, -2.0), (250.0, 1000.0), (0.5, 0.1)])
def test_the_level_scales_and_shifts_with_the_map(
    make: Callable[[int], np.ndarray], scale: float, offset: float
) -> None:
    data = make(0)
    expected = scale * level(data) + offset
    assert level(scale * data + offset) == pytest.approx(expected, abs=1e-5 * scale * float(np.ptp(data)))


@pytest.mark.parametrize("noise", [0.03, 0.1, 0.2])
@pytest.mark.parametrize("mean", [0.0, "subtracted"])
def test_the_level_is_above_the_noise(noise: float, mean: float | str) -> None:
    molecule = phantom(56, voxel_size_angstrom=2.7)
    data = phantom(56, voxel_size_angstrom=2.7, noise=noise).data
    shift = float(data.mean()) if mean == "subtracted" else 0.0
    sigma = noise * float(molecule.data.max())
    found = level(data - shift)
    assert found > 2 * sigma - shift
    assert found < molecule.data.max() - shift


@pytest.mark.parametrize("make", MAPS)
def test_the_mass_above_the_level_is_that_of_the_molecule(make: Callable[[int], np.ndarray]) -> None:
    data, molecule = make(0).astype(float), clean(0).astype(float)
    above = np.maximum(data - level(data), 0)
    positions = np.indices(data.shape).reshape(3, -1)
    centre, expected = (positions @ mass.ravel() / mass.sum() for mass in (above, molecule))
    np.testing.assert_allclose(centre, expected, atol=1.0)
    assert above[molecule > 0.1 * molecule.max()].sum() > 0.95 * above.sum()


def test_the_level_of_a_binary_mask_separates_its_values() -> None:
    data = np.zeros((20, 20, 20))
    data[5:12, 6:14, 7:15] = 1
    assert 0 <= level(data) < 1


def test_the_level_of_a_constant_map_is_its_value() -> None:
    assert level(np.full((5, 5, 5), 2.5)) == 2.5


def test_the_level_does_not_depend_on_the_voxel_size() -> None:
    # Of more than a million voxels, as in 110^3, only some are sampled.
    coarse = phantom(64, voxel_size_angstrom=2.2, resolution_angstrom=8.0)
    fine = phantom(110, voxel_size_angstrom=1.28, resolution_angstrom=8.0)
    assert contour_level(fine) == pytest.approx(contour_level(coarse), rel=0.05)
