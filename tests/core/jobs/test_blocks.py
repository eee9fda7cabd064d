import errno
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from botalign.errors import InputError
from botalign.jobs import BlockStore, Workers, open_workers, run_blocks
from botalign.progress import exhaust


def spectrum(values: NDArray[np.float64], number: int) -> dict[str, NDArray[Any]]:
    return {"sum": np.fft.rfft(values * number).real, "number": np.array(number)}


def process_lost_once(flag: str, number: int) -> int:
    if number == 3 and not Path(flag).exists():
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def process_lost(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def named(count: int) -> list[str]:
    return [f"block_{number:02d}" for number in range(count)]


def work(workers: Workers, store: BlockStore | None = None) -> dict[str, dict[str, NDArray[Any]]]:
    values = workers.share(np.random.default_rng(0).standard_normal(1000))
    blocks = {key: (values, number) for number, key in enumerate(named(7))}
    return exhaust(run_blocks(spectrum, blocks, workers=workers, store=store))


def same(a: dict[str, dict[str, NDArray[Any]]], b: dict[str, dict[str, NDArray[Any]]]) -> bool:
    return list(a) == list(b) and all(np.array_equal(a[key][name], b[key][name]) for key in a for name in a[key])


@pytest.fixture(scope="module")
def alone() -> dict[str, dict[str, NDArray[Any]]]:
    with open_workers() as workers:
        return work(workers)


def test_results_are_those_of_the_function_in_the_order_of_the_blocks(alone: dict[str, Any]) -> None:
    values = np.random.default_rng(0).standard_normal(1000)
    assert list(alone) == named(7)
    np.testing.assert_array_equal(alone["block_05"]["sum"], spectrum(values, 5)["sum"])


@pytest.mark.parametrize("kind", [{"threads": 3}, {"processes": 2}])
def test_it_makes_no_difference_who_works(alone: dict[str, Any], kind: dict[str, int]) -> None:
    with open_workers(**kind) as workers:
        assert same(work(workers), alone)


def interruptible(number: int) -> bool:
    return signal.getsignal(signal.SIGINT) != signal.SIG_IGN


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_is_for_the_program_that_began_the_processes() -> None:
    with open_workers(processes=1) as workers:
        assert exhaust(run_blocks(interruptible, {"one": (1,)}, workers=workers)) == {"one": False}
    assert interruptible(1)


def test_what_is_forgotten_or_does_not_fit_takes_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_workers(processes=1) as workers:
        shared = workers.share(np.arange(1000.0))
        exhaust(run_blocks(spectrum, {"one": (shared, 1)}, workers=workers))
        (folder,) = tmp_path.iterdir()
        assert len(list(folder.iterdir())) == 1
        workers.forget(shared)
        assert list(folder.iterdir()) == []
        monkeypatch.setattr(np, "save", full)
        with pytest.raises(InputError, match=r"can't take what processes share \(No space left.*set TMPDIR"):
            workers.submit(spectrum, (shared, 1))


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_any_executor_will_do(alone: dict[str, Any]) -> None:
    with ThreadPoolExecutor(2) as executor:
        assert same(work(Workers(executor, 2)), alone)


def test_a_lost_process_is_replaced(tmp_path: Path) -> None:
    flag = tmp_path / "killed"
    with open_workers(processes=2) as workers:
        blocks = {key: (str(flag), number) for number, key in enumerate(named(8))}
        results = exhaust(run_blocks(process_lost_once, blocks, workers=workers))
    assert flag.exists()
    assert list(results.values()) == [number * number for number in range(8)]


def test_what_was_shared_with_a_lost_process_takes_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_workers(processes=1) as workers:
        shared = workers.share(np.arange(1000.0))
        workers.submit(spectrum, (shared, 1)).future.result()
        (folder,) = tmp_path.iterdir()
        assert workers.recover(BrokenExecutor(), workers.executor)
        assert list(folder.iterdir()) == []
        assert workers.submit(spectrum, (shared, 1)).future.result()["number"] == 1
        workers.forget(shared)
        assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_a_block_that_kills_its_workers_is_given_up() -> None:
    with open_workers(processes=1) as workers, pytest.raises(InputError, match=r"were lost over one block .*memory"):
        exhaust(run_blocks(process_lost, {"first": (1,)}, workers=workers))


def test_progress_counts_what_was_kept(tmp_path: Path, alone: dict[str, Any]) -> None:
    store = BlockStore(tmp_path / "work", {"n": 7})
    with open_workers() as workers:
        values = np.random.default_rng(0).standard_normal(1000)
        blocks: dict[str, tuple[Any, ...]] = {key: (values, number) for number, key in enumerate(named(7))}
        steps = run_blocks(spectrum, blocks, workers=workers, store=store)
        assert [next(steps).done for _ in range(4)] == [0, 1, 2, 3]
        steps.close()
    store = BlockStore(tmp_path / "work", {"n": 7})
    kept = sum(store.get(key) is not None for key in named(7))
    assert kept >= 3
    with open_workers() as workers:
        records = list(run_blocks(spectrum, blocks, workers=workers, store=store))
        assert same(work(workers, store), alone)
    assert [record.done for record in records] == list(range(kept, 8))
    assert {(record.kept, record.total) for record in records} == {(kept, 7)}


def test_what_was_done_before_an_error_is_kept(tmp_path: Path) -> None:
    def fails(number: int) -> dict[str, NDArray[Any]]:
        if number == 2:
            raise ZeroDivisionError
        return {"number": np.array(number)}

    store = BlockStore(tmp_path / "work", {})
    with open_workers() as workers, pytest.raises(ZeroDivisionError):
        exhaust(
            run_blocks(fails, {key: (number,) for number, key in enumerate(named(5))}, workers=workers, store=store)
        )
    assert store.get("block_00") is not None
    assert store.get("block_01") is not None
    assert store.get("block_02") is None


def test_closing_drops_what_was_not_begun() -> None:
    begun: list[int] = []
    second, gate = threading.Event(), threading.Event()

    def waits(number: int) -> int:
        begun.append(number)
        if number:
            second.set()
            gate.wait(60)
        return number

    # One thread for blocks enough for two: when the second is under way, two more have been handed out.
    with ThreadPoolExecutor(1) as executor:
        steps = run_blocks(waits, {key: (n,) for n, key in enumerate(named(9))}, workers=Workers(executor, 2))
        assert [next(steps).done for _ in range(2)] == [0, 1]
        assert second.wait(60)
        steps.close()
        gate.set()
    assert begun == [0, 1]


KILLED = """
    import sys, time
    import numpy as np
    from botalign.jobs import BlockStore, open_workers, run_blocks

    def block(number):
        time.sleep(0.02)
        return {"values": np.random.default_rng(number).standard_normal(200000)}

    store = BlockStore(sys.argv[1], {"n": 40})
    with open_workers(threads=2) as workers:
        for record in run_blocks(block, {f"{n:02d}": (n,) for n in range(40)}, workers=workers, store=store):
            print(record.done, flush=True)
"""


def test_a_killed_run_is_gone_on_with(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "work")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 5:
                break
        process.send_signal(signal.SIGKILL)
    files = sorted((tmp_path / "work").glob("[0-9]*.npz"))
    assert 5 <= len(files) < 40
    changed = {file.name: file.stat().st_mtime_ns for file in files}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert len(list((tmp_path / "work").glob("*.npz"))) == 40
    assert {name: (tmp_path / "work" / name).stat().st_mtime_ns for name in changed} == changed
    for number in range(40):
        with np.load(tmp_path / "work" / f"{number:02d}.npz") as arrays:
            np.testing.assert_array_equal(arrays["values"], np.random.default_rng(number).standard_normal(200000))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threads": 0}, "got 0 threads"),
        ({"processes": -1}, "-1 processes"),
        ({"processes": 1, "scheduler": "tcp://127.0.0.1:1"}, "processes and scheduler: got both"),
    ],
)
def test_impossible_workers_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message), open_workers(**arguments):
        pass


