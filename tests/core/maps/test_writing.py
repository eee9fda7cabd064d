import gzip
import warnings
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botalign.errors import InputError
from botalign.maps import EXTENSIONS, DensityMap, Grid, MapWarning, read

RNG = np.random.default_rng(1)
GRID = Grid((4, 5, 6), (1.5, 2.0, 2.5), (-3.0, 4.0, 7.5))


@pytest.fixture
def density_map() -> DensityMap:
    return DensityMap(RNG.standard_normal(GRID.shape).astype(np.float32), GRID, labels=("one", "two"))


@pytest.mark.parametrize("suffix", [*EXTENSIONS, ".MRC", ".Map.GZ"])
def test_a_written_map_is_read_back(tmp_path: Path, density_map: DensityMap, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    density_map.write(path, history="rotated")
    got = read(path)
    np.testing.assert_array_equal(got.data, density_map.data)
    assert got.grid == density_map.grid
    assert got.labels == ("one", "two", "rotated")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mrcfile")
def test_mrcfile_validates_the_written_file(tmp_path: Path, density_map: DensityMap) -> None:
    density_map.write(tmp_path / "out.mrc", history="rotated")
    assert mrcfile.validate(tmp_path / "out.mrc")
    with mrcfile.open(tmp_path / "out.mrc") as peer:
        np.testing.assert_array_equal(peer.data, density_map.data)
        assert peer.is_volume()
        assert peer.voxel_size.item() == (1.5, 2.0, 2.5)
        assert peer.header.origin.item() == (-3.0, 4.0, 7.5)
        assert peer.nstart.item() == (-2, 2, 3)
        assert peer.header.rms == pytest.approx(density_map.data.std(), rel=1e-6)
        assert peer.header.dmean == pytest.approx(density_map.data.mean(dtype=float), abs=1e-6)
        assert list(peer.get_labels()) == ["one", "two", "rotated"]


@pytest.mark.parametrize("origin", [(0.1, 0, 0), (1e6, 0, 0)])
def test_nstart_is_zero_if_it_cannot_express_the_origin(tmp_path: Path, origin: tuple[float, float, float]) -> None:
    grid = Grid((4, 5, 6), (1.0, 1.0, 1.0), origin)
    DensityMap(np.ones(grid.shape), grid).write(tmp_path / "a.mrc")
    with mrcfile.open(tmp_path / "a.mrc") as peer:
        assert peer.nstart.item() == (0, 0, 0)
    np.testing.assert_allclose(read(tmp_path / "a.mrc").grid.origin_angstrom, origin)


@pytest.mark.parametrize("suffix", [".mrc", ".mrc.gz", ".mrc.bz2"])
def test_the_same_map_gives_the_same_bytes(tmp_path: Path, density_map: DensityMap, suffix: str) -> None:
    first, second = tmp_path / f"first{suffix}", tmp_path / f"another{suffix}"
    density_map.write(first, history="h")
    density_map.write(second, history="h")
    assert first.read_bytes() == second.read_bytes()


def test_the_extension_selects_the_compression(tmp_path: Path, density_map: DensityMap) -> None:
    density_map.write(tmp_path / "a.mrc")
    density_map.write(tmp_path / "a.mrc.gz")
    assert gzip.decompress((tmp_path / "a.mrc.gz").read_bytes()) == (tmp_path / "a.mrc").read_bytes()


def test_the_first_and_the_latest_labels_are_kept(tmp_path: Path, density_map: DensityMap) -> None:
    old = tuple(f"label {i}" for i in range(10))
    full = DensityMap(density_map.data, density_map.grid, labels=old)
    full.write(tmp_path / "a.mrc", history="new line\nwith ångström " + "x" * 100)
    labels = read(tmp_path / "a.mrc").labels
    assert labels[:9] == ("label 0", *old[2:])
    assert labels[9].startswith("new line with ?ngstr?m xxx")
    assert len(labels[9]) == 80
    full.write(tmp_path / "b.mrc")
    assert read(tmp_path / "b.mrc").labels == old


def test_the_label_of_a_chimera_rotation_is_removed(tmp_path: Path, density_map: DensityMap) -> None:
    rotated = DensityMap(density_map.data, density_map.grid, labels=("Chimera rotation: 0 0 1 30", "kept"))
    rotated.write(tmp_path / "a.mrc")
    assert read(tmp_path / "a.mrc").labels == ("kept",)


def test_an_existing_file_is_replaced_only_on_request(tmp_path: Path, density_map: DensityMap) -> None:
    path = tmp_path / "a.mrc"
    path.write_bytes(b"precious")
    with pytest.raises(InputError, match=r"a\.mrc: the file exists.*overwrite=True"):
        density_map.write(path)
    assert path.read_bytes() == b"precious"
    density_map.write(path, overwrite=True)
    np.testing.assert_array_equal(read(path).data, density_map.data)
    # Also the file that it came from.
    read(path).write(path, overwrite=True)
    np.testing.assert_array_equal(read(path).data, density_map.data)


@pytest.mark.parametrize("name", ["a", "a.gz", "a.mrcs", "a.txt", "a.mrc.zip", "a.mrc.gz.txt"])
def test_unknown_extensions(tmp_path: Path, density_map: DensityMap, name: str) -> None:
    with pytest.raises(InputError, match=r"(unknown|no) extension.*; use one of \.mrc, \.map"):
        density_map.write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_map_that_is_not_contiguous(tmp_path: Path) -> None:
    data = np.arange(120, dtype=np.float64).reshape(6, 5, 4).T
    density_map = DensityMap(data, Grid((4, 5, 6)))
    density_map.write(tmp_path / "a.mrc")
    np.testing.assert_array_equal(read(tmp_path / "a.mrc").data, data)


sides = st.floats(0.05, 50.0)
positions = st.floats(-5000.0, 5000.0)


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(*[st.integers(2, 9)] * 3),
    voxel=st.tuples(sides, sides, sides),
    origin=st.tuples(positions, positions, positions),
    seed=st.integers(0, 99),
)
def test_any_grid_is_read_back_in_single_precision(
    tmp_path_factory: pytest.TempPathFactory,
    shape: tuple[int, int, int],
    voxel: tuple[float, float, float],
    origin: tuple[float, float, float],
    seed: int,
) -> None:
    path = tmp_path_factory.mktemp("round") / "a.mrc"
    data = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    DensityMap(data, Grid(shape, voxel, origin)).write(path)
    got = read(path)
    np.testing.assert_array_equal(got.data, data)
    np.testing.assert_allclose(got.grid.voxel_size_angstrom, voxel, rtol=7e-7)
    # An origin below a millionth of a voxel counts as zero.
    np.testing.assert_allclose(got.grid.origin_angstrom, origin, rtol=1e-7, atol=1e-6 * max(voxel))
    got.write(path, overwrite=True)
    np.testing.assert_allclose(read(path).grid.voxel_size_angstrom, got.grid.voxel_size_angstrom, rtol=2e-7)


def test_real_maps_are_read_back(data_folder: Path, tmp_path: Path) -> None:
    for path in sorted((data_folder / "maps").iterdir()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MapWarning)
            original = read(path)
        original.write(tmp_path / "a.mrc", overwrite=True)
        got = read(tmp_path / "a.mrc")
        np.testing.assert_array_equal(got.data, original.data)
        assert got.grid == original.grid
        assert got.labels == original.labels
