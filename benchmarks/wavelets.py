"""Comparison of seven wavelets: the search alone by their WEMD, on random poses of real maps.

``python benchmarks/wavelets.py`` answers the third open question of the paper, which uses sym3 only. The pairs and the
settings are those of ``accuracy.py --search`` at 32 voxels a side: from the identity, hand kept, not
refined. It prints two tables and draws ``docs/images/wavelets.png``.
"""

import argparse
import time
from datetime import datetime
from pathlib import Path

import matplotlib as mpl
import numpy as np

import botalign
from accuracy import Case, as_map, load, make_pair, markdown
from botalign.transport import WaveletDistance
from maps import MAPS, Array
from poses import Pair
from report import machine
from symmetry import pose_error

WAVELETS = ("haar", "db2", "db4", "sym3", "sym5", "coif1", "coif3")
SIZE, SCALES, EVALUATIONS = 32, 6, 200
#: Numbers of evaluations after which the best pose so far is assessed.
MARKS = tuple(range(10, EVALUATIONS + 1, 10))
HALFWAY = MARKS.index(100)
FOUND_DEGREES = 5.0
FIGURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "wavelets.png"


def errors_of_search(case: Case, pair: Pair, wavelet: str, seed: int) -> tuple[list[float], float]:
    """Search; return the error in degrees of the best pose at each mark, and the CPU seconds."""
    maps = [as_map(volume, case.voxel_angstrom, "map") for volume in (pair.fixed, pair.moving)]
    options = botalign.AlignmentOptions(
        start=np.eye(3, 4), hand="keep", refine=False, size=SIZE, evaluations=EVALUATIONS, wavelet=wavelet,
        scales=SCALES, seed=seed,
    )  # fmt: skip
    steps = botalign.align_steps(*maps, options)
    poses = [next(steps).moving_to_fixed]  # the first step includes the preparation
    began = time.process_time()
    for _ in range(EVALUATIONS - 1):
        poses.append(next(steps).moving_to_fixed)
    seconds = time.process_time() - began
    steps.close()
    return [pose_error(poses[mark - 1], pair, case.group, case.centre).angle_degrees for mark in MARKS], seconds


def milliseconds(wavelet: str, *, times: int = 300) -> float:
    """Return the CPU time of one distance between two maps, without their preparation."""
    distance = WaveletDistance((SIZE,) * 3, wavelet=wavelet, scales=SCALES)
    first, second = np.random.default_rng(0).random((2, SIZE, SIZE, SIZE), dtype=np.float32)
    distance(first, second)
    began = time.process_time()
    for _ in range(times):
        distance(first, second)
    return 1e3 * (time.process_time() - began) / times


def measured(names: list[str], poses: int, seed: int) -> tuple[Array, Array]:
    """Return the errors, shape (wavelets, maps, poses, marks), and the seconds without the last axis."""
    errors = np.empty((len(WAVELETS), len(names), poses, len(MARKS)))
    seconds = np.empty(errors.shape[:-1])
    for j, name in enumerate(names):
        case = load(name)
        for pose in range(poses):
            pair = make_pair(case, np.random.default_rng([seed, pose, 0]), mirrored=False)
            for i, wavelet in enumerate(WAVELETS):
                errors[i, j, pose], seconds[i, j, pose] = errors_of_search(case, pair, wavelet, pose)
        for i, wavelet in enumerate(WAVELETS):
            print(name, wavelet, summary(errors[i, j, :, HALFWAY]), summary(errors[i, j, :, -1]), flush=True)
    return errors, seconds


def summary(degrees: Array) -> str:
    """Return the fraction of poses found, and their median error."""
    return f"{np.mean(degrees <= FOUND_DEGREES):.0%}, {np.median(degrees):.2f}"


def by_wavelet(errors: Array, seconds: Array) -> list[dict[str, object]]:
    """Return the table of all maps together."""
    return [
        {
            "wavelet": wavelet,
            "after 100": summary(errors[i, ..., HALFWAY]),
            "after 200": summary(errors[i, ..., -1]),
            "worst degrees": f"{errors[i, ..., -1].max():.1f}",
            "ms per distance": f"{milliseconds(wavelet):.2f}",
            "seconds per search": f"{np.median(seconds[i]):.2f}",
        }
        for i, wavelet in enumerate(WAVELETS)
    ]


def by_map(errors: Array, names: list[str]) -> list[dict[str, object]]:
    """Return the table of the single maps, after all evaluations."""
    return [
        {"map": name, **{wavelet: summary(errors[i, j, :, -1]) for i, wavelet in enumerate(WAVELETS)}}
        for j, name in enumerate(names)
    ]


def draw(errors: Array, path: Path) -> None:
    """Plot the fraction of poses found and the median error against the evaluations."""
    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    # Colours of Okabe and Ito; the default wavelet is black.
    colours = ("#E69F00", "#56B4E9", "#009E73", "black", "#0072B2", "#D55E00", "#CC79A7")
    for wavelet, colour, each in zip(WAVELETS, colours, errors.reshape(len(WAVELETS), -1, len(MARKS)), strict=True):
        style = {"color": colour, "label": wavelet, "linewidth": 2.2 if wavelet == "sym3" else 1.2}
        left.plot(MARKS, 100 * np.mean(each <= FOUND_DEGREES, axis=0), **style)
        right.plot(MARKS, np.median(each, axis=0), **style)
    left.set(xlabel="evaluation", ylabel="poses within 5 degrees (%)", ylim=(0, 102))
    right.set(xlabel="evaluation", ylabel="median error (degrees)", yscale="log")
    for panel in (left, right):
        panel.spines[["top", "right"]].set_visible(False)
    left.legend(frameon=False, loc="lower right")
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=100)


def main() -> None:
    """Print the tables and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", default=",".join(MAPS), help="names, with commas (default: %(default)s)")
    parser.add_argument("--poses", type=int, default=20, help="poses of each map (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path, default=FIGURE, help="file of the figure (default: %(default)s)")
    chosen = parser.parse_args()
    print(f"{datetime.now():%Y-%m-%d}, {machine()}, botalign {botalign.__version__}")
    names = chosen.maps.split(",")
    errors, seconds = measured(names, chosen.poses, chosen.seed)
    print(f"\n{markdown(by_wavelet(errors, seconds))}\n\n{markdown(by_map(errors, names))}")
    draw(errors, chosen.figure)


if __name__ == "__main__":
    main()
