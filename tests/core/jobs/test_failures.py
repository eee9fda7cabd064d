import errno
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from botalign import file_warnings
from botalign.cancellation import CancelledWork
from botalign.errors import InputError
from botalign.jobs import (
    BlockStore,
    Execution,
    block_names,
    is_transient,
    open_workers,
    or_failure,
    reason_of,
    run_blocks,
    warnings_of,
)
from botalign.jobs.blocks import ATTEMPTS
from botalign.progress import exhaust

TRANSIENT = [
    MemoryError("no memory"),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EIO, "Input/output error"),
    TimeoutError("timed out"),
]


@dataclass
class Clock:
    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


PERMANENT = [InputError("a.mrc: is not a map."), ValueError("bad"), FileNotFoundError(errno.ENOENT, "No such file")]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock of the pauses by one that does not wait."""
    clock = Clock()
    monkeypatch.setattr("botalign.jobs.blocks.time", clock)
    return clock


@or_failure
def fail(error: BaseException, folder: Path, times: int) -> dict[str, NDArray[Any]]:
    """Fail the first times, and leave a file for each attempt."""
    attempts = len(list(folder.iterdir()))
    (folder / str(attempts)).touch()
    if attempts < times:
        raise error
    return {"value": np.array(7)}


@or_failure
def fail_because(error: BaseException) -> dict[str, NDArray[Any]]:
    raise InputError("a.mrc: cannot be read.") from error


def run(error: BaseException, tmp_path: Path, times: int) -> tuple[dict[str, Any], list[str], int]:
    """Return the arrays of a block, the blocks in the store, and the number of attempts."""
    (tmp_path / "attempts").mkdir(exist_ok=True)
    with BlockStore(tmp_path / "work", {"a": 1}) as store, open_workers(Execution(threads=1)) as workers:
        blocks = {"one": (error, tmp_path / "attempts", times)}
        found = exhaust(run_blocks(fail, blocks, workers=workers, store=store))["one"]
    return found, block_names(tmp_path / "work"), len(list((tmp_path / "attempts").iterdir()))


@pytest.mark.parametrize("error", TRANSIENT, ids=lambda error: type(error).__name__)
def test_a_transient_failure_is_retried(error: Exception, tmp_path: Path) -> None:
    found, stored, attempts = run(error, tmp_path, times=2)
    assert (reason_of(found), int(found["value"]), stored, attempts) == (None, 7, ["one"], 3)


@pytest.mark.parametrize("error", TRANSIENT, ids=lambda error: type(error).__name__)
def test_a_transient_failure_is_not_stored(error: Exception, tmp_path: Path) -> None:
    found, stored, attempts = run(error, tmp_path, times=ATTEMPTS)
    assert reason_of(found) == f"{type(error).__name__}: {error}"
    assert (stored, attempts) == ([], ATTEMPTS)
    again, stored, _ = run(error, tmp_path, times=ATTEMPTS)  # resumed, when the reason has passed
    assert (reason_of(again), stored) == (None, ["one"])


@pytest.mark.parametrize("error", PERMANENT, ids=lambda error: type(error).__name__)
def test_a_permanent_failure_is_a_result(error: Exception, tmp_path: Path) -> None:
    found, stored, attempts = run(error, tmp_path, times=ATTEMPTS)
    assert str(error) in str(reason_of(found))
    assert (stored, attempts) == (["one"], 1)


def test_retries_begin_after_all_other_blocks_and_after_pauses(tmp_path: Path, clock: Clock) -> None:
    done: list[tuple[str, float]] = []

    @or_failure
    def work(name: str) -> dict[str, NDArray[Any]]:
        done.append((name, clock.seconds))
        if name == "bad":
            raise TRANSIENT[0]
        return {"value": np.array(7)}

    with open_workers(Execution(threads=1)) as workers:
        steps = list(run_blocks(work, {name: (name,) for name in ("bad", "b", "c", "d", "e")}, workers=workers))
    assert done == [("bad", 0), ("b", 0), ("c", 0), ("d", 0), ("e", 0), ("bad", 1), ("bad", 5), ("bad", 21)]
    assert [each.done for each in steps if each.done != 4] == [0, 1, 2, 3, 5]
    assert sum(each.done == 4 for each in steps) > 2 * 21  # reported at least every half second


def test_a_pause_can_be_cancelled(tmp_path: Path, clock: Clock) -> None:
    with open_workers(Execution(threads=1)) as workers:
        steps = run_blocks(fail, {"one": (TRANSIENT[0], tmp_path, ATTEMPTS)}, workers=workers)
        while clock.seconds == 0:
            next(steps)
        steps.close()
    assert (clock.seconds, len(list(tmp_path.iterdir()))) == (0.5, 1)


def test_the_cause_of_a_message_decides() -> None:
    assert set(fail_because(TRANSIENT[1])) == {"failure", "transient", "warnings"}
    permanent = fail_because(OSError(errno.EACCES, os.strerror(errno.EACCES)))
    assert set(permanent) == {"failure", "warnings"}


def test_only_a_marked_failure_is_transient() -> None:
    assert is_transient(fail_because(TRANSIENT[0]))
    assert not is_transient(fail_because(PERMANENT[0]))
    assert not is_transient({"transient": np.array(True)})  # a result with an array of this name
    assert not is_transient(3)


@pytest.mark.parametrize("error", [ConnectionResetError("lost"), CancelledWork()])
def test_a_lost_worker_and_a_cancellation_are_no_failures_of_the_item(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(type(error)):
        fail(error, tmp_path, ATTEMPTS)


@or_failure
def read_item(file: str, barrier: threading.Barrier | None) -> dict[str, NDArray[Any]]:
    for _ in range(2):  # a file that is read twice
        file_warnings.warn(UserWarning(f"{file}: is odd,\nand old."))
    if barrier is not None:
        barrier.wait()
    if file == "bad":
        raise InputError("bad: cannot be read.")
    return {"value": np.array(7)}


def test_warnings_belong_to_their_item_in_threads_that_run_at_once() -> None:
    blocks = {name: (name, barrier) for barrier in [threading.Barrier(2)] for name in ("good", "bad")}
    with open_workers(Execution(threads=2)) as workers:
        found = exhaust(run_blocks(read_item, blocks, workers=workers))
    assert {name: warnings_of(arrays) for name, arrays in found.items()} == {
        "good": ("good: is odd, and old.",),
        "bad": ("bad: is odd, and old.",),
    }
    assert reason_of(found["bad"]) == "bad: cannot be read."


def test_warnings_are_kept_with_the_result(tmp_path: Path) -> None:
    for _ in range(2):  # computed, and then read from the store
        with BlockStore(tmp_path / "work", {"a": 1}) as store, open_workers(Execution(threads=1)) as workers:
            found = exhaust(run_blocks(read_item, {"one": ("a", None)}, workers=workers, store=store))
        assert warnings_of(found["one"]) == ("a: is odd, and old.",)


def test_outside_of_the_work_on_an_item_a_warning_is_issued() -> None:
    read_item("a", None)
    with pytest.warns(UserWarning, match="b: is odd") as caught:
        file_warnings.warn(UserWarning("b: is odd."), stacklevel=1)
    assert caught[0].filename == __file__
