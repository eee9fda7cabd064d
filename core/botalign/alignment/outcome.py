"""What a method of alignment tells while it works, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.comparison import HandDecision
from botalign.alignment.poses import Candidate, TracePoint
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.uncertainty import Uncertainty
from botalign.alignment.verdict import Judged

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Progress:
    """How far an alignment has come.

    Attributes
    ----------
    stage : str
        ``"search"``, ``"search, mirrored"`` or ``"refine"``.
    done, total : int
        Steps done, and steps in all.
    loss, best_loss : float or None
        Loss of the last evaluation and the lowest so far, in the search.
    moving_to_fixed : ndarray, shape (3, 4)
        The best pose so far.
    """

    stage: str
    done: int
    total: int
    loss: float | None
    best_loss: float | None
    moving_to_fixed: Matrix


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a method found.

    Attributes
    ----------
    candidates : tuple of Candidate
        Poses, the answer first.
    trace : tuple of TracePoint
        The evaluations of the search.
    hand : HandDecision or None
        The hand, if it was asked for.
    symmetry : Symmetry or None
        The fixed map's point group, if several poses fit equally well because of it.
    judged_by : Judged or None
        What the verdict is about, if the method gives one.
    uncertainty : Uncertainty or None
        Standard errors of the pose, if it was refined.
    """

    candidates: tuple[Candidate, ...]
    trace: tuple[TracePoint, ...]
    hand: HandDecision | None
    symmetry: Symmetry | None = None
    judged_by: Judged | None = None
    uncertainty: Uncertainty | None = None
