from pathlib import Path

import numpy as np
import pytest
from mrcfile.dtypes import HEADER_DTYPE

from botalign import InputError, correct_voxel_size, phantom, read, read_header
from botalign.maps import with_voxel_size
from botalign.maps.grid import Grid

#: Bytes of the header that hold the sides of the cell.
CELL = slice(40, 52)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A map of 24 x 20 x 16 voxels of 4 A, whose origin is in voxels."""
    path = tmp_path / "map.mrc"
    phantom(grid=Grid((16, 20, 24), (4.0, 4.0, 4.0), (8.0, -12.0, 0.0)), resolution_angstrom=12).write(path)
    raw = bytearray(path.read_bytes())
    header = np.frombuffer(raw, HEADER_DTYPE, count=1)
    header["origin"] = 0
    path.write_bytes(bytes(raw))
    return path


def without_cell(raw: bytes) -> bytes:
    return raw[: CELL.start] + raw[CELL.stop :]


def test_only_the_cell_of_the_header_changes(path: Path, tmp_path: Path) -> None:
    correct_voxel_size(path, tmp_path / "new.mrc", 4.1)
    old, new = path.read_bytes(), (tmp_path / "new.mrc").read_bytes()
    assert without_cell(new) == without_cell(old)
    np.testing.assert_allclose(np.frombuffer(new[CELL], "<f4"), [24 * 4.1, 20 * 4.1, 16 * 4.1], rtol=1e-6)
    grid = read(tmp_path / "new.mrc").grid
    assert grid.voxel_size_angstrom == (4.1, 4.1, 4.1)
    assert grid.origin_angstrom == pytest.approx((8.2, -12.3, 0.0))  # two and minus three voxels


def test_a_map_cut_out_of_a_larger_cell_and_a_big_endian_header(path: Path, tmp_path: Path) -> None:
    raw = bytearray(path.read_bytes())
    header = np.frombuffer(raw, HEADER_DTYPE, count=1)
    header["mx"], header["cella"]["x"] = 48, 48 * 4.0
    body = np.frombuffer(raw[1024:], "<f4").astype(">f4").tobytes()
    swapped = header.astype(HEADER_DTYPE.newbyteorder(">"))
    swapped["machst"] = (0x11, 0x11, 0, 0)
    path.write_bytes(swapped.tobytes() + body)
    correct_voxel_size(path, tmp_path / "new.mrc", 3.5)
    assert read_header(tmp_path / "new.mrc").grid.voxel_size_angstrom == (3.5, 3.5, 3.5)
    np.testing.assert_array_equal(read(tmp_path / "new.mrc").data, read(path).data)
    assert (tmp_path / "new.mrc").read_bytes()[1024:] == body


@pytest.mark.parametrize("extension", [".map.gz", ".mrc.bz2"])
def test_compression_follows_the_extension(path: Path, tmp_path: Path, extension: str) -> None:
    target, back = tmp_path / f"new{extension}", tmp_path / "back.mrc"
    correct_voxel_size(path, target, 5.0)
    correct_voxel_size(target, back, 4.0)
    assert read_header(target).compression in ("gzip", "bzip2")
    assert without_cell(back.read_bytes()) == without_cell(path.read_bytes())


@pytest.mark.parametrize("size", [0, -1.0, float("nan"), 1e6, "4", True])
def test_an_impossible_voxel_size_is_refused_and_nothing_written(path: Path, tmp_path: Path, size: object) -> None:
    with pytest.raises(InputError, match=r"voxel_size_angstrom: got .* expected a number from 0\.01 to 1000 A"):
        correct_voxel_size(path, tmp_path / "new.mrc", size)  # type: ignore[arg-type]
    assert [each.name for each in tmp_path.iterdir()] == ["map.mrc"]


def test_a_map_is_never_its_own_copy(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(InputError, match="is the map itself; choose another name"):
        correct_voxel_size(path, path, 4.1, overwrite=True)
    assert path.read_bytes() == before


def test_a_map_read_with_another_voxel_size_is_that_of_the_corrected_file(path: Path, tmp_path: Path) -> None:
    for origin in ((0.0, 0.0, 0.0), (5.0, 6.0, 7.0)):
        raw = bytearray(path.read_bytes())
        np.frombuffer(raw, HEADER_DTYPE, count=1)["origin"] = origin
        path.write_bytes(bytes(raw))
        correct_voxel_size(path, tmp_path / "new.mrc", 4.1, overwrite=True)
        assert with_voxel_size(read(path), path, 4.1).grid == read(tmp_path / "new.mrc").grid
