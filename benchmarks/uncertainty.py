"""Accuracy of the standard errors: the spread of fits repeated with new noise, and the reported standard errors.

``python benchmarks/uncertainty.py`` adds white noise, and low-passed noise as filtered reconstructions have, to both
maps of a pair; the signal-to-noise ratio is defined as in ``verdicts.py``. The fit starts from a coarse pose.

``python benchmarks/uncertainty.py --series`` aligns noisy pairs from random poses instead, as ``noise.py`` does, with
other noise at each ratio. Of the results within five degrees, it compares the error found with the standard error.
"""

import argparse

import numpy as np
from scipy import ndimage

import botalign
from accuracy import Case, load, make_pair
from botalign.alignment.half_maps import half_map_noise
from botalign.alignment.sampling import finest_useful_voxel, fit_problem
from botalign.alignment.survey import common_sigma_angstrom, survey
from botalign.alignment.uncertainty import uncertainty
from botalign.geometry import (
    apply_transform,
    compose,
    geodesic_degrees,
    inverse,
    matrix_from_rotation_vector,
    transform_about,
)
from maps import Array
from noise import FOUND_DEGREES, noisy_pair
from poses import Pair
from report import machine
from symmetry import pose_error
from verdicts import NOISY, density_map

MAPS = ("emd_1883", "clean70S")
#: Signal-to-noise ratio, and standard deviation in voxels of the Gaussian that low-passes the noise. The variance of
#: the noise is kept, so that there is 45 times as much of it at low resolution.
NOISES = ((1.0, 0.0), (1 / 16, 0.0), (1.0, 1.0), (1 / 4, 1.0))
#: Errors in degrees and voxels of the pose at which the fit starts.
OFF_DEGREES, OFF_VOXELS = 2.0, 0.5
WORKING_SIDE = 32 - 4
#: Signal-to-noise ratios of the series.
SERIES = (1.0, 1 / 4, 1 / 16, 1 / 64, 1 / 256)
#: Found errors should be within this many standard errors.
WITHIN = 3.0


def noise_like(volume: Array, sigma: float, blur: float, rng: np.random.Generator) -> Array:
    """Return low-passed noise with a given standard deviation."""
    noise = rng.standard_normal(volume.shape)
    if blur:
        noise = ndimage.gaussian_filter(noise, blur, mode="wrap")
        noise /= noise.std()
    return sigma * noise


def repeated(case: Case, pair: Pair, ratio: float, blur: float, rng: np.random.Generator) -> Array:
    """Fit once; return its errors in degrees and voxels, and its standard errors by residual and by half maps."""
    sigma = np.sqrt(float((case.volume**2).sum()) / (case.volume.size / 1.25**3 * ratio))
    halves = [
        [density_map(clean + noise_like(clean, np.sqrt(2) * sigma, blur, rng), 1.0) for _ in range(2)]
        for clean in (pair.fixed, pair.moving)
    ]
    fixed, moving = (survey(a.with_data((a.data + b.data) / 2)) for a, b in halves)
    axis = rng.standard_normal(3)
    direction = rng.standard_normal(3)
    centre = fixed.centre_angstrom
    off = transform_about(
        matrix_from_rotation_vector(np.radians(OFF_DEGREES) * axis / np.linalg.norm(axis)),
        centre,
        centre + OFF_VOXELS * direction / np.linalg.norm(direction),
    )
    coarse = 2 * max(fixed.radius_angstrom, moving.radius_angstrom) / WORKING_SIDE
    pose = fit_problem(fixed, moving, voxel_angstrom=coarse).solve(compose(off, pair.moving_to_fixed))[0]
    voxel = min(coarse, finest_useful_voxel(fixed, moving, pose))
    problem = fit_problem(fixed, moving, voxel_angstrom=voxel)
    pose = problem.solve(pose)[0]
    left = compose(pose, inverse(pair.moving_to_fixed))
    sigma_angstrom = common_sigma_angstrom(fixed, moving, voxel)
    noise = tuple(
        half_map_noise(*each, grid, sigma_angstrom=sigma_angstrom)
        for each, grid in zip(halves, (problem.fixed_grid, problem.moving_grid), strict=True)
    )
    estimates = [uncertainty(problem, pose), uncertainty(problem, pose, noise=noise)]
    return np.array(
        [
            float(geodesic_degrees(left[:, :3], np.eye(3))),
            np.linalg.norm(apply_transform(left, centre) - centre),
            *(value for each in estimates for value in (each.angle_degrees, each.shift_angstrom)),
        ]
    )


