"""How many threads the libraries below may use."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_inside: list[Any] = []


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS on the calling thread.

    Its own threads spin while they wait for each other: on a busy machine a product that takes 0.03 s on one thread was
    seen to take 2 s on two. Work is spread over threads above BLAS, by blocks, where the result can't depend on it.

    The setting belongs to the process. It is made by whoever enters first and undone by whoever leaves last, so that
    two threads inside don't leave the host program with the wrong one.
    """
    with _lock:
        _inside.append(None if _inside else _blas().limit(limits=1))
    try:
        yield
    finally:
        with _lock:
            if len(_inside) == 1:
                _inside[0].restore_original_limits()
            _inside.pop()
