"""The point group of a map, and its orientation along the conventional axes."""

import json
from pathlib import Path

import numpy as np
import pytest

from botalign import Alignment, DensityMap, InputError, orient, orient_steps, phantom, read, resample, run_until
from botalign.geometry import (
    apply_transform,
    compose,
    equivalent_axes,
    geodesic_degrees,
    inverse,
    point_group,
    random_rotations,
    rotation_order,
    transform_about,
)
from botalign.scores import correlation


def tilted(symmetry: str, *, noise: float = 0.0, seed: int = 3, molecule: int = 0) -> tuple[DensityMap, np.ndarray]:
    """A symmetric phantom in a random pose, with noise relative to the spread of all densities, and the pose."""
    rng = np.random.default_rng((seed, 3))
    pose = np.column_stack([random_rotations(1, rng)[0], rng.uniform(-6.0, 6.0, 3)])
    made = phantom(64, voxel_size_angstrom=3.0, symmetry=symmetry, transform=pose, seed=molecule)
    noisy = made.data + rng.normal(0, noise * made.data.std(), made.data.shape) if noise else made.data
    return made.with_data(noisy.astype(np.float32)), pose


def axes_error(found: np.ndarray, symmetry: str, pose: np.ndarray) -> float:
    """Largest angle between an operation of the group in its pose, and the nearest operation that was found."""
    operations = pose[:, :3] @ point_group(symmetry) @ pose[:, :3].T
    return max(float(geodesic_degrees(each, found[:, :, :3]).min()) for each in operations)


@pytest.mark.parametrize("symmetry", ["C2", "C3", "C12", "D2", "D4", "T", "O", "I"])
def test_the_group_and_its_axes_are_found(symmetry: str) -> None:
    density_map, pose = tilted(symmetry)
    found = orient(density_map)
    assert found.symmetry.group == symmetry
    assert found.is_symmetric
    assert axes_error(found.symmetry.operations, symmetry, pose) < 0.1
    # The oriented map has the conventional axes, about voxel side // 2.
    oriented = found.apply(density_map)
    centre = np.array(oriented.grid.origin_angstrom) + 32 * 3.0
    for operation in found.operations:
        np.testing.assert_allclose(apply_transform(operation, centre), centre, atol=1e-9)
    moved = found.symmetrised(density_map)
    assert correlation(moved.data, oriented.data) > 0.995


@pytest.mark.parametrize("symmetry", ["C2", "C3", "C12", "D2", "D4", "T", "O", "I"])
def test_noise_hides_neither_group_nor_axes(symmetry: str) -> None:
    density_map, pose = tilted(symmetry, noise=4.0)
    found = orient(density_map)
    assert found.symmetry.group == symmetry
    assert axes_error(found.symmetry.operations, symmetry, pose) < 2.5
    assert 0 < found.axis_error_degrees < 1.5


def test_an_order_is_not_that_of_a_start_which_the_fit_has_left() -> None:
    # From a rotation by 360 / 11 degrees, the fit goes to 360 / 12.
    density_map, pose = tilted("C12", seed=2, molecule=2)
    found = orient(density_map)
    assert found.symmetry.group == "C12"
    assert axes_error(found.symmetry.operations, "C12", pose) < 0.1


