import errno
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from botalign.cancellation import check_cancelled
from botalign.errors import InputError
from botalign.jobs import BlockStore, Execution, Workers, open_workers, run_blocks
from botalign.jobs.cluster import ClusterExecutor
from botalign.progress import exhaust


def spectrum(values: NDArray[np.float64], number: int) -> dict[str, NDArray[Any]]:
    return {"sum": np.fft.rfft(values * number).real, "number": np.array(number)}


def lose_process_once(flag: str, number: int) -> int:
    if number == 3 and not Path(flag).exists():
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def lose_process(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def block_names(count: int) -> list[str]:
    return [f"block_{number:02d}" for number in range(count)]


def work(workers: Workers, store: BlockStore | None = None) -> dict[str, dict[str, NDArray[Any]]]:
    values = workers.share(np.random.default_rng(0).standard_normal(1000))
    blocks = {key: (values, number) for number, key in enumerate(block_names(7))}
    return exhaust(run_blocks(spectrum, blocks, workers=workers, store=store))


def same(a: dict[str, dict[str, NDArray[Any]]], b: dict[str, dict[str, NDArray[Any]]]) -> bool:
    return list(a) == list(b) and all(np.array_equal(a[key][name], b[key][name]) for key in a for name in a[key])


@pytest.fixture(scope="module")
def expected() -> dict[str, dict[str, NDArray[Any]]]:
    with open_workers() as workers:
        return work(workers)


def test_results_are_in_the_order_of_the_blocks(expected: dict[str, Any]) -> None:
    values = np.random.default_rng(0).standard_normal(1000)
    assert list(expected) == block_names(7)
    np.testing.assert_array_equal(expected["block_05"]["sum"], spectrum(values, 5)["sum"])


@pytest.mark.parametrize("kind", [{"threads": 3}, {"processes": 2}])
def test_results_do_not_depend_on_the_workers(expected: dict[str, Any], kind: dict[str, int]) -> None:
    with open_workers(Execution(**kind)) as workers:
        assert same(work(workers), expected)


def interruptible(number: int) -> bool:
    return signal.getsignal(signal.SIGINT) != signal.SIG_IGN


@pytest.mark.usefixtures("ctrl_c")
def test_processes_ignore_ctrl_c() -> None:
    with open_workers(Execution(processes=1)) as workers:
        assert exhaust(run_blocks(interruptible, {"one": (1,)}, workers=workers)) == {"one": False}
    assert interruptible(1)


def test_released_values_are_removed_and_a_full_disk_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_workers(Execution(processes=1)) as workers:
        shared = workers.share(np.arange(1000.0))
        exhaust(run_blocks(spectrum, {"one": (shared, 1)}, workers=workers))
        (folder,) = tmp_path.iterdir()
        assert len(values_in(folder)) == 1
        workers.release(shared)
        assert values_in(folder) == []
        monkeypatch.setattr(np, "save", disk_full)
        with pytest.raises(
            InputError, match=r"temporary files for the worker processes cannot be written \(No space left.*set TMPDIR"
        ):
            workers.submit(spectrum, (shared, 1))


def values_in(folder: Path) -> list[Path]:
    """Return the files of shared values."""
    return [path for path in folder.iterdir() if path.name != "running"]


def disk_full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_any_executor_can_be_used(expected: dict[str, Any]) -> None:
    with ThreadPoolExecutor(2) as executor:
        assert same(work(Workers(executor, 2)), expected)


@pytest.mark.slow
def test_a_lost_process_is_replaced(tmp_path: Path) -> None:
    flag = tmp_path / "killed"
    with open_workers(Execution(processes=2)) as workers:
        blocks = {key: (str(flag), number) for number, key in enumerate(block_names(8))}
        results = exhaust(run_blocks(lose_process_once, blocks, workers=workers))
    assert flag.exists()
    assert list(results.values()) == [number * number for number in range(8)]


def test_values_sent_to_a_lost_process_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_workers(Execution(processes=1)) as workers:
        shared = workers.share(np.arange(1000.0))
        workers.submit(spectrum, (shared, 1)).future.result()
        (folder,) = tmp_path.iterdir()
        assert workers.recover(BrokenExecutor(), workers.executor)
        assert values_in(folder) == []
        assert workers.submit(spectrum, (shared, 1)).future.result()["number"] == 1
        workers.release(shared)
        assert values_in(folder) == []


@pytest.mark.slow
def test_a_block_that_kills_its_workers_is_an_error() -> None:
    with (
        open_workers(Execution(processes=1)) as workers,
        pytest.raises(
            InputError,
            match=r"4 workers died on the same task \(block first\), probably because they ran out of memory",
        ),
    ):
        exhaust(run_blocks(lose_process, {"first": (1,)}, workers=workers))


def test_progress_counts_the_blocks_of_an_earlier_run(tmp_path: Path, expected: dict[str, Any]) -> None:
    store = BlockStore(tmp_path / "work", {"n": 7})
    with open_workers() as workers:
        values = np.random.default_rng(0).standard_normal(1000)
        blocks: dict[str, tuple[Any, ...]] = {key: (values, number) for number, key in enumerate(block_names(7))}
        steps = run_blocks(spectrum, blocks, workers=workers, store=store)
        assert [next(steps).done for _ in range(4)] == [0, 1, 2, 3]
        steps.close()
    store = BlockStore(tmp_path / "work", {"n": 7})
    kept = sum(store.get(key) is not None for key in block_names(7))
    assert kept >= 3
    with open_workers() as workers:
        records = list(run_blocks(spectrum, blocks, workers=workers, store=store))
        assert same(work(workers, store), expected)
    assert [record.done for record in records] == list(range(kept, 8))
    assert {record.total for record in records} == {7}


def test_blocks_completed_before_an_error_are_kept(tmp_path: Path) -> None:
    def fails(number: int) -> dict[str, NDArray[Any]]:
        if number == 2:
            raise ZeroDivisionError
        return {"number": np.array(number)}

    store = BlockStore(tmp_path / "work", {})
    with open_workers(Execution(threads=1)) as workers, pytest.raises(ZeroDivisionError):
        exhaust(
            run_blocks(
                fails, {key: (number,) for number, key in enumerate(block_names(5))}, workers=workers, store=store
            )
        )
    assert store.get("block_00") is not None
    assert store.get("block_01") is not None
    assert store.get("block_02") is None


def test_closing_drops_blocks_that_have_not_started() -> None:
    started: list[int] = []
    second, gate = threading.Event(), threading.Event()

    def waits(number: int) -> int:
        started.append(number)
        if number:
            second.set()
            gate.wait(60)
        return number

    # The executor has one thread, but blocks for two are submitted: two more when the second runs.
    with ThreadPoolExecutor(1) as executor:
        steps = run_blocks(waits, {key: (n,) for n, key in enumerate(block_names(9))}, workers=Workers(executor, 2))
        assert [next(steps).done for _ in range(2)] == [0, 1]
        assert second.wait(60)
        steps.close()
        gate.set()
    assert started == [0, 1]


def test_progress_is_reported_while_no_block_ends() -> None:
    gate = threading.Event()
    with open_workers(Execution(threads=1)) as workers:
        steps = run_blocks(lambda: gate.wait(60), {"one": ()}, workers=workers, stage="wait")
        assert [next(steps).done for _ in range(3)] == [0, 0, 0]  # otherwise this would wait for the gate
        gate.set()
        assert exhaust(steps) == {"one": True}


def count_until_cancelled(path: str) -> None:
    """Write the number of units that were begun to a file, without end."""
    number = 0
    while True:
        check_cancelled()
        number += 1
        Path(path).write_text(str(number))


@pytest.mark.parametrize("kind", [{"threads": 2}, {"processes": 2}])
def test_closing_the_workers_cancels_running_blocks(kind: dict[str, int], tmp_path: Path) -> None:
    paths = [tmp_path / name for name in "abcdef"]
    with open_workers(Execution(**kind)) as workers:
        blocks = {path.name: (str(path),) for path in paths}
        steps = run_blocks(count_until_cancelled, blocks, workers=workers)
        while not all(path.exists() for path in paths[:2]):
            next(steps)
        steps.close()
    # Leaving the context has waited for the blocks, which would otherwise never end.
    counts = [path.read_text() for path in paths if path.exists()]
    assert len(counts) == 2  # no other block was begun
    assert [path.read_text() for path in paths if path.exists()] == counts


KILLED = """
    import sys, time
    import numpy as np
    from botalign.jobs import BlockStore, Execution, open_workers, run_blocks

    def block(number):
        time.sleep(0.02)
        return {"values": np.random.default_rng(number).standard_normal(200000)}

    store = BlockStore(sys.argv[1], {"n": 40})
    with open_workers(Execution(threads=2)) as workers:
        for record in run_blocks(block, {f"{n:02d}": (n,) for n in range(40)}, workers=workers, store=store):
            print(record.done, flush=True)
"""


def test_a_killed_run_is_resumed(tmp_path: Path) -> None:
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
        ({"threads": 0}, "threads: got 0, expected"),
        ({"processes": -1}, "processes: got -1, expected"),
        ({"work": 5}, "work: got the number 5, expected the path of a folder"),
        ({"processes": 1, "scheduler": "tcp://127.0.0.1:1"}, "processes and scheduler: got both"),
    ],
)
def test_invalid_workers_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Execution(**arguments)


