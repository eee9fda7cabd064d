import numpy as np
import pytest

from botalign import DensityMap, InputError, phantom, score
from botalign.geometry import inverse


def shifted(angstrom: float, **options: object) -> DensityMap:
    return phantom(48, voxel_size_angstrom=3.0, transform=np.column_stack([np.eye(3), [angstrom, 0, 0]]), **options)


def test_a_map_agrees_with_itself(fixed: DensityMap) -> None:
    comparison = score(fixed, fixed)
    assert comparison.scores.correlation == pytest.approx(1, abs=1e-6)
    assert comparison.scores.correlation_about_mean == pytest.approx(1, abs=1e-6)
    assert comparison.scores.wemd_angstrom == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(comparison.shells.correlation, 1, atol=1e-4)


def test_scores_fall_with_the_distance() -> None:
    scores = [score(shifted(0), shifted(way)).scores for way in (0.0, 4.0, 8.0, 12.0)]
    assert (np.diff([s.correlation for s in scores]) < 0).all()
    assert (np.diff([s.correlation_about_mean for s in scores]) < 0).all()
    assert (np.diff([s.wemd_angstrom for s in scores]) > 0).all()
    assert (np.diff([s.fsc_resolution_angstrom for s in scores]) > 0).all()


@pytest.mark.parametrize("angstrom", [0.5, 5.0, 50.0])
def test_the_distance_of_a_shifted_copy_is_its_shift(fixed: DensityMap, angstrom: float) -> None:
    shift = angstrom / np.sqrt(3) * np.column_stack([np.sqrt(3) * np.eye(3) / angstrom, [1, -1, 1]])
    assert score(fixed, fixed, transform=shift).scores.wemd_angstrom == pytest.approx(angstrom, rel=0.2)


def test_a_shift_reduces_the_shell_correlation_by_its_phases() -> None:
    # A shift d changes the phase of a frequency k by 2 pi k d. Over a shell in all directions of a map whose power is
    # about the same in all, that leaves sin(x) / x with x = 2 pi |k| d.
    curve = score(shifted(0), shifted(4.0)).shells
    x = 2 * np.pi * curve.frequency_per_angstrom * 4.0
    some = curve.frequency_per_angstrom < 1 / 20
    np.testing.assert_allclose(curve.correlation[some], (np.sin(x) / x)[some], atol=0.2)


def test_other_units_and_grids_do_not_matter(fixed: DensityMap) -> None:
    finer = phantom(70, voxel_size_angstrom=2.2, resolution_angstrom=9.0)
    scores = score(fixed.with_data(1e-3 * fixed.data), finer).scores
    assert scores.correlation > 0.99
    assert scores.wemd_angstrom < 0.5 * score(fixed, shifted(3.0)).scores.wemd_angstrom


def test_noise_reduces_the_resolution() -> None:
    clean, noisy = phantom(48, voxel_size_angstrom=3.0), phantom(48, voxel_size_angstrom=3.0, noise=0.3, noise_seed=5)
    assert (
        score(clean, noisy).scores.fsc_resolution_angstrom
        > score(clean, shifted(0, noise=0.03)).scores.fsc_resolution_angstrom
    )


def test_a_map_in_a_pose_scores_as_the_map_sampled_there(
    fixed: DensityMap, moving: DensityMap, there: np.ndarray
) -> None:
    # `moving` is the phantom sampled after `there`: the inverse superimposes the two.
    back = score(fixed, moving, transform=inverse(there)).scores
    assert back.correlation == pytest.approx(1, abs=2e-3)
    assert back.wemd_angstrom < 0.1 * score(fixed, moving).scores.wemd_angstrom
    away = score(moving, fixed, transform=there).scores
    assert away.correlation == pytest.approx(1, abs=2e-3)


def test_a_transform_that_is_not_rigid_is_refused(fixed: DensityMap) -> None:
    with pytest.raises(InputError, match="transform"):
        score(fixed, fixed, transform=2 * np.eye(3, 4))
    with pytest.raises(InputError, match="transform"):
        score(fixed, fixed, transform=np.eye(4))
