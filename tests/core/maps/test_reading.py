import bz2
import gzip
import itertools
import os
import re
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pytest

import botalign
from botalign.errors import InputError
from botalign.maps import MapWarning, read, read_header

MakeFile = Callable[..., Path]
MODES = (0, 1, 2, 6, 12)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("mode", MODES)
def test_every_mode_and_byte_order(make_file: MakeFile, densities: np.ndarray, mode: int, order: str) -> None:
    path = make_file(densities, mode=mode, order=order)
    got = read(path)
    assert got.data.dtype == np.float32
    assert got.data.flags.c_contiguous
    np.testing.assert_array_equal(got.data, densities)
    np.testing.assert_array_equal(got.data, mrcfile.read(path))
    assert got.grid.voxel_size_angstrom == (1.5, 2.0, 2.5)
    assert got.name == str(path)


def test_negative_values_of_signed_modes(make_file: MakeFile, densities: np.ndarray) -> None:
    for mode in (0, 1, 2, 12):
        np.testing.assert_array_equal(read(make_file(-densities, mode=mode)).data, -densities)


def imod_extra(flags: int) -> np.void:
    """Return the field with the stamp of IMOD; bit 0 of the flags is set for signed bytes."""
    extra = bytearray(84)
    extra[40:48] = np.array([1146047817, flags], "<i4").tobytes()
    return np.void(bytes(extra))


def test_imod_bytes_are_unsigned_unless_flagged(make_file: MakeFile, densities: np.ndarray) -> None:
    above_127 = densities + 100
    for flags, expected in ((0, above_127), (1, above_127.astype(np.uint8).astype(np.int8))):
        path = make_file(above_127.astype(np.uint8).view(np.int8), mode=0, extra2=imod_extra(flags))
        np.testing.assert_array_equal(read(path).data, expected)


@pytest.mark.parametrize("axis_order", list(itertools.permutations((1, 2, 3))))
@pytest.mark.parametrize("order", ["<", ">"])
def test_all_axis_orders_give_the_same_positions(
    make_file: MakeFile, densities: np.ndarray, axis_order: tuple[int, int, int], order: str
) -> None:
    path = make_file(densities, axis_order=axis_order, order=order, nstart_xyz=(-3, 7, 11))
    got = read(path)
    np.testing.assert_array_equal(got.data, densities)
    assert got.grid.origin_angstrom == (-4.5, 14.0, 27.5)
    assert got.grid.voxel_size_angstrom == (1.5, 2.0, 2.5)
    header = read_header(path)
    assert header.axis_order == axis_order
    assert header.origin_from == "nstart"
    assert header.file_shape == mrcfile.read(path).shape


@pytest.mark.parametrize("axis_order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_the_origin_field_does_not_depend_on_the_axis_order_and_precedes_nstart(
    make_file: MakeFile, densities: np.ndarray, axis_order: tuple[int, int, int]
) -> None:
    path = make_file(densities, axis_order=axis_order, nstart_xyz=(1, 2, 3), origin=(-7.25, 0, 12.5))
    assert read(path).grid.origin_angstrom == (-7.25, 0.0, 12.5)
    assert read_header(path).origin_from == "origin"


def test_voxel_size_is_the_cell_divided_by_its_sampling(make_file: MakeFile, densities: np.ndarray) -> None:
    path = make_file(densities, mx=10, my=20, mz=40, cella=(12.0, 26.0, 54.0))
    assert read(path).grid.voxel_size_angstrom == (1.2, 1.3, 1.35)
    path = make_file(densities, mx=0, my=0, mz=0, cella=(6.0, 10.0, 10.0))
    assert read(path).grid.voxel_size_angstrom == (1.0, 2.0, 2.5)


@pytest.mark.parametrize("suffix", [".gz", ".bz2"])
@pytest.mark.parametrize("mode", [0, 2])
def test_compressed(make_file: MakeFile, densities: np.ndarray, suffix: str, mode: int) -> None:
    path = make_file(densities, f"a.map{suffix}", mode=mode, extended=b"x" * 160)
    np.testing.assert_array_equal(read(path).data, densities)
    assert read_header(path).compression == {".gz": "gzip", ".bz2": "bzip2"}[suffix]
    # The content is decisive, not the name.
    renamed = path.rename(path.with_name("plain.mrc"))
    np.testing.assert_array_equal(read(renamed).data, densities)


