import errno
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from botalign.errors import InputError
from botalign.jobs import BlockStore, locks, remove_work


def test_a_block_is_read_back(tmp_path: Path) -> None:
    store = BlockStore(tmp_path / "a" / "work", {"metric": "wemd"})
    assert store.get("first") is None
    store.put("first", {"a": np.arange(3), "b": np.eye(2, dtype=np.float32)})
    arrays = BlockStore(tmp_path / "a" / "work", {"metric": "wemd"}).get("first")
    assert arrays is not None
    assert arrays["b"].dtype == np.float32
    np.testing.assert_array_equal(arrays["a"], [0, 1, 2])


def test_a_truncated_block_is_incomplete(tmp_path: Path) -> None:
    store = BlockStore(tmp_path, {})
    store.put("whole", {"a": np.arange(1000)})
    content = (tmp_path / "whole.npz").read_bytes()
    for length in (0, 10, len(content) // 2):
        (tmp_path / "cut.npz").write_bytes(content[:length])
        assert store.get("cut") is None


def test_temporary_files_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    BlockStore(tmp_path, {})
    (tmp_path / ".botalign-abc.npz").write_bytes(b"half")
    BlockStore(tmp_path, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".botalign-lock", "work.json"]


def test_a_folder_without_a_description_is_reused(tmp_path: Path) -> None:
    (tmp_path / ".botalign-abc").write_bytes(b"half")
    BlockStore(tmp_path, {"options": {"n": 1}}).put("first", {"a": np.arange(3)})
    with pytest.raises(
        InputError, match=r"the unfinished work in this folder differs from this run \(n was 1 and is 2 now\); repeat"
    ):
        BlockStore(tmp_path, {"options": {"n": 2}})


def test_a_folder_used_by_another_program_is_refused(tmp_path: Path) -> None:
    script = (
        "import sys, signal; from botalign.jobs import BlockStore; store = BlockStore(sys.argv[1], {}); "
        "print(flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            other.stdout.readline()
            (tmp_path / ".botalign-abc.npz").write_bytes(b"file of the other program")
            with pytest.raises(InputError, match="another run uses this work folder") as error:
                BlockStore(tmp_path, {})
            assert "\n" not in str(error.value)
            assert (tmp_path / ".botalign-abc.npz").exists()
        finally:
            other.kill()
    with BlockStore(tmp_path, {}), BlockStore(tmp_path, {}) as store:
        store.put("first", {"a": np.arange(3)})


def test_threads_share_a_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(descriptor: int) -> bool:
        locked = lock(descriptor)
        time.sleep(0.1)
        return locked

    lock = locks._locked
    monkeypatch.setattr(locks, "_locked", slowly)
    with ThreadPoolExecutor(4) as threads:
        got = list(threads.map(locks.lock_file, 4 * [tmp_path / "lock"]))
    assert got[0] is not None
    assert all(each is got[0] for each in got)


def test_a_folder_with_other_work_is_refused(tmp_path: Path) -> None:
    maps = [["a", 1], ["b", 2]]
    BlockStore(tmp_path, {"options": {"metric": "wemd"}, "maps": maps}).put("first", {"a": np.arange(3)})
    with pytest.raises(InputError, match=r"\(b was left out, metric was wemd and is l2 now\)"):
        BlockStore(tmp_path, {"options": {"metric": "l2"}, "maps": maps[:1]})
    assert BlockStore(tmp_path, {"options": {"metric": "wemd"}, "maps": maps}).get("first") is not None


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(InputError, match="not a BOTalign work folder"):
        BlockStore(tmp_path, {})


def test_a_file_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "work").touch()
    with pytest.raises(InputError, match="cannot be used as a work folder"):
        BlockStore(tmp_path / "work", {})


def test_only_work_folders_are_removed(tmp_path: Path) -> None:
    store = BlockStore(tmp_path / "work", {})
    store.put("first", {"a": np.arange(3)})
    store.remove()
    assert not (tmp_path / "work").exists()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    remove_work(tmp_path / "photos")
    assert (tmp_path / "photos" / "cat.png").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot remove open files, so the lock is released first")
def test_the_lock_is_held_until_the_folder_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def removed(folder: Path) -> None:
        held.append((folder / ".botalign-lock").resolve() in locks._HELD)

    held: list[bool] = []
    store = BlockStore(tmp_path, {})
    monkeypatch.setattr("botalign.jobs.store.remove_work", removed)
    store.remove()
    assert held == [True]
    assert (tmp_path / ".botalign-lock").resolve() not in locks._HELD


def test_the_differing_options_are_named(tmp_path: Path) -> None:
    with BlockStore(tmp_path / "w", {"options": {"over_rotations": True, "seed": 1}}):
        pass
    with pytest.raises(InputError, match=r"\(over_rotations was on and is off now, seed was 1 and is 2 now\); repeat"):
        BlockStore(tmp_path / "w", {"options": {"over_rotations": False, "seed": 2}})


def test_a_disk_that_is_full_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **arrays: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    store = BlockStore(tmp_path, {})
    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(InputError, match=r"cannot be used as a work folder \(No space left.*free some space"):
        store.put("first", {"a": np.arange(3)})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".botalign-lock", "work.json"]


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with BlockStore(tmp_path, {}) as store:
        store.put("first", {"a": np.arange(3)})
        assert store.get("first") is not None
