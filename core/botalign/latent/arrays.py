"""Arrays in NumPy's own files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import MAGIC_PREFIX
from numpy.typing import NDArray

from botalign.errors import InputError


def load_array(path: Path, expected: str, *, mapped: bool = False) -> NDArray[Any]:
    """Read an array that :func:`numpy.save` has written.

    Parameters
    ----------
    path : Path
        The file.
    expected : str
        What it should hold, for messages.
    mapped : bool, optional
        Whether to map it into memory: then only what is used is read.

    Raises
    ------
    InputError
        If it is missing, damaged, an archive of several arrays, or something else.
    """
    try:
        with path.open("rb") as file:  # numpy leaves a file open that it can't read, unless it was opened here
            if file.read(len(MAGIC_PREFIX)) != MAGIC_PREFIX:  # an NPZ too, of which numpy.load makes no array
                raise InputError(f"{path}: is no NumPy array, expected {expected}, as numpy.save writes it.")
            file.seek(0)
            array: NDArray[Any] = np.load(path if mapped else file, mmap_mode="r" if mapped else None)
            return array
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror or error}); expected {expected}.") from None
    except (ValueError, EOFError) as error:
        if isinstance(error, InputError):
            raise
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: holds no array of numbers ({reason}); expected {expected}.") from None
