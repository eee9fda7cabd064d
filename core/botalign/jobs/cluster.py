"""The workers of a Dask cluster as an executor."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class ClusterExecutor(Executor):
    """An executor that runs functions on a Dask cluster.

    The executor of Dask hangs if a worker is lost after a function has returned, but before its result was sent, and
    the function cannot be called again because an argument was lost too: the future never ends.

    Parameters
    ----------
    client : distributed.Client
        Client of the cluster.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        """Submit a function; cancelling the future cancels it on the cluster."""
        remote = self._client.submit(function, *arguments, **options, pure=False)
        future: Future[Any] = Future()
        future.add_done_callback(lambda future: remote.cancel() if future.cancelled() else None)
        self._client.loop.add_callback(_pass_on, remote, future)
        return future


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
