from collections.abc import Callable

import finufft
import numpy as np
import pymanopt
import pytest
import pywt

from botalign import DensityMap, align, phantom
from botalign.geometry import geodesic_degrees

Make = Callable[..., np.ndarray]
Measure = Callable[..., tuple[float, float]]


@pytest.mark.slow
def test_the_published_and_the_fast_solver_agree(motion: Make, misfit: Measure) -> None:
    there = motion(0)
    a, b = (phantom(40, voxel_size_angstrom=3.6, transform=pose) for pose in (None, there))
    options = {"evaluations": 60, "size": 16, "hand": "keep"}
    # At this sampling a rotation of the phantom by 180 degrees looks similar, and a single descent may end there.
    published = [align(a, b, preset="paper", seed=seed, **options) for seed in range(6)]
    best = max(published, key=lambda result: result.after.correlation)
    assert misfit(best, there)[0] < 2
    assert best.after.correlation > 0.9
    fast = max((align(a, b, seed=seed, **options) for seed in range(4)), key=lambda result: result.after.correlation)
    assert float(geodesic_degrees(best.moving_to_fixed[:, :3], fast.moving_to_fixed[:, :3])) < 2


def test_the_published_solver_uses_the_published_parts(
    fixed: DensityMap, moving: DensityMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: dict[str, int] = {}

    def count(owner: object, name: str) -> None:
        original = getattr(owner, name)

        def counted(*arguments: object, **options: object) -> object:
            calls[name] = calls.get(name, 0) + 1
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, counted)

    count(pywt, "wavedecn")
    count(finufft, "nufft3d2")
    count(pymanopt.optimizers, "SteepestDescent")
    align(fixed, moving, preset="paper", evaluations=8, size=16, hand="keep", refine=False)
    # One descent for each evaluation but the first, and one wavelet transform for the fixed map and each evaluation.
    assert calls == {"wavedecn": 9, "nufft3d2": 8, "SteepestDescent": 7}
    calls.clear()
    align(fixed, moving, evaluations=8, size=16, hand="keep")
    assert calls == {}


@pytest.mark.slow
def test_the_published_solver_decides_the_hand_too(motion: Make) -> None:
    a = phantom(40, voxel_size_angstrom=3.6)
    b = phantom(40, voxel_size_angstrom=3.6, transform=motion(1, mirror=True))
    found = [align(a, b, preset="paper", evaluations=100, size=16, hand="auto", seed=seed) for seed in range(3)]
    best = max(found, key=lambda result: result.after.correlation)
    assert best.hand.decision == "mirrored"
    for result in found:
        assert result.mirrored == (result.hand.decision == "mirrored")
        assert np.linalg.det(result.moving_to_fixed[:, :3]) == pytest.approx(-1 if result.mirrored else 1)


def test_the_published_solver_begins_at_the_start(
    fixed: DensityMap, moving: DensityMap, there: np.ndarray, misfit: Measure
) -> None:
    start = np.column_stack([there[:, :3].T, np.zeros(3)])
    found = align(
        fixed, moving, preset="paper", start=start, local_degrees=15.0, evaluations=12, size=16, hand="keep",
        refine=False,
    )  # fmt: skip
    assert misfit(found, there)[0] <= 15


def test_other_losses_of_the_published_solver(fixed: DensityMap, moving: DensityMap) -> None:
    def manhattan(rotated: np.ndarray, still: np.ndarray) -> float:
        assert rotated.shape == still.shape == (16, 16, 16)
        return float(np.abs(rotated - still).sum())

    options = {"preset": "paper", "evaluations": 5, "size": 16, "hand": "keep", "refine": False}
    losses = [align(fixed, moving, loss=loss, **options).trace[0].loss for loss in ("wemd", "l2", manhattan)]
    assert min(losses) > 0
    assert len(set(losses)) == 3
