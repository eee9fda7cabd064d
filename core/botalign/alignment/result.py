"""The result of an alignment."""

from __future__ import annotations

from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from botalign.alignment import result_file
from botalign.alignment.applying import exported, moved_map, moved_model, moved_particles
from botalign.alignment.summary import AlignmentSummary
from botalign.arrays import Matrix
from botalign.errors import InputError, Setting, counted
from botalign.files import json_text, output_file
from botalign.geometry import inverse as inverted
from botalign.geometry import to_chimerax, to_napari
from botalign.images import ParticleList
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.models import Model
from botalign.options import whole_number

Movable = TypeVar("Movable", DensityMap, Model, ParticleList)


@dataclass(frozen=True, eq=False, repr=False)
class Alignment(AlignmentSummary):
    """Result of an alignment: the transform, its scores, and how certain it is.

    Attributes
    ----------
    method : str
        How the pose was found: ``"search"``, ``"part"``, ``"copies"``, ``"paper"``, or ``"orient"`` for the axes of a
        symmetry.
    moving_to_fixed : ndarray, shape (3, 4)
        Transform: ``x_fixed = M[:, :3] @ x_moving + M[:, 3]``, coordinates ``(x, y, z)`` in angstrom. It is rigid,
        unless a fitted scale is applied; then it is a similarity transform.
    mirrored : bool
        Whether the transform mirrors the moving map; then ``det(M[:, :3])`` is negative.
    fixed, moving : MapReference
        Names and grids of the maps.
    before, after : Scores
        Scores before and after the transform.
    shells_before, shells_after : ShellCorrelation
        Fourier shell correlations before and after the transform; for a part, inside its contour.
    part : Part or None
        Which map was searched for as a part of the other; None if whole maps were aligned.
    hand : HandDecision or None
        Decision about the hand of the moving map; None if the other hand was not tested.
    verdict : str or None
        ``"certain"``; ``"ambiguous"`` if the maps match, but another pose or hand fits as well or better; ``"no
        match"`` if unrelated maps would fit as well with a probability of 0.001 or more, or if the pose is at the limit
        of a local search; None if the pose was not refined, or was found by the published algorithm. With the loss
        ``"core"`` the maps need to agree only in a part.
    probability : float or None
        Probability that unrelated maps would fit as well as the better hand, which the result need not have; for a
        part, that a wrong place would fit as well. None if there is no verdict, or if too few wrong places of a part
        are known: then a match needs all signs of one.
    at_limit : bool
        Whether the pose is at the limit of a local search.
    symmetry : Symmetry or None
        Point group of the fixed map, if several poses fit equally well because of it; for a part, that of the whole.
        The transform is that of the equivalent pose whose rotation is closest to the start (without a start: the
        smallest rotation).
    uncertainty : Uncertainty or None
        Standard errors of the pose, and what the maps do not determine; None if the pose was not refined. They are
        valid only if the pose is near the correct one; the verdict assesses this.
    scale : Scale or None
        Factor by which the moving map should be larger, with its standard error, and whether the transform applies it;
        None if it was not tested, or the maps do not determine it.
    copies : Copies or None
        The copies of the moving map, a part of the fixed one, if they were asked for. The transform is that of the
        first, the verdict that of the least certain one.
    chain_fits : tuple of ChainFit
        How much density the map has for each chain of a model with several chains. Empty if the map has a mask, or is a
        part of the model. With copies, those of the first; each copy has its own.
    candidates : tuple of Candidate
        The copies if there are some, otherwise the result and the poses that the symmetry makes equivalent to it; then
        the other candidates of the same hand, and those of the other hand.
    trace : tuple of TracePoint
        Evaluations of the search, in order.
    parameters : dict
        Options of the run.
    seed : int
        Seed of the run.
    versions : dict
        Versions of this package and of the libraries that it uses.
    seconds : float
        Duration of the alignment.

    See Also
    --------
    botalign.align : Returns such a result.

    Examples
    --------
    >>> import botalign
    >>> fixed = botalign.phantom(24, voxel_size_angstrom=5.0)
    >>> moving = botalign.phantom(24, voxel_size_angstrom=5.0, transform=[[1, 0, 0, 9], [0, 1, 0, 0], [0, 0, 1, 0]])
    >>> result = botalign.align(fixed, moving)
    >>> print(f"{result.shift_angstrom[0]:.1f} A")
    -9.0 A
    >>> aligned = result.apply(moving, onto=fixed)
    """

    def apply(
        self, moving: Movable, *, onto: DensityMap | Grid | None = None, inverse: bool = False, candidate: int = 0,
        mirror: bool = False, threads: int | None = None,
    ) -> Movable:  # fmt: skip
        """Apply the transform to a map, an atomic model or particles.

        Parameters
        ----------
        moving : DensityMap, Model or ParticleList
            The moving map or model, or what belongs to it: half maps, masks, particles. A map is not filtered. The
            values of a mask (from 0 to 1, or from 0 to a plateau) stay within their range. Of particles, only
            orientations and origins change.
        onto : DensityMap or Grid, optional
            Grid of the written map, by default that of the given one. The box to which the poses of particles belong
            afterwards, by default that of the fixed map. It has no effect on a model.
        inverse : bool, optional
            Apply the inverse transform, from the fixed to the moving map.
        candidate : int, optional
            Apply the pose of another candidate, counted as in :attr:`candidates`: 0 is the result.
        mirror : bool, optional
            If the transform mirrors, give particles the poses that fit the mirrored map. Their images do not change: a
            projection of a map is also one of its mirror image. Subtomograms, which have a hand, are refused.
        threads : int, optional
            Number of threads; by default chosen automatically (at most one per core). The result does not depend on it.

        Returns
        -------
        DensityMap, Model or ParticleList
            The map, resampled once by cubic B-splines and zero outside its old box, the moved model, or the particles.

        Raises
        ------
        InputError
            If a model or particles would be scaled, a model mirrored, or particles mirrored without `mirror`; if there
            is no such candidate; if the particles have no poses.

        Warns
        -----
        botalign.images.PoseWarning
            If the box of the particles is not that of the map, or some of their columns cannot be moved.
        """
        matrix = self.matrix(inverse=inverse, candidate=candidate)
        grid = onto.grid if isinstance(onto, DensityMap) else onto
        if isinstance(moving, Model):
            return moved_model(moving, matrix)
        if isinstance(moving, ParticleList):
            maps = (self.fixed, self.moving) if inverse else (self.moving, self.fixed)
            return moved_particles(moving, matrix, *maps, onto=grid, mirror=mirror)  # type: ignore[return-value]
        return moved_map(moving, matrix, grid or moving.grid, threads=threads)

    def matrix(self, *, inverse: bool = False, candidate: int = 0) -> Matrix:
        """Return :attr:`moving_to_fixed` or the pose of another candidate, or its inverse, shape (3, 4).

        Raises
        ------
        InputError
            If there is no such candidate.
        """
        others = len(self.candidates) - 1
        if not 0 <= whole_number("candidate", candidate, 0) <= max(others, 0):
            has = f"the result has {counted(others, 'other candidate')}" if others > 0 else "the result has no others"
            raise InputError(Setting("candidate"), f": got {candidate}, but {has}; 0 is the result itself.")
        pose = self.candidates[candidate].moving_to_fixed if candidate else self.moving_to_fixed
        return inverted(pose) if inverse else pose

    @property
    def places(self) -> tuple[int, ...]:
        """The candidates that fit equally well, as indices of :attr:`candidates`: the result, and those of its hand."""
        others = enumerate(self.candidates[1:], start=1)
        return (0, *(number for number, each in others if each.as_good and each.mirrored == self.mirrored))

    def export(self, to: str, *, inverse: bool = False, candidate: int = 0, model: str = "#2") -> str:
        """Return the transform as another program reads it.

        Parameters
        ----------
        to : {"chimerax", "pyem", "relion", "napari", "euler", "matrix"}
            The program or notation: the ``view matrix`` command of ChimeraX, the argument of ``subparticles.py
            --transform`` of pyem, the arguments with which ``relion_project`` moves the moving map, the affine of a
            layer in napari, Euler angles and shift, or the matrix.
        inverse : bool, optional
            Export the inverse transform, from the fixed to the moving map.
        candidate : int, optional
            Export the pose of another candidate, counted as in :attr:`candidates`: 0 is the result.
        model : str, optional
            ChimeraX specification of the model.

        Returns
        -------
        str
            One or more lines.

        Raises
        ------
        InputError
            If the program or the candidate is unknown, or the transform mirrors or scales and the program cannot.

        See Also
        --------
        botalign.geometry.to_pyem : The form for pyem.
        botalign.geometry.to_relion : The form for RELION.
        botalign.geometry.to_euler : Euler angles.

        Examples
        --------
        >>> import botalign
        >>> density_map = botalign.phantom(24, voxel_size_angstrom=5.0)
        >>> result = botalign.align(density_map, density_map, evaluations=2)
        >>> result.export("chimerax", model="#3").split(",")[0]
        'view matrix models #3'
        """
        source, target = (self.fixed, self.moving) if inverse else (self.moving, self.fixed)
        return exported(to, self.matrix(inverse=inverse, candidate=candidate), source, target, model=model)

    def to_chimerax(self, model: str = "#2") -> str:
        """Return the ``view matrix`` command that places `model`; see :func:`botalign.geometry.to_chimerax`."""
        return to_chimerax(self.moving_to_fixed, model)

    def to_napari(self) -> Matrix:
        """Return a 4x4 matrix for coordinates ``(z, y, x)``, as ``layer.affine`` of napari takes it; it may scale."""
        return to_napari(self.moving_to_fixed)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the result file: numbers, text, lists and dictionaries only."""
        return result_file.contents({field.name: getattr(self, field.name) for field in fields(self)})

    def to_json(self) -> str:
        """Return the text of the result file."""
        return json_text(self.to_dict())

    def write(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the result as a JSON file.

        Parameters
        ----------
        path : path-like
            File to write.
        overwrite : bool
            Whether to replace an existing file.

        Raises
        ------
        InputError
            If the file exists and `overwrite` is false, or it cannot be written.
        """
        with output_file(path, overwrite=overwrite) as temporary:
            Path(temporary).write_text(self.to_json() + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Alignment:
        """Read a result from a JSON file.

        Parameters
        ----------
        path : path-like
            File that :meth:`write` or ``botalign align --result`` has written.

        Returns
        -------
        Alignment

        Raises
        ------
        InputError
            If the file is missing, damaged, not a result file, or from a newer version.
        """
        return cls(**result_file.read(path))
