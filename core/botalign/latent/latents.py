"""Reading of latent coordinates: NumPy files, text, and the output of cryoDRGN."""

from __future__ import annotations

import re
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import load_array
from botalign.errors import InputError, counted
from botalign.files import cannot_be_read
from botalign.latent.pickles import read_pickled_array

EXTENSIONS = (".npy", ".pkl", ".txt")
_VALUES = "z_values.txt"
_WHOLE = re.compile(r"[\d\s]+")
#: cryoDRGN numbers its volumes with at least three digits; vol_mean.mrc is their mean.
_VOLUME = re.compile(r"vol_(\d+)\.mrc")


@dataclass(frozen=True, eq=False)
class LatentSubset:
    """The latents that have volumes, Omega in Levy's note.

    Attributes
    ----------
    latents : ndarray of float64, shape (L, d)
        Latent coordinates.
    volumes : tuple of Path
        Volumes in the same order, if they are in the same folder; otherwise empty.
    name : str
        Name for messages.
    """

    latents: NDArray[np.float64]
    volumes: tuple[Path, ...] = ()
    name: str = "subset"


def read_latents(path: str | PathLike[str]) -> NDArray[np.float64]:
    """Read latent coordinates.

    Parameters
    ----------
    path : path-like
        File with the extension ``.npy``, ``.pkl`` (an array, as in ``z.N.pkl`` of cryoDRGN), or ``.txt`` (columns, as
        in ``z_values.txt`` of cryoDRGN).

    Returns
    -------
    ndarray of float64, shape (n, d)
        Latent coordinates, one latent per row. A one-dimensional array becomes one column.

    Raises
    ------
    InputError
        If the file cannot be read, or does not hold finite numbers in rows.

    See Also
    --------
    read_subset : Read the latents that have volumes.

    Notes
    -----
    Code in a pickle file is not run: only arrays of plain numbers are read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "z.npy"
    ...     np.save(path, np.zeros((100, 8), dtype=np.float32))
    ...     latents = botalign.read_latents(path)
    >>> latents.shape
    (100, 8)
    """
    return _rows(_read_array(Path(path)), str(path))


def read_subset(path: str | PathLike[str], latents: NDArray[np.float64]) -> LatentSubset:
    """Read the latents that have volumes.

    Parameters
    ----------
    path : path-like
        One of: a folder written by ``cryodrgn analyze`` or ``cryodrgn eval_vol``, with ``z_values.txt`` and
        ``vol_000.mrc`` and so on; a file of latents as for :func:`read_latents`; a file of indices of `latents`, from
        0, as ``centers_ind.txt`` of cryoDRGN. In text, indices are numbers without decimal points.
    latents : ndarray, shape (n, d)
        Latent coordinates of all images.

    Returns
    -------
    botalign.latent.LatentSubset
        The latents, and the paths of their volumes if `path` is a folder that has them.

    Raises
    ------
    InputError
        If the path cannot be read, or does not match `latents`.

    See Also
    --------
    read_latents : Read the latents of all images.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import botalign
    >>> latents = np.arange(20.0).reshape(10, 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "centers_ind.txt"
    ...     np.savetxt(path, [3, 0, 7], fmt="%d")
    ...     subset = botalign.read_subset(path, latents)
    >>> subset.latents.tolist()
    [[6.0, 7.0], [0.0, 1.0], [14.0, 15.0]]
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder, expected the latents of the volumes; check the name.")
    if not path.is_dir():
        return LatentSubset(_chosen(_read_array(path), latents, str(path)), (), str(path))
    if not (path / _VALUES).is_file():
        inside = sorted(str(found.parent) for found in path.glob(f"*/{_VALUES}"))
        advice = f"give {' or '.join(inside[:3])}, which has one." if inside else "give another folder."
        raise InputError(f"{path}: no {_VALUES}, expected a folder written by `cryodrgn analyze`; {advice}")
    values = read_latents(path / _VALUES)
    if values.shape[1] != latents.shape[1]:
        raise InputError(
            f"{path / _VALUES}: got {counted(values.shape[1], 'column')}, expected {latents.shape[1]} as for the "
            "latents of all images; give files of the same run."
        )
    numbered = sorted((int(m[1]), p) for p in path.iterdir() if (m := _VOLUME.fullmatch(p.name)))
    if numbered and len(numbered) != len(values):
        raise InputError(
            f"{path}: got {counted(len(numbered), 'volume')} vol_*.mrc, expected one for each of the {len(values)} "
            f"rows of {_VALUES}; complete the folder."
        )
    return LatentSubset(values, tuple(p for _, p in numbered), str(path))


def _chosen(values: NDArray[np.float64], latents: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Return the latents given by their coordinates or by their indices."""
    dimension = latents.shape[1]
    numbers = values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1)
    if not numbers or (dimension == 1 and values.dtype.kind not in "iu"):
        rows = _rows(values, name)
        if rows.shape[1] != dimension:
            raise InputError(
                f"{name}: got {counted(rows.shape[1], 'column')}, expected {dimension} as for the latents of all "
                "images; give files of the same run."
            )
        return rows
    members = _rows(values, name)[:, 0]
    if (members != np.round(members)).any() or members.min() < 0 or members.max() >= len(latents):
        raise InputError(
            f"{name}: one column with {counted(len(members), 'number')}, some of which are not row numbers; expected "
            f"{counted(dimension, 'column')} (coordinates of latents), or one column of whole numbers from 0 to "
            f"{len(latents) - 1} (row numbers of latents)."
        )
    return latents[members.astype(np.intp)]


def _read_array(path: Path) -> NDArray[Any]:
    extension = path.suffix.lower()
    if extension not in EXTENSIONS:
        raise InputError(f"{path}: unknown extension, expected latent coordinates as {', '.join(EXTENSIONS)}.")
    if extension == ".pkl":
        return read_pickled_array(path)
    if extension == ".npy":
        return load_array(path, "latent coordinates")
    try:
        text = path.read_text(encoding="utf-8")
        if not text.strip():
            raise InputError(f"{path}: the file is empty, expected latent coordinates in rows.")
        values: NDArray[Any] = np.loadtxt(text.splitlines(), ndmin=1)
    except OSError as error:
        raise cannot_be_read(path, error, "latent coordinates") from None
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a table of numbers ({reason}), expected latent coordinates.") from None
    # Indices are written without decimal points, coordinates with them, even if they are whole numbers.
    return values.astype(np.int64) if _WHOLE.fullmatch(text) else values


def _rows(values: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Check values and return them as rows of float64."""
    if values.dtype.kind not in "biuf" or values.ndim not in (1, 2) or not values.size:
        raise InputError(
            f"{name}: got an array of shape {values.shape} and type {values.dtype}, expected numbers, one latent per "
            "row."
        )
    rows = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    bad = int(np.count_nonzero(~np.isfinite(rows).all(axis=1)))
    if bad:
        raise InputError(f"{name}: {bad} of {len(rows)} latents are NaN or infinite; leave them out.")
    return rows