def test_extended_header_and_labels(make_file: MakeFile, densities: np.ndarray) -> None:
    label = np.array([b"first", b"", b"  second \x00\x07"] + [b""] * 7, dtype="S80")
    path = make_file(densities, extended=os.urandom(320), label=label, nlabl=3)
    got = read(path)
    np.testing.assert_array_equal(got.data, densities)
    assert got.labels == ("first", "second")
    assert read_header(path).extended_bytes == 320


HEADER_ERRORS = {
    "machine stamp": ({"machst": (0, 0, 0, 0)}, "unknown machine stamp, byte order guessed"),
    "map identifier": ({"map": b"\0\0\0\0"}, "no map identifier"),
    "neither": ({"map": b"", "machst": (0, 0, 0, 0)}, "no map identifier.*machine stamp"),
    "too long": ({"tail": b"x" * 17}, "17 bytes too long"),
    "no axis order": ({"mapc": 0, "mapr": 0, "maps": 0}, "no axis order"),
    "no voxel size": ({"cella": (0, 0, 0)}, "no voxel size, assumed 1 A"),
    "NaN for a voxel size": ({"cella": (np.nan, -1, 0)}, "no voxel size, assumed 1 A"),
    "impossible nstart": ({"nxstart": -2000000}, "impossible nstart"),
    "impossible origin": ({"origin": (np.nan, 0, 0)}, "impossible origin"),
    "absurd origin": ({"origin": (1e30, 0, 0)}, "impossible origin"),
    "negative extended header": ({"nsymbt": -8}, "extended header of -8 bytes"),
    "skewed cell": ({"cellb": (90, 111.55, 90)}, "cell angles 90, 111.55, 90 degrees"),
    "rotation by Chimera": ({"label": np.array([b"Chimera rotation: 0 0 1 30"] + [b""] * 9, "S80")}, "Chimera"),
    "perhaps a stack": ({"ispg": 0, "square": True}, "may be a stack of 4 images"),
}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("case", HEADER_ERRORS)
def test_a_header_with_errors_is_read_with_one_warning(
    make_file: MakeFile, densities: np.ndarray, case: str, order: str
) -> None:
    fields, message = HEADER_ERRORS[case]
    fields = dict(fields)
    data = densities[:, :, :5] if fields.pop("square", False) else densities
    path = make_file(data, order=order, **fields)
    with pytest.warns(MapWarning, match=message) as caught:
        got = read(path)
    assert len(caught) == 1
    assert str(path) in str(caught[0].message)
    assert "\n" not in str(caught[0].message)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(got.data, data)
    assert got.grid.origin_angstrom == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("mode", MODES)
def test_the_wrong_machine_stamp(make_file: MakeFile, densities: np.ndarray, mode: int, order: str) -> None:
    wrong = (0x11, 0x11, 0, 0) if order == "<" else (0x44, 0x44, 0, 0)
    with pytest.warns(MapWarning, match="wrong byte order in the machine stamp"):
        np.testing.assert_array_equal(read(make_file(densities, mode=mode, order=order, machst=wrong)).data, densities)


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2"])
def test_too_long(make_file: MakeFile, densities: np.ndarray, suffix: str) -> None:
    with pytest.warns(MapWarning, match="5000000 bytes too long"):
        got = read(make_file(densities, f"a.mrc{suffix}", tail=bytes(5_000_000)))
    np.testing.assert_array_equal(got.data, densities)


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2"])
def test_a_missing_extended_header(make_file: MakeFile, densities: np.ndarray, suffix: str) -> None:
    path = make_file(densities, f"a.mrc{suffix}", nsymbt=160)
    with pytest.warns(MapWarning, match="160 bytes is missing"):
        np.testing.assert_array_equal(read(path).data, densities)
    assert read_header(path).extended_bytes == 0


