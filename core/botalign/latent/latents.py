"""Latent coordinates from files: numpy's, text, and what cryoDRGN leaves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError
from botalign.latent.arrays import load_array
from botalign.latent.pickles import read_pickled_array

EXTENSIONS = (".npy", ".pkl", ".txt")
_VALUES = "z_values.txt"
_WHOLE = re.compile(r"[\d\s]+")
#: cryoDRGN numbers its volumes with three digits or more; its mean of all, vol_mean.mrc, is none of them.
_VOLUME = re.compile(r"vol_(\d+)\.mrc")


@dataclass(frozen=True, eq=False)
class LatentSubset:
    """The latents of which there are volumes, called Omega by Levy.

    Attributes
    ----------
    latents : ndarray, shape (L, d), float64
        Their coordinates.
    volumes : tuple of Path
        Their volumes in the same order, if they are in the same folder; else empty.
    name : str
        What messages call them.
    """

    latents: NDArray[np.float64]
    volumes: tuple[Path, ...] = ()
    name: str = "subset"


def read_latents(path: str | PathLike[str]) -> NDArray[np.float64]:
    """Read latent coordinates, a row each.

    Parameters
    ----------
    path : path-like
        A ``.npy`` file; a ``.pkl`` file that holds an array, as cryoDRGN's ``z.N.pkl`` (nothing in it is run); or text
        in columns, as its ``z_values.txt``. Numbers alone make one column.

    Returns
    -------
    ndarray, shape (n, d), float64

    Raises
    ------
    InputError
        If the file can't be read, or holds something else than finite numbers in rows.
    """
    return _rows(_read_array(Path(path)), str(path))


def read_subset(path: str | PathLike[str], latents: NDArray[np.float64]) -> LatentSubset:
    """Read which latents there are volumes of.

    Parameters
    ----------
    path : path-like
        A folder that ``cryodrgn analyze`` or ``cryodrgn eval_vol`` has written, with ``z_values.txt`` and
        ``vol_000.mrc`` and so on; or a file of latents as for :func:`read_latents`; or one of whole numbers, in text
        without decimal points, as cryoDRGN's ``centers_ind.txt``: which of `latents` they are, counted from 0.
    latents : ndarray, shape (n, d)
        The latents of all images.

    Returns
    -------
    LatentSubset

    Raises
    ------
    InputError
        If the path can't be read, or doesn't fit `latents`.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder; expected the latents that there are volumes of.")
    if not path.is_dir():
        return LatentSubset(_chosen(_read_array(path), latents, str(path)), (), str(path))
    if not (path / _VALUES).is_file():
        inside = sorted(str(found.parent) for found in path.glob(f"*/{_VALUES}"))
        advice = f"{' and '.join(inside[:3])} {'have' if len(inside) > 1 else 'has'} one; give " if inside else "give "
        raise InputError(
            f"{path}: has no {_VALUES}, expected a folder as `cryodrgn analyze` writes; {advice}that folder."
        )
    values = read_latents(path / _VALUES)
    if values.shape[1] != latents.shape[1]:
        raise InputError(
            f"{path / _VALUES}: {values.shape[1]} columns, but the latents of all images have {latents.shape[1]}; give "
            "files of the same run."
        )
    numbered = sorted((int(m[1]), p) for p in path.iterdir() if (m := _VOLUME.fullmatch(p.name)))
    if numbered and len(numbered) != len(values):
        raise InputError(
            f"{path}: {len(numbered)} volumes vol_*.mrc, but {len(values)} rows in {_VALUES}; expected one for each."
        )
    return LatentSubset(values, tuple(p for _, p in numbered), str(path))


def _chosen(values: NDArray[np.float64], latents: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Return the latents that values or row numbers stand for."""
    dimension = latents.shape[1]
    numbers = values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1)
    if not numbers or (dimension == 1 and values.dtype.kind not in "iu"):
        rows = _rows(values, name)
        if rows.shape[1] != dimension:
            raise InputError(
                f"{name}: {rows.shape[1]} columns, but the latents of all images have {dimension}; give files of the "
                "same run."
            )
        return rows
    members = _rows(values, name)[:, 0]
    if (members != np.round(members)).any() or members.min() < 0 or members.max() >= len(latents):
        raise InputError(
            f"{name}: got {len(members)} numbers, expected {dimension} columns, or whole numbers from 0 to "
            f"{len(latents) - 1} that say which latents they are."
        )
    return latents[members.astype(np.intp)]


def _read_array(path: Path) -> NDArray[Any]:
    suffix = path.suffix.lower()
    if suffix not in EXTENSIONS:
        raise InputError(f"{path}: unknown ending, expected latent coordinates as one of {', '.join(EXTENSIONS)}.")
    if suffix == ".pkl":
        return read_pickled_array(path)
    if suffix == ".npy":
        return load_array(path, "latent coordinates")
    try:
        text = path.read_text(encoding="utf-8")
        if not text.strip():
            raise InputError(f"{path}: is empty, expected latent coordinates in rows.")
        values: NDArray[Any] = np.loadtxt(text.splitlines(), ndmin=1)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror or error}); expected latents.") from None
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: holds no table of numbers ({reason}); expected latent coordinates.") from None
    # Row numbers are written without a decimal point, coordinates with one, even where they are whole.
    return values.astype(np.int64) if _WHOLE.fullmatch(text) else values


def _rows(values: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Return values as a table of float64 and check it."""
    if values.dtype.kind not in "biuf" or values.ndim not in (1, 2) or not values.size:
        raise InputError(
            f"{name}: got an array of shape {values.shape} and type {values.dtype}, expected numbers, a latent a row."
        )
    rows = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    bad = int(np.count_nonzero(~np.isfinite(rows).all(axis=1)))
    if bad:
        raise InputError(f"{name}: {bad} of {len(rows)} latents are NaN or infinite; leave them out.")
    return rows
