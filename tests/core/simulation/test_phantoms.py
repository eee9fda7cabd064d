import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from botalign.errors import InputError
from botalign.geometry import point_group, random_rotations
from botalign.maps import Grid
from botalign.simulation.phantoms import phantom, phantom_atoms

QUARTER_TURN_ABOUT_Z = np.array([[0.0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]])


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_voxels_are_sums_of_gaussians() -> None:
    grid = Grid((9, 8, 7), (4.0, 5.0, 6.0), (-20.0, -15.0, -10.0))
    got = phantom(grid=grid, resolution_angstrom=9.0, seed=3).data
    atoms, sigma = phantom_atoms(3), 9.0 / (2 * math.sqrt(2 * math.log(2)))
    for k, j, i in ((0, 0, 0), (4, 3, 3), (8, 2, 5)):
        position = grid.index_to_physical @ [i, j, k, 1]
        expected = np.exp(-0.5 * ((atoms - position) ** 2).sum(1) / sigma**2).sum()
        assert got[k, j, i] == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_the_mass_is_that_of_the_atoms() -> None:
    for size, voxel in ((64, 2.0), (96, 4 / 3)):
        sigma = 6.0 / (2 * math.sqrt(2 * math.log(2)))
        mass = phantom(size, voxel_size_angstrom=voxel, resolution_angstrom=6.0).data.sum(dtype=float) * voxel**3
        assert mass == pytest.approx(len(phantom_atoms()) * (2 * math.pi * sigma**2) ** 1.5, rel=1e-4)


def test_a_rotation_by_90_degrees_rotates_the_array() -> None:
    for size in (33, 64):
        rotated = phantom(size, voxel_size_angstrom=128 / size, transform=QUARTER_TURN_ABOUT_Z)
        straight = phantom(size, voxel_size_angstrom=128 / size)
        np.testing.assert_allclose(rotated.data, np.rot90(straight.data, axes=(2, 1)), atol=1e-5)


def test_a_mirror_flips_the_array() -> None:
    mirror = np.column_stack([np.diag([-1.0, 1, 1]), np.zeros(3)])
    np.testing.assert_allclose(phantom(transform=mirror).data, phantom().data[:, :, ::-1], atol=1e-5)


