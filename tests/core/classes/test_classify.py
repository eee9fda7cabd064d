import os
import signal
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import botalign
from botalign.classes.frame import default_scales
from botalign.classes.preparation import prepare
from botalign.errors import InputError
from botalign.jobs import Execution, Workers
from botalign.progress import exhaust, map_steps

from ..conftest import RotatedViews, about_z
from .conftest import scipy_rotated

Steps = Generator[botalign.Progress, None, botalign.Classification]

QUICK: dict[str, Any] = {"rotations": 40, "seed": 4}
OPTIONS = botalign.ClassifyOptions(**QUICK)


@pytest.fixture(scope="module")
def found(views: RotatedViews) -> botalign.Classification:
    return botalign.classify(views.stack, 4, **QUICK)


def same(a: botalign.Classification, b: botalign.Classification) -> bool:
    """Return whether two results are equal bit for bit, except for the durations."""
    arrays = ("labels", "angles_degrees", "shifts_pixels", "mirrored", "distances", "sizes")
    records = [[(i.number, i.loss, i.changed, i.refilled, i.work) for i in each.iterations] for each in (a, b)]
    return (
        all(np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays)
        and np.array_equal(a.averages.images, b.averages.images)
        and records[0] == records[1]
        and a.converged is b.converged
    )


def run_steps(steps: Steps, tell: Callable[[botalign.Progress], None]) -> botalign.Classification:
    """Run all steps, pass each to a function, and return the result."""
    return exhaust(map_steps(steps, tell))


def check_partition(labels: NDArray[np.int64], view: NDArray[np.int64]) -> None:
    """Check that images share a class if and only if they share a view."""
    np.testing.assert_array_equal(labels[:, None] == labels, view[:, None] == view)


@pytest.mark.parametrize("metric", ["wemd", "l2"])
def test_views_and_rotations_are_found(views: RotatedViews, metric: Any) -> None:
    found = botalign.classify(views.stack, 4, metric=metric, **QUICK)
    check_partition(found.labels, views.view)
    assert found.sizes.tolist() == [10, 10, 10, 10]
    assert found.converged
    for label in range(4):
        members = found.labels == label
        off = np.radians(found.angles_degrees[members] - views.degrees[members])
        # The rotation of the average is arbitrary, but its members must agree within the step of nine degrees.
        spread = np.degrees(np.angle(np.exp(1j * off) / np.exp(1j * off).mean()))
        assert np.abs(spread).max() < 9


def test_each_image_is_assigned_to_the_nearest_average_and_rotation(views: RotatedViews) -> None:
    found = botalign.classify(views.stack, 3, iterations=2, rotations=12, seed=1)
    assert [each.number for each in found.iterations] == [1, 2]
    # The second iteration compares with the averages of the first.
    first = botalign.classify(views.stack, 3, iterations=1, rotations=12, seed=1)
    ready = prepare(views.stack)
    posed = [scipy_rotated(image, turn * 30.0) for image in first.averages.images / ready.scale for turn in range(12)]
    images, pixel = ready.images[:6], ready.pixel_size_angstrom
    distances = np.array(
        [[botalign.wemd(a, b, wavelet="sym5", scales=4, voxel_size=pixel) for b in posed] for a in images]
    )
    assert np.square(distances.min(axis=1)).sum() < found.iterations[1].loss
    np.testing.assert_allclose(found.angles_degrees[:6], distances.argmin(axis=1) % 12 * 30.0)


