import numpy as np
import pytest
from scipy import ndimage

from botalign import Alignment, DensityMap, InputError, phantom, potential, score
from botalign.alignment.masses import common_masses
from botalign.alignment.survey import survey
from botalign.geometry import inverse
from botalign.simulation import phantom_atoms


def at(density_map: DensityMap, places: np.ndarray) -> np.ndarray:
    """Values at positions (x, y, z) in angstrom."""
    grid = density_map.grid
    indices = (places - np.array(grid.origin_angstrom)) / np.array(grid.voxel_size_angstrom)
    return np.asarray(ndimage.map_coordinates(density_map.data, indices.T[::-1], order=1))


def test_the_sum_weighted_by_the_masses_is_the_distance(
    fixed: DensityMap, moving: DensityMap, there: np.ndarray
) -> None:
    for transform in (np.eye(3, 4), there, inverse(there)):
        found = potential(fixed, moving, transform=transform)
        grid, u, v = common_masses(survey(fixed), survey(moving), transform)
        assert found.grid == grid
        paired = (found.data * (u.astype(float) - v)).sum()
        assert paired == pytest.approx(score(fixed, moving, transform=transform).scores.wemd_angstrom, rel=1e-4)
        # It is fixed up to a constant only, which is such that its mean over both masses is zero.
        assert (found.data * (u.astype(float) + v)).sum() == pytest.approx(0, abs=1e-3 * paired)


@pytest.mark.parametrize("size", [32, 48])
def test_the_potential_rises_towards_where_mass_is_missing(size: int) -> None:
    hinge = 20.0
    first, second = (phantom(48, voxel_size_angstrom=3.0, hinge_degrees=angle) for angle in (0.0, hinge))
    found = potential(first, second, size=size)
    assert found.grid.shape == (size,) * 3
    here, there = phantom_atoms(), phantom_atoms(hinge_degrees=hinge)
    moved = np.linalg.norm(here - there, axis=1)
    rise = at(found, here) - at(found, there)
    assert (rise[moved > 10] > 0).mean() > 0.95
    # Where nothing moved the potential is nearly flat.
    lacking, surplus = at(found, here[moved > 10]).mean(), at(found, there[moved > 10]).mean()
    assert lacking - surplus > 1.5 * at(found, here[moved < 0.1]).std()


def test_after_the_transform_of_a_result_it_is_flatter(
    fixed: DensityMap, moving: DensityMap, result: Alignment
) -> None:
    plain = potential(fixed, moving, transform=result.moving_to_fixed)
    before = potential(fixed, moving)
    assert np.ptp(plain.data) < np.ptp(before.data)


def test_contour_levels_have_an_effect(fixed: DensityMap, moving: DensityMap) -> None:
    plain = potential(fixed, moving)
    for option in ("contour_level_first", "contour_level_second"):
        assert np.ptp(plain.data - potential(fixed, moving, **{option: 2.0}).data[:32, :32, :32]) > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 7}, "size: got 7"),
        ({"size": 300}, "size: got 300"),
        ({"size": 32.0}, "size: got 32.0"),
        ({"transform": 2 * np.eye(3, 4)}, "transform: got a matrix that is not rigid, expected"),
        ({"contour_level_second": 1e9}, "second map"),
    ],
)
def test_bad_input(fixed: DensityMap, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        potential(fixed, fixed, **options)
