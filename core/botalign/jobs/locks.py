"""Locks by which programs keep out of each other's folders."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from weakref import WeakValueDictionary


class Lock:
    """A file that this program has locked, for as long as somebody holds this object.

    The system lets go of it when the program ends, however it ends, so nothing that a killed one left is in the way.

    Attributes
    ----------
    fresh : bool
        Whether nobody else in this program held it already.
    """

    def __init__(self, descriptor: int) -> None:
        self.fresh = True
        # A bare one: a file object in a cycle with this may be closed, with a warning, before this lets go of it.
        self._descriptor = descriptor

    def __del__(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


_HELD: WeakValueDictionary[Path, Lock] = WeakValueDictionary()
#: One thread at a time looks and locks, else the second of two would find the file locked, and not know by whom.
_TURN = threading.Lock()


def lock_of(path: Path) -> Lock | None:
    """Lock a file, which is made if it is missing, or return None if another program has locked it.

    Two calls in one program share a lock. Where the file system knows no locks, nothing is locked.

    Raises
    ------
    OSError
        If the file can't be written.
    """
    key = path.resolve()
    with _TURN:
        if (held := _HELD.get(key)) is not None:
            held.fresh = False
            return held
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        if not _locked(descriptor):
            os.close(descriptor)
            return None
        _HELD[key] = lock = Lock(descriptor)
        return lock


def _locked(descriptor: int) -> bool:
    """Lock an open file; return False if another program has."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # the latter on Windows
        return False
    except OSError:
        pass
    return True
