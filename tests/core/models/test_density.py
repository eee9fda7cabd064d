import math
import re
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.models import checked_resolution

POINTS = np.array([[0.0, 0.0, 0.0], [3.3, -2.0, 7.5], [-4.1, 5.0, 1.0]])
WEIGHTS = np.array([6.0, 8.0, 26.0])
MODEL = botalign.Model(POINTS, WEIGHTS)


def formula(grid: botalign.Grid, resolution: float) -> np.ndarray:
    sigma = resolution / (math.pi * math.sqrt(2))
    z, y, x = np.meshgrid(*(grid.axis_angstrom(axis) for axis in range(3)), indexing="ij")
    total = np.zeros(grid.shape)
    for (px, py, pz), weight in zip(POINTS, WEIGHTS, strict=True):
        squared = (x - px) ** 2 + (y - py) ** 2 + (z - pz) ** 2
        total += weight * (2 * math.pi * sigma**2) ** -1.5 * np.exp(-squared / (2 * sigma**2))
    return total


@pytest.mark.parametrize(
    "grid",
    [
        None,
        botalign.Grid((20, 24, 30), (1.5, 1.25, 1.0), (-15.0, -15.0, -15.0)),
        botalign.Grid((6, 6, 6), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0)),  # an atom outside reaches into it
    ],
)
def test_the_map_is_the_sum_of_gaussians(grid: botalign.Grid | None) -> None:
    density = botalign.simulate(MODEL, 7.0, grid=grid)
    expected = formula(density.grid, 7.0)
    assert np.abs(density.data - expected).max() < 1e-5 * expected.max()


def test_the_default_grid_is_that_of_molmap() -> None:
    grid = botalign.simulate(MODEL, 6.0).grid
    assert grid.voxel_size_angstrom == (2.0, 2.0, 2.0)
    assert grid.shape == tuple(math.ceil((extent + 36) / 2) for extent in (7.5, 7.0, 7.4))
    np.testing.assert_allclose(grid.centre_angstrom, [-0.4, 1.5, 3.75])
    assert botalign.simulate(MODEL, 6.0, voxel_size_angstrom=1.5).grid.voxel_size_angstrom == (1.5, 1.5, 1.5)


def test_a_moved_model_gives_a_moved_map(transform: np.ndarray) -> None:
    still, moved = (botalign.simulate(model, 8.0, voxel_size_angstrom=1.0) for model in (MODEL, MODEL.moved(transform)))
    resampled = botalign.resample(still, transform, moved.grid)
    assert np.corrcoef(resampled.data.ravel(), moved.data.ravel())[0, 1] > 0.9999


@pytest.mark.parametrize("resolution", [None, 0.99, 101, math.nan, "10", True])
def test_a_resolution_out_of_range_is_refused(resolution: object) -> None:
    with pytest.raises(botalign.InputError, match="from 1 to 100 A") as info:
        botalign.simulate(MODEL, resolution)  # type: ignore[arg-type]
    assert info.value.option == "resolution"


def test_options_that_cannot_be_used_are_refused() -> None:
    grid = botalign.Grid((4, 4, 4))
    for options, option in [
        ({"grid": grid, "voxel_size_angstrom": 1.0}, "voxel_size_angstrom"),
        ({"grid": np.zeros((4, 4, 4))}, "grid"),
        ({"voxel_size_angstrom": 0.0}, "voxel_size_angstrom"),
    ]:
        with pytest.raises(botalign.InputError) as info:
            botalign.simulate(MODEL, 5.0, **options)
        assert info.value.option == option
    with pytest.raises(botalign.InputError, match=r"model: got the path 'a.pdb', expected a Model; read a file with"):
        botalign.simulate("a.pdb", 5.0)  # type: ignore[arg-type]
    with pytest.raises(botalign.InputError, match="voxels is too large; use larger voxels"):
        botalign.simulate(MODEL, 100.0, voxel_size_angstrom=0.1)


@pytest.mark.parametrize(
    ("points", "weights", "message"),
    [
        (np.zeros((0, 3)), np.zeros(0), "no atoms"),
        (np.zeros((2, 2)), np.ones(2), "expected \\(n, 3\\) and \\(n,\\)"),
        (np.full((1, 3), np.inf), np.ones(1), "of 1 atom are not finite"),
        (np.zeros((1, 3)), np.zeros(1), "have no mass"),
    ],
)
def test_arrays_that_are_not_a_model_are_refused(points: np.ndarray, weights: np.ndarray, message: str) -> None:
    with pytest.raises(botalign.InputError, match=message):
        botalign.Model(points, weights)


def test_the_map_of_a_real_model_has_all_its_electrons(data_folder: Path) -> None:
    model = botalign.read_model(data_folder / "structures" / "4ake.cif")
    assert model.chains == ("A", "B")
    density = botalign.simulate(model, 4.0)
    assert density.data.sum() * np.prod(density.grid.voxel_size_angstrom) == pytest.approx(
        model.weights.sum(), rel=1e-4
    )


@pytest.mark.parametrize(
    ("voxel", "hint"),
    [
        (1.37, "; if it is unknown, try 4.11 A, three voxels of large."),
        (0.2, "; if it is unknown, try 1 A."),
        (40.0, "; if it is unknown, try 100 A."),
        (60.0, "from 1 to 100 A."),
    ],
)
def test_a_suggested_resolution_is_accepted(voxel: float, hint: str) -> None:
    density_map = botalign.DensityMap(np.zeros((4, 4, 4)), botalign.Grid((4, 4, 4), (voxel,) * 3), "large")
    with pytest.raises(botalign.InputError) as info:
        checked_resolution(None, density_map)
    assert str(info.value).endswith(hint)
    suggested = re.search(r"try (\S+) A", hint)
    if suggested:
        assert checked_resolution(float(suggested[1]), density_map) == float(suggested[1])
