import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from botalign import (
    Alignment,
    AlignmentOptions,
    DensityMap,
    InputError,
    Model,
    align,
    phantom,
    read_particles,
    simulate,
)
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate, MapReference
from botalign.alignment.scale import Scale
from botalign.alignment.search_solver import _checked_scale, _Judged
from botalign.alignment.uncertainty import Errors, Uncertainty
from botalign.geometry import apply_transform, geodesic_degrees, inverse, scale_factor, to_napari
from botalign.maps.grid import Grid
from botalign.scores import correlation_about_mean

from .conftest import SIZE, VOXEL

#: The voxels of the moving map are too small by this factor.
FACTOR = 1.03


def wrong(density_map: DensityMap, factor: float) -> DensityMap:
    """Return a map whose voxel size is too small by a factor; the position of its first voxel stays."""
    grid = density_map.grid
    return replace(density_map, grid=replace(grid, voxel_size_angstrom=(VOXEL / factor,) * 3))


@pytest.fixture(scope="module")
def scaled(fixed: DensityMap, moving: DensityMap) -> Alignment:
    """The alignment of a map whose voxel size is wrong, with its scale."""
    return align(fixed, wrong(moving, FACTOR), scale="fit", hand="keep", evaluations=50)


def angle(result: Alignment, there: np.ndarray) -> float:
    return float(geodesic_degrees(result.rotation, inverse(there)[:, :3]))


@pytest.mark.parametrize("factor", [0.95, 0.99, FACTOR, 1.05])
def test_the_scale_is_found_and_its_value_corrects_the_voxel_size(
    fixed: DensityMap, moving: DensityMap, there: np.ndarray, factor: float
) -> None:
    result = align(fixed, wrong(moving, factor), hand="keep", evaluations=50)
    assert result.scale is not None
    assert result.scale.value == pytest.approx(factor, rel=1e-3)
    assert result.scale.is_wrong
    assert not result.scale.applied
    assert not result.is_scaled
    assert angle(result, there) < 0.5
    size = f"{VOXEL / factor:.4g}"
    changes = f"try 3 A instead of {size} A in the moving map or {size} A instead of 3 A in the fixed map"
    assert result.scale_text.endswith(f"unless the molecules differ in size; {changes}")
    assert result.scale_text in result.to_text().replace("\n" + 13 * " ", " ")


def test_a_wrong_voxel_size_of_the_fixed_map_gives_the_inverse(fixed: DensityMap, moving: DensityMap) -> None:
    result = align(wrong(fixed, FACTOR), moving, hand="keep", evaluations=50)
    assert result.scale is not None
    assert result.scale.value == pytest.approx(1 / FACTOR, rel=1e-3)


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (1e-20, 0.0), (3.0, 100.0)])
def test_right_voxel_sizes_have_scale_one_in_any_unit_of_density(
    fixed: DensityMap, moving: DensityMap, scale: float, offset: float
) -> None:
    other = moving.with_data(np.float32(scale) * moving.data + np.float32(offset))
    result = align(fixed, other, hand="keep", evaluations=50)
    assert result.scale is not None
    assert result.scale.value == pytest.approx(1.0, abs=5e-4)
    assert result.scale_text is None
    assert "scale" not in result.to_text()


def test_it_is_not_tested_if_it_is_to_be_kept_or_for_the_published_algorithm(
    fixed: DensityMap, moving: DensityMap
) -> None:
    assert align(fixed, moving, scale="keep", hand="keep", evaluations=50).scale is None
    assert align(fixed, moving, preset="paper", hand="keep", evaluations=2, size=16).scale is None


def test_another_conformation_is_not_taken_for_a_wrong_voxel_size(
    conformations: tuple[DensityMap, DensityMap, np.ndarray],
) -> None:
    fixed, moving, _ = conformations
    for loss in ("wemd", "core"):
        scale = align(fixed, moving, hand="keep", loss=loss).scale
        assert scale is None or not scale.is_wrong


