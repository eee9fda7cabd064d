"""What a result is made of: the maps it is about, the poses that were considered, the evaluations of the search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.maps.grid import Grid

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class MapReference:
    """What a result remembers of a map: its name and its grid."""

    name: str
    grid: Grid


@dataclass(frozen=True, eq=False)
class Candidate:
    """A pose that was considered.

    Attributes
    ----------
    moving_to_fixed : ndarray, shape (3, 4)
        The pose.
    mirrored : bool
        Whether it mirrors the moving map.
    loss : float
        Loss of the search there, before it was refined.
    correlation : float or None
        Correlation about the mean after it was refined; None if it wasn't.
    as_good : bool
        Whether it fits as well as the answer, within the error of the difference.
    share : float or None
        With the loss ``"core"``: share of the fixed molecule in which the maps agree there.
    """

    moving_to_fixed: Matrix
    mirrored: bool
    loss: float
    correlation: float | None
    as_good: bool = False
    share: float | None = None

    @property
    def quality(self) -> float:
        """What candidates are ranked by: the share in which the maps agree if that was fitted, else the correlation."""
        if self.share is not None:
            return self.share
        return -1.0 if self.correlation is None else self.correlation


@dataclass(frozen=True)
class TracePoint:
    """One evaluation of the search: its loss, and whether the moving map was mirrored."""

    mirrored: bool
    loss: float
