"""The workers of a Dask cluster as an executor."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from botalign.errors import InputError, Setting

#: Attempts to send a value, and seconds between them: a worker that is lost meanwhile makes the first ones fail.
_ATTEMPTS, _PAUSE_SECONDS = 4, 1.0


class ClusterExecutor(Executor):
    """An executor that runs functions on a Dask cluster.

    The executor of Dask hangs if a worker is lost after a function has returned, but before its result was sent, and
    the function cannot be called again because an argument was lost too: the future never ends.

    Parameters
    ----------
    client : distributed.Client
        Client of the cluster.
    address : str
        Address of its scheduler, for messages.
    """

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        """Submit a function; cancelling the future cancels it on the cluster."""
        remote = self._client.submit(function, *arguments, **options, pure=False)
        future: Future[Any] = Future()
        future.add_done_callback(lambda future: remote.cancel() if future.cancelled() else None)
        self._client.loop.add_callback(_pass_on, remote, future)
        return future

    def send(self, value: Any, to_all: bool) -> Any:
        """Send a value to all workers, so that a lost one is replaced by another, or to one; return its future.

        Raises
        ------
        InputError
            If the cluster does not accept the value.
        """
        attempts = 0
        while True:
            try:
                # The list keeps scatter from sending the entries of a list or dictionary separately.
                return self._client.scatter([value], broadcast=to_all, hash=False)[0]
            except (
                OSError,
                KeyError,
            ) as error:  # of a connection, or of the scheduler, which has just dropped the worker
                attempts += 1
                if attempts == _ATTEMPTS:
                    reason = f"{type(error).__name__}: {error}".splitlines()[0]
                    raise InputError(
                        Setting("scheduler"),
                        f": the cluster at {self._address} did not accept the data ({reason}); check that its "
                        "scheduler and workers run.",
                    ) from error
                time.sleep(_PAUSE_SECONDS)


async def _pass_on(remote: Any, future: Future[Any]) -> None:
    """Wait for a future of Dask, and pass its result or error on."""
    error: BaseException | None = None
    try:
        result = await remote
    except BaseException as raised:  # a cancellation too
        error = raised
    if not future.set_running_or_notify_cancel():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
