"""The result of an alignment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botalign.alignment import exports, result_file
from botalign.alignment.common_part import common_part
from botalign.alignment.comparison import WEMD_SIDE, HandDecision, Scores
from botalign.alignment.poses import Candidate, MapReference, TracePoint
from botalign.alignment.potential import potential
from botalign.alignment.preparation import survey
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.uncertainty import Uncertainty
from botalign.files import output_file
from botalign.geometry import MIRROR, apply_transform, axis_angle, euler_zyz_degrees, quaternion_from_matrix
from botalign.geometry import inverse as inverted
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import moved
from botalign.scores import ShellCorrelation

if TYPE_CHECKING:
    from os import PathLike

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Alignment:
    """The motion that puts one map on another, and how good it is.

    Attributes
    ----------
    moving_to_fixed : ndarray, shape (3, 4)
        ``x_fixed = M[:, :3] @ x_moving + M[:, 3]``, coordinates ``(x, y, z)`` in angstrom.
    mirrored : bool
        Whether the motion mirrors the moving map; then ``det(M[:, :3])`` is -1.
    fixed, moving : MapReference
        The two maps.
    before, after : Scores
        Scores where the moving map was, and where it came to lie.
    shells_before, shells_after : ShellCorrelation
        The Fourier shell correlations there.
    hand : HandDecision or None
        Which hand the moving map has; None if that wasn't asked.
    verdict : str or None
        ``"certain"``; ``"ambiguous"`` if another of the candidates is as good; ``"no match"`` if the maps agree in
        outline at most; None if the pose wasn't refined, or found by the paper's method. With the loss ``"core"``
        the part that both maps share is enough.
    symmetry : Symmetry or None
        Point group of the fixed map, if several poses fit equally well because of it. Of the equivalent motions the
        one that turns the map least from its start is given.
    uncertainty : Uncertainty or None
        Standard errors of the pose; None if it wasn't refined. They hold if the pose is in the right basin, which the
        verdict is about.
    candidates : tuple of Candidate
        The poses that were considered: the answer, its rivals, then those of the other hand.
    trace : tuple of TracePoint
        The evaluations of the search, in order.
    parameters : dict
        The options of the run.
    seed : int
        The seed of the run.
    versions : dict
        Versions of this package and of the libraries below it.
    seconds : float
        How long it took.
    """

    moving_to_fixed: Matrix
    mirrored: bool
    fixed: MapReference
    moving: MapReference
    before: Scores
    after: Scores
    shells_before: ShellCorrelation
    shells_after: ShellCorrelation
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
        """Return one line, for whoever types the name of a result."""
        return f"<Alignment {exports.brief(self)}>"

    @property
    def rotation(self) -> Matrix:
        """The rotation, shape (3, 3): the linear part, with the mirror ``z -> -z`` before it taken off."""
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
        """How far the centre of the moving map's box moves, ``(x, y, z)`` in angstrom."""
        centre = self.moving.grid.centre_angstrom
        return apply_transform(self.moving_to_fixed, centre) - centre

    def apply(
        self,
        density_map: DensityMap,
        *,
        onto: DensityMap | Grid | None = None,
        inverse: bool = False,
        threads: int = 1,
    ) -> DensityMap:
        """Move a map as the moving map was moved: the map itself, a half map, a mask.

        Parameters
        ----------
        density_map : DensityMap
            The map, with all its densities: nothing of the pre-processing for the fit is done to it.
        onto : DensityMap or Grid, optional
            The grid to sample on; the map's own if not given.
        inverse : bool, optional
            Move from the fixed map's place to the moving one's instead.
        threads : int, optional
            How many threads; the result doesn't depend on it.

        Returns
        -------
        DensityMap
            The moved map, resampled once by cubic B-splines; zero outside the box of `density_map`.
        """
        grid = onto.grid if isinstance(onto, DensityMap) else onto or density_map.grid
        return moved(density_map, self.matrix(inverse=inverse), grid, threads=threads)

    def common_part(self, fixed: DensityMap, moving: DensityMap) -> DensityMap:
        """Return which part of the two maps agrees once they are aligned; made for results of the loss ``"core"``.

        Parameters
        ----------
        fixed, moving : DensityMap
            The maps that were aligned; a result keeps their names and grids only.

        Returns
        -------
        DensityMap
            Weights on the fixed map's voxels: 1 where the maps agree, 0 where they differ, and outside the fixed map's
            molecule.

        Raises
        ------
        InputError
            As :func:`botalign.align` does for maps it can't use.
        """
        a = survey(fixed, level=self.parameters["level_fixed"], role="fixed")
        b = survey(moving, level=self.parameters["level_moving"], role="moving")
        return common_part(a, b, self.moving_to_fixed, fixed.grid)

    def potential(self, fixed: DensityMap, moving: DensityMap, *, size: int = WEMD_SIDE) -> DensityMap:
        """Map where mass would have to go to make the moving map, where it came to lie, the fixed one.

        Parameters
        ----------
        fixed, moving : DensityMap
            The maps that were aligned; a result keeps their names and grids only.
        size : int, optional
            Voxels a side.

        Returns
        -------
        DensityMap
            In the coordinates of the fixed map; see :func:`botalign.potential`.
        """
        return potential(
            fixed,
            moving,
            transform=self.moving_to_fixed,
            level_first=self.parameters["level_fixed"],
            level_second=self.parameters["level_moving"],
            size=size,
        )

    def matrix(self, *, inverse: bool = False) -> Matrix:
        """Return :attr:`moving_to_fixed`, or its inverse, shape (3, 4)."""
        return inverted(self.moving_to_fixed) if inverse else self.moving_to_fixed

    def to_chimerax(self, model: str = "#2") -> str:
        """Return the ``view matrix`` command that places `model`; see :func:`botalign.alignment.exports.chimerax`."""
        return exports.chimerax(self.moving_to_fixed, model)

    def to_pyem(self) -> str:
        """Return a 3x4 JSON matrix in angstrom, as ``star.py --transform`` of pyem reads it."""
        return exports.pyem(self.moving_to_fixed, self.moving.grid, self.fixed.grid)

    def to_napari(self) -> Matrix:
        """Return a 4x4 matrix for coordinates ``(z, y, x)``, as ``layer.affine`` of napari takes it."""
        return exports.napari(self.moving_to_fixed)

    @property
    def verdict_in_words(self) -> str:
        """What the result is worth, as every front end says it."""
        return exports.verdict(self)

    @property
    def correlation_in_part(self) -> float | None:
        """The correlation about the mean where the part lies, if a part was looked for, else None.

        The scores count the whole maps, which agree no better than the part is large.
        """
        return self.candidates[0].correlation if self.parameters.get("partial") else None

    @property
    def part_in_words(self) -> str | None:
        """How well a part fits that was looked for, as every front end says it; None if none was."""
        return exports.part(self)

    @property
    def hand_in_words(self) -> str:
        """What is known of the hand, as :meth:`to_text` says it."""
        return exports.hand(self)

    def to_text(self) -> str:
        """Return a short summary, a line for each fact."""
        return exports.text(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the contents of the result file: numbers, texts, lists and dictionaries only."""
        return result_file.contents(self)

    def to_json(self) -> str:
        """Return the text of the result file; infinite numbers, which JSON doesn't have, become null."""
        return result_file.text(self)

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the result file.

        Raises
        ------
        InputError
            If the file exists and `overwrite` is false, or can't be written.
        """
        with output_file(path, overwrite=overwrite) as temporary:
            Path(temporary).write_text(self.to_json() + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Alignment:
        """Read a result file.

        Raises
        ------
        InputError
            If the file is missing, is not a result file, is damaged, or is from a newer version.
        """
        return cls(**result_file.read(path))
