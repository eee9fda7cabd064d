import csv
import errno
import io
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import botalign
from botalign.alignment.survey import CLEAR
from botalign.geometry import MIRROR, matrix_from_rotation_vector
from botalign.maps import read
from botalign.progress import exhaust
from botalign.ranking.index import MapIndex
from botalign.ranking.items import Item
from botalign.ranking.library import best_similarities, signatures_at, similarities
from botalign.ranking.signature import DEGREES, SCHEME, SHELLS, Described, Signature, signature


@pytest.fixture(scope="module")
def phantom() -> botalign.DensityMap:
    return botalign.phantom(40, voxel_size_angstrom=3.5)


def moved(density_map: botalign.DensityMap, *, mirrored: bool = False, voxel: float = 3.0) -> botalign.DensityMap:
    """Return a map rotated, shifted, in a larger box and with other voxels."""
    linear = matrix_from_rotation_vector([0.4, -1.7, 0.9]) @ (MIRROR if mirrored else np.eye(3))
    centre = density_map.grid.centre_angstrom
    transform = np.column_stack([linear, centre - linear @ centre + [9.0, -6.0, 4.0]])
    return botalign.resample(density_map, transform, botalign.Grid.cube(round(200 / voxel), voxel, centre))


@pytest.mark.parametrize(("mirrored", "voxel"), [(False, 3.0), (True, 3.0), (False, 4.4)])
def test_the_signature_does_not_depend_on_the_pose(phantom: botalign.DensityMap, mirrored: bool, voxel: float) -> None:
    first, second = signature(phantom), signature(moved(phantom, mirrored=mirrored, voxel=voxel))
    assert second.gyration_angstrom == pytest.approx(first.gyration_angstrom, rel=0.02)
    (similarity,), (may_match,) = similarities(first, [second])
    assert similarity > 0.99
    assert may_match


def test_a_scaled_map_has_the_same_norms_and_another_size(phantom: botalign.DensityMap) -> None:
    larger = replace(phantom, grid=phantom.grid.scaled(1.5, np.zeros(3)))
    first, second = signature(phantom), signature(larger)
    assert second.gyration_angstrom == pytest.approx(1.5 * first.gyration_angstrom, rel=1e-6)
    np.testing.assert_allclose(second.norms, first.norms, atol=1e-5)
    assert similarities(first, [second])[1].tolist() == [False]


def test_the_norms_of_a_ball_are_of_degree_zero() -> None:
    grid = botalign.Grid.cube(41, 2.0, np.zeros(3))
    axes = np.meshgrid(*(grid.axis_angstrom(axis) for axis in range(3)), indexing="ij")
    ball = botalign.DensityMap(np.exp(-sum(axis**2 for axis in axes) / 200).astype(np.float32), grid)
    norms = signature(ball).norms
    assert np.linalg.norm(norms[:, 0]) == pytest.approx(1, abs=0.01)


def test_a_map_without_contrast_may_always_match() -> None:
    norms = np.zeros((12, 8), dtype=np.float32)
    norms[0, 0] = 1
    clear, other = Signature(30.0, 100.0, norms), Signature(90.0, 100.0, norms)
    unclear = replace(other, contrast=CLEAR / 2)
    assert similarities(clear, [clear, other, unclear])[1].tolist() == [True, False, True]
    assert similarities(unclear, [clear, other])[1].tolist() == [True, True]


