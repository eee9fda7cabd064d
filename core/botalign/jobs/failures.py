"""Work on one of many items: its failure does not stop the others, and its warnings are kept with its result."""

from __future__ import annotations

import errno
import functools
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError
from typing import Any, ParamSpec

import numpy as np
from numpy.typing import NDArray

from botalign.cancellation import CancelledWork
from botalign.errors import InputError
from botalign.file_warnings import collected_warnings

Parameters = ParamSpec("Parameters")
Arrays = dict[str, NDArray[Any]]

#: Names of the arrays of a failure: its reason, and, only if it is transient, a mark.
FAILURE, TRANSIENT = "failure", "transient"
#: Name of the array of the warnings about the file of an item.
WARNINGS = "warnings"
#: Errors of a file system that may succeed later: no space, too many open files, a device or server that is not ready.
_TRANSIENT_NUMBERS = frozenset(
    {
        errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EIO, errno.EAGAIN, errno.EINTR,
        errno.EBUSY, errno.ETIMEDOUT, errno.ESTALE, errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTUNREACH,
    }
)  # fmt: skip


def or_failure(function: Callable[Parameters, Arrays]) -> Callable[Parameters, Arrays]:
    """Return a function that returns the reason instead of its arrays if the given function fails.

    Errors of numerical libraries count too: one damaged file among thousands must not stop a run of hours. Transient
    failures are marked: :func:`botalign.jobs.run_blocks` retries them and does not store them. The loss of a worker is
    not a failure of the item, and is raised.

    The warnings about files that the function reads are added to the arrays instead of being issued: another process
    could not show them, and a resumed run would not repeat them. :func:`warnings_of` returns them.
    """

    @functools.wraps(function)
    def call(*arguments: Parameters.args, **options: Parameters.kwargs) -> Arrays:
        with collected_warnings() as found:
            arrays = or_reason(*arguments, **options)
        return {**arrays, WARNINGS: np.array(list(dict.fromkeys(found)), dtype=np.str_)}

    def or_reason(*arguments: Parameters.args, **options: Parameters.kwargs) -> Arrays:
        try:
            return function(*arguments, **options)
        except CancelledWork:
            raise
        except Exception as error:
            if is_loss(error):
                raise
            reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
            mark = {TRANSIENT: np.array(True)} if _is_transient(error) else {}
            return {FAILURE: np.array(" ".join(reason.split())), **mark}

    return call


def reason_of(arrays: Arrays) -> str | None:
    """Return why an item failed; None if it did not."""
    return str(arrays[FAILURE]) if FAILURE in arrays else None


def warnings_of(arrays: Arrays) -> tuple[str, ...]:
    """Return the warnings about the file of an item."""
    return tuple(arrays[WARNINGS].tolist())


def is_transient(arrays: Any) -> bool:
    """Return whether the result of a block is a transient failure: another attempt may succeed."""
    return isinstance(arrays, dict) and FAILURE in arrays and TRANSIENT in arrays


def is_loss(error: BaseException) -> bool:
    """Return whether a block failed because its worker was lost, and not because of its computation."""
    if isinstance(error, BrokenExecutor | CancelledError):
        return True
    # Errors of Dask, which need not be installed: a worker killed too often, a lost value, a lost connection.
    return type(error).__module__.partition(".")[0] == "distributed" or isinstance(error, ConnectionError)


def _is_transient(error: BaseException) -> bool:
    """Return whether another attempt may succeed, given an error or one that was raised because of it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError | TimeoutError | ConnectionError):
            return True
        if isinstance(cause, OSError) and cause.errno in _TRANSIENT_NUMBERS:
            return True
        cause = cause.__cause__
    return False