def test_the_fitted_transform_is_a_similarity_that_superimposes_the_maps(
    scaled: Alignment, fixed: DensityMap, moving: DensityMap, there: np.ndarray
) -> None:
    assert scaled.scale is not None
    assert scaled.scale.applied
    assert scaled.is_scaled
    assert scale_factor(scaled.moving_to_fixed) == pytest.approx(scaled.scale.value, rel=1e-9)
    assert scaled.scale.value == pytest.approx(FACTOR, rel=1e-3)
    assert scaled.verdict == "certain"
    small = wrong(moving, FACTOR)
    back = scaled.apply(small, onto=fixed)
    assert correlation_about_mean(back.data.ravel(), fixed.data.ravel()) > 0.995
    # The corners of the box of the moving map, as they are with the right voxel size.
    indices = np.array([[0, 0, 0], [SIZE - 1, 0, 0], [0, SIZE - 1, SIZE - 1]])
    places = [apply_transform(each.grid.index_to_physical, indices) for each in (small, moving)]
    expected = apply_transform(inverse(there), places[1])
    found = apply_transform(scaled.moving_to_fixed, places[0])
    np.testing.assert_allclose(found, expected, atol=0.1 * VOXEL)
    again = apply_transform(scaled.matrix(inverse=True), found)
    np.testing.assert_allclose(again, places[0], atol=1e-9)


def test_the_scale_of_maps_that_do_not_match_is_no_advice(scaled: Alignment) -> None:
    assert scaled.scale is not None
    assert "voxel size" in str(scaled.scale_text)
    no_match = replace(scaled, verdict="no match")
    assert no_match.scale_text == f"{scaled.scale.value:.4f}, applied, although the maps do not match"


