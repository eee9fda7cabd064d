"""The point group of a map, given which operations map it onto itself."""

from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from botalign.alignment.symmetry import symmetry_of
from botalign.geometry import geodesic_degrees, point_group


class MapOf:
    """Stands for the fit of a map to itself: it fits at some rotations, and is found from nearby."""

    centre = np.zeros(3)

    def __init__(self, rotations: Any) -> None:
        self.rotations = rotations

    def correlation(self, transform: np.ndarray) -> float:
        return float(self.nearest(transform)[1] < 5)

    def solve(self, transform: np.ndarray) -> tuple[np.ndarray, float]:
        rotation, degrees = self.nearest(transform)
        return (np.column_stack([rotation, np.zeros(3)]), 1.0) if degrees < 5 else (transform, 0.0)

    def nearest(self, transform: np.ndarray) -> tuple[np.ndarray, float]:
        degrees = [float(geodesic_degrees(transform[:, :3], each)) for each in self.rotations]
        return self.rotations[int(np.argmin(degrees))], min(degrees)


def about_z(*degrees: float) -> list[np.ndarray]:
    return [np.column_stack([Rotation.from_rotvec([0, 0, np.radians(d)]).as_matrix(), np.zeros(3)]) for d in degrees]


@pytest.mark.parametrize(
    ("group", "shown", "found"),
    [
        ("C4", 90, "C4"),
        ("C6", 120, "C6"),  # no pose showed the sixth of a turn
        ("D3", 120, "D3"),  # nor an axis across
        ("D7", 360 / 7, "D7"),
    ],
)
def test_operations_that_no_pose_showed_are_added(group: str, shown: float, found: str) -> None:
    symmetry: Any = symmetry_of(MapOf(point_group(group)), about_z(0, shown), 1.0)  # type: ignore[arg-type]
    assert (symmetry.group, symmetry.order) == (found, len(point_group(group)))


def test_poses_that_are_no_symmetry_have_no_group() -> None:
    four = MapOf(point_group("C4"))
    assert symmetry_of(four, about_z(0), 1.0) is None  # type: ignore[arg-type]
    assert symmetry_of(four, about_z(0, 90, 45), 1.0) is None  # type: ignore[arg-type]
    # Two copies: each fits onto the other, but turning twice leads nowhere.
    assert symmetry_of(MapOf([each[:, :3] for each in about_z(0, 50)]), about_z(0, 50), 1.0) is None  # type: ignore[arg-type]
