"""The scale of the moving map: pairs with a wrong voxel size, and correct pairs.

``python benchmarks/scale.py`` aligns copies of maps whose voxel size in the header is wrong by a known factor, clean
and with noise on both maps (the signal-to-noise ratio of ``noise.py``), and compares the fitted scale with the factor.
``--correct`` aligns clean copies with the right voxel size, ``--noisy`` noisy ones, and counts the warnings.
``--bound`` computes the least standard error that is possible with this noise. ``--conformations`` counts the warnings
for pairs of conformations, ``--unrelated`` for different maps. ``--parts`` places parts in maps with a right and a
wrong voxel size, moving and fixed in turn; see ``scale_parts.py``. ``--assemblies`` places all chains of a complex
together. ``--cost`` compares the processor time with and without the test, ``--cost-parts`` that of parts.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import permutations
from statistics import median

import numpy as np

import botalign
from accuracy import FOUND_DEGREES, Case, as_map, load, make_pair, markdown
from conformations import ANGLES, SHARES, domain_pair
from maps import MAPS
from poses import Pair
from report import machine
from scale_parts import assemblies, cost_of_parts, parts
from structures import adenylate_kinase, given_pairs
from symmetry import pose_error
from verdicts import with_noise

#: By how much the voxel size of the moving map is too small.
FACTORS = (0.95, 0.98, 0.995, 1.005, 1.02, 1.05)
RATIO, NOISY = 1 / 16, "1/16"
FOUND_NOISY_DEGREES = 5.0

Rows = Iterator[dict[str, object]]


def clean(case: Case, pose: int, seed: int) -> Pair:
    """Return a map and a copy in a random pose."""
    return make_pair(case, np.random.default_rng([seed, pose]), mirrored=False)


def made(case: Case, pose: int, seed: int) -> Iterator[tuple[str, Pair]]:
    """Yield a map and a copy in a random pose, clean and with noise on both."""
    pair = clean(case, pose, seed)
    yield "clean", pair
    rng = np.random.default_rng([seed, pose, 1])
    yield NOISY, Pair(with_noise(pair.fixed, RATIO, rng), with_noise(pair.moving, RATIO, rng), pair.moving_to_fixed)


def aligned(case: Case, pair: Pair, factor: float = 1.0, **options: object) -> botalign.Alignment:
    """Align a pair, the voxel size of the moving map too small by a factor."""
    size = case.voxel_angstrom
    return botalign.align(
        as_map(pair.fixed, size, "fixed"), as_map(pair.moving, size / factor, "moving"), hand="keep", **options
    )


def error_degrees(case: Case, pair: Pair, result: botalign.Alignment) -> float:
    """Return the error of the rotation of a result."""
    found = np.column_stack([result.rotation, np.zeros(3)])
    return pose_error(found, pair, case.group, case.centre).angle_degrees


def wrong(names: list[str], poses: int, seed: int) -> Rows:
    """Fit the scale of pairs with a wrong voxel size."""
    for name in names:
        case = load(name)
        found: dict[str, list[tuple[float, botalign.Alignment, float]]] = {"clean": [], NOISY: []}
        for pose in range(poses):
            for ratio, pair in made(case, pose, seed):
                for factor in FACTORS:
                    result = aligned(case, pair, factor, scale="fit")
                    found[ratio].append((factor, result, error_degrees(case, pair, result)))
        for ratio, runs in found.items():
            right = [run for run in runs if run[2] < (FOUND_DEGREES if ratio == "clean" else FOUND_NOISY_DEGREES)]
            scales = [(factor, result.scale) for factor, result, _ in right if result.scale is not None]
            errors = [100 * abs(scale.value / factor - 1) for factor, scale in scales]
            yield {
                "map": name,
                "SNR": ratio,
                "found": f"{len(right)}/{len(runs)}",
                "scale fitted": len(scales),
                "median error, %": f"{median(errors):.3f}" if errors else "",
                "worst, %": f"{max(errors):.3f}" if errors else "",
                "standard error, %": f"{100 * median(scale.standard_error for _, scale in scales):.3f}"
                if scales
                else "",
                "reported": sum(scale.is_wrong for _, scale in scales),
            }


def counted(results: list[botalign.Alignment]) -> dict[str, object]:
    """Return how many of some results have a scale, and warn of it."""
    scales = [result.scale for result in results if result.scale is not None]
    off = [100 * abs(scale.value - 1) for scale in scales]
    return {
        "runs": len(results),
        "scale estimated": len(scales),
        "median difference from 1, %": f"{median(off):.3f}" if off else "",
        "largest, %": f"{max(off):.3f}" if off else "",
        "standard error, %": f"{100 * median(scale.standard_error for scale in scales):.3f}" if scales else "",
        "warnings": sum(scale.is_wrong for scale in scales),
    }


def least_error(pair: Pair, noise: float) -> float:
    """Return the least standard error of the scale of two copies with white noise, by the inequality of Cramér and Rao.

    The noise is that of one voxel. Scale, rotation and shift are unknown, and so is the molecule: the noise of the
    difference of the maps is that of both.
    """
    volume = pair.fixed.astype(np.float64)
    mass = np.clip(volume, 0, None)
    places = np.indices(volume.shape).astype(np.float64)
    arms = [axis - float((axis * mass).sum() / mass.sum()) for axis in places]
    spectrum = np.fft.fftn(volume)
    slopes = []
    for axis, side in enumerate(volume.shape):
        along = 2j * np.pi * np.fft.fftfreq(side).reshape([-1 if axis == each else 1 for each in range(3)])
        slopes.append(np.fft.ifftn(spectrum * along).real)
    rotations = [arms[i] * slopes[j] - arms[j] * slopes[i] for i, j in ((0, 1), (1, 2), (2, 0))]
    radial = sum(arm * slope for arm, slope in zip(arms, slopes, strict=True))
    derivatives = np.array([each.ravel() for each in (*slopes, *rotations, radial)])
    covariance = np.linalg.inv(derivatives @ derivatives.T) * 2 * noise**2
    return float(np.sqrt(covariance[-1, -1]))


def bound(names: list[str], poses: int, seed: int) -> Rows:
    """Compute the least possible standard error of the scale of noisy pairs."""
    for name in names:
        case = load(name)
        errors = []
        for pose in range(poses):
            pair, noisy_pair = dict(made(case, pose, seed)).values()
            errors.append(100 * least_error(pair, float((noisy_pair.fixed - pair.fixed).std())))
        yield {"map": name, "SNR": NOISY, "least standard error, %": f"{median(errors):.3f}"}


def correct(names: list[str], poses: int, seed: int) -> Rows:
    """Count the warnings on clean pairs with the right voxel size."""
    for name in names:
        case = load(name)
        yield {"map": name, **counted([aligned(case, clean(case, pose, seed)) for pose in range(poses)])}


def noisy(names: list[str], poses: int, seed: int) -> Rows:
    """Count the warnings on noisy pairs with the right voxel size."""
    for name in names:
        case = load(name)
        pairs = (dict(made(case, pose, seed))[NOISY] for pose in range(poses))
        yield {"map": name, **counted([aligned(case, pair) for pair in pairs])}


def conformations(names: list[str], poses: int, seed: int) -> Rows:
    """Count the warnings on pairs of conformations, in which a scale of 1 is right."""
    for name in names:
        case = load(name)
        for share in SHARES:
            pairs = [domain_pair(case, share, degrees, pose) for degrees in ANGLES for pose in range(poses)]
            for loss in ("wemd", "core"):
                results = [aligned(case, pair, loss=loss) for pair in pairs]
                yield {"pair": f"{name}, {share:.0%} moved", "loss": loss, **counted(results)}
    for known in (adenylate_kinase(), *given_pairs()):
        for loss in ("wemd", "core"):
            result = botalign.align(known.fixed, known.moving, loss=loss, hand="keep")
            text = "" if result.scale is None else f"{result.scale.value:.4f} +- {result.scale.standard_error:.4f}"
            yield {"pair": known.name, "loss": loss, **counted([result]), "scale": text, "verdict": result.verdict}


def unrelated(names: list[str], poses: int, seed: int) -> Rows:
    """Count the warnings on different maps."""
    for first, second in permutations(names, 2):
        a, b = load(first), load(second)
        pair = make_pair(b, np.random.default_rng([seed, 0]), mirrored=False)
        # Of equal size, so that nothing but the density differs.
        radii = [np.cbrt(np.count_nonzero(each.volume > 0.3 * each.volume.max())) for each in (a, b)]
        result = botalign.align(
            as_map(a.volume, 1.0, first), as_map(pair.moving, float(radii[0] / radii[1]), second), hand="keep"
        )
        yield {"fixed": first, "moving": second, "verdict": result.verdict, **counted([result])}


def cost(names: list[str], poses: int, seed: int) -> Rows:
    """Compare processor seconds with and without the test of the scale."""
    for name in names:
        case = load(name)
        pairs = [clean(case, pose, seed) for pose in range(poses)]
        aligned(case, pairs[0])  # compiles
        seconds: dict[str, list[float]] = {"keep": [], "check": []}
        for pair in pairs:
            for choice, each in seconds.items():
                began = time.process_time()
                aligned(case, pair, scale=choice)
                each.append(time.process_time() - began)
        keep, check = (sum(seconds[choice]) for choice in ("keep", "check"))
        yield {"map": name, "keep": f"{keep:.2f}", "check": f"{check:.2f}", "more": f"{check / keep - 1:+.1%}"}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tables: dict[str, Callable[[list[str], int, int], Rows]] = {
        "bound": bound, "correct": correct, "noisy": noisy, "conformations": conformations, "unrelated": unrelated,
        "parts": parts, "assemblies": assemblies, "cost": cost, "cost-parts": cost_of_parts,
    }  # fmt: skip
    for name, table in tables.items():
        parser.add_argument(f"--{name}", dest="table", action="store_const", const=table, help=table.__doc__)
    parser.add_argument("--maps", default=",".join(MAPS), help="names, separated by commas")
    parser.add_argument("--poses", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    print(f"{datetime.now():%Y-%m-%d}, {machine()}, botalign {botalign.__version__}")
    rows = []
    for row in (chosen.table or wrong)(chosen.maps.split(","), chosen.poses, chosen.seed):
        print(row, flush=True)
        rows.append(row)
    print(markdown(rows))


if __name__ == "__main__":
    main()