def test_partners_of_the_real_maps_are_kept(data_folder: Path) -> None:
    names = {
        "3342": "pairs/emd_3342_emd_3340/emd_3342_sampled5A.mrc",
        "3340": "pairs/emd_3342_emd_3340/emd_3340_sampled5A.mrc",
        "6206": "pairs/emd_6206_emd_6208/emd_6206_sampled5A.mrc",
        "6208": "pairs/emd_6206_emd_6208/emd_6208_sampled5A.mrc",
        "1883": "maps/emd_1883.map",
    }
    maps = {name: read(data_folder / file) for name, file in names.items()}
    polymerase = moved(maps["1883"], voxel=5.0)
    noise = np.random.default_rng(0).normal(0, 2 * polymerase.data.std(), polymerase.data.shape)
    maps["noisy"] = polymerase.with_data((polymerase.data + noise).astype(np.float32))
    found = {name: signature(each) for name, each in maps.items()}
    for group in ({"3342", "3340"}, {"6206", "6208"}, {"1883", "noisy"}):
        for name in group:
            _, may_match = similarities(found[name], list(found.values()))
            kept = {each for each, may in zip(found, may_match, strict=True) if may}
            assert group <= kept < set(found)


def test_the_contour_level_selects_what_the_signature_describes(phantom: botalign.DensityMap, tmp_path: Path) -> None:
    largest = float(phantom.data.max())
    grid = botalign.Grid.cube(64, 3.5, phantom.grid.centre_angstrom)
    alone = botalign.resample(phantom, np.eye(3, 4), grid)
    z, y, x = np.indices(grid.shape) - 12.0
    ball = 0.15 * largest * (np.sqrt(x**2 + y**2 + z**2) < 11)
    fixed = alone.with_data((alone.data + ball).astype(np.float32))
    level = 0.3 * largest
    expected, found = signature(alone, level=level), signature(fixed, level=level)
    assert found.gyration_angstrom == pytest.approx(expected.gyration_angstrom, rel=0.01)
    assert float(np.vdot(found.norms, expected.norms)) > 0.999
    assert signature(fixed).gyration_angstrom > 1.3 * expected.gyration_angstrom
    alone.write(tmp_path / "alone.mrc")
    (near,) = botalign.rank(fixed, [tmp_path / "alone.mrc"], contour_level=level, threads=1).entries
    (far,) = botalign.rank(fixed, [tmp_path / "alone.mrc"], threads=1).entries
    assert (near.verdict, far.verdict) == ("certain", "not aligned")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::botalign.maps.header.MapWarning")
@pytest.mark.parametrize("name", ["hand_phantom_64.mrc", "emd_1080_groel_11.5A.mrc", "EMD-3001.map"])
def test_a_map_is_near_itself_at_any_contour_level(data_folder: Path, name: str) -> None:
    density_map = read(data_folder / "maps" / name)
    own, suggested = signature(density_map), botalign.contour_level(density_map)
    for factor in (0.5, 1.0, 1.5, 2.0, 3.0):
        (similarity,), (may_match,) = best_similarities(signatures_at(density_map, factor * suggested), [own])
        assert similarity == pytest.approx(1, abs=1e-6)
        assert may_match


@pytest.mark.parametrize("factor", [0.5, 1.5, 3.0])
def test_a_map_finds_itself_at_any_contour_level(phantom: botalign.DensityMap, tmp_path: Path, factor: float) -> None:
    """The suggested level encloses a molecule and a ball beside it, higher levels only the molecule."""
    largest = float(phantom.data.max())
    wide = botalign.resample(phantom, np.eye(3, 4), botalign.Grid.cube(64, 3.5, phantom.grid.centre_angstrom))
    z, y, x = np.indices(wide.grid.shape) - 12.0
    ball = 0.15 * largest * (np.sqrt(x**2 + y**2 + z**2) < 11)
    fixed = wide.with_data((wide.data + ball).astype(np.float32))
    fixed.write(tmp_path / "itself.mrc")
    level = factor * botalign.contour_level(fixed)
    (found,) = botalign.rank(fixed, [tmp_path / "itself.mrc"], contour_level=level, threads=1).entries
    assert (found.verdict, found.mirrored) == ("certain", False)
    assert found.similarity == pytest.approx(1, abs=1e-6)


