from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from botalign.alignment.fitting import Fit
from botalign.alignment.scale_fit import MOST_STEPS, Scaled, fit_scale
from botalign.alignment.uncertainty import Errors, Uncertainty

POSE = np.eye(3, 4)


@dataclass(frozen=True)
class Maps:
    """A problem whose error of the scale is a known function of the scale, and its own fit."""

    step: Callable[[float], float]
    seen: list[float]
    error: float = 1e-3
    factor: float = 1.0
    voxel_angstrom: float = 1.0

    @property
    def working_pair(self) -> Maps:
        return self

    def scaled(self, factor: float) -> Maps:
        self.seen.append(factor)
        return replace(self, factor=factor)

    def finest_useful_voxel(self, transform: np.ndarray) -> float:
        return 1.0

    def fit(self, voxel_angstrom: float) -> Maps:
        return self

    def solve_each(self, transforms: list[np.ndarray], **options: Any) -> list[Fit]:
        return [Fit(each, 0.9) for each in transforms]

    def allows(self, linear: np.ndarray) -> bool:
        return True

    def errors(self, fit: Maps, transform: np.ndarray) -> Errors:
        return Errors(Uncertainty(np.eye(6)), self.step(self.factor), self.error)


def fitted(step: Callable[[float], float], error: float = 1e-3) -> tuple[Scaled | None, list[float]]:
    maps = Maps(step, [], error)
    return fit_scale(maps, maps, POSE, maps.errors(maps, POSE)), maps.seen  # type: ignore[arg-type]


@pytest.mark.parametrize("slope", [0.6, 1.0, 1.6])
def test_the_scale_at_which_the_error_vanishes_is_found(slope: float) -> None:
    found, seen = fitted(lambda factor: slope * (1.04 - factor))
    assert found is not None
    assert found.factor == pytest.approx(1.04, abs=1e-4)
    assert len(seen) <= MOST_STEPS


def test_a_scale_that_does_not_converge_is_unknown() -> None:
    found, seen = fitted(lambda factor: 0.01 if factor < 1.005 else -0.01)
    assert found is None
    assert len(seen) == MOST_STEPS


def test_a_scale_that_converges_with_the_last_step_is_known() -> None:
    # Steps that halve the distance: too slow for the secant.
    found, seen = fitted(lambda factor: 0.45 * (1.01 - factor) / factor, error=2e-3)
    assert found is not None
    assert found.factor == pytest.approx(1.01, abs=3e-4)
    assert 4 < len(seen) <= MOST_STEPS


def test_the_secant_does_not_leave_the_reach_either() -> None:
    # The second step leads to 1.144, the secant to 1.167.
    found, seen = fitted(lambda factor: 0.10 - 0.6 * (factor - 1))
    assert found is None
    assert seen == [pytest.approx(1.10)]


def test_an_error_that_is_too_large_leaves_the_scale_unknown() -> None:
    assert fitted(lambda factor: 1.0 - factor, error=0.02)[0] is None
    assert fitted(lambda factor: 1.0 - factor, error=float("inf"))[0] is None
