"""Robustness to noise: botalign, align_BO of ASPIRE and an exhaustive search on the same noisy pairs.

``python benchmarks/noise.py`` takes the pairs of ``verdicts.py``: white noise on both maps, with the signal-to-noise
ratio of Singer and Yang, ``||V||^2 / (L^3 sigma^2)`` in the box as deposited. The results of the two others are kept in
``benchmarks/results/noise.json`` and reused.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scipy import fft

import botalign
from accuracy import Case, load, make_pair
from botalign.alignment.distinct import distinct
from botalign.alignment.nelder_mead import nelder_mead
from botalign.alignment.sampling import finest_useful_voxel, fit_problem
from botalign.alignment.searches import SEARCHED
from botalign.alignment.shifts import shifted_pair
from botalign.alignment.survey import survey
from botalign.geometry import uniform_rotations
from botalign.maps.interpolation import rotate_in_ball
from botalign.maps.resampling import SMOOTHING_VOXELS, smoothed
from environments import HERE, interpreter
from maps import Array
from peers import run_worker
from poses import SHIFT_FRACTION, Pair
from report import machine
from symmetry import pose_error
from verdicts import NOISY, density_map, with_noise

RATIOS = (1.0, 1 / 4, 1 / 16, 1 / 64, 1 / 256, 1 / 1024)
METHODS = ("botalign", "exhaustive", "aspire")
FOUND_DEGREES = 5.0
KEPT = HERE / "results" / "noise.json"

#: The exhaustive search: voxels a side; the same padded for shifts of up to half the box; and as many rotations as a
#: grid of ten degrees has, 8 pi^2 / (10 degrees)^3.
SIDE, PADDED, ROTATIONS = 16, 24, 14_850
#: The number of candidates that the second search of botalign refines, and the box size of its first search.
BASINS, WORKING_SIDE = 12, 32 - 4

Record = dict[str, Any]


def noisy_pair(case: Case, ratio: float, pose: int, seed: int) -> Pair:
    """Rotate and shift a map, and add noise to both; a lower ratio scales the same noise."""
    pair = make_pair(case, np.random.default_rng([seed, pose]), mirrored=False)
    rng = np.random.default_rng([seed, pose, 1])
    fixed, moving = (with_noise(volume, ratio, rng).astype(np.float32) for volume in (pair.fixed, pair.moving))
    return Pair(fixed, moving, pair.moving_to_fixed)


def by_botalign(pair: Pair, case: Case) -> Array:
    """Align with botalign and its default options, except that the hand is known."""
    return botalign.align(density_map(pair.fixed, 1.0), density_map(pair.moving, 1.0), hand="keep").moving_to_fixed


def by_exhaustion(pair: Pair, case: Case) -> Array:
    """Evaluate all rotations of a grid of ten degrees at all shifts, and refine the best.

    It knows the radius of the molecule, and compares balls about the centres of the boxes that hold it at any shift.
    """
    maps = [density_map(volume, 1.0) for volume in (pair.fixed, pair.moving)]
    radius = survey(density_map(case.volume, 1.0)).radius_angstrom + SHIFT_FRACTION * pair.fixed.shape[0]
    voxel = 2 * radius / (SIDE - 2)
    centre = maps[0].grid.centre_angstrom
    u, v = (
        smoothed(each, botalign.Grid.cube(n * SIDE, voxel / n, centre), sigma_angstrom=SMOOTHING_VOXELS * voxel).data
        for each, n in zip(maps, (1, 2), strict=True)
    )
    ball = np.empty_like(u)
    rotate_in_ball(u, np.eye(3), ball)
    box = (PADDED,) * 3
    spectrum = np.conj(fft.rfftn(ball, box))
    rotations = uniform_rotations(ROTATIONS)
    losses = np.empty(ROTATIONS)
    for i, rotation in enumerate(rotations):
        rotated = np.empty_like(u)
        rotate_in_ball(v, 2 * rotation.T, rotated)
        products = fft.irfftn(spectrum * fft.rfftn(rotated, box), box)
        losses[i] = -products.max() / np.linalg.norm(rotated)
    return refined(maps, list(rotations[distinct(rotations, losses, SEARCHED, count=BASINS)]))


def refined(maps: list[botalign.DensityMap], starts: list[Array]) -> Array:
    """Refine rotations as the second search of botalign does, and fit the best at the finest useful sampling."""
    fixed, moving = (survey(each) for each in maps)
    coarse = 2 * max(fixed.radius_angstrom, moving.radius_angstrom) / WORKING_SIDE
    shifted = shifted_pair(fixed, moving)
    problem = fit_problem(fixed, moving, voxel_angstrom=coarse)
    found = []
    for start in starts:
        rotation, _ = nelder_mead(lambda linear: shifted.best_shift(linear)[0], start)
        found.append(problem.solve(shifted.best_shift(rotation)[1], tolerance=0.05))
    best = max(found, key=lambda each: each[1])[0]
    fine = min(coarse, finest_useful_voxel(fixed, moving, best))
    return fit_problem(fixed, moving, voxel_angstrom=fine).solve(best)[0]


def timed(method: Callable[[Pair, Case], Array], pair: Pair, case: Case) -> tuple[Array, float]:
    """Return the pose that a method finds, and its seconds."""
    began = time.perf_counter()
    return method(pair, case), time.perf_counter() - began


def by_aspire(pairs: list[Pair], case: Case, seed: int) -> list[tuple[Array, float]]:
    """Align with align_BO, which searches rotations alone: it is given the centres and the mass of the clean maps."""
    mass = float(np.clip(case.volume, 0.0, None).sum())
    centres = [
        [case.centre.tolist(), (p.moving_to_fixed[:, :3].T @ (case.centre - p.moving_to_fixed[:, 3])).tolist()]
        for p in pairs
    ]
    with tempfile.TemporaryDirectory(prefix="botalign-noise-") as name:
        folder = Path(name)
        job = {"fixed": [], "moving": [], "centres": centres}
        for i, pair in enumerate(pairs):
            for role, volume in (("fixed", pair.fixed), ("moving", pair.moving)):
                np.save(folder / f"{role}_{i}.npy", volume)
                job[role].append(f"{role}_{i}.npy")
        job["parameters"] = {"size": 32, "evaluations": 200, "seed": seed, "mass": mass}
        (folder / "job.json").write_text(json.dumps(job))
        answer = run_worker("aspire", interpreter("aspire"), folder, 900.0 * len(pairs))
    for each in (answer, *answer.get("answers", [])):
        if "error" in each:
            raise RuntimeError(each["error"])
    return [(np.array(found["moving_to_fixed"]), found["seconds"]) for found in answer["answers"]]


def measured(method: str, name: str, ratio: float, poses: int, seed: int) -> list[Record]:
    """Align the noisy pairs of a map with a method; return errors and seconds."""
    case = load(name)
    pairs = [noisy_pair(case, ratio, pose, seed) for pose in range(poses)]
    if method == "aspire":
        found = by_aspire(pairs, case, seed)
    else:
        found = [timed(by_botalign if method == "botalign" else by_exhaustion, pair, case) for pair in pairs]
    errors = [pose_error(matrix, pair, case.group, case.centre) for (matrix, _), pair in zip(found, pairs, strict=True)]
    return [
        {"degrees": error.angle_degrees, "voxels": error.shift_voxels, "seconds": seconds}
        for error, (_, seconds) in zip(errors, found, strict=True)
    ]


def kept(method: str, name: str, ratio: float, poses: int, seed: int, *, again: bool) -> list[Record]:
    """Return an earlier measurement, or measure."""
    known = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    key = f"{method}, {name}, 1/{round(1 / ratio)}, {poses} poses, seed {seed}"
    if again or key not in known:
        records = measured(method, name, ratio, poses, seed)
        KEPT.parent.mkdir(exist_ok=True)
        known = json.loads(KEPT.read_text()) if KEPT.exists() else {}
        KEPT.write_text(json.dumps(known | {key: records}, indent=1))
        return records
    return known[key]


def row(method: str, name: str, ratio: float, records: list[Record]) -> dict[str, str]:
    """Return a row of the table."""
    degrees = [record["degrees"] for record in records]
    return {
        "map": name,
        "SNR": f"1/{round(1 / ratio)}",
        "method": method,
        "found": f"{sum(angle <= FOUND_DEGREES for angle in degrees)}/{len(degrees)}",
        "median degrees": f"{median(degrees):.2f}",
        "median voxels": f"{median(record['voxels'] for record in records):.2f}",
        "seconds": f"{median(record['seconds'] for record in records):.2f}",
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", default=",".join(METHODS), help="names, with commas (default: %(default)s)")
    parser.add_argument("--maps", default=",".join(NOISY), help="names, with commas (default: %(default)s)")
    parser.add_argument("--ratios", default=",".join(f"{ratio:g}" for ratio in RATIOS), help="signal-to-noise ratios")
    parser.add_argument("--poses", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", action="store_true", help="measure the other methods again")
    chosen = parser.parse_args()
    print(f"{datetime.now():%Y-%m-%d}, {machine()}, botalign {botalign.__version__}")
    for name in chosen.maps.split(","):
        for ratio in map(float, chosen.ratios.split(",")):
            for method in chosen.methods.split(","):
                again = chosen.again or method == "botalign"
                records = kept(method, name, ratio, chosen.poses, chosen.seed, again=again)
                print(row(method, name, ratio, records), flush=True)


if __name__ == "__main__":
    main()
