from pathlib import Path

import numpy as np
import pytest

from botalign import DensityMap, InputError
from botalign.maps import find_volumes


def test_volumes_of_a_folder_are_in_numerical_order(tmp_path: Path) -> None:
    for name in ("vol_10.mrc", "._vol_10.mrc", "vol_9.mrc", "vol_100.map.gz", "z_values.txt"):
        (tmp_path / name).touch()
    assert [Path(str(path)).name for path in find_volumes(tmp_path)] == ["vol_9.mrc", "vol_10.mrc", "vol_100.map.gz"]


def test_volumes_of_a_numpy_file(tmp_path: Path) -> None:
    volumes = np.random.default_rng(0).random((3, 4, 5, 6))
    np.save(tmp_path / "v.npy", volumes)
    found = find_volumes(tmp_path / "v.npy", voxel_size_angstrom=2.5)
    for one, volume in zip(found, volumes, strict=True):
        assert isinstance(one, DensityMap)
        np.testing.assert_array_equal(one.data, volume.astype(np.float32))
        assert one.grid.voxel_size_angstrom == (2.5, 2.5, 2.5)


def test_other_files_and_folders_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.zeros((4, 4, 4)))
    with (tmp_path / "archive.npy").open("wb") as file:
        np.savez(file, np.zeros((2, 4, 4, 4)))
    for name in ("text.npy", "text.txt"):
        (tmp_path / name).write_text("text")
    for path, found in (
        (tmp_path, "no maps in this folder"),
        (tmp_path / "one.npy", r"expected volumes \(volumes, z, y, x\)"),
        (tmp_path / "text.npy", "not a NumPy array"),
        (tmp_path / "missing.npy", "no such file; check the name"),
        (tmp_path / "text.txt", "text.txt: not a folder, expected a folder of maps"),
        (tmp_path / "nowhere", "nowhere: no such folder, expected a folder of maps"),
        (tmp_path / "archive.npy", "not a NumPy array, expected volumes"),
    ):
        with pytest.raises(InputError, match=found):
            find_volumes(path)