def right_answers(case: Case, ratio: float, poses: int, seed: int) -> list[tuple[float, float]]:
    """Align noisy pairs; return the errors found over those stated, of rotation and position, of the right answers."""
    found = []
    for number in range(poses):
        pair = noisy_pair(case, ratio, number, seed)
        result = botalign.align(density_map(pair.fixed, 1.0), density_map(pair.moving, 1.0), hand="keep")
        error = pose_error(result.moving_to_fixed, pair, case.group, case.centre)
        if error.angle_degrees <= FOUND_DEGREES and result.verdict != "no match":
            stated = result.uncertainty
            found.append((error.angle_degrees / stated.angle_degrees, error.shift_voxels / stated.shift_angstrom))
    return found


def series(poses: int, seed: int) -> None:
    """Print a table of the right answers of the noise series."""
    every = []
    for name in NOISY:
        case = load(name)
        for number, ratio in enumerate(SERIES):
            found = right_answers(case, ratio, poses, 100 * seed + number)
            every += found
            print({"map": name, "SNR": f"1/{round(1 / ratio)}"} | summary(found, poses), flush=True)
    print({"map": "all", "SNR": "all"} | summary(every, poses * len(NOISY) * len(SERIES)))


def summary(found: list[tuple[float, float]], poses: int) -> dict[str, str]:
    """Return columns of the table.

    With right standard errors the root mean square is 1. The median is 0.67 if the error is mostly about one axis, and
    0.89 if it is the same about all axes.
    """
    row = {"right": f"{len(found)}/{poses}"}
    for what, ratios in zip(("rotation", "position"), np.array(found).reshape(-1, 2).T, strict=True):
        if len(ratios):
            row[f"{what}: median"] = f"{np.median(ratios):.2f}"
            row[f"{what}: rms"] = f"{np.sqrt(np.mean(ratios**2)):.2f}"
            row[f"{what}: within three"] = f"{np.mean(ratios <= WITHIN):.0%}"
    return row


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--series", action="store_true", help="align the pairs of the noise series instead")
    parser.add_argument("--poses", type=int, default=10, help="poses of each pair of the series (default: %(default)s)")
    chosen = parser.parse_args()
    print(f"{machine()}, botalign {botalign.__version__}")
    if chosen.series:
        series(chosen.poses, chosen.seed)
        return
    for name in MAPS:
        case = load(name)
        pair = make_pair(case, np.random.default_rng([chosen.seed, 0]), mirrored=False)
        for number, (ratio, blur) in enumerate(NOISES):
            rngs = (np.random.default_rng([chosen.seed, repeat, 2 + number]) for repeat in range(chosen.repeats))
            fits = np.array([repeated(case, pair, ratio, blur, rng) for rng in rngs])
            spread = np.sqrt((fits[:, :2] ** 2).mean(axis=0))
            by_residual, by_halves = np.median(fits[:, 2:4], axis=0), np.median(fits[:, 4:], axis=0)
            print(
                {
                    "map": name,
                    "SNR": f"1/{round(1 / ratio)}",
                    "noise": f"low-passed, {blur:g} voxels" if blur else "white",
                    "spread": f"{spread[0]:.4f} degrees, {spread[1]:.4f} voxels",
                    "by residual": f"{by_residual[0]:.4f} degrees, {by_residual[1]:.4f} voxels",
                    "ratio": f"{by_residual[0] / spread[0]:.2f}, {by_residual[1] / spread[1]:.2f}",
                    "by half maps": f"{by_halves[0]:.4f} degrees, {by_halves[1]:.4f} voxels",
                    "ratio by half maps": f"{by_halves[0] / spread[0]:.2f}, {by_halves[1] / spread[1]:.2f}",
                },
                flush=True,
            )


if __name__ == "__main__":
    main()
