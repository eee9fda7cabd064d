"""The number of threads of a computation, and of the linear algebra library."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Annotated, Any, TypeVar

import threadpoolctl
from threadpoolctl import ThreadpoolController

from botalign.cancellation import watch, watched
from botalign.options import Declaration, Option

_HELP = (
    "Number of threads; by default chosen automatically (at most one per core). The result does not depend on the "
    "number of threads"
)
#: The option of every function that uses threads, and the type of a field that declares it.
THREADS = Declaration("threads", int, True, False, None, Option(_HELP, low=1, high=1024))
Threads = Annotated[int | None, THREADS.option]

T = TypeVar("T")

_lock = threading.Lock()
_inside: list[Any] = []


def thread_count(threads: int | None, *, most: int | None = None) -> int:
    """Return the number of threads to use.

    Parameters
    ----------
    threads : int or None
        Number given by the user; None for one per core.
    most : int, optional
        Number above which more threads are not faster.

    Raises
    ------
    InputError
        If `threads` is not a whole number from 1 to 1024.
    """
    count: int = os.cpu_count() or 1 if threads is None else THREADS.check(threads)
    return count if most is None else min(count, most)


def run_in_threads(tasks: Sequence[Callable[[], T]], threads: int) -> list[T]:
    """Run tasks on a number of threads; return their results in order, or raise the error of the first that fails.

    The tasks are cancelled with the work of the calling thread.
    """
    if threads < 2 or len(tasks) < 2:
        return [task() for task in tasks]
    with ThreadPoolExecutor(min(threads, len(tasks)), initializer=watch, initargs=(watched(),)) as pool:
        return list(pool.map(lambda task: task(), tasks))


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


def _take_control() -> None:
    """Let this thread set the number of threads.

    Newer versions of threadpoolctl accept the setting only from the thread that made it first, as long as that thread
    is alive, and ignore other threads silently. The caller holds the lock.
    """
    controller = getattr(threadpoolctl, "OpenBLASController", None)
    clear = getattr(controller, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS on the calling thread.

    The threads of BLAS spin while they wait for each other: on a busy machine, a product that takes 0.03 s on one
    thread took 2 s on two. Work is divided into blocks and spread over threads above BLAS, where the result cannot
    depend on their number.

    The setting belongs to the process. The first thread that enters makes it and the last that leaves restores it, so
    that the host program keeps its own setting.
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