@pytest.mark.parametrize("ended", ["converged", "cut short", "resumed"])
def test_distances_are_from_the_final_averages(views: RotatedViews, tmp_path: Path, ended: str) -> None:
    options: dict[str, Any] = {"rotations": 12, "seed": 1, "iterations": 50 if ended == "converged" else 2}
    if ended == "resumed":
        botalign.classify(views.stack, 3, **options | {"iterations": 1}, work=tmp_path / "work")
        options["work"] = tmp_path / "work"
    found = botalign.classify(views.stack, 3, **options)
    ready = prepare(views.stack)
    for image, label, degrees, distance in zip(
        ready.images, found.labels, found.angles_degrees, found.distances, strict=True
    ):
        posed = scipy_rotated(found.averages.images[label] / ready.scale, degrees)
        expected = botalign.wemd(image, posed, wavelet="sym5", scales=4, voxel_size=ready.pixel_size_angstrom)
        assert distance == pytest.approx(expected, rel=1e-4)


def test_the_averages_agree_with_the_noise_free_views(views: RotatedViews, found: botalign.Classification) -> None:
    for label in range(4):
        one = int(np.flatnonzero(found.labels == label)[0])
        phantom = botalign.phantom(32, voxel_size_angstrom=4.0)
        clean = _clean(phantom, views, one, -found.angles_degrees[one])
        inside = found.averages.images[label] != 0
        assert np.corrcoef(found.averages.images[label][inside], clean[inside])[0, 1] > 0.9


def _clean(phantom: botalign.DensityMap, views: RotatedViews, one: int, degrees: float) -> NDArray[np.float64]:
    """Return the noise-free projection of an image, rotated further."""
    from botalign.geometry import random_rotations

    rng = np.random.default_rng(5)
    rng.uniform(0, 360, 40)
    rng.permutation(40)
    rotation = about_z(views.degrees)[one] @ random_rotations(4, rng)[views.view[one]]
    return scipy_rotated(botalign.projections(phantom, rotation[None]).stack.images[0], degrees)


def test_mirror_images_and_shifts_are_found(views: RotatedViews) -> None:
    rng = np.random.default_rng(11)
    images = views.stack.images[views.view == 0]
    flipped, shifts = rng.random(len(images)) < 0.5, rng.integers(-1, 2, (len(images), 2))
    for image, flip, shift in zip(images, flipped, shifts, strict=True):
        image[...] = np.roll(image[:, ::-1] if flip else image, shift[::-1], axis=(0, 1))
    stack = botalign.ImageStack(images, views.stack.pixel_size_angstrom)
    found = botalign.classify(stack, 1, mirror=True, shift_pixels=2, rotations=24, seed=2)
    agree = found.mirrored == flipped
    assert agree.all() or not agree.any()  # the average may be either
    # The average may be off centre by a fixed offset, which rotates with each image.
    degrees = np.radians(found.angles_degrees)
    turn = np.stack([np.cos(degrees), -np.sin(degrees), np.sin(degrees), np.cos(degrees)], 1).reshape(-1, 2, 2)
    off, *_ = np.linalg.lstsq(turn.reshape(-1, 2), (shifts - found.shifts_pixels).ravel(), rcond=None)
    np.testing.assert_allclose(found.shifts_pixels + turn @ off, shifts, atol=1.0)
    assert found.loss < 0.9 * botalign.classify(stack, 1, rotations=24, seed=2).loss


@pytest.mark.parametrize("kind", [{"threads": 3}, pytest.param({"processes": 2}, marks=pytest.mark.slow)])
def test_the_result_does_not_depend_on_the_workers(
    views: RotatedViews, found: botalign.Classification, kind: dict[str, int]
) -> None:
    assert same(botalign.classify(views.stack, 4, **QUICK, **kind), found)


