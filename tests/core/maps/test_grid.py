import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botalign.errors import InputError
from botalign.maps import DensityMap, Grid

numbers = st.floats(-1e4, 1e4)
sides = st.floats(0.01, 100.0)
grids = st.builds(
    Grid, st.tuples(*[st.integers(1, 500)] * 3), st.tuples(sides, sides, sides), st.tuples(numbers, numbers, numbers)
)


@given(grid=grids, data=st.data())
def test_voxel_positions_agree(grid: Grid, data: st.DataObject) -> None:
    k, j, i = (data.draw(st.integers(0, n - 1)) for n in grid.shape)
    position = grid.index_to_physical @ [i, j, k, 1]
    expected = [o + v * n for o, v, n in zip(grid.origin_angstrom, grid.voxel_size_angstrom, (i, j, k), strict=True)]
    np.testing.assert_allclose(position, expected, atol=1e-7)
    z, y, x = (grid.axis_angstrom(axis) for axis in range(3))
    np.testing.assert_allclose((x[i], y[j], z[k]), expected, atol=1e-7)
    assert (len(z), len(y), len(x)) == grid.shape


@given(grid=grids)
def test_centre_and_size(grid: Grid) -> None:
    z, y, x = (grid.axis_angstrom(axis) for axis in range(3))
    np.testing.assert_allclose(grid.centre_angstrom, [(a[0] + a[-1]) / 2 for a in (x, y, z)], atol=1e-7)
    span = [a[-1] - a[0] for a in (x, y, z)]
    np.testing.assert_allclose(grid.size_angstrom, np.add(span, grid.voxel_size_angstrom), atol=1e-6)


@given(side=st.integers(1, 500), voxel=sides, centre=st.tuples(numbers, numbers, numbers))
def test_a_cube_has_the_given_centre(side: int, voxel: float, centre: tuple[float, float, float]) -> None:
    grid = Grid.cube(side, voxel, np.array(centre))
    assert grid.shape == (side, side, side)
    np.testing.assert_allclose(grid.centre_angstrom, centre, atol=1e-7)


def test_numpy_numbers_are_converted() -> None:
    grid = Grid(tuple(np.array([2, 3, 4])), tuple(np.float32([1, 2, 3])), tuple(np.zeros(3)))
    assert grid == Grid((2, 3, 4), (1.0, 2.0, 3.0))
    assert hash(grid) == hash(Grid((2, 3, 4), (1.0, 2.0, 3.0)))
    assert {type(v) for v in (*grid.voxel_size_angstrom, *grid.origin_angstrom)} == {float}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((2, 3),), "shape of a grid.*three"),
        (((2, 3, 0),), "shape of a grid.*positive"),
        (((2, 3, 4), (1, 1, 0)), "voxel_size_angstrom of a grid.*positive"),
        (((2, 3, 4), (1, np.nan, 1)), "voxel_size_angstrom of a grid.*finite"),
        (((2, 3, 4), (1, 1, 1), (0, np.inf, 0)), "origin_angstrom of a grid.*finite"),
    ],
)
def test_invalid_grids_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Grid(*arguments)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((2, 3)), "2 dimensions"),
        (np.zeros((2, 3, 5)), r"shape \(2, 3, 5\), expected the shape \(2, 3, 4\) of its grid"),
        (np.zeros((2, 3, 4), complex), "complex"),
        (np.full((2, 3, 4), "a"), "<U1"),
        (np.full((2, 3, 4), np.nan), "24 voxels are NaN"),
        (np.full((2, 3, 4), 1e300), "24 voxels are NaN or infinite"),
    ],
)
def test_invalid_maps_are_refused(data: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=f"this one: .*{message}"):
        DensityMap(data, Grid((2, 3, 4)), name="this one")


def test_infinities_of_both_signs_are_refused_without_a_warning() -> None:
    data = np.zeros((2, 3, 4))
    data[0, 0, :2] = np.inf, -np.inf
    with pytest.raises(InputError, match="2 voxels"):
        DensityMap(data, Grid((2, 3, 4)))


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int64, np.float16, np.float64, ">f4"])
def test_real_types_are_converted_to_float32(dtype: type) -> None:
    data = (np.arange(24).reshape(2, 3, 4) % 2).astype(dtype)
    got = DensityMap(data, Grid((2, 3, 4)))
    assert got.data.dtype == np.float32
    assert got.data.dtype.isnative
    np.testing.assert_array_equal(got.data, data.astype(float))
    np.testing.assert_array_equal(got.with_data(2 * got.data).data, 2 * data.astype(float))
