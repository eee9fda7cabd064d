"""Experiment of Zelesko et al. (2020): the shaft of ATP synthase rotated about its axis, by WEMD and by L2.

``python benchmarks/shaft.py`` rotates the map as the published code does (about the centre of the box, in the plane of
z and x) by angles from the mixture in the paper, without noise and with noise of a tenth of the maximum. It prints up
to which angle each distance rises (Figure 3), whether the circle is found from 25 to 800 maps (Figure 5), and the
seconds of wavelet transforms and of all pairs (Figure 4). ``--figures docs/images`` draws the first two.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time

import mrcfile
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import ndimage

import botalign
from accuracy import markdown
from botalign.embeddings import openness
from botalign.embeddings.bandwidth import squared_above_floor
from botalign.figures import draw_embedding
from botalign.transport import WaveletTransform, pair_distances
from maps import data_folder
from report import machine

Volumes = NDArray[np.float32]
Distances = NDArray[np.float64]

FILE = "atp_synthase_shaft_6A.mrc"
COUNTS = (25, 50, 100, 200, 400, 800)
METRICS = ("wemd", "l2")
#: Seconds in Figure 4 of the paper: wavelet transforms, all pairs by WEMD, all pairs by L2.
PUBLISHED = {
    25: (60, 0.9, 0.8), 50: (121, 3.4, 1.2), 100: (243, 13, 2.4),
    200: (481, 50, 4.8), 400: (965, 221, 9.4), 800: (1932, 844, 20.6),
}  # fmt: skip
#: The circle is found if the angles about its centre are in order and the centre is empty.
IN_ORDER, OPEN = 0.9, 0.3
#: Bandwidths in units of the median distance above the noise floor.
BANDWIDTHS = np.geomspace(0.02, 5, 49)
NOISE = 0.1


@dataclass(frozen=True)
class Pool:
    """Rotated maps: angles in degrees, and the distances between all pairs for each data set and metric."""

    angles: NDArray[np.float64]
    distances: dict[tuple[str, str], Distances]


def read_shaft() -> Volumes:
    """Read the map."""
    with mrcfile.open(data_folder() / "maps" / FILE) as file:
        return np.array(file.data, dtype=np.float32)


def rotated(shaft: Volumes, degrees: NDArray[np.float64]) -> Volumes:
    """Rotate the shaft about its axis, y, by each angle."""
    return np.stack([ndimage.rotate(shaft, angle, axes=(0, 2), reshape=False) for angle in degrees])


def mixture(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw angles: two fifths uniformly, and a fifth each within about a degree of 0, 120 and 240."""
    part = rng.random(count)
    angles = np.where(part < 0.6, 120.0 * (part // 0.2) + rng.standard_normal(count), rng.uniform(0, 360, count))
    return angles % 360


def of_mass_one(volumes: Volumes) -> Volumes:
    """Divide each map by its sum."""
    return volumes / volumes.sum(axis=(1, 2, 3), keepdims=True)


def transform_for(shaft: Volumes) -> WaveletTransform:
    """Return the wavelet transform of the paper for these maps."""
    return WaveletTransform(shaft.shape, wavelet="coif3", scales=5)


def all_distances(volumes: Volumes, metric: str, threads: int) -> Distances:
    """Return the distances between all pairs."""
    if metric == "l2":
        return pair_distances(volumes.reshape(len(volumes), -1), norm="l2", threads=threads)
    coefficients = transform_for(volumes[0]).many(of_mass_one(volumes), threads=threads)
    return pair_distances(coefficients, threads=threads)


def make_pool(shaft: Volumes, rng: np.random.Generator, threads: int) -> tuple[Pool, Volumes]:
    """Rotate all maps, clean and noisy; return the pool and the noisy maps."""
    angles = mixture(max(COUNTS), rng)
    clean = rotated(shaft, angles)
    noise = rng.standard_normal(clean.shape, dtype=np.float32) * np.float32(NOISE * shaft.max())
    data = {"clean": clean, "noisy": clean + noise}
    distances = {
        (name, metric): all_distances(volumes, metric, threads) for name, volumes in data.items() for metric in METRICS
    }
    return Pool(angles, distances), data["noisy"]


def by_angle(shaft: Volumes, threads: int) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Return the distance between the shaft and itself rotated by each whole angle (Figure 3)."""
    degrees = np.arange(-180.0, 181.0)
    volumes = rotated(shaft, degrees)
    middle = len(degrees) // 2
    return degrees, {metric: all_distances(volumes, metric, threads)[middle] for metric in METRICS}


def rises_to(degrees: NDArray[np.float64], distance: NDArray[np.float64]) -> float:
    """Return the angle up to which a distance rises on both sides, in degrees."""
    middle = len(degrees) // 2
    sides = (distance[middle:], distance[middle::-1])
    return min(float(np.argmax(np.diff(side, append=-1.0) <= 0)) for side in sides)


@dataclass(frozen=True)
class Circle:
    """How closely an embedding resembles a circle."""

    correlation: float
    openness: float

    @property
    def found(self) -> bool:
        """Whether the circle is found."""
        return self.correlation >= IN_ORDER and self.openness >= OPEN


def circle(table: Distances, angles: NDArray[np.float64], bandwidth: float | None = None) -> Circle:
    """Embed maps, and compare the embedding with the true angles."""
    try:
        found = botalign.diffusion_map(table, bandwidth=bandwidth).coordinates
    except botalign.InputError:  # separate groups
        return Circle(0.0, 0.0)
    about = np.arctan2(found[:, 1], found[:, 0])
    return Circle(botalign.circular_rank_correlation(about, np.radians(angles)), openness(found))


def subsets(count: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """Divide the pool into disjoint draws of `count` maps."""
    order = rng.permutation(max(COUNTS))
    return [order[start : start + count] for start in range(0, len(order) - count + 1, count)]


def circle_rows(pool: Pool, seed: int) -> list[dict[str, object]]:
    """Test for each number of maps whether the circle is found, with the automatic bandwidth and with others."""
    rows = []
    for (name, metric), table in pool.distances.items():
        for count in COUNTS:
            draws = subsets(count, np.random.default_rng([seed, count]))
            chosen, others = [], []
            for draw in draws:
                part, angles = table[np.ix_(draw, draw)], pool.angles[draw]
                chosen.append(circle(part, angles))
                apart = np.sqrt(squared_above_floor(part)[np.triu_indices(count, 1)])
                others.append([circle(part, angles, width).found for width in np.median(apart) * BANDWIDTHS])
            correlations = [one.correlation for one in chosen]
            rows.append(
                {
                    "data": name,
                    "metric": metric,
                    "n": count,
                    "found": f"{sum(one.found for one in chosen)}/{len(draws)}",
                    "rank correlation": f"{np.median(correlations):.3f}",
                    "worst": f"{min(correlations):.3f}",
                    "openness": f"{np.median([one.openness for one in chosen]):.2f}",
                    "bandwidths": span(np.array(others)),
                }
            )
            print(rows[-1], flush=True)
    return rows


def span(found: NDArray[np.bool_]) -> str:
    """Return the factor between the largest and smallest bandwidths that find the circle, median over draws."""
    step = float(np.log(BANDWIDTHS[1] / BANDWIDTHS[0]))
    runs = []
    for draw in found:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], draw.astype(int), [0]])))
        lengths = edges[1::2] - edges[::2]
        runs.append(max(lengths, default=0))
    longest = float(np.median(runs))
    return "none" if longest < 1 else f"x{np.exp((longest - 1) * step):.1f}"


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the wall-clock and CPU seconds of a function."""
    clock, processor = perf_counter(), process_time()
    work()
    return perf_counter() - clock, process_time() - processor


def time_rows(volumes: Volumes, threads: int) -> list[dict[str, object]]:
    """Measure the times of Figure 4."""
    embedding = transform_for(volumes[0])
    pair_distances(embedding.many(volumes[:3]))  # compile before the measurement
    rows = []
    for count in COUNTS:
        some = volumes[:count]
        embedded: list[Volumes] = []
        # Division by the mass and allocation of the coefficients are part of the transform.
        wavelets = timed(lambda some=some, to=embedded: to.append(embedding.many(of_mass_one(some), threads=threads)))
        wemd = timed(lambda vectors=embedded[0]: pair_distances(vectors, threads=threads))
        l2 = timed(lambda some=some: pair_distances(some.reshape(len(some), -1), norm="l2", threads=threads))
        total = wavelets[0] + wemd[0]
        published = PUBLISHED[count]
        rows.append(
            {
                "n": count,
                "wavelets": f"{wavelets[0]:.2f}",
                "WEMD pairs": f"{wemd[0]:.2f}",
                "both": f"{total:.2f}",
                "both, processor's": f"{wavelets[1] + wemd[1]:.2f}",
                "both, paper": f"{published[0] + published[1]:g}",
                "ratio": f"{(published[0] + published[1]) / total:.0f}",
                "L2 pairs": f"{l2[0]:.2f}",
                "L2, paper": f"{published[2]:g}",
            }
        )
        print(rows[-1], flush=True)
    return rows


def draw_distances(degrees: NDArray[np.float64], curves: dict[str, NDArray[np.float64]], path: Path) -> None:
    """Draw Figure 3."""
    figure = Figure(figsize=(6.4, 3.4), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    for (metric, curve), style in zip(curves.items(), ("-", "--"), strict=True):
        axes.plot(degrees, curve / curve.max(), style, label=metric.upper(), linewidth=1.8)
    axes.set(xlabel="angle (degrees)", ylabel="distance / largest", xlim=(-180, 180), xticks=range(-180, 181, 60))
    axes.set_ylim(0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path)


def draw_circles(pool: Pool, seed: int, path: Path) -> None:
    """Draw Figure 5: the first draw of each number of maps, coloured by the true angle."""
    figure = Figure(figsize=(10.5, 7.2), dpi=150, layout="constrained")
    panels = figure.subplots(len(pool.distances), len(COUNTS), squeeze=False)
    for row, ((name, metric), table) in zip(panels, pool.distances.items(), strict=True):
        for axes, count in zip(row, COUNTS, strict=True):
            draw = subsets(count, np.random.default_rng([seed, count]))[0]
            found = botalign.diffusion_map(table[np.ix_(draw, draw)])
            draw_embedding(axes, found.coordinates, values=pool.angles[draw], colours="hsv", size=14)
            axes.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
        row[0].set_ylabel(f"{metric.upper()}, {name}")
    for axes, count in zip(panels[0], COUNTS, strict=True):
        axes.set_title(f"n = {count}", fontsize=10)
    figure.savefig(path)


def main() -> None:
    """Parse the command line, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", type=Path, metavar="FOLDER", help="draw Figures 3 and 5 into this folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=2020)
    chosen = parser.parse_args()
    shaft = read_shaft()
    degrees, curves = by_angle(shaft, chosen.threads)
    lines = [f"{metric}: rises up to {rises_to(degrees, curve):.0f} degrees" for metric, curve in curves.items()]
    print("\n".join(lines), flush=True)
    pool, noisy = make_pool(shaft, np.random.default_rng(chosen.seed), chosen.threads)
    times = time_rows(noisy, chosen.threads)
    circles = circle_rows(pool, chosen.seed)
    if chosen.figures is not None:
        draw_distances(degrees, curves, chosen.figures / "shaft_distances.png")
        draw_circles(pool, chosen.seed, chosen.figures / "shaft_embeddings.png")
    head = f"{datetime.now():%Y-%m-%d}, {machine()}, botalign {botalign.__version__}, {chosen.threads} threads"
    text = "\n\n".join([head, *lines, markdown(times), markdown(circles)]) + "\n"
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "shaft.md").write_text(text)
    (results / "shaft.json").write_text(json.dumps({"times": times, "circles": circles}, indent=1))
    print(text)


if __name__ == "__main__":
    main()