@pytest.mark.parametrize("metric", ["wemd", "l2"])
def test_the_result_does_not_depend_on_the_division_of_the_images(
    views: RotatedViews, monkeypatch: pytest.MonkeyPatch, metric: Any
) -> None:
    found = botalign.classify(views.stack, 4, metric=metric, **QUICK)
    sent: list[bool] = []

    def send(value: Any, to_all: bool) -> Any:
        sent.append(to_all)
        return value

    @contextmanager
    def apart(_: Execution) -> Iterator[Workers]:
        with ThreadPoolExecutor(3) as executor:
            yield Workers(executor, 3, send=send, separate_memory=True)

    # The name of the module is also that of its function.
    monkeypatch.setattr(import_module("botalign.classes.classify"), "open_workers", apart)
    monkeypatch.setattr("botalign.classes.assignment._IMAGES_PER_BLOCK", 10)
    assert same(botalign.classify(views.stack, 4, metric=metric, **QUICK), found)
    assert sent.count(False) == 6  # three parts, each to one worker: vectors and summary


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_gives_the_same_result(
    cluster: Any, views: RotatedViews, found: botalign.Classification, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botalign.classes.assignment._IMAGES_PER_BLOCK", 10)  # a part of the images for each worker
    killed: list[int] = []

    def kill(step: botalign.Progress) -> None:
        if step.stage == "assign" and step.done and not killed:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    steps = botalign.classify_steps(views.stack, 4, OPTIONS, Execution(scheduler=cluster.scheduler_address))
    assert same(run_steps(steps, kill), found)
    assert killed


@pytest.mark.parametrize(("stage", "kept"), [("assign", 1), ("finish", 2)])
def test_interrupted_work_is_resumed(
    views: RotatedViews, found: botalign.Classification, tmp_path: Path, stage: str, kept: int
) -> None:
    assert len(found.iterations) == 2
    folder = tmp_path / "work"
    execution = Execution(work=folder)
    steps = botalign.classify_steps(views.stack, 4, OPTIONS, execution)
    for step in steps:
        if step.stage == stage:
            break
    steps.close()
    assert sorted(path.stem for path in folder.glob("*.npz")) == ["iteration_0001", "iteration_0002"][:kept]
    records: list[botalign.Progress] = []
    assert same(
        run_steps(botalign.classify_steps(views.stack, 4, OPTIONS, Execution(work=folder)), records.append), found
    )
    stages = {"read", "prepare", "finish"} | ({"average", "assign"} if kept == 1 else set())
    assert {step.stage for step in records} == stages
    # Everything is done, and only the averages and those of half classes are computed again.
    records.clear()
    assert same(
        run_steps(botalign.classify_steps(views.stack, 4, OPTIONS, Execution(work=folder)), records.append), found
    )
    assert {step.stage for step in records} == {"read", "prepare", "finish"}
    assert {step.total for step in records if step.stage == "finish"} == {40, 4, 8}
    with pytest.raises(InputError, match=r"differs from this run \(seed was \d+ and is 5 now\)"):
        botalign.classify(views.stack, 4, **QUICK | {"seed": 5}, work=folder)
    with pytest.raises(InputError, match=r"differs from this run \(.*other images"):
        botalign.classify(views.stack, 4, **QUICK, diameter_angstrom=90.0, work=folder)
    description = folder / "work.json"
    description.write_text(description.read_text().replace(np.__version__, "1.0"))
    with pytest.raises(InputError, match=r"differs from this run \(numpy was 1\.0 and is .* now\)"):
        botalign.classify(views.stack, 4, **QUICK, work=folder)


def test_no_more_iterations_are_resumed_than_allowed(
    views: RotatedViews, found: botalign.Classification, tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    assert same(botalign.classify(views.stack, 4, **QUICK, work=folder), found)
    assert len(found.iterations) == 2
    fewer = botalign.classify(views.stack, 4, **QUICK, iterations=1, work=folder)
    assert len(fewer.iterations) == 1
    assert same(fewer, botalign.classify(views.stack, 4, **QUICK, iterations=1))
    assert same(botalign.classify(views.stack, 4, **QUICK, work=folder), found)


def test_a_folder_without_results_is_removed(views: RotatedViews, tmp_path: Path) -> None:
    steps = botalign.classify_steps(views.stack, 4, OPTIONS, Execution(work=tmp_path / "work"))
    assert next(step for step in steps if step.stage == "seed")
    assert (tmp_path / "work").is_dir()
    steps.close()
    assert not (tmp_path / "work").exists()


def test_the_loss_decreases(found: botalign.Classification) -> None:
    losses = [each.loss for each in found.iterations]
    assert losses[:-1] == sorted(losses[:-1], reverse=True)
    assert found.iterations[0].changed == 40
    assert found.effective_classes == pytest.approx(4)
    assert 0 < found.iterations[-1].avoided < 1


def test_the_default_scales_depend_on_the_size_of_the_images(
    views: RotatedViews, found: botalign.Classification
) -> None:
    assert [default_scales(side) for side in (24, 32, 64, 100, 128, 256)] == [3, 4, 5, 5, 6, 6]
    assert same(botalign.classify(views.stack, 4, scales=4, **QUICK), found)
    assert not same(botalign.classify(views.stack, 4, scales=6, **QUICK), found)


def test_as_many_classes_as_images(views: RotatedViews) -> None:
    stack = botalign.ImageStack(np.concatenate([views.stack.images[:4], views.stack.images[:1]]))
    found = botalign.classify(stack, 5, rotations=8)
    assert found.sizes.tolist() == [1, 1, 1, 1, 1]
    assert found.loss == pytest.approx(0, abs=1e-3 * np.square(found.distances + 1).sum())


@pytest.mark.parametrize(
    ("classes", "options", "message"),
    [
        (41, {}, "classes: got 41, expected a whole number from 1 to 40 for the 40 images of projections of phantom 0"),
        (0, {}, "classes: got 0"),
        (4, {"metric": "l1"}, "metric: got 'l1'"),
        (4, {"scales": 0}, "scales: got 0"),
        (4, {"scales": 3, "metric": "l2"}, "scales=3 cannot be combined with metric='l2'"),
        (4, {"iterations": 0}, "iterations: got 0"),
        (4, {"rotations": 0}, "rotations: got 0"),
        (4, {"shift_pixels": -1}, "shift_pixels: got -1, expected"),
        (4, {"size": 4}, "size: got 4, expected a whole number from 8"),
        (4, {"seed": -1}, "seed: got -1"),
        (4, {"rotations": 2.5}, "rotations: got 2.5"),
        (2.5, {}, "classes: got 2.5"),
        (4, {"threads": 0}, "threads: got 0, expected"),
    ],
)
def test_bad_input_is_refused(views: RotatedViews, classes: int, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        botalign.classify(views.stack, classes, **options)
    if not options:  # at the call, not at the first step
        with pytest.raises(InputError, match=message):
            botalign.classify_steps(views.stack, classes)


def test_arguments_that_are_not_stacks_are_refused(views: RotatedViews) -> None:
    with pytest.raises(InputError, match=r"^stack: got an array of shape \(40, 32, 32\), expected an ImageStack; "):
        botalign.classify(views.stack.images, 4)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^stack: got the path 'a.star', .* botalign.read_stack"):
        botalign.classify_steps("a.star", 4)  # type: ignore[arg-type]
    one = botalign.ImageStack(views.stack.images[:1], name="one")
    with pytest.raises(InputError, match="got 2, expected a whole number from 1 to 1 for the 1 image of one"):
        botalign.classify(one, 2)


def test_the_repr_is_one_line(found: botalign.Classification) -> None:
    assert repr(found).startswith("<Classification: 40 images in 4 classes of 10 to 10, wemd, converged after ")


def test_numpy_integers_are_accepted(views: RotatedViews, tmp_path: Path) -> None:
    found = botalign.classify(views.stack, 4, rotations=8, work=tmp_path / "work")
    numbers = {"rotations": np.int64(8), "seed": np.int32(0), "mirror": np.False_}
    again = botalign.classify(views.stack, np.int64(4), **numbers, work=tmp_path / "work")  # type: ignore[arg-type]
    assert same(again, found)
