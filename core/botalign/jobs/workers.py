"""Who works on the blocks: threads, processes, the workers of a Dask cluster, or any executor."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from botalign.errors import InputError, Setting
from botalign.threads import one_blas_thread

#: Seconds to wait for a cluster to answer.
PATIENCE = 10


@dataclass(frozen=True, eq=False)
class Shared:
    """Stands for a large value among the arguments of a block; the block's function gets the value itself."""

    number: int
    value: Any
    everywhere: bool = True


@dataclass(frozen=True, eq=False)
class Begun:
    """A block under way, and the executor that has it."""

    future: Future[Any]
    executor: Executor


class Workers:
    """An executor, and how large values get to its workers.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Whatever runs the blocks. Values are pickled with every block unless `send` is given.
    count : int
        How many blocks it can work on at a time.
    send : callable, optional
        Takes a large value and whether all workers want it, brings it to all of them or to one, and returns what stands
        for it among a block's arguments.
    release : callable, optional
        Takes what `send` returned, when nobody will ask for it any more.
    apart : bool, optional
        Whether workers share no memory, so that each had better get a part of what is large.
    renew : callable, optional
        Makes a new executor when the old one has lost a worker and takes no more work.
    """

    def __init__(
        self,
        executor: Executor,
        count: int,
        *,
        send: Callable[[Any, bool], Any] | None = None,
        release: Callable[[Any], None] | None = None,
        apart: bool = False,
        renew: Callable[[], Executor] | None = None,
    ) -> None:
        self.count = count
        self.executor = executor
        self.apart = apart
        self._send = send or (lambda value, everywhere: value)
        self._release = release or (lambda brought: None)
        self._renew = renew
        self._sent: dict[int, Any] = {}
        self._numbers = 0

    def share(self, value: Any, *, everywhere: bool = True) -> Shared:
        """Return what stands for a large value, so that it is brought to each worker once, not with every block.

        Without `everywhere` it is brought to one worker only, and blocks that want it go there.
        """
        self._numbers += 1
        return Shared(self._numbers, value, everywhere)

    def forget(self, shared: Shared) -> None:
        """Let go of a large value that no more blocks will ask for."""
        if shared.number in self._sent:
            self._release(self._sent.pop(shared.number))

    def submit(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Begun:
        """Begin a block."""
        try:
            return Begun(self.executor.submit(_work, function, *map(self._brought, arguments)), self.executor)
        except BrokenExecutor as error:
            if not self.recover(error, self.executor):
                raise
            return Begun(self.executor.submit(_work, function, *map(self._brought, arguments)), self.executor)

    def recover(self, error: BaseException, executor: Executor) -> bool:
        """After a block has failed, see to it that it can be tried again; return False if that makes no sense."""
        if not _is_loss(error):
            return False
        if executor is self.executor:  # else the other blocks that failed with this one have seen to it
            for brought in self._sent.values():  # it may have gone with a worker; what did not would stay for good
                self._release(brought)
            self._sent.clear()
            if isinstance(error, BrokenExecutor):
                if self._renew is None:
                    return False
                self.executor.shutdown(wait=False, cancel_futures=True)
                self.executor = self._renew()
        return True

    def _brought(self, argument: Any) -> Any:
        if not isinstance(argument, Shared):
            return argument
        if argument.number not in self._sent:
            self._sent[argument.number] = self._send(argument.value, argument.everywhere)
        return self._sent[argument.number]


@contextmanager
def open_workers(*, threads: int = 1, processes: int = 0, scheduler: str | None = None) -> Iterator[Workers]:
    """Open workers and close them at the end.

    Parameters
    ----------
    threads : int, optional
        How many threads, if neither of the others is asked for.
    processes : int, optional
        How many processes, each with one thread. They are spawned, since a fork in a program with threads may hang.
    scheduler : str, optional
        Address of the scheduler of a Dask cluster, as ``tcp://host:8786``.

    Yields
    ------
    Workers

    Raises
    ------
    InputError
        If a number is below 1, both processes and a cluster are asked for, or the cluster doesn't answer.
    """
    if threads < 1 or processes < 0:
        raise InputError(f"workers: got {threads} threads and {processes} processes, expected at least 1 of one kind.")
    if scheduler is not None and processes:
        raise InputError(Setting("processes"), " and ", Setting("scheduler"), ": got both, expected one of the two.")
    if scheduler is not None:
        with _cluster(scheduler) as workers:
            yield workers
    elif processes:
        with _processes(processes) as workers:
            yield workers
    else:
        with ThreadPoolExecutor(threads, thread_name_prefix="botalign") as executor:
            yield Workers(executor, threads)


@contextmanager
def _processes(count: int) -> Iterator[Workers]:
    context = multiprocessing.get_context("spawn")

    def new() -> Executor:
        # Ctrl-C at a terminal goes to all of them; they end when this one says so.
        return ProcessPoolExecutor(
            count, mp_context=context, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
        )

    with tempfile.TemporaryDirectory(prefix="botalign-", ignore_cleanup_errors=True) as folder:
        numbers = iter(range(2**62))

        def send(value: Any, everywhere: bool) -> _InFile:
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
                    f"workers: {folder} can't take what processes share ({error.strerror or error}); set TMPDIR to a "
                    "folder with more space, or use threads."
                ) from error
            return _InFile(str(path), array)

        def release(place: _InFile) -> None:
            with suppress(OSError):  # Windows keeps what a process has mapped
                Path(place.path).unlink()

        workers = Workers(new(), count, send=send, release=release, renew=new)
        try:
            yield workers
        finally:
            workers.executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _cluster(address: str) -> Iterator[Workers]:
    try:
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        raise InputError(
            Setting("scheduler"), ": needs Dask, which isn't installed; install it by pip install distributed."
        ) from None
    try:
        if not address.startswith("inproc:"):
            get_address_host_port(address)  # a client that can't even try can't be closed: it would say so at the end
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            Setting("scheduler"),
            f": no Dask scheduler answers at {address!r} ({reason}); expected one, as tcp://host:8786.",
        ) from None
    try:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise InputError(
                Setting("scheduler"), f": the cluster at {address} has no workers; start one by `dask worker`."
            ) from None
        count = max(1, sum(client.nthreads().values()))
        with client.get_executor(pure=False) as executor:

            def send(value: Any, everywhere: bool) -> Any:
                # Sent to all, so that a block can go on elsewhere when a worker is lost.
                # In a list: of a list or a dict each entry would be scattered by itself.
                return client.scatter([value], broadcast=everywhere, hash=False)[0]

            yield Workers(executor, count, send=send, apart=True)
    finally:
        client.close()


@dataclass(frozen=True)
class _InFile:
    """A large value in a file, which each process reads once; an array is mapped, so that all share its memory."""

    path: str
    array: bool


@lru_cache(maxsize=8)
def _read(place: _InFile) -> Any:
    if place.array:
        return np.load(place.path, mmap_mode="r")
    return pickle.loads(Path(place.path).read_bytes())  # written by this program a moment ago


def _work(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run in the worker: take the large values and work."""
    with one_blas_thread():
        return function(*(_read(each) if isinstance(each, _InFile) else each for each in arguments))


def _is_loss(error: BaseException) -> bool:
    """Whether a block failed because its worker was lost, and not by what it computed."""
    if isinstance(error, BrokenExecutor | CancelledError):
        return True
    # Dask's, which need not be installed: a worker killed too often, a value gone with its worker, a lost connection.
    return type(error).__module__.partition(".")[0] == "distributed" or isinstance(error, ConnectionError)