def slow_square(offset: NDArray[np.float64], number: int) -> float:
    time.sleep(0.1)
    return float(number * number + offset.sum())


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker(cluster: Any) -> None:
    with open_workers(Execution(scheduler=cluster.scheduler_address)) as workers:
        assert workers.count == 2
        offset = workers.share(np.ones(100_000))
        blocks = {key: (offset, number) for number, key in enumerate(block_names(30))}
        steps = run_blocks(slow_square, blocks, workers=workers)
        for _ in range(5):
            next(steps)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        results = exhaust(steps)
    assert list(results.values()) == [number * number + 100_000 for number in range(30)]


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_while_a_value_is_sent(cluster: Any) -> None:
    """Dask has not noticed the loss when it starts to send the value."""
    with open_workers(Execution(scheduler=cluster.scheduler_address)) as workers:
        offset = workers.share(np.ones(300_000))
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        blocks = {key: (offset, number) for number, key in enumerate(block_names(3))}
        results = exhaust(run_blocks(slow_square, blocks, workers=workers))
    assert list(results.values()) == [300_000, 300_001, 300_004]


class LostOnce:
    """A result that ends its process when it is first sent."""

    def __init__(self, flag: Path, value: float) -> None:
        self.flag, self.value = flag, value

    def __reduce__(self) -> Any:
        if not self.flag.exists():
            self.flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return LostOnce, (self.flag, self.value)