@pytest.mark.parametrize("noise", [0.0, 4.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_map_without_symmetry_has_none(seed: int, noise: float) -> None:
    made = phantom(64, voxel_size_angstrom=3.0, seed=seed)
    noisy = made.data + np.random.default_rng(seed).normal(0, noise * made.data.std(), made.data.shape)
    found = orient(made.with_data(noisy.astype(np.float32)))
    assert found.symmetry.group == "C1"
    assert not found.is_symmetric
    assert np.array_equal(found.transform, np.eye(3, 4))


@pytest.mark.parametrize("scale", [1e-25, 1e20])
def test_extreme_densities_do_not_matter(scale: float) -> None:
    """Their squares are beyond single precision."""
    made, pose = tilted("C3")
    found = orient(made.with_data(np.float32(scale) * made.data))
    assert found.symmetry.group == "C3"
    assert axes_error(found.symmetry.operations, "C3", pose) < 0.5
    assert found.to_alignment(made.with_data(np.float32(scale) * made.data)).after.correlation > 0.99


def test_a_group_that_is_requested_is_reported_not_to_fit() -> None:
    density_map, _ = tilted("C3")
    found = orient(density_map, symmetry="C2")
    assert (found.symmetry.group, found.requested, found.is_symmetric) == ("C2", True, False)
    text = found.to_text()
    assert "does not fit" in text
    assert "moved" not in text
    assert "inf" not in text


def test_a_subgroup_can_be_requested() -> None:
    density_map, pose = tilted("D4")
    found = orient(density_map, symmetry="c4")
    assert (found.symmetry.group, found.is_symmetric) == ("C4", True)
    assert axes_error(found.symmetry.operations, "C4", pose) < 0.1


def test_settings() -> None:
    density_map, _ = tilted("T")
    oriented = orient(density_map, setting="T222", symmetry="T").apply(density_map)
    centre = np.array(oriented.grid.origin_angstrom) + 32 * 3.0
    for axis in np.eye(3):
        about = transform_about(2 * np.outer(axis, axis) - np.eye(3), centre, centre)
        assert correlation(resample(oriented, about, oriented.grid).data, oriented.data) > 0.99


def test_the_rotation_is_the_smallest_one() -> None:
    # Upright maps stay as they are; D4 has eight equivalent positions, also half steps about its axis.
    for symmetry in ("C4", "D4", "O"):
        made = phantom(48, voxel_size_angstrom=3.5, symmetry=symmetry)
        assert geodesic_degrees(orient(made).transform[:, :3], np.eye(3)) < 0.1


def test_the_transform_as_a_result(tmp_path: Path) -> None:
    density_map, _ = tilted("C3")
    found = orient(density_map)
    found.to_alignment(density_map).write(tmp_path / "r.json")
    result = Alignment.read(tmp_path / "r.json")
    np.testing.assert_array_equal(result.moving_to_fixed, found.transform)
    np.testing.assert_allclose(result.apply(density_map).data, found.apply(density_map).data, atol=1e-6)
    assert result.after.correlation > 0.99


def test_bad_input() -> None:
    density_map = phantom(24, voxel_size_angstrom=5.0)
    with pytest.raises(InputError, match="Cn or Dn"):
        orient(density_map, symmetry="X5")
    with pytest.raises(InputError, match="T222"):
        orient(density_map, symmetry="T", setting="I3")
    with pytest.raises(InputError, match="DensityMap"):
        orient(density_map.data)  # type: ignore[arg-type]


@pytest.mark.parametrize(("file", "group"), [("emd_1080_groel_11.5A.mrc", "D7"), ("emd_1883.map", "C1")])
def test_real_maps(data_folder: Path, file: str, group: str) -> None:
    density_map = read(data_folder / "maps" / file)
    found = orient(density_map)
    assert found.symmetry.group == group
    if group == "C1":
        return
    centre = density_map.grid.centre_angstrom
    pose = transform_about(random_rotations(1, np.random.default_rng(1))[0], centre, centre + 4.0)
    again = orient(resample(density_map, pose, density_map.grid))
    # Both orient the molecule alike, up to the equivalent positions of the axes.
    left = compose(again.transform, compose(pose, inverse(found.transform)))
    turns = np.array(equivalent_axes(point_group(group)))
    assert geodesic_degrees(left[:, :3], turns).min() < 0.05
    middle = np.array(density_map.grid.origin_angstrom) + 50 * np.array(density_map.grid.voxel_size_angstrom)
    assert np.linalg.norm(apply_transform(left, middle) - middle) < 0.05 * 2.7


def test_a_setting_of_another_group_has_no_effect_and_an_unknown_one_is_refused() -> None:
    density_map, _ = tilted("C3")
    assert orient(density_map, setting="I3").setting == "C3"
    with pytest.raises(InputError, match="T: T, T222 or I: I2, I1, I3, I4"):
        orient(density_map, setting="foo")
    with pytest.raises(InputError, match="T: T, T222 or I: I2, I1, I3, I4"):
        orient(density_map, symmetry="C3", setting="I3")


@pytest.mark.parametrize("order", [2, 13, 14, 17, 48, 99])
def test_the_order_of_a_rotation(order: int) -> None:
    group = point_group(f"C{order}")
    assert max(rotation_order(rotation) for rotation in group) == order


@pytest.mark.parametrize("symbol", ["C1", "C7", "D2", "D7", "T", "O", "I"])
def test_point_groups_are_groups(symbol: str) -> None:
    group = point_group(symbol)
    products = np.einsum("aij,bjk->abik", group, group).reshape(-1, 3, 3)
    assert all(np.linalg.norm(group - product, axis=(1, 2)).min() < 1e-9 for product in products)


def test_the_steps_end_with_the_result_and_can_be_closed() -> None:
    density_map = phantom(32, voxel_size_angstrom=4.0, symmetry="C5")
    stages, steps = [], orient_steps(density_map)
    while True:
        try:
            stages.append(next(steps))
        except StopIteration as finished:
            found = finished.value
            break
    assert [step.stage for step in stages] == ["prepare", "axes", "refine"]
    assert all(0 <= step.done < step.total for step in stages)
    assert found.symmetry.group == "C5"
    np.testing.assert_array_equal(found.transform, orient(density_map).transform)
    with pytest.raises(InputError, match="expected Cn or Dn"):
        next(orient_steps(density_map, symmetry="Q4"))
    assert list(run_until(orient_steps(density_map), lambda: True)) == []


def test_the_operations_are_written(tmp_path: Path) -> None:
    found = orient(phantom(32, voxel_size_angstrom=4.0, symmetry="C2"))
    found.write_operations(tmp_path / "o.json")
    content = json.loads((tmp_path / "o.json").read_text())
    assert (content["group"], content["setting"]) == ("C2", "C2")
    np.testing.assert_allclose(np.array(content["operations"])[:, :, :3], [np.eye(3), np.diag([-1, -1, 1])], atol=1e-9)
    found.write_operations(tmp_path / "o.txt")
    assert (tmp_path / "o.txt").read_text() == found.biomt()
    for name, reason in (("o.json", "the file exists"), ("o.pdb", "unknown extension")):
        with pytest.raises(InputError, match=reason):
            found.write_operations(tmp_path / name)
