from pathlib import Path

import mrcfile
import numpy as np
import pytest

import botalign
from botalign.errors import InputError
from botalign.maps import MapWarning


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mrcfile")
@pytest.mark.parametrize(("kind", "kept"), [("i1", "i1"), (">i2", "i2"), ("u2", "u2"), ("f2", "f4"), (">f4", "f4")])
def test_values_keep_their_type_in_the_byte_order_of_the_machine(tmp_path: Path, kind: str, kept: str) -> None:
    values = np.random.default_rng(0).integers(0, 100, (6, 7, 8)).astype(kind)
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(values.astype(values.dtype.newbyteorder("=")))
        file.voxel_size = 2.5
    if kind.startswith(">"):
        content = np.fromfile(tmp_path / "a.mrc", np.uint8)
        header = content[:1024].view("i4").byteswap().view(np.uint8)
        header[208:216] = np.frombuffer(b"MAP \x11\x11\0\0", np.uint8)
        data = content[1024:].view(np.dtype(kind).newbyteorder("=")).byteswap().view(np.uint8)
        np.concatenate([header, data]).tofile(tmp_path / "a.mrc")
    stored = botalign.read_stored(tmp_path / "a.mrc")
    assert stored.values.dtype == np.dtype(kept)
    assert stored.values.dtype.isnative
    np.testing.assert_array_equal(stored.values, values)
    density_map = botalign.read(tmp_path / "a.mrc")
    assert stored.header.grid == density_map.grid
    assert stored.contour_level == pytest.approx(botalign.contour_level(density_map))
    assert repr(stored) == f"<StoredValues a.mrc: map of shape (6, 7, 8), {stored.values.dtype}>"


def test_images_are_accepted_and_bad_values_refused(tmp_path: Path) -> None:
    botalign.ImageStack(np.zeros((3, 8, 8)), (1.5, 2.0)).write(tmp_path / "a.mrcs")
    assert botalign.read_stored(tmp_path / "a.mrcs").header.images
    botalign.DensityMap(np.zeros((8, 8, 8)), botalign.Grid((8, 8, 8), (2.0,) * 3)).write(tmp_path / "b.mrc")
    content = np.fromfile(tmp_path / "b.mrc", np.float32)
    content[300] = np.nan
    content.tofile(tmp_path / "b.mrc")
    with pytest.raises(InputError, match=r"b\.mrc: 1 value is NaN or infinite"):
        botalign.read_stored(tmp_path / "b.mrc")
    content[300] = 0
    np.append(content, np.float32(0)).tofile(tmp_path / "c.mrc")
    with pytest.warns(MapWarning, match=r"c\.mrc: 4 bytes too long"):
        botalign.read_stored(tmp_path / "c.mrc")
