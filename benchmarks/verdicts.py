"""Alignments of noisy pairs and of unrelated maps: how many are found, their verdicts, and a reliability diagram.

``python benchmarks/verdicts.py`` adds noise to both maps of a pair, with the signal-to-noise ratio of Singer and Yang,
``||V||^2 / (L^3 sigma^2)`` in the box as deposited, and aligns pairs of unrelated molecules, scaled to one size. For
these it counts how often the probability of the result is below a limit: that should be no more often than the limit.
The probability is the larger of two, which are counted as well: that of a chance match, for molecules of different
outlines, and that of a match of the outlines only, for two phantoms, whose outlines are the same. ``--outlines`` shows
on how much such phantoms agree, beside copies.

The pairs are aligned as whole maps; with ``--parts`` one may be a part of the other. ``--loss core`` uses the part that
the maps have in common, and ``--hand check`` also searches the mirror image; ``--figure`` draws the diagram. Results of
unrelated pairs are kept in ``benchmarks/results/verdicts.json``, and a run continues with those that are missing.
"""

import argparse
import itertools
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

import botalign
from accuracy import Case, load, make_pair
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.search_solver import solve_by_search
from botalign.progress import exhaust
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


def unrelated(count: int, seed: int, loss: str, hand: str, *, parts: bool) -> list[dict[str, Any]]:
    """Align pairs of unrelated molecules, those with known results excepted."""
    known = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    rows = []
    for number, ((first, fixed), (second, moving)) in enumerate(unrelated_pairs(molecules(), count, seed)):
        key = f"{loss}, {hand}{', parts' if parts else ''}, seed {seed}, pair {number}: {first}, {second}"
        if key not in known:
            known[key] = judged_parts(fixed, moving, loss, hand) if parts else judged(fixed, moving, loss, hand)
            known[key]["one outline"] = first.startswith("phantom") and second.startswith("phantom")
            if number % 20 == 0 or known[key]["verdict"] != "no match":
                print("   ", key, known[key], flush=True)
                keep(known)
        rows.append(known[key])
    keep(known)
    return rows


def judged(fixed: botalign.DensityMap, moving: botalign.DensityMap, loss: str, hand: str) -> dict[str, Any]:
    """Align whole maps; return the verdict and the probabilities that it is based on."""
    problem = AlignmentProblem.of(fixed, moving, AlignmentOptions(loss=loss, hand=hand))
    outcome = exhaust(solve_by_search(problem))
    best = outcome.candidates[0]
    others = [candidate for candidate in outcome.candidates[1:] if candidate.mirrored == best.mirrored]
    evidence = problem.evidence(best, others)
    return {
        "verdict": outcome.verdict,
        "probability": outcome.probability,
        "chance": evidence.chance,
        "outline": evidence.outline_chance,
        "agreement": evidence.agreement,
    }


def judged_parts(fixed: botalign.DensityMap, moving: botalign.DensityMap, loss: str, hand: str) -> dict[str, Any]:
    """Align maps of which one may be a part of the other."""
    result = botalign.align(fixed, moving, hand=hand, loss=loss)
    return {"verdict": result.verdict, "probability": result.probability}


def keep(known: dict[str, Any]) -> None:
    """Write the results."""
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(known, indent=1))


def reliability(rows: list[dict[str, Any]], name: str) -> list[tuple[float, float, int]]:
    """Return, for each limit, how often a probability is smaller, as a fraction and as a number."""
    probabilities = np.array([row[name] for row in rows if row.get(name) is not None])
    return [(limit, float(np.mean(probabilities < limit)), int(np.sum(probabilities < limit))) for limit in LIMITS]


def tables(rows: list[dict[str, Any]]) -> dict[str, list[tuple[float, float, int]]]:
    """Return how often each probability is below the limits, for the pairs that it is made for."""
    one_outline = [row for row in rows if row["one outline"]]
    others = [row for row in rows if not row["one outline"]]
    made = {
        f"probability, all {len(rows)} pairs": reliability(rows, "probability"),
        f"chance, {len(others)} pairs of different outlines": reliability(others, "chance"),
        f"outline, {len(one_outline)} pairs of phantoms": reliability(one_outline, "outline"),
    }
    return {name: table for name, table in made.items() if not np.isnan(table[0][1])}


def draw(tables: dict[str, list[tuple[float, float, int]]], path: Path) -> None:
    """Draw the reliability diagram."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5.5, 4.5), layout="constrained")
    axes.loglog(LIMITS, LIMITS, color="0.6", label="stated = observed")
    for number, (name, table) in enumerate(tables.items()):
        stated, observed, _ = (np.array(column) for column in zip(*table, strict=True))
        shown = observed > 0
        axes.loglog(stated[shown], observed[shown], "osD"[number] + "-", color=f"C{number}", label=name)
    axes.set(xlabel="stated probability", ylabel="fraction of pairs with a smaller one")
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)


def outlines(seeds: int) -> None:
    """Print how much phantoms of different seeds agree, as a fraction of copies, and how probable they call that."""
    bins = np.arange(3, 8)
    print("frequency times diameter:", [f"{low + 0.5:.1f}" for low in bins])
    for noise in (0.0, 0.1, 0.2, 0.4):
        maps = [
            botalign.phantom(48, voxel_size_angstrom=4.0, noise=noise, seed=seed, noise_seed=seed)
            for seed in range(seeds)
        ]
        agreement, probability = [], []
        for first, second in itertools.combinations(maps, 2):
            problem = AlignmentProblem.of(first, second, AlignmentOptions(hand="keep"))
            best = exhaust(solve_by_search(problem)).candidates[0]
            details = problem.details.at(best.moving_to_fixed)
            at, ratio = details.frequency, details.correlation / np.maximum(details.expected, 0.1)
            agreement.append([np.mean(ratio[(at >= low) & (at < low + 1)]) for low in bins])
            probability.append(details.outline_chance)
        below = {limit: f"{np.mean(np.array(probability) < limit):.3f}" for limit in LIMITS}
        print(
            f"noise {noise}: fractions {np.mean(agreement, axis=0).round(2)},", f"probability below {below}", flush=True
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loss", default="wemd", help="wemd, l2 or core (default: %(default)s)")
    parser.add_argument("--poses", type=int, default=10, help="poses of each noisy map, or 0 (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=3000, help="unrelated pairs, or 0 (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parts", action="store_true", help="one map of a pair may be a part of the other")
    parser.add_argument("--hand", default="keep", help="keep or check (default: %(default)s)")
    parser.add_argument("--outlines", type=int, default=0, metavar="SEEDS", help="compare phantoms of so many seeds")
    parser.add_argument("--figure", type=Path, help="file of the reliability diagram")
    chosen = parser.parse_args()
    print(machine())
    for name in NOISY if chosen.poses else ():
        case = load(name)
        for ratio in RATIOS:
            print(noisy(case, ratio, chosen.poses, chosen.seed, chosen.loss), flush=True)
    if chosen.outlines:
        outlines(chosen.outlines)
    if not chosen.pairs:
        return
    rows = unrelated(chosen.pairs, chosen.seed, chosen.loss, chosen.hand, parts=chosen.parts)
    print({verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS}, f"of {len(rows)}")
    found = tables(rows)
    for name, table in found.items():
        print(name)
        for limit, fraction, number in table:
            print(f"   below {limit:g}: {number} ({fraction:.2%})")
    if chosen.figure:
        draw(found, chosen.figure)


if __name__ == "__main__":
    main()
