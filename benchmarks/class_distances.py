"""Distances between projections against the angle between viewing directions: Figure 5 of Rao et al. (2020).

``python benchmarks/class_distances.py`` compares a clean projection of a map with a thousand others, clean and noisy,
over all in-plane rotations, by the earth mover's and by the L2 distance. It also compares exact earth mover's distances
between clean projections with the bound of Proposition 1.
"""

from __future__ import annotations

import argparse
from datetime import datetime
from statistics import median

import numpy as np
from scipy.stats import spearmanr, wasserstein_distance_nd

import botalign
from botalign.classes.frame import Frame
from botalign.classes.metrics import ImageVectors, Nearest
from botalign.classes.poses import Poses
from botalign.classes.posing import disc_spans, image_splines, in_poses
from botalign.classes.preparation import PreparedImages, prepare
from class_pictures import sensitivity_picture
from classes import KEPT, METRICS, Array, projected
from maps import data_folder
from report import machine


def nearest_over_rotations(one: Array, others: Array, metric: str, rotations: int) -> tuple[Array, Array]:
    """Return the least distances of an image from others over all rotations, and the numbers of these rotations."""
    side = one.shape[0]
    ready = PreparedImages(others, 1.0, side, 1.0)
    frame = Frame.of(botalign.ClassifyOptions(metric=metric, rotations=rotations), ready)
    vectors = frame.metric.vectors(others)
    posed = frame.posed(image_splines(one[None])[0], np.arange(rotations))
    best, turn = np.full(len(others), np.inf), np.zeros(len(others), dtype=np.int64)
    frame.metric.nearest(ImageVectors(vectors, frame.metric.summary(vectors)), posed, 0, Nearest(best, turn))
    return best, turn


def sensitivity(chosen: argparse.Namespace) -> None:
    """Compare distances with viewing directions, and clean ones with the bound of Proposition 1."""
    curves = {}
    clean = projected(chosen.map, chosen.pairs + 1, chosen.size, None, seed=1)
    noisy = projected(chosen.map, chosen.pairs + 1, chosen.size, chosen.ratio, seed=1)
    ready = prepare(clean.stack)
    views = clean.viewing_directions
    angle = np.degrees(np.arccos(np.clip(views[1:] @ views[0], -1, 1)))
    for kind, stack in (("clean", clean.stack), (f"SNR 1/{chosen.ratio:g}", noisy.stack)):
        others = prepare(stack).images[1:]
        for metric in METRICS:
            found, _ = nearest_over_rotations(ready.images[0], others, metric, chosen.rotations)
            near = angle < 90
            rank = spearmanr(angle[near], found[near]).statistic
            spread = found[near].max() / found[near].min()
            print(f"{kind:10s} {metric:5s} rank correlation below 90 degrees {rank:.3f}, largest / least {spread:.3f}")
            curves[kind, metric] = angle, found
    KEPT.mkdir(parents=True, exist_ok=True)
    sensitivity_picture(curves).savefig(KEPT / "sensitivity.png")
    proposition(clean, ready.images, chosen)


def proposition(clean: botalign.simulation.Projections, images: Array, chosen: argparse.Namespace) -> None:
    r"""Check :math:`W_1^R \le 2 R \sin(\angle / 2)` for a particle in a ball of radius R, with exact distances."""
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
    distances, turns = nearest_over_rotations(images[0], images[1:], "wemd", chosen.rotations)
    splines = image_splines(images[:1])[0]
    for k in order:
        # Any rotation gives an upper bound of the least distance over all rotations.
        posed = in_poses(splines, poses.pull(turns[k : k + 1]), disc_spans(side, side))[0]
        a, b = bins(images[1 + k]), bins(posed)
        used_a, used_b = a > 1e-4 * a.max(), b > 1e-4 * b.max()
        exact = wasserstein_distance_nd(place[used_a], place[used_b], a[used_a], b[used_b])
        bound = 2 * radius * np.sin(np.arccos(np.clip(views[1 + k] @ views[0], -1, 1)) / 2)
        ratios.append(exact / bound)
        wavelet.append(distances[k] / exact)
    print(f"Proposition 1, {len(order)} pairs: W1 / bound at most {max(ratios):.3f}, median {median(ratios):.3f}")
    print(f"wavelet distance / exact distance: {min(wavelet):.2f} to {max(wavelet):.2f}, median {median(wavelet):.2f}")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--map", default="clean70S_65.mrc")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--rotations", type=int, default=200)
    parser.add_argument("--ratio", type=float, default=16.0, help="noise over signal")
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--exact", type=int, default=25, help="pairs whose exact distance is computed")
    chosen = parser.parse_args()
    print(f"{datetime.now():%Y-%m-%d}, {machine()}, botalign {botalign.__version__}")
    sensitivity(chosen)


if __name__ == "__main__":
    main()
