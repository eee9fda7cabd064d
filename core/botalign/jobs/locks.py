"""File locks, so that two programs do not work in one folder."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from weakref import WeakValueDictionary


class Lock:
    """A lock on a file, held as long as this object exists.

    The operating system releases it when the program ends, even if it is killed.

    Attributes
    ----------
    is_first : bool
        Whether nothing else in this program held the lock.
    """

    def __init__(self, descriptor: int) -> None:
        self.is_first = True
        # A file object in a reference cycle could be closed, with a warning, before this object is deleted.
        self._descriptor = descriptor

    def __del__(self) -> None:
        """Release the lock."""
        os.close(self._descriptor)


_HELD: WeakValueDictionary[Path, Lock] = WeakValueDictionary()
#: Otherwise the second of two threads would find the file locked, but no lock of this program.
_ONE_THREAD = threading.Lock()


def lock_file(path: Path) -> Lock | None:
    """Create a file if it is missing, and lock it; return None if another program has locked it.

    Calls in one program share a lock. On a file system without locks, nothing is locked.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    key = path.resolve()
    with _ONE_THREAD:
        if (held := _HELD.get(key)) is not None:
            held.is_first = False
            return held
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        if not _locked(descriptor):
            os.close(descriptor)
            return None
        _HELD[key] = lock = Lock(descriptor)
        return lock


def _locked(descriptor: int) -> bool:
    """Lock an open file; return False if another program has locked it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # Windows raises PermissionError
        return False
    except OSError:
        pass
    return True
