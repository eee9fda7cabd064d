import threading
from collections.abc import Callable

import numpy as np
import pytest

from botalign import AlignmentOptions, DensityMap, InputError, Progress, align, align_steps, phantom


def run(steps: object) -> tuple[list[Progress], object]:
    records = []
    while True:
        try:
            records.append(next(steps))
        except StopIteration as stop:
            return records, stop.value


@pytest.mark.parametrize(
    ("options", "hands"),
    [
        ({"hand": "keep"}, ["as given"]),
        ({"hand": "check"}, ["as given", "mirrored"]),
        ({"hand": "keep", "refine": False}, ["as given"]),
        ({"hand": "auto", "refine": False}, ["as given", "mirrored"]),
        ({"hand": "keep", "preset": "paper"}, ["as given"]),
        ({"hand": "check", "preset": "paper"}, ["as given", "mirrored"]),
        ({"hand": "check", "threads": 2}, ["as given", "mirrored"]),
        ({"hand": "keep", "preset": "paper", "refine": False}, ["as given"]),
    ],
    ids=str,
)
def test_progress_is_reported_after_each_evaluation_and_reaches_its_end(
    options: dict, hands: list[str], fixed: DensityMap, moving: DensityMap
) -> None:
    records, _ = run(align_steps(fixed, moving, AlignmentOptions(evaluations=12, size=16, **options)))
    searches = [record for record in records if record.stage == "search"]
    assert list(dict.fromkeys(record.hand for record in searches)) == hands
    for hand in hands:
        search = [record for record in searches if record.hand == hand]
        assert len(search) == 12
        assert [record.best_loss for record in search] == np.minimum.accumulate([r.loss for r in search]).tolist()
    assert {record.stage for record in records} <= {"search", "refine", "scores"}
    assert len({record.total for record in records}) == 1
    # These maps do not need the second search: its steps are skipped at the end.
    assert records[-1].stage == "scores"
    done = [record.done for record in records[:-1]]
    assert done[:-1] == list(range(1, len(done)))
    assert done[-1] == records[0].total
    for record in records:
        linear = record.moving_to_fixed[:, :3]
        np.testing.assert_allclose(linear @ linear.T, np.eye(3), atol=1e-9)


def test_maps_that_differ_are_searched_a_second_time(fixed: DensityMap) -> None:
    other = phantom(40, voxel_size_angstrom=3.6, seed=11, noise=2.0)
    records, _ = run(align_steps(fixed, other, AlignmentOptions(evaluations=12, size=16, hand="check")))
    for hand in ("as given", "mirrored"):
        assert len([record for record in records if (record.stage, record.hand) == ("second search", hand)]) == 40
    assert [record.done for record in records[:-1]] == list(range(1, records[0].total + 1))


def test_stepping_ends_with_what_align_returns(fixed: DensityMap, moving: DensityMap) -> None:
    records, stepped = run(align_steps(fixed, moving, AlignmentOptions(evaluations=15, size=16)))
    whole = align(fixed, moving, evaluations=15, size=16)
    np.testing.assert_array_equal(stepped.moving_to_fixed, whole.moving_to_fixed)
    assert [record.loss for record in records if record.loss is not None] == [point.loss for point in stepped.trace]


def test_it_can_be_stopped_between_steps(fixed: DensityMap, moving: DensityMap) -> None:
    calls = []

    def loss(rotated: np.ndarray, still: np.ndarray) -> float:
        calls.append(1)
        return float(np.abs(rotated - still).sum())

    steps = align_steps(fixed, moving, AlignmentOptions(loss=loss, evaluations=30, size=16))
    for _ in range(5):
        next(steps)
    steps.close()
    assert len(calls) == 5
    with pytest.raises(StopIteration):
        next(steps)


def test_after_a_stop_no_thread_is_left(fixed: DensityMap, moving: DensityMap) -> None:
    before = set(threading.enumerate())
    steps = align_steps(fixed, moving, AlignmentOptions(evaluations=200, threads=2))
    for _ in range(3):
        next(steps)
    steps.close()
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_either_hand_comes_through(threads: int, fixed: DensityMap, moving: DensityMap) -> None:
    before = set(threading.enumerate())
    losses = iter([1.0] * 15)

    def broken(rotated: np.ndarray, still: np.ndarray) -> float:
        return next(losses, float("nan"))

    with pytest.raises(InputError, match=r"^loss: got nan"):
        align(fixed, moving, loss=broken, size=16, evaluations=10, threads=threads)
    assert set(threading.enumerate()) <= before


def test_an_error_in_the_loss_comes_through(fixed: DensityMap, moving: DensityMap) -> None:
    def broken(rotated: np.ndarray, still: np.ndarray) -> float:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        align(fixed, moving, loss=broken, size=16)


def test_two_alignments_may_be_stepped_in_turns(
    fixed: DensityMap, moving: DensityMap, motion: Callable[..., np.ndarray]
) -> None:
    options = {"evaluations": 10, "size": 16, "hand": "keep"}
    first, second = (align_steps(fixed, moving, AlignmentOptions(seed=seed, **options)) for seed in (0, 1))
    losses: tuple[list, list] = ([], [])
    for _ in range(10):
        losses[0].append(next(first).loss)
        losses[1].append(next(second).loss)
    for seed in (0, 1):
        assert losses[seed] == [point.loss for point in align(fixed, moving, seed=seed, **options).trace]
