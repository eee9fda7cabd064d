import numpy as np
import pytest

import botalign
from botalign.alignment import shared_whole
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.part_pair import PartPair
from botalign.alignment.shared_problem import problem_in
from botalign.alignment.shared_whole import Samples, SharedWhole, size_class


@pytest.fixture(scope="module")
def phantom() -> botalign.DensityMap:
    return botalign.phantom(24, voxel_size_angstrom=5.0)


def samples(voxels: int) -> Samples:
    return np.zeros(voxels, np.float32), np.ones(voxels, np.float32)


@pytest.mark.parametrize("radius", [1.0, 19.7, 20.0, 32.0, 45.25483399593904, 300.0])
def test_a_size_class_holds_its_parts(radius: float) -> None:
    found = size_class(radius)
    assert radius <= found * (1 + 1e-9) < radius * 2**0.25 * (1 + 1e-6)
    assert 4 * np.log2(found) == pytest.approx(round(4 * np.log2(found)))
    assert size_class(found) == found


def test_samples_are_computed_once(phantom: botalign.DensityMap) -> None:
    shared, calls = SharedWhole.of(phantom), []

    def compute() -> Samples:
        calls.append(1)
        return samples(10)

    assert shared.kept("a", compute) is shared.kept("a", compute)
    assert len(calls) == 1
    shared.kept("b", compute)
    assert len(calls) == 2


def test_the_oldest_samples_are_forgotten(phantom: botalign.DensityMap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_whole, "KEPT_BYTES", 200)
    shared = SharedWhole.of(phantom)
    first, second = shared.kept("a", lambda: samples(10)), shared.kept("b", lambda: samples(10))
    third = shared.kept("c", lambda: samples(10))  # each has 80 bytes
    assert shared.kept("b", lambda: samples(10)) is second
    assert shared.kept("c", lambda: samples(10)) is third
    assert shared.kept("a", lambda: samples(10)) is not first


def test_the_symmetry_is_that_of_the_map(phantom: botalign.DensityMap) -> None:
    assert SharedWhole.of(phantom).itself.symmetry is None
    turned = botalign.resample(phantom, [[-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0]], phantom.grid)
    both = phantom.with_data(phantom.data + turned.data)
    found = SharedWhole.of(both).itself.symmetry
    assert found is not None
    assert found.group == "C2"


def test_parts_share_the_samples_if_these_are_kept(phantom: botalign.DensityMap) -> None:
    shared, options = SharedWhole.of(phantom), AlignmentOptions(partial=True)

    def samples_of(*, keep_samples: bool) -> Samples:
        pair = PartPair.of(problem_in(shared, phantom, options, keep_samples=keep_samples))
        return pair.whole_on(pair.whole_grid(5.0), 5.0)

    assert samples_of(keep_samples=True) is samples_of(keep_samples=True)
    assert samples_of(keep_samples=False) is not samples_of(keep_samples=False)
