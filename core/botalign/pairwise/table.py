"""The distances of a set of maps, and the store they are kept in."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Matrix
from botalign.errors import InputError, Setting
from botalign.files import check_output, taken

FORMAT, VERSION = "botalign-distances", 1
EXTENSIONS = (".zarr",)
INSTALL = "pip install zarr"


@dataclass(frozen=True, eq=False, repr=False)
class DistanceTable:
    """All pairs of a set of maps.

    Attributes
    ----------
    names : tuple of str
        The maps.
    distances : ndarray, shape (n, n)
        Their distances: symmetric, with a diagonal of zeros. By the WEMD of masses scaled to 1 in angstrom; by L2 in
        density times angstrom to the power 1.5.
    motions : ndarray, shape (n, n, 3, 4), or None
        The motions that were minimised over, if they were: ``[i, j]`` takes the coordinates of map ``j``, ``(x, y, z)``
        in angstrom, to those of map ``i``; ``[j, i]`` is its inverse.
    metric : str
        ``"wemd"`` or ``"l2"``.
    parameters : dict
        The options of the run.
    open_cycles : ndarray of int, shape (n, n), or None
        For how many of the landmarks the way from one map to the other over the landmark leads to another place than
        the motion found: such a cycle of three maps doesn't close.
    """

    names: tuple[str, ...]
    distances: Matrix
    motions: Matrix | None
    metric: str
    parameters: dict[str, Any] = field(default_factory=dict)
    open_cycles: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be distances.

        Raises
        ------
        InputError
            If shapes don't go together, or the distances aren't symmetric, finite, at least 0, and 0 on the diagonal.
        """
        n = len(self.names)
        distances = self.distances
        if distances.shape != (n, n):
            raise InputError(
                Setting("distances"), f": got the shape {distances.shape} for {n} names, expected {(n, n)}."
            )
        fine = np.isfinite(distances).all() and (distances >= 0).all() and not np.diag(distances).any()
        if not fine or not np.array_equal(distances, distances.T):
            raise InputError(
                Setting("distances"),
                ": expected a symmetric table of finite numbers above 0, with zeros on the diagonal.",
            )
        if self.motions is not None and self.motions.shape != (n, n, 3, 4):
            raise InputError(Setting("motions"), f": got the shape {self.motions.shape}, expected {(n, n, 3, 4)}.")

    def __repr__(self) -> str:
        """Return one line: the numbers are many."""
        n = len(self.names)
        over = "" if self.motions is None else ", minimised over motions"
        return f"<DistanceTable: {n} maps, {self.metric}{over}, {self.distances.max(initial=0.0):.4g} at most>"

    @property
    def mirrored(self) -> NDArray[np.bool_]:
        """Whether the motion of a pair mirrors, shape (n, n); nowhere if there are no motions."""
        if self.motions is None:
            return np.zeros(self.distances.shape, dtype=bool)
        return np.asarray(np.linalg.det(self.motions[..., :3]) < 0)

    def write(
        self, path: str | os.PathLike[str], *, overwrite: bool = False, work: Mapping[str, Any] | None = None
    ) -> None:
        """Write distances as a zarr group (version 3), which appears when it is complete.

        Its arrays are ``distances``, and ``motions`` and ``open_cycles`` where there are any. Its attributes are
        ``format``, ``version``, ``names``, ``metric`` and ``parameters``, and ``work`` if it is given.

        A table that is replaced is moved aside just before, and comes back after an error or Ctrl-C. If the program is
        killed at that moment, both tables are left complete under names ``.botalign-*.zarr``: rename the one to keep.

        Parameters
        ----------
        path : path-like
            Where to, ``*.zarr``.
        overwrite : bool, optional
            Whether to replace a table that is there.
        work : mapping, optional
            What they were computed from, as JSON can hold it, to know them again by.

        Raises
        ------
        InputError
            As :func:`check_store` does, and if the disk is full.
        """
        zarr = _zarr()
        path = check_store(path, overwrite=overwrite)
        path = path.resolve() if overwrite else path  # replace what a link points to, not the link
        hidden = path.with_name(f".botalign-{secrets.token_hex(6)}.zarr")
        old = path.with_name(f".botalign-{secrets.token_hex(6)}.zarr")
        attributes = {
            "format": FORMAT, "version": VERSION, "names": list(self.names), "metric": self.metric,
            "parameters": self.parameters, **({} if work is None else {"work": dict(work)}),
        }  # fmt: skip
        try:
            group = zarr.create_group(hidden, zarr_format=3, attributes=attributes)
            arrays = {"distances": self.distances, "motions": self.motions, "open_cycles": self.open_cycles}
            for name, values in arrays.items():
                if values is not None:
                    group.create_array(name, data=values)
            if overwrite and path.exists():
                path.rename(old)
            hidden.rename(path)
        except OSError as error:
            if not overwrite and path.exists():  # another program has made it meanwhile
                raise taken(path) from None
            raise InputError(f"{path}: can't be written ({error.strerror or error}); write elsewhere.") from error
        finally:
            if (
                old.exists() and not path.exists()
            ):  # an error or Ctrl-C between the two; being killed there can't be helped
                old.rename(path)
            for left in (hidden, old):
                shutil.rmtree(left, ignore_errors=True)


