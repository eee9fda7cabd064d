import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from botalign.cancellation import CancelledWork, cancelled_by, check_cancelled
from botalign.errors import InputError
from botalign.progress import in_background
from botalign.threads import one_blas_thread, run_in_threads, thread_count


def counting(count: int, stopped: threading.Event) -> Generator[int, None, str]:
    try:
        yield from range(count)
    finally:
        stopped.set()
    return "done"


def test_a_background_computation_passes_on_steps_and_result() -> None:
    steps = in_background(counting(5, threading.Event()))
    seen = [next(steps) for _ in range(5)]
    assert seen == [0, 1, 2, 3, 4]
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == "done"


def test_closing_ends_the_thread() -> None:
    stopped = threading.Event()
    before = set(threading.enumerate())
    steps = in_background(counting(10**9, stopped))
    assert next(steps) == 0
    steps.close()
    assert stopped.is_set()
    assert set(threading.enumerate()) <= before


def test_closing_before_the_first_step_ends_the_thread() -> None:
    before = set(threading.enumerate())
    in_background(counting(10**9, threading.Event())).close()
    assert set(threading.enumerate()) <= before


def test_an_error_is_raised_in_the_consuming_thread() -> None:
    def failing() -> Generator[int, None, None]:
        yield 1
        raise ValueError("no")

    steps = in_background(failing())
    assert next(steps) == 1
    with pytest.raises(ValueError, match="no"):
        next(steps)


def test_the_last_thread_restores_the_setting_of_blas() -> None:
    from threadpoolctl import ThreadpoolController

    def now() -> list[int]:
        return [library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()]

    np.eye(2) @ np.eye(2)  # loads the library
    before = now()
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    assert set(now()) == {1}
    first.__exit__(None, None, None)
    assert set(now()) == {1}
    second.__exit__(None, None, None)
    assert now() == before


def test_blas_is_kept_on_one_thread_from_any_thread() -> None:
    def widths() -> list[int]:
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    def asked() -> list[int]:
        with one_blas_thread():
            return widths()

    with threadpool_limits(limits=2, user_api="blas"):
        before = widths()
        assert set(asked()) == {1}
        with ThreadPoolExecutor(1) as executor:
            assert set(executor.submit(asked).result()) == {1}
        assert widths() == before
        # Entered by one thread, left by another.
        outer = one_blas_thread()
        outer.__enter__()
        with ThreadPoolExecutor(1) as executor:
            executor.submit(outer.__exit__, None, None, None).result()
        assert widths() == before


def test_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert thread_count(None) == 8
    assert thread_count(None, most=2) == thread_count(3, most=2) == 2
    assert thread_count(3) == 3
    for wrong in (0, -1, 1.5, True):
        with pytest.raises(InputError, match=r"threads: got .*, expected a whole number from 1 to 1024"):
            thread_count(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_of_tasks_are_in_order_and_the_first_error_is_raised(threads: int) -> None:
    assert run_in_threads([lambda n=n: n * n for n in range(7)], threads) == [0, 1, 4, 9, 16, 25, 36]

    def fail(number: int) -> None:
        raise InputError(f"task {number} failed.")

    with pytest.raises(InputError, match="task 2 failed"):
        run_in_threads([lambda n=n: fail(n) if n > 1 else None for n in range(7)], threads)


@pytest.mark.parametrize("threads", [1, 3])
def test_tasks_are_cancelled_with_the_work_of_the_calling_thread(threads: int) -> None:
    with cancelled_by(lambda: True), pytest.raises(CancelledWork):
        run_in_threads([check_cancelled] * 3, threads)
    run_in_threads([check_cancelled] * 3, threads)
