"""The atomic model."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from botalign.arguments import kind_of
from botalign.arrays import Counts, Matrix
from botalign.errors import InputError, Setting, counted
from botalign.geometry import apply_transform, checked_transform, compose, identity, is_mirror
from botalign.models.parsing import ModelText
from botalign.models.writing import write_model


@final
@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """An atomic model: the positions and weights of its atoms, and the file that it was read from.

    Attributes
    ----------
    points : ndarray of float64, shape (n, 3)
        Positions ``(x, y, z)`` of the atoms in angstrom.
    weights : ndarray of float64, shape (n,)
        Mass of each atom in a density map: its atomic number times its occupancy.
    chains : tuple of str
        Names of the chains, as ChimeraX shows them (in mmCIF, those of the authors).
    atom_chains : ndarray of int, shape (n,), optional
        Index in `chains` of the chain of each atom; -1 for atoms that are not part of a polymer. Without it, the chains
        are not compared with each other.
    name : str
        Name of the model in messages, usually its file.
    source : ModelText, optional
        The file. A model made from arrays has none and cannot be written.
    source_to_points : ndarray, shape (3, 4)
        Transform from the coordinates of the file to `points`.

    Raises
    ------
    InputError
        If there are no atoms, the arrays do not have these shapes, a position or weight is not finite, or the chain of
        an atom is unknown.

    See Also
    --------
    read_model : Read a model from a file.
    simulate : Simulate the density map of a model.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign
    >>> botalign.Model(np.array([[0.0, 0.0, 0.0], [1.5, 0.0, 0.0]]), np.array([6.0, 8.0]), ("A",), "carbonyl")
    <Model carbonyl: 2 atoms, chain A>
    """

    points: Matrix
    weights: Matrix
    chains: tuple[str, ...] = ()
    name: str = "model"
    source: ModelText | None = None
    source_to_points: Matrix = field(default_factory=identity)
    atom_chains: Counts | None = None

    def __post_init__(self) -> None:
        """Convert to float64 and check."""
        points = np.ascontiguousarray(self.points, dtype=np.float64)
        weights = np.ascontiguousarray(self.weights, dtype=np.float64)
        if points.ndim != 2 or points.shape[1:] != (3,) or weights.shape != points.shape[:1]:
            raise InputError(
                f"{self.name}: got positions of shape {points.shape} and weights of shape {weights.shape}, expected "
                "(n, 3) and (n,)."
            )
        if not len(points):
            raise InputError(f"{self.name}: no atoms, expected at least one; give another file.")
        bad = int(np.count_nonzero(~np.isfinite(np.column_stack([points, weights])).all(axis=1)))
        if bad:
            raise InputError(
                f"{self.name}: the coordinates or occupancies of {counted(bad, 'atom')} are not finite numbers; "
                "correct or remove such atoms."
            )
        if not (weights >= 0).all() or not weights.any():
            raise InputError(
                f"{self.name}: the atoms have no mass (atomic numbers and occupancies are zero or negative); correct "
                "the elements or occupancies."
            )
        if self.atom_chains is not None:
            owners = np.asarray(self.atom_chains)
            known = (owners >= -1) & (owners < len(self.chains)) & (owners % 1 == 0)
            if owners.shape != weights.shape or not known.all():
                raise InputError(
                    f"{self.name}: got chains of atoms of shape {owners.shape}, expected ({len(weights)},) and whole "
                    f"numbers from -1 to {len(self.chains) - 1}."
                )
            object.__setattr__(self, "atom_chains", owners.astype(np.int64))
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "weights", weights)

    def __repr__(self) -> str:
        """Return one line."""
        names = [name or "''" for name in self.chains]
        shown = [*names[:6], "..."] if len(names) > 6 else names
        chains = f", {'chain' if len(names) == 1 else 'chains'} {' '.join(shown)}" if names else ""
        return f"<Model {Path(self.name).name}: {counted(len(self.points), 'atom')}{chains}>"

    @property
    def written_chains(self) -> tuple[str, ...]:
        """Names of the chains that can be written: none without the file from which the model was read."""
        return () if self.source is None else self.chains

    def moved(self, transform: ArrayLike) -> Model:
        """Return the model after a rigid transform.

        Parameters
        ----------
        transform : array_like, shape (3, 4)
            Transform ``x_new = transform[:, :3] @ x + transform[:, 3]`` in angstrom.

        Returns
        -------
        Model
            The moved model.

        Raises
        ------
        InputError
            If the transform is not rigid, or mirrors (determinant -1).

        Examples
        --------
        >>> import numpy as np
        >>> import botalign
        >>> model = botalign.Model(np.array([[1.0, 2.0, 3.0]]), np.array([6.0]))
        >>> quarter = [[0, -1, 0, 10], [1, 0, 0, 0], [0, 0, 1, 0]]  # about z, then 10 A along x
        >>> model.moved(quarter).points.tolist()
        [[8.0, 1.0, 3.0]]
        """
        matrix = checked_transform(transform, scaled=False)
        if is_mirror(matrix):
            raise InputError(
                Setting("transform"),
                " contains a mirror (determinant -1), but a model is never mirrored; mirror the map instead.",
            )
        points = apply_transform(matrix, self.points)
        return replace(self, points=points, source_to_points=compose(matrix, self.source_to_points))

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the model as PDB or mmCIF; everything in its file is kept except what the move changes.

        In the format that was read, all text stays as it is, with these exceptions: coordinates; anisotropic tensors,
        which are rotated; assemblies, NCS operators and ORIGX, which are transformed. All models of an ensemble are
        moved together. The unit cell, crystal symmetry and TLS groups do not apply to a moved model and are left out.

        Parameters
        ----------
        path : path-like
            File to write, with the extension ``.pdb``, ``.ent``, ``.cif`` or ``.mmcif``, or one of these followed by
            ``.gz`` for a compressed file. If the extension is that of the other format, gemmi converts the file.
        overwrite : bool, optional
            Whether to replace an existing file.

        Raises
        ------
        InputError
            If the model was not read from a file, the extension is unknown, the file exists and `overwrite` is false,
            the folder is missing or not writable, the disk is full, or the PDB format cannot hold the model: over
            99,999 atoms, names of chains with more than one letter, or coordinates that are too large.

        Warns
        -----
        ModelWarning
            If something was left out: one line that lists it.

        Examples
        --------
        >>> from pathlib import Path
        >>> import botalign
        >>> line = "ATOM      1  CA  ALA A   1       1.000   2.000   3.000  1.00 20.00           C  "
        >>> _ = Path("atom.pdb").write_text(line)
        >>> botalign.read_model("atom.pdb").moved([[1, 0, 0, 10], [0, 1, 0, 0], [0, 0, 1, 0]]).write("moved.pdb")
        >>> print(Path("moved.pdb").read_text().strip())
        ATOM      1  CA  ALA A   1      11.000   2.000   3.000  1.00 20.00           C
        """
        if self.source is None:
            raise InputError(
                f"{self.name}: the model was not read from a file, so it cannot be written; use read_model."
            )
        write_model(path, self.source, self.source_to_points, self.name, overwrite=overwrite)


def expect_model(value: object, role: str) -> None:
    """Refuse an argument that is not a model, as :func:`botalign.maps.density_map.expect_map` for maps."""
    if not isinstance(value, Model):
        advice = "read a file with botalign.read_model"
        raise InputError(Setting(role), f": got {kind_of(value)}, expected a Model; {advice}.")
