"""Threads: how many the libraries below may use, and a generator on one of its own."""

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import threadpoolctl
from threadpoolctl import ThreadpoolController

Step = TypeVar("Step")
Result = TypeVar("Result")

_lock = threading.Lock()
_inside: list[Any] = []


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


def _take_control() -> None:
    """Let this thread set the number of threads.

    Newer versions of threadpoolctl listen to the thread that did so first, as long as it lives, and silently to no
    other. Whoever calls this holds the lock, so that no two contend.
    """
    controller = getattr(threadpoolctl, "OpenBLASController", None)
    clear = getattr(controller, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS on the calling thread.

    Its own threads spin while they wait for each other: on a busy machine a product that takes 0.03 s on one thread was
    seen to take 2 s on two. Work is spread over threads above BLAS, by blocks, where the result can't depend on it.

    The setting belongs to the process. It is made by whoever enters first and undone by whoever leaves last, so that
    two threads inside don't leave the host program with the wrong one.
    """
    with _lock:
        if not _inside:
            _take_control()
        _inside.append(None if _inside else _blas().limit(limits=1))
    try:
        yield
    finally:
        with _lock:
            if len(_inside) == 1:
                _take_control()
                _inside[0].restore_original_limits()
            _inside.pop()


def ahead(generator: Generator[Step, None, Result]) -> Generator[Step, None, Result]:
    """Run a generator on a thread of its own, from now on, and return one that hands on what it yields and returns.

    Closing the one returned stops the thread at the generator's next step, and waits for it.
    """
    results: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    stopped = threading.Event()

    def run() -> None:
        try:
            while not stopped.is_set():
                results.put(("step", next(generator)))
        except StopIteration as stop:
            results.put(("result", stop.value))
        except BaseException as error:  # raised again where the results are asked for
            results.put(("error", error))
        finally:
            generator.close()

    thread = threading.Thread(target=run, name="botalign", daemon=True)
    thread.start()

    def steps() -> Generator[Step, None, Result]:
        try:
            yield None  # type: ignore[misc]  # so that closing runs the clean-up even before the first step is taken
            while True:
                kind, value = results.get()
                if kind == "error":
                    raise value
                if kind == "result":
                    result: Result = value
                    return result
                yield value
        finally:
            stopped.set()
            thread.join()

    handed_on = steps()
    next(handed_on)
    return handed_on