def check_store(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Check, before long work begins, that a table can be written.

    Raises
    ------
    InputError
        If zarr is missing, the ending isn't ``.zarr``, the place is taken or can't be written.
    """
    _zarr()
    path = Path(path)
    if not path.is_dir() or not path.name.lower().endswith(EXTENSIONS):
        return check_output(path, overwrite=overwrite, suffixes=EXTENSIONS)
    if not overwrite:
        raise taken(path)
    if any(path.iterdir()) and not _is_table(path):
        raise InputError(f"{path}: is a folder with something else in it, so it is not replaced; give another name.")
    check_output(path.resolve().with_name(f".botalign-{secrets.token_hex(6)}.zarr"))
    return path


def work_of(path: str | os.PathLike[str]) -> Any:
    """Return `work` as it was given to :meth:`DistanceTable.write`, or None."""
    return _attributes(path).get("work")


def read_distances(path: str | os.PathLike[str]) -> DistanceTable:
    """Read distances that ``botalign distances`` or :meth:`botalign.DistanceTable.write` has written.

    Parameters
    ----------
    path : path-like
        The zarr group.

    Returns
    -------
    DistanceTable
        The distances.

    Raises
    ------
    InputError
        If it is missing, something else, damaged, or from a newer version.
    """
    zarr = _zarr()
    try:
        group = zarr.open_group(Path(path), mode="r")
        content = dict(group.attrs)
    except Exception as error:  # zarr raises a dozen kinds
        if not Path(path).exists():
            raise InputError(f"{path}: there is no such file; expected a table of distances.") from None
        if not (Path(path) / "zarr.json").exists():
            raise InputError(f"{path}: is no table of distances, expected a folder *.zarr that holds one.") from None
        raise InputError(f"{path}: can't be read ({error}); expected a table of distances.") from None
    if content.get("format") != FORMAT:
        raise InputError(f"{path}: no table of distances (no format {FORMAT!r} in its attributes).")
    if content.get("version") != VERSION:
        raise InputError(
            f"{path}: distances of version {content.get('version')}, expected {VERSION}; upgrade botalign, or compute "
            "them again."
        )
    try:
        motions, cycles = (group[name][:] if name in group else None for name in ("motions", "open_cycles"))
        return DistanceTable(
            names=tuple(content["names"]),
            distances=np.asarray(group["distances"][:], dtype=np.float64),
            motions=motions,
            metric=content["metric"],
            parameters=content["parameters"],
            open_cycles=cycles,
        )
    except Exception as error:
        raise InputError(f"{path}: damaged distances ({type(error).__name__}: {error}); compute them again.") from None


def _attributes(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the attributes of a zarr group; none if it is something else."""
    try:
        return dict(_zarr().open_group(Path(path), mode="r").attrs)
    except Exception:  # zarr raises a dozen kinds
        return {}


def _is_table(path: Path) -> bool:
    return _attributes(path).get("format") == FORMAT


def _zarr() -> Any:
    try:
        import zarr
    except ImportError:
        raise InputError(f"distances: a store needs zarr, which isn't installed; install it by {INSTALL}.") from None
    return zarr
