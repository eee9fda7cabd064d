import numpy as np
import pytest

from botalign import DensityMap, Grid
from botalign.alignment.extent import ENCLOSED_MASS, extent_of


@pytest.mark.parametrize("core", [1.0, 30.0, 1000.0])
def test_the_ball_encloses_nearly_all_of_the_mass(core: float) -> None:
    """With a heavy core, a thick layer of the rest may be outside; without one, few voxels are."""
    grid = Grid.cube(40, 2.0, np.array([3.0, -1.0, 2.0]))
    z, y, x = np.meshgrid(*(grid.axis_angstrom(axis) for axis in range(3)), indexing="ij")
    distance = np.sqrt((x - 3) ** 2 + (y + 1) ** 2 + (z - 2) ** 2)
    data = ((distance < 28) + (core - 1) * (distance < 12)).astype(np.float32)
    extent = extent_of(DensityMap(data, grid), np.count_nonzero(data) * 8.0, "a map", clear=True)
    np.testing.assert_allclose(extent.centre_angstrom, [3, -1, 2], atol=1e-9)
    radii = np.sort(np.unique(distance))
    mass = np.array([data[distance <= radius].sum(dtype=np.float64) for radius in radii])
    assert extent.radius_angstrom == pytest.approx(radii[np.argmax(mass >= ENCLOSED_MASS * mass[-1])] + 1)
