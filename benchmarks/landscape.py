"""A latent space of motion and pure rotation, before and after ``botalign landscape``.

    python benchmarks/landscape.py                     # line, ring and plane, 60 volumes each, L2
    python benchmarks/landscape.py --metric wemd       # by the wavelet earth mover's distance
    python benchmarks/landscape.py --figure docs/images/landscape.png
    python benchmarks/landscape.py --atoms             # exact distances between atoms: the error of the training alone

A domain of the phantom moves along a line, round a ring or over a plane. Two more latent coordinates rotate the whole
molecule by up to 60 degrees, and all coordinates are mixed. Volumes are generated for some latents, all pairs are
aligned, and their distances are given to `botalign.landscape`. The truth is the root mean square distance between the
atoms of superimposed molecules. It is compared with the distance between points, for pairs of latents without volumes.
The displacement of a latent by pure rotation is compared with its displacement by motion.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import botalign
from accuracy import markdown
from report import machine

KINDS = {"line": 1, "ring": 2, "plane": 2}
IMAGES, CHECKED, PAIRS = 2000, 300, 400


def given_distances(
    family: botalign.simulation.PhantomFamily, subset: np.ndarray, chosen: argparse.Namespace
) -> np.ndarray:
    """Return the distances between the volumes of the subset, minimised over rotations."""
    if chosen.atoms:
        return family.atom_distances(subset)
    volumes = [family.map(int(member), chosen.size, voxel_size_angstrom=128 / chosen.size) for member in subset]
    table = botalign.distances(volumes, metric=chosen.metric, over_rotations=True, threads=chosen.threads)
    return table.distances


def correlation(points: np.ndarray, truth: np.ndarray) -> float:
    """Return the Pearson correlation between the distances between points and the true distances."""
    first, second = np.triu_indices(len(points), 1)
    found = np.linalg.norm(points[first] - points[second], axis=1)
    return float(np.corrcoef(found, truth[first, second])[0, 1])


def spreads(family: botalign.simulation.PhantomFamily, found: botalign.Landscape) -> tuple[float, float]:
    """Return the ratio of the displacements of latents by pure rotation and by motion, before and after."""
    rng = np.random.default_rng(1)
    motions = [family.motion[rng.permutation(len(family.motion))[:PAIRS]] for _ in range(2)]
    rotations = rng.uniform(-1, 1, (2, PAIRS, 2))
    here, turned = family.latents_of(motions[0], rotations[0]), family.latents_of(motions[0], rotations[1])
    moved = family.latents_of(motions[1], rotations[0])
    parts = []
    for a, b, c in ((here, turned, moved), tuple(found.transform(z) for z in (here, turned, moved))):
        parts.append(float(np.sqrt(((a - b) ** 2).sum() / ((a - c) ** 2).sum())))
    return parts[0], parts[1]


def one(kind: str, chosen: argparse.Namespace) -> tuple[dict[str, Any], tuple[Any, Any]]:
    """Generate a family, train its landscape, and measure it."""
    family = botalign.phantom_family(kind, IMAGES, seed=chosen.seed)
    subset, checked = np.arange(chosen.volumes), np.arange(IMAGES - CHECKED, IMAGES)
    began = time.perf_counter()
    known = given_distances(family, subset, chosen)
    middle = time.perf_counter()
    found = botalign.landscape(
        family.latents, family.latents[subset], known, dimensions=KINDS[kind], amortise=not chosen.no_amortise
    )
    ended = time.perf_counter()
    truth = family.atom_distances(checked)
    before, after = (correlation(z[checked], truth) for z in (family.latents, found.transformed))
    turned_before, turned_after = spreads(family, found)
    held = found.held_out
    return {
        "motion": kind,
        "d to d'": f"{family.latents.shape[1]} to {KINDS[kind]}",
        "r with the truth": f"{before:.3f}, {after:.3f}",
        "rotation / motion": f"{turned_before:.2f}, {turned_after:.3f}",
        "stress": f"{found.before.stress:.3f}, {found.after.stress:.3f}",
        "held-out error of h": "-" if held is None else f"{held.median_error:.1%}",
        "thickness at d' = 1, 2, ...": ", ".join(f"{trial.thickness:.3f}" for trial in found.trials),
        "dimension": f"{found.intrinsic_dimension}",
        "seconds": f"{middle - began:.0f} + {ended - middle:.0f}",
    }, (family, found)


def drawn(made: list[tuple[Any, Any]]) -> Figure:
    """Draw the latents before and after, coloured by the motion."""
    figure = Figure(figsize=(11, 6.6), dpi=120, layout="constrained")
    panels = figure.subplots(2, len(made), squeeze=False)
    for column, (family, found) in enumerate(made):
        shade = family.motion[:, 0] if family.kind != "ring" else np.arctan2(*family.motion.T)
        colours = {"c": shade, "cmap": "twilight" if family.kind == "ring" else "viridis", "s": 4, "linewidths": 0}
        centred = family.latents - family.latents.mean(axis=0)
        axes = np.linalg.svd(centred, full_matrices=False)[2]
        panels[0, column].scatter(*(centred @ axes[:2].T).T, **colours)
        panels[0, column].set_title(f"{family.kind}: latents, principal coordinates 1 and 2", fontsize=10)
        after = found.transformed
        if after.shape[1] == 1:
            panels[1, column].scatter(after[:, 0], family.motion[:, 0], **colours)
            panels[1, column].set(xlabel="new coordinate", ylabel="true motion")
        else:
            panels[1, column].scatter(*after.T, **colours)
            panels[1, column].set(xlabel="new coordinate 1", ylabel="2", aspect="equal")
        panels[1, column].set_title("after", fontsize=10)
        panels[0, column].set_aspect("equal")
    for panel in panels.ravel():
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8)
    return figure


def main() -> None:
    """Parse the command line, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", default=",".join(KINDS), help="names, separated by commas")
    parser.add_argument("--volumes", type=int, default=60, help="number of volumes")
    parser.add_argument("--size", type=int, default=32, help="voxels a side of a volume")
    parser.add_argument("--metric", default="l2", choices=("l2", "wemd"))
    parser.add_argument("--atoms", action="store_true", help="distances between atoms instead of volumes")
    parser.add_argument("--no-amortise", action="store_true", help="without the network for distances")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path, help="file for a figure of the latents before and after")
    chosen = parser.parse_args()
    rows, made = [], []
    for kind in chosen.kinds.split(","):
        row, pair = one(kind, chosen)
        rows.append(row)
        made.append(pair)
        print(row, flush=True)
    if chosen.figure is not None:
        drawn(made).savefig(chosen.figure)
    text = f"{datetime.now():%Y-%m-%d}, {machine()}, botalign {botalign.__version__}\n\n{markdown(rows)}\n"
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "landscape.md").write_text(text)
    (results / "landscape.json").write_text(json.dumps(rows, indent=1))
    print(text)


if __name__ == "__main__":
    main()
