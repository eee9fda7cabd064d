"""Alignments of noisy pairs and of unrelated maps: how many are found, and their verdicts.

``python benchmarks/verdicts.py`` adds noise to both maps of a pair, with the signal-to-noise ratio of Singer and Yang,
``||V||^2 / (L^3 sigma^2)`` in the box as deposited, and aligns twenty pairs of different molecules, scaled to one size.
``--loss core`` uses the part that the maps have in common.
"""

import argparse
import itertools
import time
import warnings

import numpy as np

import botalign
from accuracy import Case, load, make_pair
from botalign.alignment.survey import survey
from botalign.alignment.verdict import significance
from maps import Array, data_folder
from report import machine
from symmetry import pose_error

RATIOS = (1.0, 1 / 4, 1 / 16, 1 / 64, 1 / 256, 1 / 1024)
NOISY = ("emd_1883", "emd_1439", "clean70S")
UNRELATED = (
    "maps/emd_1883.map",
    "maps/emd_1439.map",
    "maps/clean70S_65.mrc",
    "maps/hand_phantom_64.mrc",
    "maps/emd_1080_groel_11.5A.mrc",
    "maps/atp_synthase_shaft_6A.mrc",
    "maps/EMD-3197.map",
    "pairs/emd_3342_emd_3340/emd_3342_sampled5A.mrc",
    "pairs/emd_6206_emd_6208/emd_6206_sampled5A.mrc",
)


def density_map(volume: Array, voxel: float) -> botalign.DensityMap:
    """Return a density map that holds an array."""
    grid = botalign.Grid(volume.shape, (voxel,) * 3, (0.0, 0.0, 0.0))
    return botalign.DensityMap(np.asarray(volume, dtype=np.float32), grid)


def with_noise(volume: Array, ratio: float, rng: np.random.Generator) -> Array:
    """Add white noise; the box is a quarter larger than the deposited one, to which the ratio refers."""
    deposited = volume.size / 1.25**3
    sigma = np.sqrt(float((volume**2).sum()) / (deposited * ratio))
    return volume + rng.normal(0.0, sigma, volume.shape)


def noisy(case: Case, ratio: float, poses: int, seed: int, loss: str) -> dict[str, object]:
    """Align noisy pairs made from a map."""
    errors, seconds, verdicts = [], [], []
    for pose in range(poses):
        pair = make_pair(case, np.random.default_rng([seed, pose]), mirrored=False)
        rng = np.random.default_rng([seed, pose, 1])
        maps = [
            density_map(with_noise(volume, ratio, rng), case.voxel_angstrom) for volume in (pair.fixed, pair.moving)
        ]
        began = time.perf_counter()
        result = botalign.align(*maps, hand="keep", loss=loss)
        seconds.append(time.perf_counter() - began)
        verdicts.append(result.verdict)
        matrix = result.moving_to_fixed.copy()
        matrix[:, 3] /= case.voxel_angstrom
        errors.append(pose_error(matrix, pair, case.group, case.centre).angle_degrees)
    return {
        "map": case.entry.name,
        "1/SNR": round(1 / ratio),
        "within 5 degrees": f"{sum(error <= 5 for error in errors)}/{poses}",
        "median degrees": f"{np.median(errors):.2f}",
        **{verdict: f"{verdicts.count(verdict)}/{poses}" for verdict in ("certain", "ambiguous", "no match")},
        "seconds": f"{np.median(seconds):.2f}",
    }


def unrelated(count: int, seed: int, loss: str) -> list[tuple[str, str, str, float]]:
    """Align pairs of different molecules, the second scaled to the size of the first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", botalign.MapWarning)
        maps = {name: botalign.read(data_folder() / name) for name in UNRELATED}
    radius = {name: survey(density).radius_angstrom for name, density in maps.items()}
    pairs = list(itertools.permutations(UNRELATED, 2))
    np.random.default_rng(seed).shuffle(pairs)
    rows = []
    for first, second in pairs[:count]:
        scale = radius[first] / radius[second]
        grid = maps[second].grid
        scaled = botalign.Grid(grid.shape, tuple(scale * side for side in grid.voxel_size_angstrom), (0.0, 0.0, 0.0))
        moving = botalign.DensityMap(maps[second].data, scaled)
        result = botalign.align(maps[first], moving, hand="keep", loss=loss)
        rows.append((first, second, str(result.verdict), significance(result.shells_after, 2 * radius[first])))
        print("   ", *rows[-1][:3], f"{rows[-1][3]:.1f}", flush=True)
    return rows


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loss", default="wemd", help="wemd, l2 or core (default: %(default)s)")
    parser.add_argument("--poses", type=int, default=10, help="poses of each noisy map, or 0 (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=20, help="unrelated pairs (default: 20)")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    print(machine())
    for name in NOISY if chosen.poses else ():
        case = load(name)
        for ratio in RATIOS:
            print(noisy(case, ratio, chosen.poses, chosen.seed, chosen.loss), flush=True)
    rows = unrelated(chosen.pairs, chosen.seed, chosen.loss)
    print({verdict: [row[2] for row in rows].count(verdict) for verdict in ("certain", "ambiguous", "no match")})


if __name__ == "__main__":
    main()
