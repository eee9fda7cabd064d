"""The Fourier shell correlations of two maps at their full sampling, and inside a part."""

import numpy as np
import pytest

import botalign
from botalign import DensityMap, Grid, phantom, score
from botalign.alignment import survey as survey_module
from botalign.geometry import (
    apply_transform,
    geodesic_degrees,
    identity,
    inverse,
    matrix_from_rotation_vector,
    transform_about,
)
from botalign.maps import resample
from botalign.scores import fourier_shell_correlation

VOXEL = 3.0


def half_maps(side: int = 48, noise: float = 0.3) -> tuple[DensityMap, DensityMap]:
    first, second = (phantom(side, voxel_size_angstrom=VOXEL, noise=noise, noise_seed=seed) for seed in (1, 2))
    return first, second


@pytest.fixture(scope="module")
def whole() -> DensityMap:
    return phantom(48, voxel_size_angstrom=VOXEL)


@pytest.fixture(scope="module")
def part(whole: DensityMap) -> DensityMap:
    """A corner of the phantom, in its place."""
    y, x = (whole.grid.axis_angstrom(axis).reshape(shape) for axis, shape in ((1, (-1, 1)), (2, (-1,))))
    return whole.with_data(np.where((x > 8) & (y > -4), whole.data, 0))


def test_the_unmasked_curve_is_that_of_the_whole_boxes() -> None:
    first, second = half_maps()
    curves = score(first, second).curves
    expected = fourier_shell_correlation(first.data, second.data, voxel_size_angstrom=VOXEL)
    assert curves.unmasked is not None
    np.testing.assert_allclose(curves.unmasked.frequency_per_angstrom, expected.frequency_per_angstrom)
    np.testing.assert_allclose(curves.unmasked.correlation, expected.correlation, atol=1e-4)
    # The sphere about the molecule leaves out noise.
    assert curves.masked.resolution(0.143) < curves.unmasked.resolution(0.143)
    assert "sphere about the molecule of" in curves.mask


def test_a_mask_is_applied_as_relion_does() -> None:
    first, second = half_maps()
    mask = first.with_data(np.clip(phantom(48, voxel_size_angstrom=VOXEL).data * 2, 0, 1))
    for masks in ({"mask_first": mask, "mask_second": mask}, {"mask_first": mask, "partial": False}):
        curves = score(first, second, **masks).curves
        products = [(each.data - np.float32(background(each))) * mask.data for each in (first, second)]
        expected = fourier_shell_correlation(*products, voxel_size_angstrom=VOXEL)
        np.testing.assert_allclose(curves.masked.correlation, expected.correlation, atol=1e-4)
        assert curves.mask == mask.name


def background(density_map: DensityMap) -> float:
    from botalign.maps.contour import background_level

    return background_level(density_map.data)


