"""The result of an alignment."""

from __future__ import annotations

from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from botalign.alignment import result_file
from botalign.alignment.applying import exported, moved_map, moved_model, moved_particles
from botalign.alignment.hand import HandDecision
from botalign.alignment.poses import DistinctPose, distinct_poses, pose_difference
from botalign.alignment.records import Candidate, MapReference, Part, TracePoint
from botalign.alignment.scoring import Scores
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.uncertainty import Uncertainty, uncertainty_text
from botalign.alignment.verdict import verdict_text
from botalign.alignment.wording import (
    labelled,
    named_with_chains,
    percent_text,
    resolution_text,
    rotation_text,
    vector_text,
)
from botalign.arrays import Matrix
from botalign.errors import InputError, Setting, counted
from botalign.files import json_text, output_file
from botalign.geometry import (
    MIRROR,
    apply_transform,
    axis_angle,
    euler_zyz_degrees,
    quaternion_from_matrix,
    to_chimerax,
    to_napari,
)
from botalign.geometry import inverse as inverted
from botalign.images import ParticleList
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.models import Model
from botalign.options import whole_number
from botalign.scores import ShellCorrelation

#: Alternatives that the summary lists.
LISTED = 5

Movable = TypeVar("Movable", DensityMap, Model, ParticleList)


