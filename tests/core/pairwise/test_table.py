import errno
import json
import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign import DistanceTable, InputError
from botalign.pairwise.table import work_of

zarr = pytest.importorskip("zarr", reason="zarr is not installed (pip install zarr)")


@pytest.fixture
def table() -> DistanceTable:
    distances = np.array([[0.0, 1.5, 2.0], [1.5, 0.0, 0.25], [2.0, 0.25, 0.0]])
    transforms = np.tile(np.eye(3, 4), (3, 3, 1, 1))
    transforms[0, 1, 2, 2] = transforms[1, 0, 2, 2] = -1
    cycles = np.zeros((3, 3), dtype=np.int64)
    return DistanceTable(("a.mrc", "b.mrc", "c.mrc"), distances, transforms, "l2", {"size": 32, "hand": True}, cycles)


def test_a_written_table_is_read_back(table: DistanceTable, tmp_path: Path) -> None:
    for given in (table, replace(table, transforms=None, open_cycles=None)):
        given.write(tmp_path / "D.zarr", overwrite=True)
        found = botalign.read_distances(tmp_path / "D.zarr")
        assert (found.names, found.metric, found.parameters) == (given.names, given.metric, given.parameters)
        for name in ("distances", "transforms", "open_cycles"):
            np.testing.assert_array_equal(getattr(found, name), getattr(given, name))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["D.zarr"]
    assert repr(found) == "<DistanceTable: 3 maps, l2, largest distance 2>"


def test_which_transforms_mirror(table: DistanceTable) -> None:
    assert np.argwhere(table.mirrored).tolist() == [[0, 1], [1, 0]]
    assert not replace(table, transforms=None).mirrored.any()


def test_existing_paths_are_replaced_only_on_request(table: DistanceTable, tmp_path: Path) -> None:
    table.write(tmp_path / "D.zarr")
    with pytest.raises(InputError, match=r"D\.zarr: the file exists"):
        table.write(tmp_path / "D.zarr")
    (tmp_path / "photos.zarr").mkdir()
    (tmp_path / "photos.zarr" / "cat.png").touch()
    with pytest.raises(InputError, match="not a table of distances"):
        table.write(tmp_path / "photos.zarr", overwrite=True)
    assert (tmp_path / "photos.zarr" / "cat.png").exists()
    zarr.create_group(tmp_path / "other.zarr", attributes={"format": "photos"})
    with pytest.raises(InputError, match="not a table of distances"):
        table.write(tmp_path / "other.zarr", overwrite=True)
    assert dict(zarr.open_group(tmp_path / "other.zarr", mode="r").attrs) == {"format": "photos"}
    with pytest.raises(InputError, match=r"D\.npy: unknown extension; use \.zarr"):
        table.write(tmp_path / "D.npy")


def test_the_target_of_a_link_is_replaced(table: DistanceTable, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    place, link = tmp_path / "disk" / "D.zarr", tmp_path / "link.zarr"
    table.write(place, work={"seed": 1})
    link.symlink_to(place)
    table.write(link, overwrite=True, work={"seed": 2})
    assert link.is_symlink()
    assert work_of(place) == {"seed": 2}
    assert sorted(path.name for path in tmp_path.rglob("*.zarr")) == ["D.zarr", "link.zarr"]


def test_an_interruption_between_the_renames_restores_the_old_table(
    table: DistanceTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "D.zarr"
    table.write(place, work={"seed": 1})
    assert work_of(place) == {"seed": 1}
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        renamed.append(self)
        if len(renamed) == 2:  # the old table has been renamed
            raise KeyboardInterrupt
        return rename(self, target)

    renamed: list[Path] = []
    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        table.write(place, overwrite=True, work={"seed": 2})
    assert work_of(place) == {"seed": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["D.zarr"]


@pytest.mark.slow
def test_a_kill_between_the_renames_leaves_both_tables(table: DistanceTable, tmp_path: Path) -> None:
    script = """
        import os, pathlib, sys, botalign
        rename, renamed = pathlib.Path.rename, []
        def killed(self, target):
            renamed.append(self)
            return os._exit(9) if len(renamed) == 2 else rename(self, target)
        table = botalign.read_distances(sys.argv[1])
        pathlib.Path.rename = killed
        table.write(sys.argv[1], overwrite=True, work={"seed": 2})
    """
    table.write(tmp_path / "D.zarr", work={"seed": 1})
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "D.zarr")]
    assert subprocess.run(command, check=False).returncode == 9
    left = list(tmp_path.iterdir())
    assert all(path.match(".botalign-*.zarr") for path in left)
    assert sorted(work_of(path)["seed"] for path in left) == [1, 2]
    assert all(botalign.read_distances(path).names == table.names for path in left)


def test_a_table_created_in_the_meantime_is_not_replaced(
    table: DistanceTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "D.zarr"
    rename = Path.rename

    def overtaken(self: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        table.write(place, work={"seed": 1})
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", overtaken)
    with pytest.raises(InputError, match="the file exists"):
        table.write(place, work={"seed": 2})
    assert work_of(place) == {"seed": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["D.zarr"]


def test_other_files_are_refused(table: DistanceTable, tmp_path: Path) -> None:
    place = tmp_path / "D.zarr"
    with pytest.raises(InputError, match="no such file"):
        botalign.read_distances(place)
    (tmp_path / "text.zarr").write_text("no")
    with pytest.raises(InputError, match="not a table of distances, expected a folder"):
        botalign.read_distances(tmp_path / "text.zarr")
    table.write(place)
    description = json.loads((place / "zarr.json").read_text())
    for name, value, reason in (
        ("format", "photos", "not a table of distances, expected the format"),
        ("version", 3, "distances of version 3, expected 2"),
        ("names", ["a.mrc"], "the distances are damaged"),
    ):
        changed = description | {"attributes": description["attributes"] | {name: value}}
        (place / "zarr.json").write_text(json.dumps(changed))
        with pytest.raises(InputError, match=reason) as error:
            botalign.read_distances(place)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, 7.0])
def test_invalid_distances_are_refused(table: DistanceTable, value: float) -> None:
    distances = table.distances.copy()
    distances[0, 1] = value
    with pytest.raises(InputError, match="symmetric matrix of finite numbers"):
        replace(table, distances=distances)


def test_transforms_of_another_shape_are_refused(table: DistanceTable) -> None:
    assert table.transforms is not None
    with pytest.raises(InputError, match=r"transforms: got an array of shape .*, expected \(\d, \d, 3, 4\)"):
        replace(table, transforms=table.transforms[1:])


def test_a_table_that_cannot_be_written_or_read_is_reported(
    table: DistanceTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "D.zarr"
    table.write(place)
    (place / "zarr.json").write_text("{")
    with pytest.raises(InputError, match=r"D.zarr: the table cannot be read \(.*\), expected a table of distances"):
        botalign.read_distances(place)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(InputError, match=r"E.zarr: it cannot be written \(No space left on device\); write elsewhere"):
        table.write(tmp_path / "E.zarr")
    assert [path.name for path in tmp_path.iterdir()] == ["D.zarr"]


def test_without_zarr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(InputError, match="need the package zarr, which is not installed"):
        botalign.read_distances(tmp_path / "D.zarr")