def test_the_index_recomputes_files_that_have_changed(phantom: botalign.DensityMap, tmp_path: Path) -> None:
    path, file = tmp_path / "library.npz", tmp_path / "a.mrc"
    phantom.write(file)
    state = (file.stat().st_size, file.stat().st_mtime_ns)
    index = MapIndex(path)
    assert index.get(file) is None
    index.add({file: (state, Described(signature(phantom), ("one.", "two.")))})
    again = MapIndex(path)
    assert len(again) == 1
    kept = again.get(file)
    assert kept is not None
    np.testing.assert_array_equal(kept.signature.norms, signature(phantom).norms)
    assert kept.warnings == ("one.", "two.")
    os.utime(file, ns=(0, state[1] + 10**9))
    assert again.get(file) is None
    assert MapIndex(path).get(tmp_path / "b.mrc") is None


def test_an_index_can_be_moved_with_its_library(phantom: botalign.DensityMap, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    file = tmp_path / "old" / "a.mrc"
    phantom.write(file)
    MapIndex(tmp_path / "old" / "i.npz").add(
        {file: ((file.stat().st_size, file.stat().st_mtime_ns), Described(signature(phantom)))}
    )
    (tmp_path / "old").rename(tmp_path / "new")
    assert MapIndex(tmp_path / "new" / "i.npz").get(tmp_path / "new" / "a.mrc") is not None


def index_of_two(**changed: object) -> bytes:
    """Return the content of an index of two maps with other arrays; those that are None are left out."""
    arrays = {
        "format": "botalign-map-index", "version": 1, "scheme": SCHEME, "paths": ["a.mrc", "b.mrc"],
        "states": [[1, 2], [3, 4]], "numbers": [[30.0, 90.0]] * 2, "norms": np.zeros((2, SHELLS, DEGREES), np.float32),
        "warnings": ["", "no voxel size."],
    }  # fmt: skip
    file = io.BytesIO()
    np.savez(file, **{name: np.asarray(each) for name, each in (arrays | changed).items() if each is not None})
    return file.getvalue()


def one_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


NOT_AN_INDEX = {
    "text": b"text",
    "empty": b"",
    "one array": one_array(),
    "cut off": index_of_two()[:-100],
    "damaged": index_of_two().replace(b"NUMPY", b"NUMPX"),
    "other archive": index_of_two(format=None),
    "other format": index_of_two(format="other", version=2),
    "several formats": index_of_two(format=["botalign-map-index"] * 2),
    "no version": index_of_two(version=None),
    "version is text": index_of_two(version="1.2"),
    "version is a fraction": index_of_two(version=1.2),
    "several versions": index_of_two(version=[1, 2]),
    "scheme is text": index_of_two(scheme="x"),
    "no norms": index_of_two(norms=None),
    "no warnings": index_of_two(warnings=None),
    "a warning is missing": index_of_two(warnings=[""]),
    "a path is missing": index_of_two(paths=["a.mrc"]),
    "a state is missing": index_of_two(states=[[1, 2]]),
    "half of the states": index_of_two(states=[1, 2]),
    "a number is missing": index_of_two(numbers=[[30.0, 90.0]]),
    "numbers are text": index_of_two(numbers=[["a", "b"]] * 2),
    "norms of other shells": index_of_two(norms=np.zeros((2, SHELLS + 1, DEGREES), np.float32)),
}


@pytest.mark.parametrize("content", NOT_AN_INDEX.values(), ids=NOT_AN_INDEX.keys())
def test_files_that_are_not_an_index(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "i.npz").write_bytes(content)
    with pytest.raises(botalign.InputError, match=r"i\.npz: not an index of maps; give another file, or remove it"):
        MapIndex(tmp_path / "i.npz")


def test_other_versions_of_an_index(tmp_path: Path) -> None:
    path = tmp_path / "i.npz"
    path.write_bytes(index_of_two())
    assert len(MapIndex(path)) == 2
    path.write_bytes(index_of_two(scheme=SCHEME + 1, norms=np.zeros((2, 3)), warnings=None))
    assert len(MapIndex(path)) == 0  # its signatures are computed again
    path.write_bytes(index_of_two(version=2, scheme=None))
    with pytest.raises(botalign.InputError, match="got version 2 of the format, expected at most 1; update BOTalign"):
        MapIndex(path)
    with pytest.raises(botalign.InputError, match=r"i\.txt: unknown extension; an index has \.npz"):
        MapIndex(tmp_path / "i.txt")


def test_an_index_that_cannot_be_written_is_refused_at_once(phantom: botalign.DensityMap, tmp_path: Path) -> None:
    index, file = tmp_path / "missing" / "i.npz", tmp_path / "a.mrc"
    phantom.write(file)
    steps = botalign.rank_steps(phantom, [file], index=index)
    with pytest.raises(botalign.InputError, match=r"the folder .*missing does not exist; create it"):
        next(steps)


def test_a_complete_index_need_not_be_written(
    phantom: botalign.DensityMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, file = tmp_path / "i.npz", tmp_path / "a.mrc"
    phantom.write(file)
    MapIndex(index).add({file: ((file.stat().st_size, file.stat().st_mtime_ns), Described(signature(phantom)))})

    def read_only(**_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)  # the check that a folder can be written
    assert len(MapIndex.for_files(index, [file])) == 1
    with pytest.raises(botalign.InputError, match=r"i\.npz: it cannot be written"):
        MapIndex.for_files(index, [file, tmp_path / "b.mrc"])


def test_a_library_is_indexed_once_and_ranked(phantom: botalign.DensityMap, tmp_path: Path) -> None:
    moved(phantom).write(tmp_path / "same.mrc")
    other = replace(phantom, grid=phantom.grid.scaled(2.0, np.zeros(3)))
    other.write(tmp_path / "other.mrc")
    (tmp_path / "bad.mrc").write_bytes(b"bad")
    files = sorted(tmp_path.glob("*.mrc"))
    ranking = botalign.rank(phantom, files, index=tmp_path / "i.npz", threads=1)
    assert [(Path(each.name).name, each.verdict) for each in ranking.entries] == [
        ("same.mrc", "certain"),
        ("other.mrc", "not aligned"),
    ]
    assert (ranking.compared, [Path(each.name).name for each in ranking.failures]) == (2, ["bad.mrc"])
    before = (tmp_path / "i.npz").stat().st_mtime_ns
    steps = botalign.rank_steps(phantom, files, execution=botalign.Execution(threads=1), index=tmp_path / "i.npz")
    signatures = [step for step in steps if step.stage == "signatures"]
    assert signatures[-1].total == 1  # the file that cannot be read
    assert (tmp_path / "i.npz").stat().st_mtime_ns == before


def test_signatures_are_resumed_from_the_work_folder(
    phantom: botalign.DensityMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "maps").mkdir()
    files = [tmp_path / "maps" / f"{number}.mrc" for number in range(3)]
    for number, file in enumerate(files):
        replace(phantom, grid=phantom.grid.scaled(2.0 + 0.1 * number, np.zeros(3))).write(file)
    execution = botalign.Execution(threads=1, work=tmp_path / "work")
    steps = botalign.rank_steps(phantom, files, execution=execution)
    while next(steps).done < 1:
        pass
    steps.close()
    read_again: list[str] = []

    def load(item: Item) -> botalign.DensityMap | botalign.Model:
        read_again.append(item.name)
        return read(item.name)

    monkeypatch.setattr(Item, "load", load)
    ranking = exhaust(botalign.rank_steps(phantom, files, execution=execution))
    assert read_again == [str(each) for each in files[1:]]
    assert {each.name for each in ranking.entries} == {str(each) for each in files}
    expected = exhaust(botalign.rank_steps(phantom, files, execution=botalign.Execution(threads=1)))
    assert [each.similarity for each in ranking.entries] == [each.similarity for each in expected.entries]


def without_voxel_size(path: Path) -> None:
    """Remove the cell from the header of a map."""
    content = bytearray(path.read_bytes())
    content[40:52] = bytes(12)
    path.write_bytes(content)


WARNING = "no voxel size, assumed 1 A."


@pytest.mark.parametrize("execution", [{"threads": 2}, {"processes": 2}], ids=lambda each: next(iter(each)))
def test_a_map_without_a_voxel_size_is_named(
    phantom: botalign.DensityMap, tmp_path: Path, execution: dict[str, int]
) -> None:
    good, sizeless, bad = (tmp_path / f"{name}.mrc" for name in ("good", "sizeless", "bad"))
    phantom.write(good)
    phantom.write(sizeless)
    without_voxel_size(sizeless)
    phantom.with_data(np.zeros_like(phantom.data)).write(bad)
    without_voxel_size(bad)
    for _ in range(2):  # computed, and then read from the index
        ranking = botalign.rank(phantom, [good, sizeless, bad], index=tmp_path / "i.npz", **execution)  # type: ignore[arg-type]
        same, other = ranking.entries
        assert (same.verdict, same.relative_size, same.warnings, same.reason) == ("certain", None, (), None)
        assert (other.name, other.verdict, other.warnings) == (str(sizeless), "not aligned", (WARNING,))
        assert other.relative_size == pytest.approx(1 / 3.5, rel=1e-3)
        assert other.reason == (
            "the shape of the map, but 0.286 times its size; is the voxel size of one of them wrong?"
        )
        (failure,) = ranking.failures
        assert (failure.name, failure.warnings, failure.is_transient) == (str(bad), (WARNING,), False)
    ranking.write(tmp_path / "t.csv")
    with (tmp_path / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["reason"], row["warnings"]) for row in rows] == [
        ("", ""), (other.reason, WARNING), (failure.reason, WARNING),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_cluster_and_a_resumed_run_name_the_map_without_a_voxel_size(
    phantom: botalign.DensityMap, tmp_path: Path, cluster: Any
) -> None:
    sizeless = tmp_path / "sizeless.mrc"
    phantom.write(sizeless)
    without_voxel_size(sizeless)
    for execution in ({"scheduler": cluster.scheduler_address}, {"threads": 1}):  # the second is resumed
        (entry,) = botalign.rank(phantom, [sizeless], whole_library=True, work=tmp_path / "work", **execution).entries
        assert (entry.name, entry.warnings) == (str(sizeless), (WARNING,))


def test_a_map_of_quite_another_size_is_not_aligned(phantom: botalign.DensityMap) -> None:
    grid = phantom.grid.scaled(20.0, np.zeros(3))
    ranking = botalign.rank(phantom, [replace(phantom, grid=grid)], whole_library=True, threads=1)
    (entry,) = ranking.entries
    assert (ranking.failures, entry.verdict, entry.score) == ((), "not aligned", None)
    assert entry.similarity == pytest.approx(1, abs=1e-3)
    assert "expected sizes within a factor of 10; is the voxel size of one of them wrong?" in (entry.reason or "")


def test_a_map_of_another_shape_gets_no_hint_at_its_voxel_size(phantom: botalign.DensityMap) -> None:
    grid = botalign.Grid.cube(41, 2.0, np.zeros(3))
    axes = np.meshgrid(*(grid.axis_angstrom(axis) for axis in range(3)), indexing="ij")
    rod = np.exp(-(axes[0] ** 2 / 400 + axes[1] ** 2 / 9 + axes[2] ** 2 / 9)).astype(np.float32)
    (entry,) = botalign.rank(phantom, [botalign.DensityMap(rod, grid)], threads=1).entries
    assert (entry.verdict, entry.relative_size) == ("not aligned", None)
    assert entry.reason == "shape or size differs too much"