def test_rotation_shift_and_angles_are_those_without_the_scale(scaled: Alignment, there: np.ndarray) -> None:
    np.testing.assert_allclose(scaled.rotation @ scaled.rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(scaled.rotation) == pytest.approx(1.0)
    assert angle(scaled, there) < 0.1
    expected = np.degrees(np.arccos((np.trace(there[:, :3]) - 1) / 2))
    assert scaled.angle_degrees == pytest.approx(expected, abs=0.1)
    centre = scaled.moving.grid.centre_angstrom
    np.testing.assert_allclose(apply_transform(scaled.rigid, centre), centre + scaled.shift_angstrom)
    assert next(pose.angle_degrees for pose in scaled.poses) == pytest.approx(0.0, abs=1e-5)


def test_a_mirrored_map_is_scaled_too(fixed: DensityMap, mirrored: DensityMap) -> None:
    result = align(fixed, wrong(mirrored, FACTOR), scale="fit", hand="auto", evaluations=50)
    assert result.mirrored
    assert result.scale is not None
    assert np.linalg.det(result.moving_to_fixed[:, :3]) == pytest.approx(-(result.scale.value**3), rel=1e-9)
    assert result.scale.value == pytest.approx(FACTOR, rel=1e-3)


@pytest.mark.parametrize("factor", [1.0, FACTOR])
def test_the_scale_of_a_map_of_the_wrong_hand_is_that_of_its_mirror_image(
    fixed: DensityMap, mirrored: DensityMap, factor: float
) -> None:
    result = align(fixed, wrong(mirrored, factor), hand="check", evaluations=50)
    assert not result.mirrored
    assert result.scale is not None
    assert result.scale.value == pytest.approx(factor, rel=1e-3)


def test_maps_that_do_not_match_have_no_scale(fixed: DensityMap, moving: DensityMap, there: np.ndarray) -> None:
    problem = AlignmentProblem.of(fixed, moving, AlignmentOptions())
    judged = _Judged(Candidate(inverse(there), False, 0.0, 0.9), [])
    errors = Errors(Uncertainty(np.eye(6)), scale_step=1e-4, scale_error=1e-3)
    assert _checked_scale(problem, problem.coarse_fit, judged, errors, matches=False) is None
    scale = _checked_scale(problem, problem.coarse_fit, judged, errors, matches=True)
    assert scale is not None
    assert (scale.value, scale.standard_error) == (pytest.approx(1 + 1e-4), 1e-3)


def test_a_symmetric_map_keeps_its_symmetry_when_the_other_is_scaled(there: np.ndarray) -> None:
    # The noise of the fixed map is known from the box as given only.
    rng, maps = np.random.default_rng(7), []
    for transform in (None, there):
        clean = phantom(40, voxel_size_angstrom=VOXEL, symmetry="C3", transform=transform)
        noise = rng.normal(0, clean.data.std(), clean.data.shape)
        maps.append(clean.with_data((clean.data + noise).astype(np.float32)))
    result = align(maps[0], wrong(maps[1], FACTOR), scale="fit", hand="keep")
    assert result.is_scaled
    assert result.symmetry is not None
    assert result.symmetry.group == "C3"
    assert result.verdict == "certain"


@pytest.mark.parametrize("still", ["rotate", "shift"])
def test_the_scale_is_fitted_beside_a_shift_or_a_rotation_alone(
    scaled: Alignment, fixed: DensityMap, moving: DensityMap, still: str
) -> None:
    result = align(fixed, wrong(moving, FACTOR), scale="fit", start=scaled, hand="keep", **{still: False})
    assert result.scale is not None
    assert result.scale.value == pytest.approx(FACTOR, rel=2e-3)
    assert result.is_scaled


def test_a_start_that_scales_gives_its_rigid_part(scaled: Alignment) -> None:
    np.testing.assert_array_equal(AlignmentOptions(start=scaled).start_transform(), scaled.rigid)


def test_the_result_file_holds_the_scale(scaled: Alignment, tmp_path: Path) -> None:
    scaled.write(tmp_path / "r.json")
    assert Alignment.read(tmp_path / "r.json").to_json() == scaled.to_json()
    content = json.loads((tmp_path / "r.json").read_text())
    assert content["scale"]["value"] == scaled.scale.value
    for value in (1.0, -FACTOR, 0.0):
        content["scale"]["value"] = value
        (tmp_path / "changed.json").write_text(json.dumps(content))
        with pytest.raises(InputError, match=r"damaged result file .* not a transform of this scale"):
            Alignment.read(tmp_path / "changed.json")
    content["scale"] = None
    (tmp_path / "changed.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="damaged result file"):
        Alignment.read(tmp_path / "changed.json")


def test_a_result_file_from_before_the_scale_is_read(result: Alignment, tmp_path: Path) -> None:
    content = result.to_dict()
    del content["scale"], content["parameters"]["scale"]
    (tmp_path / "r.json").write_text(json.dumps(content))
    assert Alignment.read(tmp_path / "r.json").scale is None


@pytest.mark.parametrize("to", ["chimerax", "pyem", "relion", "euler"])
def test_programs_that_cannot_scale_are_refused(scaled: Alignment, to: str) -> None:
    with pytest.raises(InputError, match=r"scales the moving map by 1\.0\d+, which .* cannot; correct the voxel size"):
        scaled.export(to)


def test_napari_and_the_matrix_express_the_scale(scaled: Alignment) -> None:
    for to, expected in (("matrix", scaled.moving_to_fixed), ("napari", to_napari(scaled.moving_to_fixed))):
        found = np.array([line.split() for line in scaled.export(to).splitlines()], dtype=float)
        np.testing.assert_allclose(found, expected, atol=1e-8)


def test_models_and_particles_are_not_scaled(scaled: Alignment, tmp_path: Path) -> None:
    model = Model(np.zeros((1, 3)), np.ones(1), name="atom.pdb")
    with pytest.raises(InputError, match=r"^atom.pdb: the transform scales by 1\.0\d+, but the lengths of bonds"):
        scaled.apply(model)
    header = "data_\nloop_\n_rlnAngleRot\n_rlnAngleTilt\n_rlnAnglePsi\n_rlnOriginX\n_rlnOriginY\n_rlnImageName\n"
    (tmp_path / "p.star").write_text(header + "1 2 3 4 5 1@a.mrcs\n")
    with pytest.raises(InputError, match=r"p.star: the transform scales by 1\.0\d+, but poses cannot scale images"):
        scaled.apply(read_particles(tmp_path / "p.star"))


def test_contradictions_are_refused(fixed: DensityMap) -> None:
    with pytest.raises(InputError, match="scale: got 'auto', expected one of check, fit, keep"):
        AlignmentOptions(scale="auto")
    for name, value in (("refine", False), ("preset", "paper"), ("partial", True)):
        with pytest.raises(InputError, match="cannot be combined with"):
            AlignmentOptions(scale="fit", **{name: value})
    atoms = Model(np.random.default_rng(0).normal(scale=20, size=(50, 3)), np.ones(50), name="atoms")
    with pytest.raises(InputError, match="scale='fit': atoms is an atomic model, which is never scaled"):
        align(fixed, atoms, resolution=10, scale="fit")


def test_a_model_has_the_right_scale() -> None:
    grid = Grid((10, 10, 10), (2.0, 2.0, 2.0))
    density_map, model = MapReference("a.mrc", grid), MapReference("b.cif", grid, model=True)
    scale = Scale(1.02, 0.001)
    first, second = scale.to_text(density_map, model), scale.to_text(model, density_map)
    assert first.endswith("1.961 A instead of 2 A in the fixed map")
    assert second.endswith("2.04 A instead of 2 A in the moving map")
    assert "the voxel size of the map is off by 2.0%" in first


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [(1.013, 0.001, True), (1.013, 0.005, False), (1.0015, 1e-5, False), (0.99, 0.001, True), (1.0, 0.0, False)],
)
def test_what_counts_as_a_wrong_scale(value: float, error: float, expected: bool) -> None:
    assert Scale(value, error).is_wrong == expected


def test_exchanged_maps_have_the_inverse_scale_in_spite_of_their_noise(
    there: np.ndarray,
) -> None:
    options = {"voxel_size_angstrom": VOXEL, "noise": 0.1}
    first = phantom(SIZE, noise_seed=1, **options)
    second = phantom(SIZE, noise_seed=2, transform=there, **options)
    near = {"hand": "keep", "local_degrees": 5, "evaluations": 5}
    scale = align(first, second, start=inverse(there), **near).scale
    exchanged = align(second, first, start=there, **near).scale
    assert scale is not None
    assert exchanged is not None
    assert scale.value * exchanged.value == pytest.approx(1.0, abs=scale.standard_error)


@pytest.mark.slow
def test_the_standard_error_of_the_scale_is_the_spread_of_noisy_maps(there: Callable[..., np.ndarray]) -> None:
    options = {"voxel_size_angstrom": VOXEL, "noise": 0.1}
    values, stated = [], []
    for repeat in range(20):
        fixed = phantom(SIZE, noise_seed=2 * repeat, **options)
        moving = phantom(SIZE, noise_seed=2 * repeat + 1, transform=there, **options)
        scale = align(fixed, moving, hand="keep", start=inverse(there), local_degrees=5, evaluations=5).scale
        assert scale is not None
        values.append(scale.value)
        stated.append(scale.standard_error)
    assert 0.5 < np.sqrt(np.mean((np.array(values) - 1) ** 2)) / np.median(stated) < 1.5


@pytest.fixture(scope="module")
def chain() -> Model:
    """A random walk inside an ellipsoid."""
    rng = np.random.default_rng(1)
    points = [np.zeros(3)]
    while len(points) < 500:
        step = rng.normal(size=3)
        new = points[-1] + 3.8 * step / np.linalg.norm(step)
        if ((new / [24, 19, 15]) ** 2).sum() < 1:
            points.append(new)
    return Model(np.array(points), np.full(500, 6.0), name="chain.pdb")


@pytest.mark.parametrize("given", [8.0, 10.0, 16.0])
def test_another_definition_of_the_resolution_is_no_scale(chain: Model, given: float) -> None:
    density = simulate(chain, 13.0, voxel_size_angstrom=2.0)
    found = align(density, chain.moved(np.eye(3, 4)), resolution=given, threads=1)
    assert found.scale is None or not found.scale.is_wrong


@pytest.mark.parametrize("model_is_fixed", [False, True])
def test_a_wrong_voxel_size_is_found_at_a_slightly_wrong_resolution(chain: Model, model_is_fixed: bool) -> None:
    right = simulate(chain, 13.0, voxel_size_angstrom=2.0)
    density = DensityMap(right.data, right.grid.scaled(1.02, right.grid.centre_angstrom), "map.mrc")
    fixed, moving = (chain, density) if model_is_fixed else (density, chain)
    found = align(fixed, moving, resolution=12.0, threads=1)
    assert found.scale is not None
    assert found.scale.is_wrong
    assert found.scale.value == pytest.approx(1 / 1.02 if model_is_fixed else 1.02, abs=0.002)
