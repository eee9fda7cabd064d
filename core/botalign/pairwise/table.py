"""The table of distances, and its file."""

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
from botalign.files import check_output, file_exists

FORMAT, VERSION = "botalign-distances", 2
EXTENSIONS = (".zarr",)
INSTALL = "pip install zarr"


@dataclass(frozen=True, eq=False, repr=False)
class DistanceTable:
    """The distances between all pairs of maps.

    Attributes
    ----------
    names : tuple of str
        Names of the maps.
    distances : ndarray, shape (n, n)
        Symmetric matrix of distances with a zero diagonal. The WEMD of maps divided by their mass is a
        multiple of an earth mover's distance in angstrom; L2 is in density times angstrom to the power 1.5.
    transforms : ndarray, shape (n, n, 3, 4), or None
        Transforms of least distance, if the distances were minimised over rotations: ``[i, j]`` takes coordinates
        ``(x, y, z)`` in angstrom of map ``j`` to those of map ``i``; ``[j, i]`` is its inverse.
    metric : str
        ``"wemd"`` or ``"l2"``.
    parameters : dict
        Options that the distances depend on.
    open_cycles : ndarray of int, shape (n, n), or None
        For each pair, the number of landmarks via which the transform differs from the one found: the cycle of the
        three maps does not close.

    Raises
    ------
    InputError
        If the shapes do not match, or the distances are not symmetric, finite and at least 0 with a zero diagonal.

    See Also
    --------
    distances : Compute the distances.
    read_distances : Read a table from a file.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign
    >>> botalign.DistanceTable(("a.mrc", "b.mrc"), np.array([[0.0, 2.5], [2.5, 0.0]]), None, "wemd")
    <DistanceTable: 2 maps, wemd, largest distance 2.5>
    """

    names: tuple[str, ...]
    distances: Matrix
    transforms: Matrix | None
    metric: str
    parameters: dict[str, Any] = field(default_factory=dict)
    open_cycles: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        """Check the arrays."""
        n = len(self.names)
        distances = self.distances
        if distances.shape != (n, n):
            raise InputError(
                Setting("distances"), f": got an array of shape {distances.shape} for {n} names, expected {(n, n)}."
            )
        valid = np.isfinite(distances).all() and (distances >= 0).all() and not np.diag(distances).any()
        if not valid or not np.array_equal(distances, distances.T):
            raise InputError(
                Setting("distances"),
                ": not a matrix of distances, expected a symmetric matrix of finite numbers of at least 0 with a zero "
                "diagonal.",
            )
        if self.transforms is not None and self.transforms.shape != (n, n, 3, 4):
            raise InputError(
                Setting("transforms"), f": got an array of shape {self.transforms.shape}, expected {(n, n, 3, 4)}."
            )

    def __repr__(self) -> str:
        """Return one line without the numbers."""
        n = len(self.names)
        over = "" if self.transforms is None else ", minimised over rotations"
        return f"<DistanceTable: {n} maps, {self.metric}{over}, largest distance {self.distances.max(initial=0.0):.4g}>"

    @property
    def mirrored(self) -> NDArray[np.bool_]:
        """Whether the transform of each pair mirrors, shape (n, n); all false without transforms."""
        if self.transforms is None:
            return np.zeros(self.distances.shape, dtype=bool)
        return np.asarray(np.linalg.det(self.transforms[..., :3]) < 0)

    def write(
        self, path: str | os.PathLike[str], *, overwrite: bool = False, work: Mapping[str, Any] | None = None
    ) -> None:
        """Write the table as a zarr group (version 3).

        Its arrays are ``distances`` and, if present, ``transforms`` and ``open_cycles``. Its attributes are ``format``,
        ``version``, ``names``, ``metric``, ``parameters`` and, if given, ``work``. The group is renamed to `path` when
        it is complete.

        Parameters
        ----------
        path : path-like
            Group to write, with the extension ``.zarr``.
        overwrite : bool, optional
            Whether to replace an existing table.
        work : mapping, optional
            Description of what the distances were computed from, as JSON-compatible values.

        Raises
        ------
        InputError
            If zarr is not installed, the extension is unknown, the path exists and `overwrite` is false or it is not a
            table, or it cannot be written.

        Notes
        -----
        A table to be replaced is renamed, and restored after an error or Ctrl-C. If the program is killed in between,
        both tables remain complete as ``.botalign-*.zarr``: rename the one to keep.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import numpy as np
        >>> import botalign
        >>> table = botalign.DistanceTable(("a.mrc", "b.mrc"), np.array([[0.0, 2.5], [2.5, 0.0]]), None, "wemd")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     table.write(Path(folder) / "distances.zarr")
        ...     botalign.read_distances(Path(folder) / "distances.zarr").names
        ('a.mrc', 'b.mrc')
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
            arrays = {"distances": self.distances, "transforms": self.transforms, "open_cycles": self.open_cycles}
            for name, values in arrays.items():
                if values is not None:
                    group.create_array(name, data=values)
            if overwrite and path.exists():
                path.rename(old)
            hidden.rename(path)
        except OSError as error:
            if not overwrite and path.exists():  # another program has created it in the meantime
                raise file_exists(path) from None
            raise InputError(f"{path}: it cannot be written ({error.strerror or error}); write elsewhere.") from error
        finally:
            if old.exists() and not path.exists():  # after an error or Ctrl-C between the two renames
                old.rename(path)
            for leftover in (hidden, old):
                shutil.rmtree(leftover, ignore_errors=True)


def check_store(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Check, before long work begins, that a table can be written.

    Raises
    ------
    InputError
        If zarr is not installed, the extension is unknown, or the path exists and must not be replaced or cannot be
        written.
    """
    _zarr()
    path = Path(path)
    if not path.is_dir() or not path.name.lower().endswith(EXTENSIONS):
        return check_output(path, overwrite=overwrite, extensions=EXTENSIONS)
    if not overwrite:
        raise file_exists(path)
    if any(path.iterdir()) and not _is_table(path):
        raise InputError(f"{path}: this folder is not a table of distances, so it is not replaced; give another name.")
    check_output(path.resolve().with_name(f".botalign-{secrets.token_hex(6)}.zarr"))
    return path