def test_half_maps_of_a_large_molecule_are_compared_at_full_sampling(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = half_maps(noise=0.01)
    full = score(first, second).curves.masked
    monkeypatch.setattr(survey_module, "FINEST_SIDE", 40)  # the fit then has larger voxels than the maps
    fitted = score(first, second, full_sampling=False)
    assert fitted.shells.frequency_per_angstrom[-1] < 0.8 / (2 * VOXEL)
    assert fitted.curves.unmasked is None
    again = score(first, second).curves.masked
    assert again.frequency_per_angstrom[-1] > 0.9 / (2 * VOXEL)
    assert again.resolution(0.143) == pytest.approx(full.resolution(0.143), rel=0.03)


def test_a_moved_map_is_moved_back(whole: DensityMap) -> None:
    motion = transform_about(matrix_from_rotation_vector([0.3, -0.5, 0.8]), np.zeros(3), np.array([3.0, -6.0, 4.0]))
    moved = phantom(54, voxel_size_angstrom=2.6, transform=motion)
    curves = score(whole, moved, transform=inverse(motion)).curves
    assert curves.masked.correlation[curves.masked.frequency_per_angstrom < 1 / 12].min() > 0.99
    assert score(whole, moved).curves.masked.resolution(0.5) > 2 * curves.masked.resolution(0.5)


@pytest.mark.parametrize("voxel", [4.5, 1.5])
def test_shells_end_where_the_coarser_map_does(whole: DensityMap, voxel: float) -> None:
    other = phantom(round(48 * VOXEL / voxel), voxel_size_angstrom=voxel, resolution_angstrom=12.0)
    for maps in ((whole, other), (other, whole)):
        masked = score(*maps).curves.masked
        assert masked.frequency_per_angstrom[-1] <= 1 / (2 * max(voxel, VOXEL)) * 1.001
        assert masked.correlation[masked.frequency_per_angstrom < 1 / 20].min() > 0.98


def test_boxes_need_not_be_cubes(whole: DensityMap) -> None:
    flat = DensityMap(whole.data[4:-6], whole.grid.part((4, 0, 0), (38, 48, 48)), "flat")
    masked = score(flat, whole).curves.masked
    assert masked.correlation.min() > 0.99
    grid = Grid((30, 44, 44), (3.2, 3.2, 4.4), tuple(whole.grid.centre_angstrom - [68, 68, 64]))
    stretched = resample(whole, identity(), grid)
    masked = score(stretched, whole).curves.masked
    assert masked.correlation[masked.frequency_per_angstrom < 1 / 15].min() > 0.97


def test_a_part_is_compared_inside_its_contour(whole: DensityMap, part: DensityMap) -> None:
    for maps, role in (((whole, part), "second"), ((part, whole), "first")):
        compared = score(*maps)
        assert compared.part is not None
        assert (compared.part.role, compared.part.reason) == (role, "noticed")
        assert 0.05 < compared.part.fraction < 0.5
        assert compared.curves.unmasked is None
        assert compared.curves.mask == f"the soft contour of {part.name}"
        assert compared.scores.correlation > 0.9
        assert agreement(compared.shells) > 0.7
        as_whole = score(*maps, partial=False)
        assert as_whole.part is None
        assert agreement(as_whole.shells) < 0.6
        # The same at the sampling of a fit.
        quick = score(*maps, full_sampling=False)
        assert quick.scores.correlation == compared.scores.correlation
        assert agreement(quick.shells) > 0.7


def agreement(shells: botalign.ShellCorrelation) -> float:
    """Mean of the correlations at middle resolutions."""
    middle = (shells.frequency_per_angstrom > 1 / 25) & (shells.frequency_per_angstrom < 1 / 12)
    return float(shells.correlation[middle].mean())


def test_a_part_in_a_wrong_place_does_not_agree(whole: DensityMap, part: DensityMap) -> None:
    there = apply_transform(identity(), np.array(score(whole, part).part.centre_angstrom))  # type: ignore[union-attr]
    away = transform_about(matrix_from_rotation_vector([1.5, 1.0, -0.7]), there, np.array([-9.0, 6.0, 0.0]))
    right, wrong = (score(whole, part, transform=pose).curves.masked.resolution(0.5) for pose in (identity(), away))
    assert wrong > 2 * right


def test_a_part_outside_the_box_agrees_nowhere(whole: DensityMap, part: DensityMap) -> None:
    away = np.column_stack([np.eye(3), [900.0, 0, 0]])
    np.testing.assert_array_equal(score(whole, part, transform=away).shells.correlation, 0)


@pytest.mark.slow
@pytest.mark.parametrize("role", ["moving", "fixed"])
def test_the_curves_of_an_aligned_part_are_inside_it(whole: DensityMap, part: DensityMap, role: str) -> None:
    motion = transform_about(matrix_from_rotation_vector([0.3, -0.5, 0.8]), np.zeros(3), np.array([3.0, -6.0, 4.0]))
    maps = [whole, resample(part, motion, part.grid)]
    result = botalign.align(*(maps if role == "moving" else maps[::-1]), partial=True, hand="keep", threads=1)
    wanted = inverse(motion) if role == "moving" else motion
    assert float(geodesic_degrees(result.rotation, wanted[:, :3])) < 3
    assert result.after.fsc_resolution_angstrom < 12
    assert result.before.fsc_resolution_angstrom > 2 * result.after.fsc_resolution_angstrom
    assert result.after.correlation > 0.9
    assert "the scores above are computed inside it, too" in str(result.part_text)
    curves = botalign.aligned_curves(result, *(maps if role == "moving" else maps[::-1]))
    assert (curves.unmasked, curves.mask) == (None, f"the soft contour of {part.name}")
    assert agreement(curves.masked) > 0.7
