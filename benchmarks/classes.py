"""Class averages: what an iteration costs, and the experiment of Rao et al. (2020).

``python benchmarks/classes.py cost`` times the iterations of one classification, beside what looking at everything
would take. ``experiment`` classifies noisy projections of a map by the earth mover's and by the Euclidean distance and
says how far apart the viewing directions in a class are (its Figures 2 to 4). ``sensitivity`` compares distances with
viewing directions (Figure 5, and Proposition 1). ``real`` classifies the two real stacks.

What a run has found is kept below ``benchmarks/results/classes``, iteration by iteration: the same command goes on.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numba import njit

import botalign
from botalign.classes.bounds import _at_least
from botalign.classes.frame import Frame
from botalign.classes.images import prepare
from botalign.classes.poses import Poses
from botalign.classes.turning import image_splines, turned
from class_pictures import angles_picture, averages_picture, sensitivity_picture, sizes_picture
from environments import HERE
from maps import data_folder
from report import machine

Array = np.ndarray

KEPT = HERE / "results" / "classes"
RATIOS = (8, 12, 16)
METRICS = ("l2", "wemd")


def projected(name: str, count: int, size: int, ratio: float | None, seed: int) -> botalign.Projections:
    """Project a map in random directions, noisy if a ratio is given."""
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
    """Return the median angle in classes that know the directions: images go to the nearest of evenly spread ones."""
    k = np.arange(classes) + 0.5
    z, turn = 1 - 2 * k / classes, np.pi * (1 + 5**0.5) * k
    centres = np.stack([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z], axis=1)
    return float(np.median(apart_degrees(directions, (directions @ centres.T).argmax(axis=1))))


def classified(
    made: botalign.Projections, name: str, classes: int, **options: Any
) -> tuple[botalign.Classification, Path]:
    """Classify images, going on with what is kept under a name."""
    folder = KEPT / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    steps = botalign.classify_steps(made.stack, classes, folder=folder, **options)
    seen = 0
    while True:
        try:
            step = next(steps)
        except StopIteration as stop:
            return stop.value, folder
        if step.iteration > seen:
            seen = step.iteration
            print(f"  {datetime.now():%H:%M:%S} {name}: iteration {seen}, loss {step.loss}", flush=True)


def cost(chosen: argparse.Namespace) -> None:
    """Print the seconds of each iteration, and of looking at everything."""
    made = projected(chosen.map, chosen.images, chosen.size, chosen.ratio, seed=0)
    name = f"cost_{chosen.metric}_{chosen.images}_{chosen.classes}_{chosen.size}_{chosen.rotations}"
    options = {"metric": chosen.metric, "rotations": chosen.rotations, "threads": chosen.threads}
    found, _ = classified(made, name, chosen.classes, iterations=chosen.iterations, **options)
    for each in found.iterations:
        print(f"iteration {each.number:2d}: {each.seconds:6.1f} s, {each.avoided:.3%} avoided, loss {each.loss:.6g}")
    later = [each.seconds for each in found.iterations[2:]]
    if later:
        print(f"median from the third on: {median(later):.1f} s")
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    print(f"looking at everything: {exhaustive_seconds(made, chosen):.0f} s on {chosen.threads} threads, by a sample")


def exhaustive_seconds(made: botalign.Projections, chosen: argparse.Namespace) -> float:
    """Return what comparing all with all takes, from a block in compiled code of all pairs of some vectors."""

    @njit(nogil=True)
    def block(images: Array, poses: Array) -> float:
        # By stretches that stay in the cache, as a blocked loop does.
        total = 0.0
        for start in range(0, images.shape[1], 2048):
            stop = min(start + 2048, images.shape[1])
            for i in range(len(images)):
                for r in range(len(poses)):
                    total += _at_least(images[i], poses[r], start, stop)
        return total

    ready = prepare(made.stack)
    frame = Frame.of("wemd", Poses(chosen.rotations), side=ready.side, radius=ready.radius, pixel_size=1.0)
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
    """Yield ratio, metric and seed of each run: one seed, but for the noisiest images."""
    ratios = [int(ratio) for ratio in chosen.ratios.split(",")]
    for ratio, metric in product(ratios, METRICS):
        for seed in range(chosen.seeds if ratio == max(ratios) else 1):
            yield ratio, metric, seed


def experiment(chosen: argparse.Namespace) -> None:
    """Print how far apart viewing directions in a class are, and how even the classes, for each run."""
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
            averages[metric] = found.averages.images[:8]  # those of the last ratio, the noisiest, stay
    knowing = expected_degrees(made.viewing_directions, chosen.classes)
    print("", header, *lines, f"classes that know the directions: median {knowing:.1f} degrees", sep="\n")
    stem = f"{Path(chosen.map).stem}_{chosen.images}_{chosen.classes}"
    angles_picture(angles).savefig(KEPT / f"angles_{stem}.png")
    sizes_picture(sizes).savefig(KEPT / f"sizes_{stem}.png")
    averages_picture(averages).savefig(KEPT / f"averages_{stem}.png")


def nearest_over_turns(one: Array, others: Array, metric: str, rotations: int) -> tuple[Array, Array]:
    """Return the distance of an image from others, the least over all turns, and the number of that turn."""
    side = one.shape[0]
    frame = Frame.of(metric, Poses(rotations), side=side, radius=side, pixel_size=1.0)  # type: ignore[arg-type]
    vectors = frame.metric.vectors(others)
    posed = frame.posed(image_splines(one[None])[0], np.arange(rotations))
    best, turn = np.full(len(others), np.inf), np.zeros(len(others), dtype=np.int64)
    frame.metric.nearest(vectors, frame.metric.summary(vectors), posed, 0, best, turn)
    return best, turn


def sensitivity(chosen: argparse.Namespace) -> None:
    """Compare distances with viewing directions, noisy and clean, and clean ones with the bound of Proposition 1."""
    from scipy.stats import spearmanr

    curves = {}
    clean = projected(chosen.map, chosen.pairs + 1, chosen.size, None, seed=1)
    noisy = projected(chosen.map, chosen.pairs + 1, chosen.size, chosen.ratio, seed=1)
    ready = prepare(clean.stack)
    views = clean.viewing_directions
    angle = np.degrees(np.arccos(np.clip(views[1:] @ views[0], -1, 1)))
    for kind, stack in (("clean", clean.stack), (f"SNR 1/{chosen.ratio:g}", noisy.stack)):
        others = prepare(stack).images[1:]
        for metric in METRICS:
            found, _ = nearest_over_turns(ready.images[0], others, metric, chosen.rotations)
            near = angle < 90
            rank = spearmanr(angle[near], found[near]).statistic
            spread = found[near].max() / found[near].min()
            print(
                f"{kind:10s} {metric:5s} rank correlation below 90 degrees {rank:.3f}, largest over least {spread:.3f}"
            )
            curves[kind, metric] = angle, found
    sensitivity_picture(curves).savefig(KEPT / "sensitivity.png")
    proposition(clean, ready.images, chosen)


def proposition(clean: botalign.Projections, images: Array, chosen: argparse.Namespace) -> None:
    r"""Check :math:`W_1^R \le 2 R \sin(\angle / 2)` for a particle in a ball of radius R, with exact distances."""
    from scipy.stats import wasserstein_distance_nd

    side, coarse = images.shape[1], 16
    step = side // coarse
    density = botalign.read(data_folder() / "maps" / chosen.map).data
    mass = np.maximum(density, 0)
    z, y, x = np.indices(mass.shape)
    centre = [float((axis * mass).sum() / mass.sum()) for axis in (z, y, x)]
    away = np.sqrt(sum((axis - c) ** 2 for axis, c in zip((z, y, x), centre, strict=True)))
    radius = float(away[mass > 0.02 * mass.max()].max()) * side / max(mass.shape)
    views = clean.viewing_directions
    place = (np.stack(np.meshgrid(*[np.arange(coarse)] * 2, indexing="ij"), axis=-1).reshape(-1, 2) + 0.5) * step
    bins = lambda image: np.maximum(image, 0).reshape(coarse, step, coarse, step).sum(axis=(1, 3)).ravel()  # noqa: E731
    poses = Poses(chosen.rotations)
    ratios, wavelet = [], []
    order = np.argsort(-(views[1:] @ views[0]))[:: max(1, chosen.pairs // chosen.exact)]
    distances, turns = nearest_over_turns(images[0], images[1:], "wemd", chosen.rotations)
    splines = image_splines(images[:1])[0]
    for k in order:
        # Any turn bounds the least over all turns from above.
        posed = turned(splines, poses.pull(turns[k : k + 1]), prepare(clean.stack).spans)[0]
        a, b = bins(images[1 + k]), bins(posed)
        used_a, used_b = a > 1e-4 * a.max(), b > 1e-4 * b.max()
        exact = wasserstein_distance_nd(place[used_a], place[used_b], a[used_a], b[used_b])
        bound = 2 * radius * np.sin(np.arccos(np.clip(views[1 + k] @ views[0], -1, 1)) / 2)
        ratios.append(exact / bound)
        wavelet.append(distances[k] / exact)
    print(
        f"Proposition 1, {len(order)} pairs: W1 over its bound at most {max(ratios):.3f}, median {median(ratios):.3f}"
    )
    print(f"wavelet distance over exact: {min(wavelet):.2f} to {max(wavelet):.2f}, median {median(wavelet):.2f}")


def real(chosen: argparse.Namespace) -> None:
    """Classify the two real stacks; report the angles where they are known."""
    from botalign.figures import class_gallery

    folder = data_folder() / "stacks"
    rotations = np.load(folder / "hand_projections_rotations.npy")
    for name, classes, options in (
        ("hand_projections_64", 12, {}),
        ("hand_projections_64", 12, {"mirror": True}),
        ("ribosome_tilts_64", 12, {"shift_pixels": 2}),
        ("ribosome_tilts_64", 12, {"shift_pixels": 2, "invert": True}),
    ):
        stack = botalign.read_stack(folder / f"{name}.mrcs")
        for metric in METRICS:
            found = botalign.classify(stack, classes, metric=metric, threads=chosen.threads, **options)  # type: ignore[arg-type]
            told = f"{name}, {metric}, {options}: sizes {found.sizes.tolist()}, {len(found.iterations)} iterations"
            if name.startswith("hand"):
                apart = apart_degrees(rotations[:, 2], found.labels)
                told += f", median {np.median(apart):.1f} degrees apart, {100 * (apart < 30).mean():.0f} % below 30"
                told += f" (knowing: {expected_degrees(rotations[:, 2], classes):.1f})"
            print(told, flush=True)
            KEPT.mkdir(parents=True, exist_ok=True)
            class_gallery(found).savefig(KEPT / f"{name}_{metric}{'_'.join(['', *options])}.png")


def main() -> None:
    """Do what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("cost", "experiment", "sensitivity", "real"))
    parser.add_argument("--map", default="clean70S_65.mrc")
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--classes", type=int, default=40)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--rotations", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--metric", default="wemd", choices=METRICS, help="for cost")
    parser.add_argument("--iterations", type=int, default=7, help="for cost")
    parser.add_argument("--ratio", type=float, default=16.0, help="noise over signal, for cost and sensitivity")
    parser.add_argument("--ratios", default=",".join(map(str, RATIOS)), help="the same, for the experiment")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of the noisiest images")
    parser.add_argument("--pairs", type=int, default=1000, help="for sensitivity")
    parser.add_argument("--exact", type=int, default=25, help="pairs whose exact distance is worked out")
    chosen = parser.parse_args()
    print(f"{datetime.now():%Y-%m-%d}, {machine()}, botalign {botalign.__version__}")
    {"cost": cost, "experiment": experiment, "sensitivity": sensitivity, "real": real}[chosen.what](chosen)


if __name__ == "__main__":
    main()
