"""Class averages: cost of an iteration, and the experiment of Rao et al. (2020).

``python benchmarks/classes.py cost`` measures the iterations of a classification, and estimates an exhaustive
comparison. ``experiment`` classifies noisy projections of a map by the earth mover's and by the L2 distance, and
reports the angles between viewing directions within classes (Figures 2 to 4 of the paper). ``preparation`` compares
backgrounds and numbers of scales. ``real`` classifies the two real stacks.

Each iteration is saved below ``benchmarks/results/classes``; the same command resumes a run.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numba import njit

import botalign
from botalign.classes.bounds import _lower_bound
from botalign.classes.frame import Frame
from botalign.classes.history import History
from botalign.classes.kmeans import KMeans
from botalign.classes.posing import disc_spans, image_splines
from botalign.classes.preparation import PreparedImages, prepare
from botalign.jobs import Execution, open_workers
from botalign.progress import exhaust, map_steps
from class_pictures import angles_picture, averages_picture, sizes_picture
from environments import HERE
from maps import data_folder
from report import machine

Array = np.ndarray

KEPT = HERE / "results" / "classes"
RATIOS = (8, 12, 16)
METRICS = ("l2", "wemd")


def projected(name: str, count: int, size: int, ratio: float | None, seed: int) -> botalign.simulation.Projections:
    """Project a map in random directions, with noise if a ratio is given."""
    density_map = botalign.read(data_folder() / "maps" / name)
    snr = None if ratio is None else 1 / ratio
    return botalign.projections(density_map, count, size=size, snr=snr, seed=seed)


def apart_degrees(directions: Array, labels: Array) -> Array:
    """Return the angles between the viewing directions of all pairs of images that share a class."""
    found = []
    for label in np.unique(labels):
        members = directions[labels == label]
        cosine = np.clip(members @ members.T, -1, 1)
        found.append(np.degrees(np.arccos(cosine[np.triu_indices(len(members), 1)])))
    return np.concatenate(found)


def expected_degrees(directions: Array, classes: int) -> float:
    """Return the median angle in classes made from known directions: the nearest of evenly spread ones."""
    k = np.arange(classes) + 0.5
    z, turn = 1 - 2 * k / classes, np.pi * (1 + 5**0.5) * k
    centres = np.stack([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z], axis=1)
    return float(np.median(apart_degrees(directions, (directions @ centres.T).argmax(axis=1))))


def classified(
    made: botalign.simulation.Projections, name: str, classes: int, *, threads: int | None, **options: Any
) -> tuple[botalign.Classification, Path]:
    """Classify images, resuming the run kept under a name."""
    folder = KEPT / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    execution = Execution(threads=threads, work=folder)
    steps = botalign.classify_steps(made.stack, classes, botalign.ClassifyOptions(**options), execution)
    seen = 0

    def show(step: botalign.Progress) -> None:
        nonlocal seen
        if step.iteration > seen:
            seen = step.iteration
            print(f"  {datetime.now():%H:%M:%S} {name}: iteration {seen}, loss {step.loss}", flush=True)

    return exhaust(map_steps(steps, show)), folder


def cost(chosen: argparse.Namespace) -> None:
    """Print the seconds of each iteration, and of an exhaustive comparison."""
    made = projected(chosen.map, chosen.images, chosen.size, chosen.ratio, seed=0)
    name = f"cost_{chosen.metric}_{chosen.images}_{chosen.classes}_{chosen.size}_{chosen.rotations}"
    options = {"metric": chosen.metric, "rotations": chosen.rotations, "threads": chosen.threads}
    found, _ = classified(made, name, chosen.classes, iterations=chosen.iterations, **options)
    for each in found.iterations:
        print(f"iteration {each.number:2d}: {each.seconds:6.1f} s, {each.avoided:.3%} avoided, loss {each.loss:.6g}")
    later = [each.seconds for each in found.iterations[2:]]
    if later:
        print(f"median from the third iteration: {median(later):.1f} s")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    print(f"exhaustive comparison: {exhaustive_seconds(made, chosen):.0f} s on {chosen.threads} threads, extrapolated")


def exhaustive_seconds(made: botalign.simulation.Projections, chosen: argparse.Namespace) -> float:
    """Return the seconds of an exhaustive comparison, extrapolated from a compiled block of some vectors."""

    @njit(nogil=True)
    def block(images: Array, poses: Array) -> float:
        # Blocks that stay in the cache.
        total = 0.0
        for start in range(0, images.shape[1], 2048):
            stop = min(start + 2048, images.shape[1])
            for i in range(len(images)):
                for r in range(len(poses)):
                    total += _lower_bound(images[i], poses[r], start, stop)
        return total

    ready = prepare(made.stack)
    frame = Frame.of(botalign.ClassifyOptions(rotations=chosen.rotations), replace(ready, pixel_size_angstrom=1.0))
    images = frame.metric.vectors(ready.images[:64])
    poses = frame.posed(image_splines(ready.images[:1])[0], np.arange(chosen.rotations))
    block(images[:2], poses[:2])
    with ThreadPoolExecutor(chosen.threads) as pool:
        began = time.perf_counter()
        rounds = 4 * chosen.threads
        list(pool.map(lambda _: block(images, poses), range(rounds)))
        seconds = time.perf_counter() - began
    share = rounds * len(images) * len(poses) / (chosen.images * chosen.classes * chosen.rotations)
    return seconds / share


def runs(chosen: argparse.Namespace) -> Iterator[tuple[int, str, int]]:
    """Yield ratio, metric and seed of each run; several seeds for the noisiest images only."""
    ratios = [int(ratio) for ratio in chosen.ratios.split(",")]
    for ratio, metric in product(ratios, METRICS):
        for seed in range(chosen.seeds if ratio == max(ratios) else 1):
            yield ratio, metric, seed


def experiment(chosen: argparse.Namespace) -> None:
    """Print the angles between viewing directions within classes, and the sizes of the classes, for each run."""
    angles: dict[tuple[int, str], Array] = {}
    sizes: dict[tuple[int, str], Array] = {}
    averages: dict[str, Array] = {}
    header = (
        "SNR    metric  seed  median degrees  below 30  above 150  effective classes  largest  smallest  iterations"
    )
    lines = []
    for ratio, metric, seed in runs(chosen):
        made = projected(chosen.map, chosen.images, chosen.size, ratio, seed)
        name = f"{Path(chosen.map).stem}_{metric}_{ratio}_{chosen.images}_{chosen.classes}_{chosen.size}_seed{seed}"
        options = {"metric": metric, "rotations": chosen.rotations, "threads": chosen.threads, "seed": seed}
        found, _ = classified(made, name, chosen.classes, **options)
        apart = apart_degrees(made.viewing_directions, found.labels)
        lines.append(
            f"1/{ratio:<4d} {metric:7s} {seed:4d}  {np.median(apart):14.1f}  {100 * (apart < 30).mean():6.1f} %"
            f"  {100 * (apart > 150).mean():7.1f} %  {found.effective_classes:17.1f}  {found.sizes[0]:7d}"
            f"  {found.sizes[-1]:8d}  {len(found.iterations):10d}"
        )
        print(header, lines[-1], sep="\n", flush=True)
        if seed == 0:
            angles[ratio, metric], sizes[ratio, metric] = apart, found.sizes
            averages[metric] = found.averages.images[:8]  # the last ratio, the noisiest, is kept
    reference = expected_degrees(made.viewing_directions, chosen.classes)
    print("", header, *lines, f"classes made from the known directions: median {reference:.1f} degrees", sep="\n")
    stem = f"{Path(chosen.map).stem}_{chosen.images}_{chosen.classes}"
    angles_picture(angles).savefig(KEPT / f"angles_{stem}.png")
    sizes_picture(sizes).savefig(KEPT / f"sizes_{stem}.png")
    averages_picture(averages).savefig(KEPT / f"averages_{stem}.png")


def preparation(chosen: argparse.Namespace) -> None:
    """Compare backgrounds and numbers of scales on a few noisy images."""
    print("pixels  SNR    background  scales  median degrees  effective classes")
    for size, ratio in ((64, 2), (64, 4), (128, 8)):
        made = projected(chosen.map, 600, size, ratio, seed=0)
        ready = prepare(made.stack)
        outside = ~_inside(ready)
        own = made.stack.images - made.stack.images[:, outside].mean(axis=1)[:, None, None]
        own[:, outside] = 0
        own /= own.sum(axis=(1, 2)).mean()
        kinds = [("own", own, 6), *(("one mass", ready.images, scales) for scales in (6, 5, 4))]
        for background, images, scales in kinds:
            options = botalign.ClassifyOptions(rotations=100, iterations=15, scales=scales)
            means = KMeans(replace(ready, images=images, pixel_size_angstrom=1.0), 20, options, 1)
            course = History()
            with open_workers(Execution(chosen.threads)) as workers:
                exhaust(means.steps(course, workers))
            labels = course.best.chosen // 100
            share = np.bincount(labels) / len(labels)
            even = np.exp(-(share[share > 0] * np.log(share[share > 0])).sum())
            middle = np.median(apart_degrees(made.viewing_directions, labels))
            print(f"{size:6d}  1/{ratio:<4d} {background:10s}  {scales:6d}  {middle:14.1f}  {even:17.1f}", flush=True)


def _inside(ready: PreparedImages) -> Array:
    columns, spans = np.arange(ready.side), disc_spans(ready.side, ready.radius)
    return (columns >= spans[:, :1]) & (columns < spans[:, 1:])


def real(chosen: argparse.Namespace) -> None:
    """Classify the two real stacks; report the angles where they are known."""
    from botalign.figures import class_gallery

    folder = data_folder() / "stacks"
    rotations = np.load(folder / "hand_projections_rotations.npy")
    for name, classes, options in (
        ("hand_projections_64", 12, {}),
        ("hand_projections_64", 12, {"mirror": True}),
        ("ribosome_tilts_64", 12, {"shift_pixels": 2}),
    ):
        stack = botalign.read_stack(folder / f"{name}.mrcs")
        for metric in METRICS:
            found = botalign.classify(stack, classes, metric=metric, threads=chosen.threads, **options)  # type: ignore[arg-type]
            line = f"{name}, {metric}, {options}: sizes {found.sizes.tolist()}, {len(found.iterations)} iterations"
            if name.startswith("hand"):
                apart = apart_degrees(rotations[:, 2], found.labels)
                if options:  # opposite sides share a class
                    apart = np.minimum(apart, 180 - apart)
                line += f", median {np.median(apart):.1f} degrees, {100 * (apart < 30).mean():.0f} % below 30"
                line += f" (known directions: {expected_degrees(rotations[:, 2], classes):.1f})"
            print(line, flush=True)
            KEPT.mkdir(parents=True, exist_ok=True)
            class_gallery(found).savefig(KEPT / f"{name}_{metric}{'_'.join(['', *options])}.png")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("cost", "experiment", "preparation", "real"))
    parser.add_argument("--map", default="clean70S_65.mrc")
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--classes", type=int, default=40)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--rotations", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--metric", default="wemd", choices=METRICS, help="for cost")
    parser.add_argument("--iterations", type=int, default=7, help="for cost")
    parser.add_argument("--ratio", type=float, default=16.0, help="noise over signal, for cost")
    parser.add_argument("--ratios", default=",".join(map(str, RATIOS)), help="the same, for the experiment")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of the noisiest images")
    chosen = parser.parse_args()
    print(f"{datetime.now():%Y-%m-%d}, {machine()}, botalign {botalign.__version__}")
    parts = {"cost": cost, "experiment": experiment, "preparation": preparation, "real": real}
    parts[chosen.what](chosen)


if __name__ == "__main__":
    main()
