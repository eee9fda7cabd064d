"""The facts of a result: its fields, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botalign.alignment.copy_records import Copies
from botalign.alignment.hand import HandDecision
from botalign.alignment.poses import DistinctPose, distinct_poses
from botalign.alignment.records import Candidate, MapReference, Part, TracePoint
from botalign.alignment.scale import Scale
from botalign.alignment.scoring import Scores
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.uncertainty import Uncertainty
from botalign.arrays import Matrix
from botalign.geometry import (
    MIRROR,
    apply_transform,
    axis_angle,
    euler_zyz_degrees,
    is_scaled,
    quaternion_from_matrix,
    without_scale,
)
from botalign.scores import ChainFit, ShellCorrelation


@dataclass(frozen=True, eq=False, repr=False)
class AlignmentFacts:
    """The facts of an alignment. The attributes are those of :class:`botalign.Alignment`."""

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
    probability: float | None
    at_limit: bool
    symmetry: Symmetry | None
    uncertainty: Uncertainty | None
    candidates: tuple[Candidate, ...]
    trace: tuple[TracePoint, ...]
    parameters: dict[str, Any]
    seed: int
    versions: dict[str, str]
    seconds: float
    scale: Scale | None = None
    copies: Copies | None = None
    chain_fits: tuple[ChainFit, ...] = ()

    @property
    def rotation(self) -> Matrix:
        """Rotation, shape (3, 3): the linear part without the scale, and without a mirror ``z -> -z`` before it."""
        linear = self.rigid[:, :3]
        return linear @ MIRROR if self.mirrored else linear

    @property
    def is_scaled(self) -> bool:
        """Whether the transform scales the moving map."""
        return is_scaled(self.moving_to_fixed)

    @property
    def rigid(self) -> Matrix:
        """Transform without its scale, shape (3, 4): the centre of the box of the moving map goes to the same place."""
        if not self.is_scaled:
            return self.moving_to_fixed
        return without_scale(self.moving_to_fixed, self.moving.grid.centre_angstrom)

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
    def quality_name(self) -> str:
        """What the values are by which the candidates are ranked, as text.

        Of a part, only its edges are compared. With the loss ``"core"``, it is not a correlation.
        """
        if self.candidates[0].share is not None:
            return "fraction of the fixed molecule in common"
        return "correlation about the mean" if self.part is None else "correlation of the edges"

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
