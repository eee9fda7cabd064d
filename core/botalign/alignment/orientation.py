"""The result of orienting a map along the axes of its symmetry."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from botalign.alignment.records import Candidate, MapReference
from botalign.alignment.result import Alignment
from botalign.alignment.scoring import compare
from botalign.alignment.self_symmetry import SelfMatch
from botalign.alignment.survey import survey
from botalign.alignment.symmetry import Symmetry, average_of
from botalign.alignment.versions import versions
from botalign.alignment.wording import resolution_text
from botalign.arrays import Matrix
from botalign.errors import InputError, Setting
from botalign.files import json_text, output_file
from botalign.geometry import SETTINGS, apply_transform, axis_angle, compose, identity, point_group, transform_about
from botalign.maps.density_map import DensityMap, expect_map
from botalign.maps.resampling import resample
from botalign.threads import one_blas_thread


@dataclass(frozen=True, eq=False, repr=False)
class Orientation:
    """The symmetry of a map, and the transform that orients the map along the conventional axes.

    Attributes
    ----------
    symmetry : Symmetry
        The group, and its operations in the coordinates of the map as given; ``"C1"`` if there is none.
    setting : str
        Setting of the conventional axes, such as ``"I2"``.
    requested : bool
        Whether the group was requested, not found.
    transform : ndarray, shape (3, 4)
        Transform from the map as given to the oriented map, ``(x, y, z)`` in angstrom: the axes go along the
        conventional ones, and the centre to that of the box, voxel ``side // 2``.
    matches : tuple of SelfMatch
        Rotations of the group, at most twelve, as fitted to the map, and how well they fit.
    near_symmetry : SelfMatch or None
        Of a map that is not symmetric, the rotation that fits best, if it fits more than the outline.
    axis_error_degrees, centre_error_angstrom : float
        Standard errors of the directions of the axes, and of the position of the centre.
    moving : MapReference
        Name and grid of the map.
    seconds : float
        Duration of the search.

    See Also
    --------
    botalign.orient : Returns such a result.
    """

    symmetry: Symmetry
    setting: str
    requested: bool
    transform: Matrix
    matches: tuple[SelfMatch, ...]
    near_symmetry: SelfMatch | None
    axis_error_degrees: float
    centre_error_angstrom: float
    moving: MapReference
    seconds: float

    def __repr__(self) -> str:
        """Return one line for interactive use."""
        return f"<Orientation: {self.symmetry.group}, {self.agreement_text}>"

    @property
    def agreement(self) -> float:
        """Smallest agreement of the rotations; see :class:`botalign.alignment.self_symmetry.SelfMatch`."""
        return min((match.agreement for match in self.matches), default=1.0)

    @property
    def is_symmetric(self) -> bool:
        """Whether the map is symmetric by all the rotations of the group."""
        return bool(self.matches) and all(match.is_symmetry for match in self.matches)

    @property
    def agreement_text(self) -> str:
        """How well the rotations of the group fit, as text."""
        if not self.matches:
            return "no symmetry was found"
        worst = max(match.resolution_angstrom for match in self.matches)
        verb = "fits" if self.is_symmetric else "does not fit"
        return f"{verb}: agreement {self.agreement:.2f} (1 for a symmetric map), FSC 0.5: {resolution_text(worst)}"

    @property
    def rotation_texts(self) -> tuple[str, ...]:
        """How well the rotations of each order fit, as text: the one that fits worst, the highest order first."""
        orders = sorted({match.order for match in self.matches}, reverse=True)
        worst = [min((m for m in self.matches if m.order == n), key=lambda match: match.agreement) for n in orders]
        return tuple(
            f"C{match.order}: agreement {match.agreement:.2f}, correlation {match.correlation:.4f} "
            f"+- {match.correlation_error:.4f}"
            for match in worst
        )

    @property
    def near_text(self) -> str | None:
        """Which further rotation fits to a coarse resolution only, as text; None if there is none."""
        near = self.near_symmetry
        if near is None:
            return None
        return (
            f"C{near.order} fits to {resolution_text(near.resolution_angstrom)} only (agreement {near.agreement:.2f})"
        )

    @property
    def angle_degrees(self) -> float:
        """Angle of the rotation to the conventional axes."""
        return float(axis_angle(self.transform[:, :3])[1])

    @property
    def distance_angstrom(self) -> float:
        """How far the transform moves the centre of the box."""
        centre = self.moving.grid.pose_centre_angstrom
        return float(np.linalg.norm(apply_transform(self.transform, centre) - centre))

    def to_text(self) -> str:
        """Return the result as lines of text."""
        rows = [("symmetry", f"{self.symmetry.group}{' (as requested)' if self.requested else ''}")]
        rows.append(("", self.agreement_text))
        rows += [("rotations" if number == 0 else "", text) for number, text in enumerate(self.rotation_texts)]
        if self.near_text:
            rows.append(("near", self.near_text))
        if self.is_symmetric:
            setting = f", setting {self.setting}" if self.symmetry.group in SETTINGS else ""
            angle, moved = self.angle_degrees, self.distance_angstrom
            rows.append(("moved", f"{angle:.2f} degrees, {moved:.2f} A at the centre of the box{setting}"))
            axes, middle = self.axis_error_degrees, self.centre_error_angstrom
            rows.append(("errors", f"{axes:.3f} degrees, {middle:.3f} A (standard errors of axes and centre)"))
        rows.append(("time", f"{self.seconds:.2f} s"))
        return "\n".join(f"{name:13}{text}" for name, text in rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the result for JSON."""
        near = self.near_symmetry
        return {
            "symmetry": self.symmetry.to_dict(),
            "setting": self.setting,
            "requested": self.requested,
            "is_symmetric": self.is_symmetric,
            "transform": self.transform.tolist(),
            "rotations": [_match(match) for match in self.matches],
            "near_symmetry": None if near is None else _match(near),
            "axis_error_degrees": self.axis_error_degrees,
            "centre_error_angstrom": self.centre_error_angstrom,
            "seconds": self.seconds,
        }

    @property
    def operations(self) -> Matrix:
        """The operations of the group in the coordinates of the oriented map, shape (order, 3, 4)."""
        centre = self.moving.grid.pose_centre_angstrom
        group = point_group(self.symmetry.group, setting=self.setting)
        return np.array([transform_about(rotation, centre, centre) for rotation in group])

    def biomt(self) -> str:
        """Return :attr:`operations` as BIOMT records of the PDB format, for a model in the oriented map."""
        lines = ["REMARK 350", "REMARK 350 BIOMOLECULE: 1", "REMARK 350 APPLY THE FOLLOWING TO CHAINS: A"]
        for number, operation in enumerate(self.operations, start=1):
            for row, (x, y, z, shift) in enumerate(operation, start=1):
                lines.append(f"REMARK 350   BIOMT{row}{number:4d}{x:10.6f}{y:10.6f}{z:10.6f}{shift:15.5f}")
        return "\n".join(lines) + "\n"

    def apply(self, density_map: DensityMap) -> DensityMap:
        """Return a map in the coordinates of the one that was oriented, oriented, on its own grid.

        Raises
        ------
        InputError
            If the argument is not a DensityMap.
        """
        expect_map(density_map, "density_map")
        return resample(density_map, self.transform, density_map.grid)

    def symmetrised(self, density_map: DensityMap) -> DensityMap:
        """Return a map in the coordinates of the one that was oriented, oriented and averaged over the group.

        Raises
        ------
        InputError
            If the argument is not a DensityMap.
        """
        expect_map(density_map, "density_map")
        return average_of(density_map, compose(self.operations, self.transform))

    def write_operations(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the group, its setting and :attr:`operations` as JSON (``.json``), or :meth:`biomt` (``.txt``).

        Raises
        ------
        InputError
            If the extension is unknown, the file exists and `overwrite` is false, or it cannot be written.
        """
        content = {"group": self.symmetry.group, "setting": self.setting, "operations": self.operations.tolist()}
        as_records = Path(path).suffix.lower() == ".txt"
        text = self.biomt() if as_records else json_text(content) + "\n"
        with output_file(path, overwrite=overwrite, extensions=(".json", ".txt")) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def to_alignment(self, density_map: DensityMap, *, oriented: DensityMap | None = None) -> Alignment:
        """Return the alignment of a map to its oriented copy, whose result file `botalign apply` reads.

        Parameters
        ----------
        density_map : DensityMap
            The map that was oriented.
        oriented : DensityMap, optional
            What :meth:`apply` returns for it, if it is known already.

        Raises
        ------
        InputError
            If the argument is not a DensityMap, or has another grid.
        """
        expect_map(density_map, "density_map")
        if density_map.grid != self.moving.grid:
            raise InputError(
                Setting("density_map"), f": {density_map.name} has another grid than {self.moving.name}, expected the "
                "map that was oriented.",
            )  # fmt: skip
        copy = self.apply(density_map) if oriented is None else oriented
        fixed, moving = (survey(each).normalised() for each in (copy, density_map))
        with one_blas_thread():
            before, after = (compare(fixed, moving, pose) for pose in (identity(), self.transform))
        return Alignment(
            method="orient",
            moving_to_fixed=self.transform,
            mirrored=False,
            fixed=MapReference(f"{density_map.name}, oriented", density_map.grid),
            moving=self.moving,
            before=before.scores,
            after=after.scores,
            shells_before=before.shells,
            shells_after=after.shells,
            part=None,
            hand=None,
            verdict="certain" if self.is_symmetric else "ambiguous",
            probability=None,
            at_limit=False,
            symmetry=None,
            uncertainty=None,
            candidates=(Candidate(self.transform, False, 0.0, after.scores.correlation_about_mean),),
            trace=(),
            parameters={"symmetry": self.symmetry.group, "setting": self.setting},
            seed=0,
            versions=versions(),
            seconds=self.seconds,
        )


def _match(match: SelfMatch) -> dict[str, Any]:
    content = asdict(match)
    return content | {"transform": match.transform.tolist()}
