"""Alignments of noisy pairs and of unrelated maps: how many are found, their verdicts, and a reliability diagram.

``python benchmarks/verdicts.py`` adds noise to both maps of a pair, with the signal-to-noise ratio of Singer and Yang,
``||V||^2 / (L^3 sigma^2)`` in the box as deposited, and aligns pairs of unrelated molecules, scaled to one size. For
these it counts how often the probability of the result is below a limit: that should be no more often than the limit.
The pairs are aligned as whole maps; with ``--parts`` one may be a part of the other. ``--loss core`` uses the part that
the maps have in common; ``--figure`` draws the diagram. Results of unrelated pairs are kept in
``benchmarks/results/verdicts.json``, and a run continues with those that are missing.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

import botalign
from accuracy import Case, load, make_pair
from environments import HERE
from maps import Array
from molecules import molecules, unrelated_pairs
from report import machine
from symmetry import pose_error

RATIOS = (1.0, 1 / 4, 1 / 16, 1 / 64, 1 / 256, 1 / 1024)
NOISY = ("emd_1883", "emd_1439", "clean70S")
LIMITS = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3)
VERDICTS = ("certain", "ambiguous", "no match")
KEPT = HERE / "results" / "verdicts.json"


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


def unrelated(count: int, seed: int, loss: str, *, parts: bool) -> list[dict[str, Any]]:
    """Align pairs of unrelated molecules, those with known results excepted."""
    known = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    rows = []
    for number, ((first, fixed), (second, moving)) in enumerate(unrelated_pairs(molecules(), count, seed)):
        key = f"{loss}{', parts' if parts else ''}, seed {seed}, pair {number}: {first}, {second}"
        if key not in known:
            result = botalign.align(fixed, moving, hand="keep", loss=loss, partial=None if parts else False)
            known[key] = {"verdict": result.verdict, "probability": result.probability}
            if number % 20 == 0 or known[key]["verdict"] != "no match":
                print("   ", key, known[key], flush=True)
                keep(known)
        rows.append(known[key])
    keep(known)
    return rows


def keep(known: dict[str, Any]) -> None:
    """Write the results."""
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(known, indent=1))


def reliability(rows: list[dict[str, Any]]) -> list[tuple[float, float, int]]:
    """Return, for each limit, how often the probability is smaller, as a fraction and as a number."""
    probabilities = np.array([row["probability"] for row in rows if row["probability"] is not None])
    return [(limit, float(np.mean(probabilities < limit)), int(np.sum(probabilities < limit))) for limit in LIMITS]


def draw(table: list[tuple[float, float, int]], path: Path) -> None:
    """Draw the reliability diagram."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(4.5, 4), layout="constrained")
    stated, observed, _ = (np.array(column) for column in zip(*table, strict=True))
    axes.loglog(LIMITS, LIMITS, color="0.6", label="stated = observed")
    shown = observed > 0
    axes.loglog(stated[shown], observed[shown], "o-", color="C0", label="unrelated pairs")
    axes.set(xlabel="stated probability", ylabel="fraction of pairs with a smaller one")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loss", default="wemd", help="wemd, l2 or core (default: %(default)s)")
    parser.add_argument("--poses", type=int, default=10, help="poses of each noisy map, or 0 (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=3000, help="unrelated pairs, or 0 (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parts", action="store_true", help="one map of a pair may be a part of the other")
    parser.add_argument("--figure", type=Path, help="file of the reliability diagram")
    chosen = parser.parse_args()
    print(machine())
    for name in NOISY if chosen.poses else ():
        case = load(name)
        for ratio in RATIOS:
            print(noisy(case, ratio, chosen.poses, chosen.seed, chosen.loss), flush=True)
    if not chosen.pairs:
        return
    rows = unrelated(chosen.pairs, chosen.seed, chosen.loss, parts=chosen.parts)
    print({verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS}, f"of {len(rows)}")
    table = reliability(rows)
    for limit, fraction, number in table:
        print(f"probability below {limit:g}: {number} ({fraction:.2%})")
    if chosen.figure:
        draw(table, chosen.figure)


if __name__ == "__main__":
    main()