@pytest.mark.parametrize(
    ("mode", "low", "high", "kind"),
    [
        (0, 0, 255, "u1"), (0, -1, 127, "i1"), (0, 0, 127, "i1"), (1, 0, 65535, "u2"), (6, -5, 300, "i2"),
        (0, 0, 70000, "i1"), (0, 255, 0, "i1"), (0, 0, np.nan, "i1"), (2, 0, 255, "f4"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_range_in_the_header_decides_about_the_sign(
    make_file: MakeFile, mode: int, low: float, high: float, kind: str, order: str
) -> None:
    own = {0: "i1", 1: "i2", 2: "f4", 6: "u2"}[mode]
    stored = np.arange(-64, 64).reshape(4, 8, 4) if own[0] != "u" else np.arange(65500, 65628).reshape(4, 8, 4) % 65536
    path = make_file(stored, mode=mode, order=order, dmin=low, dmax=high)
    expected = stored.astype(own).view(kind)
    if kind == own:
        np.testing.assert_array_equal(read(path).data, expected)
        return
    sign = "unsigned" if kind[0] == "u" else "signed"
    with pytest.warns(
        MapWarning, match=f"densities from {low:g} to {high:g} according to its header, assumed {sign} int"
    ):
        np.testing.assert_array_equal(read(path).data, expected)


def test_imod_bytes_with_a_range_that_contradicts_their_flag(make_file: MakeFile, densities: np.ndarray) -> None:
    path = make_file(densities - 50, mode=0, extra2=imod_extra(0), dmin=-50, dmax=50)
    with pytest.warns(MapWarning, match="assumed signed integers"):
        np.testing.assert_array_equal(read(path).data, densities - 50)


def test_a_cubic_map_with_the_header_of_a_stack(make_file: MakeFile) -> None:
    """A stack of as many images as they have rows would be a coincidence, so each function reads what it expects."""
    cube = np.random.default_rng(0).standard_normal((6, 6, 6)).astype(np.float32)
    for depth in (1.5, 9.0):  # of one section, or of the map
        path = make_file(cube, ispg=0, mz=1, cella=(9.0, 9.0, depth))
        assert read(f"{path}:mrc").grid.voxel_size_angstrom == (1.5, 1.5, 1.5)
    with pytest.warns(MapWarning, match="may be a stack of 6 images according to its header, assumed a map"):
        np.testing.assert_array_equal(read(path).data, cube)
    np.testing.assert_array_equal(botalign.read_stack(path).images, cube)
    assert botalign.holds_images(path)
    assert not botalign.holds_images(f"{path}:mrc")
    np.testing.assert_array_equal(read(f"{path}:mrc").data, cube)  # without a warning


def test_the_content_stated_with_the_name(make_file: MakeFile, densities: np.ndarray) -> None:
    stack = make_file(densities, "a.mrcs")
    np.testing.assert_array_equal(read(f"{stack}:mrc").data, densities)
    assert read_header(f"{stack}:MRC").name == str(stack)
    map_file = make_file(densities, "a.map")
    np.testing.assert_array_equal(botalign.read_stack(f"{map_file}:mrcs").images, densities)
    with pytest.raises(InputError, match=r"a\.map: images according to its name, expected a map\.$"):
        read(f"{map_file}:mrcs")
    with pytest.raises(InputError, match=r"b\.map: no such file"):
        read(f"{map_file.with_name('b.map')}:mrc")
    renamed = map_file.rename(map_file.with_name("c.map:mrcs"))
    np.testing.assert_array_equal(read(renamed).data, densities)


def test_more_sections_than_a_map_can_have(make_file: MakeFile) -> None:
    path = make_file(np.zeros((65536, 2, 2), dtype=np.float32), mode=0)
    with pytest.raises(InputError, match="got 65536 images, not a map; give the map"):
        read(path)
    assert botalign.holds_images(path)


def test_missing_voxel_sides_are_replaced_by_a_valid_one(make_file: MakeFile, densities: np.ndarray) -> None:
    with pytest.warns(MapWarning, match=r"assumed 1\.5 A"):
        got = read(make_file(densities, cella=(9.0, 0.0, 10.0)))
    assert got.grid.voxel_size_angstrom == (1.5, 1.5, 2.5)


def test_space_group_0_alone_does_not_mean_a_stack(make_file: MakeFile, densities: np.ndarray) -> None:
    for data in (densities, densities[:, :4, :4]):
        np.testing.assert_array_equal(read(make_file(data, ispg=0)).data, data)
    # As many columns as rows, other than sections, but with an origin: written by Chimera.
    read(make_file(densities[:, :, :5], ispg=0, origin=(1, 2, 3)))


def test_a_volume_stack_of_one_volume_is_a_map(make_file: MakeFile, densities: np.ndarray) -> None:
    np.testing.assert_array_equal(read(make_file(densities, ispg=401)).data, densities)


REFUSED = {
    "cut off": ({"cut": 1}, r"is truncated: 1503 bytes, expected 1504 for 6 x 5 x 4 voxels"),
    "cut off in extended": ({"extended": b"e" * 80, "cut": 500}, "is truncated"),
    "no data": ({"cut": 480}, "is truncated: 1024 bytes"),
    "no header": ({"cut": 481}, "not a map: 1023 bytes"),
    "image": ({"nz": 1}, r"got an image \(6 x 5 x 1\)"),
    "stack by its header": ({"ispg": 0, "mz": 1}, "got 4 images"),
    "stack by its name": ({"name": "a.mrcs"}, "got 4 images"),
    "packed stack": ({"name": "a.MRCS.gz"}, "got 4 images"),
    "volume stack": ({"ispg": 401, "mz": 2}, "got 2 maps"),
    "complex integers": ({"mode_field": 3}, "complex integers"),
    "complex": ({"mode_field": 4}, "complex numbers"),
    "four bits": ({"mode_field": 101}, "four-bit"),
    "unknown mode": ({"mode_field": 77}, "header is damaged .*mode 77"),
    "negative side": ({"ny": -5}, r"header is damaged \(6 x -5 x 4"),
    "no side": ({"nx": 0}, "header is damaged"),
    "gigantic side": ({"nx": 2**31 - 1}, "header is damaged"),
    "gigantic": ({"nx": 60000, "ny": 60000, "nz": 60000}, "is truncated"),
    "gigantic, packed": ({"name": "a.mrc.gz", "nx": 60000, "ny": 60000, "nz": 60000}, "is truncated"),
    "gigantic extended header": ({"nsymbt": 2**31 - 1, "cut": 1}, "is truncated"),
    "axis twice": ({"mapr": 1}, "header is damaged .*axis order 1, 1, 3"),
    "cut off before packing": ({"name": "a.mrc.gz", "cut": 9}, "is truncated: 1495 bytes, expected 1504"),
    "cut off before packing by bzip2": ({"name": "a.mrc.bz2", "cut": 9}, "is truncated: 1495 bytes, expected 1504"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line(make_file: MakeFile, densities: np.ndarray, case: str) -> None:
    fields, message = REFUSED[case]
    fields = dict(fields)
    name = str(fields.pop("name", "a.mrc"))
    path = make_file(densities, name, **{k.removesuffix("_field"): v for k, v in fields.items() if k != "mode_field"})
    if "mode_field" in fields:
        raw = bytearray(path.read_bytes())
        raw[12:16] = np.array(fields["mode_field"], "<i4").tobytes()
        path.write_bytes(raw)
    check_refused(path, message)


def check_refused(path: Path, message: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=message) as caught:
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert peak < 8_000_000


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("mode", [2, 12])
def test_values_that_are_not_finite(make_file: MakeFile, densities: np.ndarray, bad: float, mode: int) -> None:
    densities[1, 2, 3] = bad
    densities[1, 2, 4] = -bad
    check_refused(make_file(densities, mode=mode), "2 voxels are NaN or infinite")


def test_atomic_models_are_read_by_another_function(tmp_path: Path) -> None:
    (tmp_path / "x.pdb").write_text("ATOM      1  N   MET A   1\n")
    check_refused(tmp_path / "x.pdb", "got an atomic model, expected a map; read it with botalign.read_model")


def test_files_that_are_not_maps(tmp_path: Path) -> None:
    check_refused(tmp_path / "missing.mrc", "no such file")
    check_refused(tmp_path, "got a folder, expected a map")
    for content, message in (
        (b"", "is empty"),
        (b"hello", "not a map: 5 bytes"),
        (b"ATOM      1  N   MET A   1\n" * 500, "not a map"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "not a map"),
        (bytes(5000), "not a map"),
        (b"\xff" * 5000, "not a map"),
        (gzip.compress(b""), "is empty"),
        (gzip.compress(b"text " * 1000), "not a map"),
        (b"\x1f\x8bnonsense" + bytes(3000), "compressed data are truncated or damaged"),
        (b"BZh9nonsense" + bytes(3000), "cannot be read"),
    ):
        path = tmp_path / "a.mrc"
        path.write_bytes(content)
        check_refused(path, message)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_damaged_compression(
    make_file: MakeFile, tmp_path: Path, pack: Callable[[bytes], bytes], densities: np.ndarray
) -> None:
    whole = pack(make_file(np.random.default_rng(0).random((20, 20, 20))).read_bytes())
    path = tmp_path / "b.mrc"
    path.write_bytes(whole[:-30])
    check_refused(path, "truncated or damaged|cannot be read")
    damaged = bytearray(whole)
    damaged[-6] ^= 0xFF  # the checksum alone
    path.write_bytes(damaged)
    check_refused(path, "truncated or damaged|cannot be read")
    damaged = bytearray(whole)
    damaged[len(whole) // 2 : len(whole) // 2 + 40] = b"\xff" * 40
    path.write_bytes(damaged)
    check_refused(path, "truncated or damaged|cannot be read|NaN|not a map")


def test_a_file_without_read_permission(make_file: MakeFile, densities: np.ndarray) -> None:
    path = make_file(densities)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    check_refused(path, "permission denied")


def test_permission_denied_for_any_user(
    make_file: MakeFile, densities: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = make_file(densities)
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(InputError, match="permission denied"):
        read(path)


def test_lack_of_memory_is_an_input_error(
    make_file: MakeFile, densities: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise MemoryError

    path = make_file(densities)
    monkeypatch.setattr("botalign.maps.reading.np.empty", refuse)
    with pytest.raises(InputError, match="too large for the memory"):
        read(path)


@pytest.mark.parametrize("mode", [1, 2])
def test_reading_needs_the_memory_of_one_map(make_file: MakeFile, tmp_path: Path, mode: int) -> None:
    data = np.random.default_rng(0).integers(-99, 99, (160, 160, 160)).astype(np.float32)
    path = make_file(data, mode=mode)
    tracemalloc.start()
    got = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(got.data, data)
    assert peak < data.nbytes + 9_000_000


REAL = {
    # file: shape (z, y, x), voxel size, origin, axis order
    "EMD-3001.map": ((73, 25, 43), (0.44825, 0.3925, 0.45875), (-9.41325, -4.71, 0.0), (3, 1, 2)),
    "EMD-3197.map": ((20, 20, 20), (11.4, 11.4, 11.4), (-22.8, 0.0, 0.0), (1, 2, 3)),
    "atp_synthase_shaft_6A.mrc": ((47, 104, 47), (2.0,) * 3, (-76.436, -92.764, -103.073), (1, 2, 3)),
    "clean70S_65.mrc": ((65, 65, 65), (1.0,) * 3, (0.0,) * 3, (1, 2, 3)),
    "emd_0093_masked_220.mrc.gz": ((220, 220, 220), (1.34,) * 3, (0.0,) * 3, (1, 2, 3)),
    "emd_1080_groel_11.5A.mrc": ((100, 100, 100), (2.7,) * 3, (-135.0,) * 3, (1, 2, 3)),
    "emd_1439.map": ((72, 72, 72), (5.18,) * 3, (0.0,) * 3, (1, 2, 3)),
    "emd_1883.map": ((70, 70, 70), (3.71,) * 3, (0.0,) * 3, (1, 2, 3)),
    "emd_8216.map.gz": ((83, 50, 100), (0.36775, 0.311875, 0.3574038), (-2.2065, -5.925625, -5.361057), (3, 1, 2)),
    "hand_phantom_64.mrc": ((64, 64, 64), (1.0,) * 3, (0.0,) * 3, (1, 2, 3)),
}
REMARKS = {
    "EMD-3001.map": r"cell angles 90, 94\.326, 90",
    "emd_8216.map.gz": r"cell angles 90, 111\.55, 90",
    "clean70S_65.mrc": "no voxel size",
}


@pytest.mark.parametrize("name", REAL)
def test_real_maps(data_folder: Path, name: str) -> None:
    path = data_folder / "maps" / name
    shape, voxel, origin, axis_order = REAL[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        got = read(path)
    assert len(caught) == (name in REMARKS)
    if caught:
        assert caught[0].category is MapWarning
        assert re.search(REMARKS[name], str(caught[0].message))
    assert got.grid.shape == shape
    np.testing.assert_allclose(got.grid.voxel_size_angstrom, voxel, rtol=1e-9)
    np.testing.assert_allclose(got.grid.origin_angstrom, origin, atol=1e-5)
    header = read_header(path)
    assert header.axis_order == axis_order
    with mrcfile.open(path) as peer:
        back = [axis_order[::-1].index(axis) for axis in (3, 2, 1)]
        np.testing.assert_array_equal(got.data, peer.data.transpose(back))
        np.testing.assert_allclose([got.data.min(), got.data.max()], [peer.header.dmin, peer.header.dmax], rtol=1e-5)


def test_real_sets_and_pairs(data_folder: Path) -> None:
    paths = sorted([*data_folder.glob("pairs/*/*.mrc"), *data_folder.glob("sets/*/*.mrc")])
    assert len(paths) == 8
    for path in paths:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MapWarning)
            np.testing.assert_array_equal(read(path).data, mrcfile.read(path))


def test_real_stacks_are_refused(data_folder: Path) -> None:
    check_refused(data_folder / "stacks" / "hand_projections_64.mrcs", "got 100 images, not a map")
    check_refused(data_folder / "stacks" / "ribosome_tilts_64.mrcs", "got 220 images, not a map")
    check_refused(data_folder / "stacks" / "hand_projections_rotations.npy", "not a map")
    check_refused(data_folder / "structures" / "1ake_A.pdb", "got an atomic model, expected a map")