def test_a_shift_is_in_angstrom_x_first() -> None:
    shift = np.column_stack([np.eye(3), [4.0, -2.0, 6.0]])
    moved, original = phantom(transform=shift).data, phantom().data
    np.testing.assert_allclose(moved[3:, :-1, 2:], original[:-3, 1:, :-2], atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_phantom_fits_the_box_and_has_no_symmetry(seed: int) -> None:
    atoms = phantom_atoms(seed)
    assert np.linalg.norm(atoms, axis=1).max() == pytest.approx(48.0)
    np.testing.assert_allclose(atoms.mean(axis=0), 0, atol=1e-9)
    assert 400 < len(atoms) <= 1000
    # The moments of inertia differ, so a symmetry must be a rotation by 180 degrees about a principal axis or a mirror;
    # each of these leaves the atoms far from each other.
    variance, axes = np.linalg.eigh(np.cov(atoms.T))
    assert np.diff(np.sqrt(variance)).min() > 0.5
    tree = cKDTree(atoms)
    for signs in itertools.product((1, -1), repeat=3):
        if signs != (1, 1, 1):
            assert tree.query((atoms @ axes * signs) @ axes.T)[0].mean() > 2


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_phantom_is_chiral(seed: int) -> None:
    options = {"size": 24, "voxel_size_angstrom": 5.0, "resolution_angstrom": 10.0, "seed": seed}
    original = phantom(**options).data
    _, axes = np.linalg.eigh(np.cov(phantom_atoms(seed).T))
    best = {1.0: -1.0, -1.0: -1.0}
    near = [r for r in random_rotations(200, np.random.default_rng(0)) if np.trace(r) > 2.0]
    # The principal axes must match, so only four rotations and their neighbourhoods need to be tried.
    for signs in np.array(np.meshgrid([1, -1], [1, -1], [1, -1])).reshape(3, -1).T:
        R = axes @ np.diag(signs.astype(float)) @ axes.T
        for small in [np.eye(3), *near]:
            value = correlation(phantom(**options, transform=np.column_stack([small @ R, np.zeros(3)])).data, original)
            best[float(np.prod(signs))] = max(best[float(np.prod(signs))], value)
    assert best[1.0] == pytest.approx(1.0, abs=1e-6)
    assert best[-1.0] < 0.95


@pytest.mark.parametrize(
    ("symmetry", "order"), [("C1", 1), ("C4", 4), ("c7", 7), ("D1", 2), ("D2", 4), ("D7", 14), ("T", 12), ("I", 60)]
)
def test_symmetric_phantoms(symmetry: str, order: int) -> None:
    rotations = point_group(symmetry)
    assert rotations.shape == (order, 3, 3)
    np.testing.assert_allclose(rotations @ rotations.transpose(0, 2, 1), np.tile(np.eye(3), (order, 1, 1)), atol=1e-12)
    # They form a group: every product is one of them, and all differ.
    products = np.einsum("aij,bjk->abik", rotations, rotations)
    distance = np.linalg.norm(products[:, :, None] - rotations, axis=(-2, -1))
    assert (distance.min(axis=2) < 1e-9).all()
    assert (np.sort(distance, axis=2)[..., 1:] > 0.1).all()
    # Each of them maps the atoms to the atoms; another rotation does not.
    atoms = phantom_atoms(symmetry=symmetry)
    tree = cKDTree(atoms)
    for R in rotations:
        assert tree.query(atoms @ R.T)[0].max() < 1e-9
    assert (tree.query(atoms @ QUARTER_TURN_ABOUT_Z[:, :3].T)[0].max() < 1e-9) == (symmetry == "C4")
    assert np.linalg.norm(atoms, axis=1).max() == pytest.approx(48.0)


def test_the_hinge_moves_one_domain_only() -> None:
    original, bent = phantom_atoms(0), phantom_atoms(0, hinge_degrees=30.0)
    moved = np.linalg.norm(bent - original, axis=1) > 1e-9
    assert 0.2 < moved.mean() < 0.45
    np.testing.assert_allclose(
        np.linalg.norm(bent[moved][:, None] - bent[moved], axis=2),
        np.linalg.norm(original[moved][:, None] - original[moved], axis=2),
        atol=1e-9,
    )
    assert np.linalg.norm((bent - original)[moved], axis=1).mean() > 8.0


def test_noise_has_the_requested_level_and_its_own_seed() -> None:
    clean, noisy, again, other = (
        phantom(noise=n, noise_seed=s).data for n, s in ((0, 0), (0.1, 0), (0.1, 0), (0.1, 1))
    )
    np.testing.assert_array_equal(noisy, again)
    assert (noisy - clean).std() == pytest.approx(0.1 * clean.max(), rel=0.01)
    assert correlation(noisy - clean, other - clean) == pytest.approx(0, abs=0.01)


def test_the_seed_selects_the_molecule() -> None:
    np.testing.assert_array_equal(phantom(32, voxel_size_angstrom=4).data, phantom(32, voxel_size_angstrom=4).data)
    first, second = (phantom(32, voxel_size_angstrom=4, seed=s) for s in (0, 1))
    assert correlation(first.data, second.data) < 0.95
    assert first.name != second.name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"symmetry": "X"}, "symmetry: got 'X', expected Cn or Dn"),
        ({"symmetry": "C0"}, "symmetry: got 'C0'"),
        ({"transform": np.eye(4)}, r"transform: got an array of shape \(4, 4\)"),
        ({"transform": np.full((3, 4), np.nan)}, "transform"),
        ({"noise": -1}, "noise: got -1"),
        ({"resolution_angstrom": 0}, "resolution_angstrom: got 0"),
        ({"voxel_size_angstrom": -2}, "voxel_size_angstrom"),
        ({"size": 0}, "shape"),
    ],
)
def test_arguments_out_of_range(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        phantom(**options)


@pytest.mark.parametrize("axis", [(0, 0, 0), (0, 1), (0, float("nan"), 1)])
def test_an_axis_without_direction_is_refused(axis: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match=r"hinge_axis: got .*, expected three finite numbers"):
        phantom_atoms(hinge_axis=axis)
