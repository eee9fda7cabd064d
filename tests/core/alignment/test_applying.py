"""Moved maps that are written without being in memory as a whole."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import botalign
from botalign.alignment.applying import moved_map, write_moved_map

MOTION = np.column_stack([Rotation.from_euler("zyx", [20, 30, 40], degrees=True).as_matrix(), [5.0, -3.0, 2.0]])
#: More sections than are resampled at once.
GRID = botalign.Grid((70, 20, 33), (3.0, 3.0, 3.0), (-40.0, -30.0, -20.0))


@pytest.fixture(scope="module")
def density_map() -> botalign.DensityMap:
    return botalign.phantom(24, voxel_size_angstrom=5.0)


def assert_same(path: Path, density_map: botalign.DensityMap) -> None:
    """Compare the bytes of the file with those of the file of the moved map."""
    write_moved_map(path, density_map, MOTION, GRID, history="moved")
    whole = path.with_name(f"whole_{path.name}")
    moved_map(density_map, MOTION, GRID, threads=1).write(whole, history="moved")
    assert path.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("name", ["moved.mrc", "moved.map.gz", "moved.mrc.bz2"])
def test_the_file_is_that_of_the_moved_map(tmp_path: Path, density_map: botalign.DensityMap, name: str) -> None:
    assert_same(tmp_path / name, density_map)
    found, expected = botalign.read(tmp_path / name), botalign.resample(density_map, MOTION, GRID)
    assert found.grid == GRID
    np.testing.assert_array_equal(found.data, expected.data)


def test_a_mask_stays_a_mask(tmp_path: Path, density_map: botalign.DensityMap) -> None:
    mask = density_map.with_data((density_map.data > 0.3 * density_map.data.max()).astype(np.float32))
    assert botalign.resample(mask, MOTION, GRID).data.max() > 1.01
    assert_same(tmp_path / "mask.mrc", mask)
    found = botalign.read(tmp_path / "mask.mrc").data
    assert (found.min(), found.max()) == (0, 1)
