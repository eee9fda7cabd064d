"""A cancelled classification ends after units of work that are already running, and these are small."""

import threading
from typing import Any

import numpy as np
import pytest

import botalign
from botalign.cancellation import CancelledWork, cancelled_by
from botalign.classes import assignment, averaging, bounds, frame, kmeans, metrics, products
from botalign.classes.units import DIFFERENCES, PIXELS, units
from botalign.progress import exhaust

from ..conftest import RotatedViews

THREADS = 2
#: So that even small images take many units.
LEAST_DIFFERENCES, LEAST_PIXELS = 2**24, 2**16


@pytest.mark.parametrize(
    ("metric", "module", "name"), [("wemd", bounds, "nearest_by_l1"), ("l2", products, "_compare")]
)
def test_no_more_units_are_begun(
    metric: str, module: Any, name: str, views: RotatedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage is the first of four draws of a seed, which without cancelling takes minutes."""
    cancelled, sizes, late = threading.Event(), [], []

    def record(function: Any, size: Any) -> Any:
        def recorded(*arguments: Any) -> Any:
            sizes.append(size(*arguments))
            late.extend([name] * cancelled.is_set())
            return function(*arguments)

        return recorded

    position = {"wemd": 4, "l2": 2}[metric]
    compared = record(getattr(module, name), lambda *each: each[0].size * len(each[position]) / LEAST_DIFFERENCES)
    posed = record(frame.in_poses, lambda splines, pull, spans: len(pull) * len(spans) ** 2 / LEAST_PIXELS)
    for of in (metrics, assignment):
        monkeypatch.setattr(of, "DIFFERENCES", LEAST_DIFFERENCES)
    monkeypatch.setattr(frame, "PIXELS", LEAST_PIXELS)
    monkeypatch.setattr(module, name, compared)
    monkeypatch.setattr(frame, "in_poses", posed)
    options = botalign.ClassifyOptions(metric=metric, rotations=3600, shift_pixels=20, mirror=True)
    steps = botalign.classify_steps(views.stack, 4, options, botalign.Execution(threads=THREADS))
    while len(sizes) < 10:
        step = next(steps)
    cancelled.set()
    steps.close()
    assert (step.stage, step.done) == ("seed", 0)
    assert len(late) <= 2 * THREADS
    assert 0.5 < max(sizes) <= 1
    assert (DIFFERENCES, PIXELS) == (2**30, 2**23)


def test_all_images_at_once_are_many_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Preparing and averaging report each unit; a class of many images is a unit for each of them."""
    monkeypatch.setattr("botalign.classes.preparation.PIXELS", 500)
    monkeypatch.setattr(kmeans, "PIXELS", 500)
    images = np.random.default_rng(0).standard_normal((4, 24, 24)).astype(np.float32)
    steps = botalign.classify_steps(botalign.ImageStack(images), 1, botalign.ClassifyOptions(rotations=2))
    stages = [(step.stage, step.done, step.total) for step in steps]
    assert [each for each in stages if each[::2] == ("prepare", 8)] == [("prepare", n, 8) for n in range(1, 9)]
    assert [each for each in stages if each[0] == "prepare"][-4:] == [("prepare", n, 4) for n in range(4)]
    of = kmeans.Frame(kmeans.Frame, botalign.ClassifyOptions().poses, 24, 11.5)  # type: ignore[arg-type]
    begun: list[int] = []
    posed = averaging.in_poses

    def cancel_in_the_third(*arguments: Any) -> Any:
        begun.append(len(begun))
        flag.set() if len(begun) == 3 else None
        return posed(*arguments)

    flag = threading.Event()
    monkeypatch.setattr(averaging, "in_poses", cancel_in_the_third)
    with cancelled_by(flag.is_set), pytest.raises(CancelledWork):
        averaging._average(of, kmeans.image_splines(images), of.poses.push(np.zeros(4, int)), np.arange(4))
    assert len(begun) == 3


def test_units_cover_all_items_and_keep_some_together() -> None:
    assert list(units(10, 3, 9)) == [slice(0, 3), slice(3, 6), slice(6, 9), slice(9, 10)]
    assert list(units(20, 3, 50, multiple=8)) == [slice(0, 16), slice(16, 20)]
    assert list(units(3, 100, 9)) == [slice(0, 1), slice(1, 2), slice(2, 3)]


def test_a_computation_without_workers_stops_between_steps() -> None:
    flag = threading.Event()
    with cancelled_by(flag.is_set):
        assert exhaust(iter_steps()) == 2
        flag.set()
        with pytest.raises(CancelledWork):
            exhaust(iter_steps())


def iter_steps() -> Any:
    """Take two steps."""
    yield 1
    yield 2
    return 2