@dataclass(frozen=True, eq=False, repr=False)
class Alignment:
    """Result of an alignment: the transform, its scores, and how certain it is.

    Attributes
    ----------
    method : str
        How the pose was found: ``"search"``, ``"part"`` or ``"paper"``.
    moving_to_fixed : ndarray, shape (3, 4)
        Transform: ``x_fixed = M[:, :3] @ x_moving + M[:, 3]``, coordinates ``(x, y, z)`` in angstrom.
    mirrored : bool
        Whether the transform mirrors the moving map; then ``det(M[:, :3])`` is -1.
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
        ``"certain"``; ``"ambiguous"`` if another pose fits as well, or if the maps agree too little; ``"no match"`` if
        only the outlines of the maps agree; None if the pose was not refined, or was found by the published algorithm.
        With the loss ``"core"`` the maps need to agree only in a part.
    symmetry : Symmetry or None
        Point group of the fixed map, if several poses fit equally well because of it. The transform is that of the
        equivalent pose whose rotation is closest to the start (without a start: the smallest rotation).
    uncertainty : Uncertainty or None
        Standard errors of the pose; None if it was not refined. They are valid only if the pose is near the correct
        one; the verdict assesses this.
    candidates : tuple of Candidate
        The result, then the other candidates of the same hand, then those of the other hand.
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

    method: str
    moving_to_fixed: Matrix
    mirrored: bool
    fixed: MapReference
    moving: MapReference
    before: Scores
    after: Scores
    shells_before: ShellCorrelation
    shells_after: ShellCorrelation
    part: Part | None
    hand: HandDecision | None
    verdict: str | None
    symmetry: Symmetry | None
    uncertainty: Uncertainty | None
    candidates: tuple[Candidate, ...]
    trace: tuple[TracePoint, ...]
    parameters: dict[str, Any]
    seed: int
    versions: dict[str, str]
    seconds: float

    def __repr__(self) -> str:
        """Return one line for interactive use."""
        moving, fixed = (Path(reference.name).name for reference in (self.moving, self.fixed))
        facts = ["mirrored"] if self.mirrored else []
        facts += [
            f"{self.angle_degrees:.2f} degrees",
            f"shift {float(np.linalg.norm(self.shift_angstrom)):.2f} A",
            f"correlation {self.after.correlation:z.4f}",
            f"hand {'not tested' if self.hand is None else self.hand.decision}",
        ]
        return f"<Alignment {moving} onto {fixed}: {', '.join(facts)}>"

    @property
    def rotation(self) -> Matrix:
        """Rotation, shape (3, 3): the linear part, without the mirror ``z -> -z`` that precedes it if it mirrors."""
        linear = self.moving_to_fixed[:, :3]
        return linear @ MIRROR if self.mirrored else linear

    @property
    def angle_degrees(self) -> float:
        """Angle of the rotation, 0 to 180 degrees."""
        return axis_angle(self.rotation)[1]

    @property
    def axis(self) -> Matrix:
        """Axis of the rotation, a unit vector ``(x, y, z)``."""
        return axis_angle(self.rotation)[0]

    @property
    def quaternion(self) -> Matrix:
        """Unit quaternion ``(w, x, y, z)`` of the rotation, ``w >= 0``."""
        return quaternion_from_matrix(self.rotation)

    @property
    def euler_degrees(self) -> Matrix:
        """Euler angles of the rotation, ``(a, b, c)`` with ``R = Rz(a) Ry(b) Rz(c)``, in degrees."""
        return euler_zyz_degrees(self.rotation)

    @property
    def shift_angstrom(self) -> Matrix:
        """Shift of the centre of the box of the moving map, ``(x, y, z)`` in angstrom."""
        centre = self.moving.grid.centre_angstrom
        return apply_transform(self.moving_to_fixed, centre) - centre

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
            If a model would be mirrored, or particles without `mirror`; if there is no such candidate; if the particles
            have no poses.

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
            If the program or the candidate is unknown, or the transform mirrors and the program cannot.

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
        """Return a 4x4 matrix for coordinates ``(z, y, x)``, as ``layer.affine`` of napari takes it."""
        return to_napari(self.moving_to_fixed)

    @property
    def verdict_text(self) -> str:
        """The verdict as text."""
        return verdict_text(
            self.verdict, self.candidates, self.symmetry, of_part=self.part is not None,
            wrong_hand=self.map_has_wrong_hand,
        )  # fmt: skip

    @property
    def hand_text(self) -> str:
        """The decision about the hand as text."""
        if self.hand is None:
            return "not tested"
        return self.hand.to_text(with_model=self._with_model, of_part=self.part is not None)

    @property
    def _with_model(self) -> bool:
        """Whether a map and an atomic model were compared."""
        return self.fixed.model != self.moving.model

    @property
    def map_has_wrong_hand(self) -> bool:
        """Whether an atomic model, whose hand is known, fits the mirror image of the map better."""
        return self._with_model and self.hand is not None and self.hand.decision == "mirrored"

    @property
    def other_hand_fits_better(self) -> bool:
        """Whether the hand that the result does not have fits better."""
        return self.hand is not None and self.hand.decision == ("as given" if self.mirrored else "mirrored")

    @property
    def part_correlation(self) -> float | None:
        """Correlation of the edges inside the part, if a part was searched for; otherwise None.

        The WEMD, unlike the other scores, compares the whole maps, or what is inside their masks.
        """
        return None if self.part is None else self.candidates[0].correlation

    @property
    def part_text(self) -> str | None:
        """The part and how well it fits as text; None if no part was searched for."""
        if self.part is None:
            return None
        part, whole = (self.moving, self.fixed) if self.part.role == "moving" else (self.fixed, self.moving)
        other = "fixed" if self.part.role == "moving" else "moving"
        what = {
            "requested": f"the {self.part.role} {part.kind}, as requested",
            "mask": f"the {self.part.role} {part.kind} inside its mask",
            "noticed": f"the {self.part.role} {part.kind}, noticed by its volume",
        }[self.part.reason]
        size = f"{what}, {percent_text(self.part.fraction)} of the {other} {whole.kind}"
        inside = f"correlation of the edges inside it {self.part_correlation:z.4f}"
        return f"{size}; {inside}; the scores above are computed inside it, too"

    @property
    def alternatives(self) -> tuple[str, ...]:
        """The other poses of the same hand that fit as well as the result or nearly so, one line of text for each.

        Each has its correlation and its distance from the result. At most five are listed; those that a symmetry
        explains are not, and none without a match.
        """
        if self.symmetry is not None or self.verdict == "no match":
            return ()
        others = [each for each in self.candidates[1:] if each.mirrored == self.mirrored]
        others = [each for each in others if each.as_good or self.part is not None]
        lines = [self._alternative(each) for each in others[:LISTED]]
        if len(others) > LISTED:
            equals = sum(each.as_good for each in others[LISTED:])
            lines.append(f"and {len(others) - LISTED} more" + (f" ({equals} fit as well)" if equals else ""))
        return tuple(lines)

    def _alternative(self, other: Candidate) -> str:
        """Return a pose as text, compared with the result."""
        degrees, apart = pose_difference(self.moving_to_fixed, other.moving_to_fixed, self.moving, self.part)
        as_good = ", fits as well" if other.as_good else ""
        return f"{other.quality:z.4f} at {apart:.1f} A and {degrees:.0f} degrees from the result{as_good}"

    @property
    def poses(self) -> tuple[DistinctPose, ...]:
        """The result and the other poses of its hand that were kept, equivalent ones together.

        With a symmetry, all poses equivalent to the result are included, and of the others one of each kind. If the
        verdict for a part is ``"certain"``, the places that fit equally well are equivalent.
        """
        return distinct_poses(
            self.candidates, self.moving, part=self.part, symmetry=self.symmetry,
            places=self.part is not None and self.verdict == "certain",
        )  # fmt: skip

    @property
    def facts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The facts of the summary: for each a label and its texts."""
        before, after = self.before, self.after
        mirror = ", after a mirror in z" if self.mirrored else ""
        resolutions = [resolution_text(scores.fsc_resolution_angstrom) for scores in (before, after)]
        facts = (
            ("rotation", (f"{rotation_text(self.angle_degrees, self.axis)}{mirror}",)),
            ("shift", (f"{vector_text(self.shift_angstrom, 2)} A",)),
            ("correlation", (f"{before.correlation:z.4f} before, {after.correlation:z.4f} after",)),
            ("FSC 0.5", (f"{resolutions[0]} before, {resolutions[1]} after",)),
            ("part", () if self.part_text is None else (self.part_text,)),
            ("hand", (self.hand_text,)),
            ("verdict", (self.verdict_text,)),
            ("alternatives", self.alternatives),
            ("error", (self.error_text,)),
            ("seconds", (f"{self.seconds:.2f}",)),
        )
        return tuple(fact for fact in facts if fact[1])

    @property
    def title(self) -> str:
        """Which map was aligned onto which, as text."""
        return f"{named_with_chains(self.moving)} onto {named_with_chains(self.fixed)}"

    def to_text(self) -> str:
        """Return a summary, one line for each fact."""
        return "\n".join([self.title, *(line for label, texts in self.facts for line in labelled(label, *texts))])

    @property
    def error_text(self) -> str:
        """The standard errors as text; those of a wrong pose mean nothing."""
        if self.verdict == "no match":
            return "not estimated: the maps do not match"
        return uncertainty_text(self.uncertainty)

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