def slow_square(offset: NDArray[np.float64], number: int) -> float:
    time.sleep(0.1)
    return float(number * number + offset.sum())


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker() -> None:
    distributed = pytest.importorskip("distributed", reason="Dask isn't installed (pip install distributed)")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        open_workers(scheduler=cluster.scheduler_address) as workers,
    ):
        assert workers.count == 2
        offset = workers.share(np.ones(100_000))
        blocks = {key: (offset, number) for number, key in enumerate(named(30))}
        steps = run_blocks(slow_square, blocks, workers=workers)
        for _ in range(5):
            next(steps)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        results = exhaust(steps)
    assert list(results.values()) == [number * number + 100_000 for number in range(30)]


def test_a_silent_cluster_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="Dask isn't installed (pip install distributed)")
    monkeypatch.setattr("botalign.jobs.workers.PATIENCE", 0.2)
    with (
        pytest.raises(InputError, match=r"no Dask scheduler answers at 'tcp://127.0.0.1:1'"),
        open_workers(scheduler="tcp://127.0.0.1:1"),
    ):
        pass


@pytest.mark.parametrize("address", ["foo", "foo://host:1", "tcp://host:x", ""])
def test_an_address_that_is_none_begins_no_client(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was begun with it would complain, seconds later, when it is forgotten."""
    pytest.importorskip("distributed", reason="Dask isn't installed (pip install distributed)")
    begun: list[str] = []
    monkeypatch.setattr("distributed.Client", lambda address, **_: begun.append(address))
    with pytest.raises(InputError, match=f"no Dask scheduler answers at '{address}'"), open_workers(scheduler=address):
        pass
    assert begun == []