def lost_once(offset: NDArray[np.float64], number: int, flag: Path) -> LostOnce:
    return LostOnce(flag, number + offset.sum())


@pytest.mark.slow
@pytest.mark.parametrize("to_all", [False, True])
def test_a_cluster_that_loses_a_worker_with_a_result(cluster: Any, tmp_path: Path, to_all: bool) -> None:
    with open_workers(Execution(scheduler=cluster.scheduler_address)) as workers:
        offset = workers.share(np.ones(1000), to_all=to_all)
        blocks = {key: (offset, number, tmp_path / "flag") for number, key in enumerate(block_names(3))}
        results = exhaust(run_blocks(lost_once, blocks, workers=workers))
    assert [each.value for each in results.values()] == [1000, 1001, 1002]
    assert (tmp_path / "flag").exists()


def test_a_cluster_that_does_not_answer_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed (pip install distributed)")
    monkeypatch.setattr("botalign.jobs.workers.TIMEOUT_SECONDS", 0.2)
    with (
        pytest.raises(InputError, match=r"no Dask scheduler answers at 'tcp://127.0.0.1:1'"),
        open_workers(Execution(scheduler="tcp://127.0.0.1:1")),
    ):
        pass


@pytest.mark.parametrize("address", ["foo", "foo://host:1", "tcp://host:x", ""])
def test_an_invalid_address_starts_no_client(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client with an invalid address would raise an error when it is deleted."""
    pytest.importorskip("distributed", reason="Dask is not installed (pip install distributed)")
    started: list[str] = []
    monkeypatch.setattr("distributed.Client", lambda address, **_: started.append(address))
    refused = pytest.raises(InputError, match=f"no Dask scheduler answers at '{address}'")
    with refused, open_workers(Execution(scheduler=address)):
        pass
    assert started == []


class Unreliable(ThreadPoolExecutor):
    """Raises an error, or returns a cancelled future, at the first submission."""

    def __init__(self, error: BaseException | None) -> None:
        super().__init__(1)
        self.error, self.submissions = error, 0

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        self.submissions += 1
        if self.submissions > 1:
            return super().submit(*arguments, **options)
        if self.error is not None:
            raise self.error
        cancelled: Future[Any] = Future()
        cancelled.cancel()
        cancelled.set_running_or_notify_cancel()
        return cancelled


def test_a_block_that_the_executor_cancelled_is_submitted_again() -> None:
    with Unreliable(None) as executor:
        results = exhaust(run_blocks(pow, {"one": (2, 5)}, workers=Workers(executor, 1)))
        assert (results, executor.submissions) == ({"one": 32}, 2)


def test_a_broken_executor_is_renewed_if_possible() -> None:
    with ThreadPoolExecutor(1) as new, Unreliable(BrokenExecutor("gone")) as broken:
        workers = Workers(broken, 1, renew=lambda: new)
        assert exhaust(run_blocks(pow, {"one": (2, 5)}, workers=workers)) == {"one": 32}
        assert workers.executor is new
    with Unreliable(BrokenExecutor("gone")) as broken, pytest.raises(BrokenExecutor, match="gone"):
        exhaust(run_blocks(pow, {"one": (2, 5)}, workers=Workers(broken, 1)))


@pytest.mark.parametrize("error", [OSError("connection closed"), KeyError("tcp://127.0.0.1:2")])
def test_a_cluster_that_does_not_accept_data_is_reported(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    class Client:
        attempts = 0

        def scatter(self, values: list[Any], **options: bool) -> list[Any]:
            self.attempts += 1
            raise error

    monkeypatch.setattr("botalign.jobs.cluster._PAUSE_SECONDS", 0)
    client = Client()
    executor = ClusterExecutor(client, "tcp://127.0.0.1:1")
    workers = Workers(executor, 1, send=executor.send)
    reported = r"^scheduler: the cluster at tcp://127.0.0.1:1 did not accept the data \((OS|Key)Error: .+\); check"
    with pytest.raises(InputError, match=reported):
        workers.submit(pow, (workers.share(2), 5))
    assert client.attempts == 4


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    needs = pytest.raises(InputError, match="scheduler needs Dask, which is not installed")
    with needs, open_workers(Execution(scheduler="tcp://127.0.0.1:1")):
        pass


@pytest.mark.slow
def test_a_cluster_without_workers_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (pip install distributed)")
    monkeypatch.setattr("botalign.jobs.workers.TIMEOUT_SECONDS", 2)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None, silence_logs=50) as cluster,
        pytest.raises(InputError, match="has no workers; start one with `dask worker`"),
        open_workers(Execution(scheduler=cluster.scheduler_address)),
    ):
        pass
