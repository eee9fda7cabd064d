"""Reading of NumPy arrays from pickle files, without running their code."""

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
from botalign.files import cannot_be_read

#: Type codes of plain numbers: a kind and a size in bytes.
_CODE = re.compile(r"[<>=|]?([biuf])([1248])")
_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")


def read_pickled_array(path: str | PathLike[str]) -> NDArray[Any]:
    """Read the first array of a pickle file, as written by cryoDRGN for latent coordinates.

    A pickle file is a program that :func:`pickle.load` runs. Here, the functions by which NumPy arrays are pickled are
    replaced by functions that can only make an array of plain numbers, and all other functions are refused.

    Parameters
    ----------
    path : path-like
        File to read. Arrays after the first are ignored: ``z.pkl`` of cryoDRGN holds means, then variances.

    Returns
    -------
    ndarray
        Array of any shape.

    Raises
    ------
    InputError
        If the file cannot be read, is not a pickle file, or does not start with an array of numbers.
    """
    try:
        with Path(path).open("rb") as file:
            found = _Unpickler(file).load()
    except OSError as error:
        raise cannot_be_read(path, error, "a pickled array such as z.pkl") from None
    except _RefusedError as refused:
        raise InputError(
            f"{path}: got {refused}, expected a NumPy array of numbers; if you trust the file, load it and save the "
            "array with numpy.save."
        ) from None
    except Exception as error:  # damaged pickle files raise exceptions of any type
        raise InputError(
            f"{path}: not a pickle file, or damaged ({' '.join(str(error).split())}), expected a pickled array."
        ) from None
    if not isinstance(found, _Array) or found.array is None:
        raise InputError(f"{path}: not a NumPy array ({type(found).__name__}), expected a pickled array such as z.pkl.")
    return found.array


class _RefusedError(Exception):
    """Raised for an object or function that a pickle file must not use."""


class _NumberType:
    """Replacement for ``numpy.dtype`` that allows plain numbers only."""

    def __init__(self, code: object, *flags: object) -> None:
        match = _CODE.fullmatch(code) if isinstance(code, str) else None
        if match is None:
            raise _RefusedError(f"values of type {str(code)[:20]!r}")
        self.dtype = np.dtype(match[1] + match[2])

    def __setstate__(self, state: object) -> None:
        """Set the byte order; the other entries belong to other types."""
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
        if order not in ("<", ">", "=", "|"):
            raise _RefusedError("values of unknown byte order")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """Replacement for ``numpy.ndarray``."""

    def __init__(self) -> None:
        self.array: NDArray[Any] | None = None

    def __setstate__(self, state: object) -> None:
        """Set the array from the state of a pickled array: version, shape, type, order, and bytes."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise _RefusedError("an array in an unknown format")
        self.fill(state[4], state[2], state[1], "F" if state[3] else "C")

    def fill(self, data: object, number_type: object, shape: object, order: object) -> None:
        """Check the parts of the array and assemble it."""
        sides = isinstance(shape, tuple) and all(type(side) is int and side >= 0 for side in shape)
        if not isinstance(data, bytes | bytearray) or not isinstance(number_type, _NumberType) or not sides:
            raise _RefusedError("an array in an unknown format")
        self.array = np.frombuffer(bytes(data), number_type.dtype).reshape(shape, order="F" if order == "F" else "C")  # type: ignore[call-overload]


class _Function:
    """Replacement for a function, without attributes that a pickle file could set."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., object]) -> None:
        self._call = call

    def __call__(self, *arguments: object) -> object:
        """Call the replacement."""
        return self._call(*arguments)

    def __setstate__(self, state: object) -> None:
        """Refuse changes."""
        raise _RefusedError("a modified function")


#: Replacement for the class ``numpy.ndarray``, which pickle files name but do not call.
_NDARRAY = "ndarray"


def _reconstruct(kind: object, shape: object, code: object) -> _Array:
    """Replace the NumPy function of this name, which makes an empty array."""
    if kind is not _NDARRAY:
        raise _RefusedError("an array of an unknown class")
    return _Array()


def _from_buffer(data: object, number_type: object, shape: object, order: object) -> _Array:
    """Replace the NumPy function ``_frombuffer``, which makes an array in protocol 5."""
    array = _Array()
    array.fill(data, number_type, shape, order)
    return array


def _encode(text: object, encoding: object) -> bytes:
    """Replace ``_codecs.encode``, which makes bytes in protocol 2."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _RefusedError("text")
    return text.encode("latin1")


_REPLACEMENTS: dict[tuple[str, str], Any] = {
    **{(module, "_reconstruct"): _Function(_reconstruct) for module in _MULTIARRAY},
    **{(module, "_frombuffer"): _Function(_from_buffer) for module in _NUMERIC},
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _NumberType,
    ("_codecs", "encode"): _Function(_encode),
}


class _Unpickler(pickle.Unpickler):
    """An unpickler that knows the replacements only."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)

    def find_class(self, module: str, name: str) -> Any:
        """Return the replacement for a name, or refuse it."""
        if (module, name) not in _REPLACEMENTS:
            raise _RefusedError(f"a {module}.{name}"[:80])
        return _REPLACEMENTS[module, name]
