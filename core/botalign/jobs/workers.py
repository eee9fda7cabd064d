"""The workers that run blocks: threads, processes, the workers of a Dask cluster, or any executor."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from botalign.cancellation import watch
from botalign.errors import InputError, Setting
from botalign.jobs.cluster import ClusterExecutor
from botalign.jobs.execution import Execution
from botalign.jobs.failures import is_loss
from botalign.threads import one_blas_thread, thread_count

#: Seconds to wait for the answer of a cluster.
TIMEOUT_SECONDS = 10


@dataclass(frozen=True, eq=False)
class SharedValue:
    """A large value among the arguments of blocks, which is sent to a worker once instead of with every block."""

    number: int
    value: Any
    to_all: bool = True


@dataclass(frozen=True, eq=False)
class Submitted:
    """A submitted block, and the executor that runs it."""

    future: Future[Any]
    executor: Executor


class Workers:
    """An executor, and the transfer of large values to its workers.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Executor that runs the blocks. Without `send`, shared values are pickled with every block.
    count : int
        Number of blocks that can run at once.
    send : callable, optional
        Takes a large value and whether all workers need it, sends it to all of them or to one, and returns the argument
        to replace it by.
    release : callable, optional
        Takes what `send` returned when it is no longer needed.
    separate_memory : bool, optional
        Whether the workers have separate memory, so that each should get only a part of large values.
    renew : callable, optional
        Returns a new executor when the old one has lost a worker and accepts no more blocks.
    """

    def __init__(
        self,
        executor: Executor,
        count: int,
        *,
        send: Callable[[Any, bool], Any] | None = None,
        release: Callable[[Any], None] | None = None,
        separate_memory: bool = False,
        renew: Callable[[], Executor] | None = None,
    ) -> None:
        self.count = count
        self.executor = executor
        self.separate_memory = separate_memory
        self._send = send or (lambda value, to_all: value)
        self._release = release or (lambda sent: None)
        self._renew = renew
        self._sent: dict[int, Any] = {}
        self._numbers = 0

    def share(self, value: Any, *, to_all: bool = True) -> SharedValue:
        """Return an argument for a large value, which is sent to each worker once instead of with every block.

        If `to_all` is false, it is sent to one worker only, which runs all blocks that need it.
        """
        self._numbers += 1
        return SharedValue(self._numbers, value, to_all)

    def release(self, shared: SharedValue) -> None:
        """Free a shared value that no further blocks need."""
        if shared.number in self._sent:
            self._release(self._sent.pop(shared.number))

    def submit(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Submitted:
        """Submit a block."""
        try:
            return Submitted(self.executor.submit(_call, function, *map(self._resolve, arguments)), self.executor)
        except BrokenExecutor as error:
            if not self.recover(error, self.executor):
                raise
            return Submitted(self.executor.submit(_call, function, *map(self._resolve, arguments)), self.executor)

    def recover(self, error: BaseException, executor: Executor) -> bool:
        """Prepare for another attempt after a block has failed; return False if another attempt makes no sense."""
        if not is_loss(error):
            return False
        if executor is self.executor:  # otherwise another block that failed has already done this
            for sent in self._sent.values():  # values may have been lost with the worker, and the rest must be freed
                self._release(sent)
            self._sent.clear()
            if isinstance(error, BrokenExecutor):
                if self._renew is None:
                    return False
                self.executor.shutdown(wait=False, cancel_futures=True)
                self.executor = self._renew()
        return True

    def _resolve(self, argument: Any) -> Any:
        if not isinstance(argument, SharedValue):
            return argument
        if argument.number not in self._sent:
            self._sent[argument.number] = self._send(argument.value, argument.to_all)
        return self._sent[argument.number]


@contextmanager
def open_workers(execution: Execution | None = None) -> Iterator[Workers]:
    """Start workers, and stop them at the end of the context.

    Blocks that are running at the end of the context are cancelled when they next call
    :func:`botalign.cancellation.check_cancelled`, except on a cluster.

    Parameters
    ----------
    execution : Execution, optional
        Number of threads or processes, or a cluster; by default one thread per core. Each process has one thread. They
        are spawned, because a fork of a program with threads may hang.

    Yields
    ------
    Workers
        The workers.

    Raises
    ------
    InputError
        If the cluster does not answer.
    """
    chosen = execution or Execution()
    if chosen.scheduler is not None:
        with _cluster(chosen.scheduler) as workers:
            yield workers
    elif chosen.processes is not None:
        with _processes(chosen.processes) as workers:
            yield workers
    else:
        threads = thread_count(chosen.threads)
        stop = threading.Event()
        pool = ThreadPoolExecutor(threads, thread_name_prefix="botalign", initializer=watch, initargs=(stop.is_set,))
        with pool as executor:
            try:
                yield Workers(executor, threads)
            finally:
                stop.set()


@contextmanager
def _processes(count: int) -> Iterator[Workers]:
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="botalign-", ignore_cleanup_errors=True) as folder:
        numbers = iter(range(2**62))
        running = Path(folder) / "running"
        running.touch()

        def new() -> Executor:
            return ProcessPoolExecutor(count, mp_context=context, initializer=_start_process, initargs=(str(running),))

        def send(value: Any, to_all: bool) -> _FileValue:
            path = Path(folder) / f"{next(numbers)}"
            array = isinstance(value, np.ndarray) and not value.dtype.hasobject
            try:
                with path.open("wb") as file:
                    if array:
                        np.save(file, value)
                    else:
                        pickle.dump(value, file, protocol=5)
            except OSError as error:
                raise InputError(
                    f"{folder}: temporary files for the worker processes cannot be written "
                    f"({error.strerror or error}); set TMPDIR to a folder with more space, or use threads."
                ) from error
            return _FileValue(str(path), array)

        def release(sent: _FileValue) -> None:
            with suppress(OSError):  # Windows cannot remove a file that a process has mapped
                Path(sent.path).unlink()

        workers = Workers(new(), count, send=send, release=release, renew=new)
        try:
            yield workers
        finally:
            running.unlink(missing_ok=True)
            workers.executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _cluster(address: str) -> Iterator[Workers]:
    try:
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        raise InputError(
            Setting("scheduler"), " needs Dask, which is not installed; install it with `pip install distributed`."
        ) from None
    try:
        if not address.startswith("inproc:"):
            get_address_host_port(address)  # a client with an invalid address cannot be closed
        client = Client(address, timeout=TIMEOUT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            Setting("scheduler"),
            f": no Dask scheduler answers at {address!r} ({reason}), expected an address such as tcp://host:8786.",
        ) from None
    try:
        try:
            client.wait_for_workers(1, timeout=TIMEOUT_SECONDS)
        except TimeoutError:
            raise InputError(
                Setting("scheduler"), f": the cluster at {address} has no workers; start one with `dask worker`."
            ) from None
        executor = ClusterExecutor(client, address)
        yield Workers(executor, max(1, sum(client.nthreads().values())), send=executor.send, separate_memory=True)
    finally:
        client.close()


def _start_process(running: str) -> None:
    """Prepare a worker process, whose work is cancelled when a file is removed.

    Unlike a lock, a file cannot be held by a process that is killed.
    """
    # A terminal sends Ctrl-C to all processes; only the main process must react.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watch(lambda: not os.path.exists(running))  # noqa: PTH110 (called often)


@dataclass(frozen=True)
class _FileValue:
    """A large value in a file, which each process reads once; an array is mapped, so that processes share memory."""

    path: str
    array: bool


@lru_cache(maxsize=8)
def _read(sent: _FileValue) -> Any:
    if sent.array:
        return np.load(sent.path, mmap_mode="r")
    return pickle.loads(Path(sent.path).read_bytes())  # written by this program


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Read the shared values and call the function; runs in the worker."""
    with one_blas_thread():
        return function(*(_read(each) if isinstance(each, _FileValue) else each for each in arguments))
