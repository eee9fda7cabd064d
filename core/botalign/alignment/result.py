"""The result of an alignment."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from botalign.alignment import result_file
from botalign.alignment.hand import HandDecision
from botalign.alignment.records import Candidate, MapReference, TracePoint
from botalign.alignment.scoring import Scores
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.uncertainty import Uncertainty, uncertainty_text
from botalign.alignment.verdict import verdict_text
from botalign.alignment.wording import resolution_text, rotation_text, vector_text
from botalign.arrays import Matrix
from botalign.files import output_file
from botalign.geometry import (
    MIRROR,
    apply_transform,
    axis_angle,
    euler_zyz_degrees,
    quaternion_from_matrix,
    to_chimerax,
    to_napari,
    to_pyem,
)
from botalign.geometry import inverse as inverted
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import resample
from botalign.scores import ShellCorrelation

if TYPE_CHECKING:
    from os import PathLike


@dataclass(frozen=True, eq=False, repr=False)
class Alignment:
    """The motion that puts one map on another, and how good it is.

    Attributes
    ----------
    method : str
        How the pose was found: ``"search"``, ``"part"`` or ``"paper"``.
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

    method: str
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
        moving, fixed = (Path(reference.name).name for reference in (self.moving, self.fixed))
        facts = [
            *(["mirrored"] if self.mirrored else []),
            f"{self.angle_degrees:.2f} degrees",
            f"shift {float(np.linalg.norm(self.shift_angstrom)):.2f} A",
            f"correlation {self.after.correlation:z.4f}",
            f"hand {'not tested' if self.hand is None else self.hand.decision}",
        ]
        return f"<Alignment {moving} onto {fixed}: {', '.join(facts)}>"

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
        threads: int | None = None,
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
            Number of threads; by default one for each core. The result does not depend on it.

        Returns
        -------
        DensityMap
            The moved map, resampled once by cubic B-splines; zero outside the box of `density_map`.
        """
        grid = onto.grid if isinstance(onto, DensityMap) else onto or density_map.grid
        return resample(density_map, self.matrix(inverse=inverse), grid, threads=threads)

    def matrix(self, *, inverse: bool = False) -> Matrix:
        """Return :attr:`moving_to_fixed`, or its inverse, shape (3, 4)."""
        return inverted(self.moving_to_fixed) if inverse else self.moving_to_fixed

    def to_chimerax(self, model: str = "#2") -> str:
        """Return the ``view matrix`` command that places `model`; see :func:`botalign.geometry.to_chimerax`."""
        return to_chimerax(self.moving_to_fixed, model)

    def to_pyem(self) -> str:
        """Return the transform of particle orientations as a 3x4 JSON matrix; see :func:`botalign.geometry.to_pyem`."""
        centres = [
            apply_transform(grid.index_to_physical, [side // 2 for side in grid.shape[::-1]])
            for grid in (self.moving.grid, self.fixed.grid)
        ]
        return to_pyem(self.moving_to_fixed, *centres)

    def to_napari(self) -> Matrix:
        """Return a 4x4 matrix for coordinates ``(z, y, x)``, as ``layer.affine`` of napari takes it."""
        return to_napari(self.moving_to_fixed)

    @property
    def verdict_text(self) -> str:
        """The verdict as text."""
        return verdict_text(self.verdict, self.candidates, self.symmetry)

    @property
    def hand_text(self) -> str:
        """The decision about the hand as text."""
        return "not tested" if self.hand is None else self.hand.to_text()

    @property
    def part_correlation(self) -> float | None:
        """Correlation about the mean inside the part, if a part was searched for; otherwise None.

        The scores compare the whole maps, which agree only as far as the part fills the whole.
        """
        return self.candidates[0].correlation if self.method == "part" else None

    @property
    def part_text(self) -> str | None:
        """The correlation inside the part as text; None if no part was searched for."""
        inside = self.part_correlation
        if inside is None:
            return None
        return f"{inside:z.4f} (correlation about the mean inside the part; the scores above compare the whole maps)"

    def to_text(self) -> str:
        """Return a summary, one line for each fact."""
        before, after = self.before, self.after
        mirror = ", after a mirror in z" if self.mirrored else ""
        resolutions = [resolution_text(scores.fsc_resolution_angstrom) for scores in (before, after)]
        lines = [
            f"{self.moving.name} onto {self.fixed.name}",
            f"rotation     {rotation_text(self.angle_degrees, self.axis)}{mirror}",
            f"shift        {vector_text(self.shift_angstrom, 2)} A",
            f"correlation  {before.correlation:z.4f} before, {after.correlation:z.4f} after",
            f"FSC 0.5      {resolutions[0]} before, {resolutions[1]} after",
            *([] if self.part_text is None else [f"part         {self.part_text}"]),
            f"hand         {self.hand_text}",
            f"verdict      {self.verdict_text}",
            f"error        {uncertainty_text(self.uncertainty)}",
            f"seconds      {self.seconds:.2f}",
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the result file: numbers, text, lists and dictionaries only."""
        return {
            "format": result_file.FORMAT,
            "version": result_file.VERSION,
            "method": self.method,
            "moving_to_fixed": self.moving_to_fixed.tolist(),
            "mirrored": self.mirrored,
            "fixed": asdict(self.fixed),
            "moving": asdict(self.moving),
            "scores": {"before": asdict(self.before), "after": asdict(self.after)},
            "shells": {
                when: {
                    "frequency_per_angstrom": curve.frequency_per_angstrom.tolist(),
                    "correlation": curve.correlation.tolist(),
                }
                for when, curve in (("before", self.shells_before), ("after", self.shells_after))
            },
            "hand": None if self.hand is None else asdict(self.hand),
            "verdict": self.verdict,
            "symmetry": None if self.symmetry is None else self.symmetry.to_dict(),
            "uncertainty": None if self.uncertainty is None else self.uncertainty.to_dict(),
            "candidates": [asdict(c) | {"moving_to_fixed": c.moving_to_fixed.tolist()} for c in self.candidates],
            "trace": [asdict(point) for point in self.trace],
            "parameters": self.parameters,
            "seed": self.seed,
            "versions": self.versions,
            "seconds": self.seconds,
        }

    def to_json(self) -> str:
        """Return the text of the result file."""
        return result_file.to_text(self.to_dict())

    def write(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the result file.

        Raises
        ------
        InputError
            If the file exists and `overwrite` is false, or can't be written.
        """
        with output_file(path, overwrite=overwrite) as temporary:
            Path(temporary).write_text(self.to_json() + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Alignment:
        """Read a result file.

        Raises
        ------
        InputError
            If the file is missing, is not a result file, is damaged, or is from a newer version.
        """
        return cls(**result_file.read(path))
