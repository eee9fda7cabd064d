"""Evaluations until the search ends: for copies, noisy copies, two conformations, and unrelated molecules.

``python benchmarks/evaluations.py`` aligns random poses with the defaults and counts the evaluations for each hand. The
search is judged after the first ones, after 50, and after all 200. The noise has the signal-to-noise ratios of
``verdicts.py``, the conformations are those of ``conformations.py``, and the unrelated pairs those of ``molecules.py``.
"""

import argparse
from collections.abc import Iterator

import numpy as np

import botalign
from accuracy import as_map, load, make_pair
from conformations import ANGLES, NAMES, SHARES, domain_pair
from maps import MAPS
from molecules import molecules, unrelated_pairs
from report import machine
from verdicts import NOISY, with_noise

Maps = tuple[botalign.DensityMap, botalign.DensityMap]
RATIOS = (1 / 16, 1 / 64, 1 / 256)
#: Rounds of the search: more evaluations than the first number, at most the second.
ENDS = ((0, 5), (5, 50), (50, 200))


def copies(names: list[str], poses: int, seed: int) -> Iterator[Maps]:
    """Return copies of maps in random poses."""
    for name in names:
        case = load(name)
        for pose in range(poses):
            pair = make_pair(case, np.random.default_rng([seed, pose]), mirrored=False)
            yield as_map(pair.fixed, case.voxel_angstrom, name), as_map(pair.moving, case.voxel_angstrom, name)


def noisy(ratio: float, poses: int, seed: int) -> Iterator[Maps]:
    """Return copies with noise in both maps."""
    for name in NOISY:
        case = load(name)
        for pose in range(poses):
            pair = make_pair(case, np.random.default_rng([seed, pose]), mirrored=False)
            rng = np.random.default_rng([seed, pose, 1])
            fixed, moving = (
                as_map(with_noise(volume, ratio, rng), case.voxel_angstrom, name)
                for volume in (pair.fixed, pair.moving)
            )
            yield fixed, moving


def conformations(poses: int) -> Iterator[Maps]:
    """Return maps, and the maps with a moved domain in a random pose."""
    for name in NAMES:
        case = load(name)
        for share in SHARES:
            for degrees in ANGLES:
                for pose in range(poses):
                    pair = domain_pair(case, share, degrees, pose)
                    yield as_map(pair.fixed, case.voxel_angstrom, name), as_map(pair.moving, case.voxel_angstrom, name)


def unrelated(count: int, seed: int) -> Iterator[Maps]:
    """Return pairs of unrelated molecules of equal size."""
    for (_, fixed), (_, moving) in unrelated_pairs(molecules(), count, seed):
        yield fixed, moving


def row(kind: str, pairs: Iterator[Maps], hand: str) -> str:
    """Align pairs; return a row of the table."""
    counts: list[int] = []
    for fixed, moving in pairs:
        result = botalign.align(fixed, moving, hand=hand, partial=False)
        counts.append(len(result.trace) // (1 if hand == "keep" else 2))
    first, second, every = (np.mean([low < each <= high for each in counts]) for low, high in ENDS)
    return f"| {kind} | {len(counts)} | {first:.0%} | {second:.0%} | {every:.0%} | {np.mean(counts):.0f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", default=",".join(MAPS), help="names of the maps that are copied, separated by commas")
    parser.add_argument("--poses", type=int, default=10, help="poses of each map (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=100, help="unrelated pairs (default: %(default)s)")
    parser.add_argument("--hand", default="check", help="check or keep (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    print(machine())
    print("| pairs | number | up to 5 | 6 to 50 | 200 | mean |\n| --- | --- | --- | --- | --- | --- |")
    print(row("copies", copies(chosen.maps.split(","), chosen.poses, chosen.seed), chosen.hand), flush=True)
    for ratio in RATIOS:
        kind = f"noisy copies, SNR 1/{round(1 / ratio)}"
        print(row(kind, noisy(ratio, chosen.poses, chosen.seed), chosen.hand), flush=True)
    # Each map has six pairs for each pose.
    print(row("two conformations", conformations(max(1, chosen.poses // 6)), chosen.hand), flush=True)
    print(row("unrelated molecules", unrelated(chosen.pairs, chosen.seed), chosen.hand), flush=True)


if __name__ == "__main__":
    main()
