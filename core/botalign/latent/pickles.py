"""Numpy arrays out of pickle files, without running what the file says."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError

#: Plain numbers: a kind and a size in bytes.
_CODE = re.compile(r"[<>=|]?([biuf])([1248])")
_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")


def read_pickled_array(path: str | PathLike[str]) -> NDArray[Any]:
    """Read the first array of a pickle file, as cryoDRGN writes its latent coordinates.

    A pickle is a program, and :func:`pickle.load` runs it. Here the few functions that numpy's arrays are pickled by
    are replaced by ones that can do nothing but make an array of plain numbers, and all others are refused: a file
    from elsewhere can at worst hold wrong numbers.

    Parameters
    ----------
    path : path-like
        The file. Arrays after the first are not looked at: cryoDRGN's ``z.pkl`` holds the means and then the variances.

    Returns
    -------
    ndarray
        The array, of any shape.

    Raises
    ------
    InputError
        If the file can't be read, is no pickle, or holds something else than an array of numbers.
    """
    try:
        with Path(path).open("rb") as file:
            found = _Unpickler(file).load()
    except OSError as error:
        raise InputError(
            f"{path}: can't be read ({error.strerror or error}); expected a pickled array, as z.pkl."
        ) from None
    except _RefusedError as refused:
        raise InputError(
            f"{path}: holds {refused}, expected a numpy array of numbers; where you trust the file, load it and write "
            "the array by numpy.save."
        ) from None
    except Exception as error:  # damaged pickles raise errors of any kind
        raise InputError(
            f"{path}: is no pickle or a damaged one ({' '.join(str(error).split())}); expected a pickled array."
        ) from None
    if not isinstance(found, _Array) or found.array is None:
        raise InputError(f"{path}: holds no numpy array ({type(found).__name__}); expected one, such as z.pkl has.")
    return found.array


class _RefusedError(Exception):
    """What a pickle asked for."""


class _NumberType:
    """Stands in for ``numpy.dtype``: plain numbers only."""

    def __init__(self, code: object, *flags: object) -> None:
        match = _CODE.fullmatch(code) if isinstance(code, str) else None
        if match is None:
            raise _RefusedError(f"values of type {str(code)[:20]!r}")
        self.dtype = np.dtype(match[1] + match[2])

    def __setstate__(self, state: object) -> None:
        """Take the byte order; the rest belongs to other types."""
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
        if order not in ("<", ">", "=", "|"):
            raise _RefusedError("values of unknown byte order")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """Stands in for ``numpy.ndarray``."""

    def __init__(self) -> None:
        self.array: NDArray[Any] | None = None

    def __setstate__(self, state: object) -> None:
        """Take what numpy's arrays are pickled as: version, shape, type, order, and bytes."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise _RefusedError("an array in an unknown form")
        self.fill(state[4], state[2], state[1], "F" if state[3] else "C")

    def fill(self, data: object, number_type: object, shape: object, order: object) -> None:
        """Make the array, and check that its parts agree."""
        sides = isinstance(shape, tuple) and all(type(side) is int and side >= 0 for side in shape)
        if not isinstance(data, bytes | bytearray) or not isinstance(number_type, _NumberType) or not sides:
            raise _RefusedError("an array in an unknown form")
        self.array = np.frombuffer(bytes(data), number_type.dtype).reshape(shape, order="F" if order == "F" else "C")  # type: ignore[call-overload]


class _Function:
    """Stands in for a function; unlike one, it has no attributes that a pickle could set."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., object]) -> None:
        self._call = call

    def __call__(self, *arguments: object) -> object:
        """Call what stands in."""
        return self._call(*arguments)

    def __setstate__(self, state: object) -> None:
        """Refuse to be changed."""
        raise _RefusedError("a changed function")


#: Stands in for the class ``numpy.ndarray``, which pickles name but don't call.
_NDARRAY = "ndarray"


def _reconstruct(kind: object, shape: object, code: object) -> _Array:
    """Stand in for numpy's function of this name, which makes an empty array to be filled."""
    if kind is not _NDARRAY:
        raise _RefusedError("an array of an unknown class")
    return _Array()


def _from_buffer(data: object, number_type: object, shape: object, order: object) -> _Array:
    """Stand in for numpy's ``_frombuffer``, by which protocol 5 makes an array."""
    made = _Array()
    made.fill(data, number_type, shape, order)
    return made


def _encode(text: object, encoding: object) -> bytes:
    """Stand in for ``_codecs.encode``, by which protocol 2 spells bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _RefusedError("text")
    return text.encode("latin1")


_STAND_INS: dict[tuple[str, str], Any] = {
    **{(module, "_reconstruct"): _Function(_reconstruct) for module in _MULTIARRAY},
    **{(module, "_frombuffer"): _Function(_from_buffer) for module in _NUMERIC},
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _NumberType,
    ("_codecs", "encode"): _Function(_encode),
}


class _Unpickler(pickle.Unpickler):
    """Knows the stand-ins and nothing else."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for a name, or refuse it."""
        if (module, name) not in _STAND_INS:
            raise _RefusedError(f"a {module}.{name}"[:80])
        return _STAND_INS[module, name]