def work_of(path: str | os.PathLike[str]) -> Any:
    """Return the `work` that was given to :meth:`DistanceTable.write`, or None."""
    return _attributes(path).get("work")


def read_distances(path: str | os.PathLike[str]) -> DistanceTable:
    """Read a table written by :meth:`DistanceTable.write` or ``botalign distances``.

    Parameters
    ----------
    path : path-like
        Zarr group to read.

    Returns
    -------
    DistanceTable
        The table.

    Raises
    ------
    InputError
        If the group is missing, is not a table of distances, is damaged, or was written by a newer version, or zarr is
        not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import botalign
    >>> table = botalign.DistanceTable(("a.mrc", "b.mrc"), np.array([[0.0, 2.5], [2.5, 0.0]]), None, "wemd")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table.write(Path(folder) / "distances.zarr")
    ...     botalign.read_distances(Path(folder) / "distances.zarr").distances.tolist()
    [[0.0, 2.5], [2.5, 0.0]]
    """
    zarr = _zarr()
    try:
        group = zarr.open_group(Path(path), mode="r")
        content = dict(group.attrs)
    except Exception as error:  # zarr raises exceptions of many types
        if not Path(path).exists():
            raise InputError(f"{path}: no such file, expected a table of distances; check the name.") from None
        if not (Path(path) / "zarr.json").exists():
            raise InputError(f"{path}: not a table of distances, expected a folder *.zarr with distances.") from None
        raise InputError(f"{path}: the table cannot be read ({error}), expected a table of distances.") from None
    if content.get("format") != FORMAT:
        raise InputError(
            f"{path}: not a table of distances, expected the format {FORMAT!r} in its attributes; give another group."
        )
    if content.get("version") != VERSION:
        raise InputError(
            f"{path}: distances of version {content.get('version')}, expected {VERSION}; upgrade botalign, or compute "
            "them again."
        )
    try:
        transforms, cycles = (group[name][:] if name in group else None for name in ("transforms", "open_cycles"))
        return DistanceTable(
            names=tuple(content["names"]),
            distances=np.asarray(group["distances"][:], dtype=np.float64),
            transforms=transforms,
            metric=content["metric"],
            parameters=content["parameters"],
            open_cycles=cycles,
        )
    except Exception as error:
        raise InputError(
            f"{path}: the distances are damaged ({type(error).__name__}: {error}); compute them again."
        ) from None


def _attributes(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the attributes of a zarr group; an empty dictionary if it is not one."""
    try:
        return dict(_zarr().open_group(Path(path), mode="r").attrs)
    except Exception:  # zarr raises exceptions of many types
        return {}


def _is_table(path: Path) -> bool:
    return _attributes(path).get("format") == FORMAT


def _zarr() -> Any:
    try:
        import zarr
    except ImportError:
        raise InputError(
            f"tables of distances need the package zarr, which is not installed; install it with `{INSTALL}`."
        ) from None
    return zarr
