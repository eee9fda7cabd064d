"""How many threads work is spread over, and how many the linear algebra library uses."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import threadpoolctl
from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_inside: list[Any] = []


def thread_count(threads: int | None, *, most: int | None = None) -> int:
    """Return how many threads to use.

    Parameters
    ----------
    threads : int or None
        Number that was asked for; None for as many as there are cores.
    most : int, optional
        More threads than this would not be faster.
    """
    if threads is None:
        threads = os.cpu_count() or 1
    return threads if most is None else min(threads, most)


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
