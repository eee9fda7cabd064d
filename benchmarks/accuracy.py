"""Accuracy of BOTalign on random poses of real maps: poses found, errors, and decisions about the hand.

``python benchmarks/accuracy.py`` prints the table of refined alignments, of mirrored copies too;
``python benchmarks/accuracy.py --search`` that of the search alone, WEMD and L2, as in Figure 3 of Singer and Yang.
"""

import argparse
import json
import time
import warnings
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

import botalign
from maps import MAPS, Array, MapEntry, data_folder
from poses import SHIFT_FRACTION, Pair, centre_of_mass, transformed
from report import machine
from symmetry import pose_error, rotation_group

MIRROR = np.diag([1.0, 1.0, -1.0])
FOUND_DEGREES, FOUND_VOXELS = 1.0, 0.5
SETTINGS = ((32, 150), (32, 200), (64, 150), (64, 200))


@dataclass(frozen=True)
class Case:
    """A map at native sampling in a box a quarter larger, its symmetry, and the point where its axes meet."""

    entry: MapEntry
    volume: Array
    voxel_angstrom: float
    group: Array
    centre: Array


def load(name: str) -> Case:
    """Read a map and pad it to a box a quarter larger, so that no pose is cut."""
    entry = MAPS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", botalign.MapWarning)
        density = botalign.read(data_folder() / "maps" / entry.file)
    size = density.data.shape[0]
    larger = int(np.ceil(1.25 * size / 2)) * 2
    before = (larger - size) // 2
    volume = np.pad(density.data.astype(np.float64), [(before, larger - size - before)] * 3)
    above = np.clip(volume - botalign.contour_level(density), 0.0, None)
    return Case(entry, volume, density.grid.voxel_size_angstrom[0], rotation_group(entry, above), centre_of_mass(above))


def make_pair(case: Case, rng: np.random.Generator, *, mirrored: bool) -> Pair:
    """Rotate (and mirror) a map about the centre of its box, and shift it by up to 5 % of the original box per axis."""
    size = case.volume.shape[0]
    linear = Rotation.random(random_state=rng).as_matrix() @ (MIRROR if mirrored else np.eye(3))
    shift = rng.uniform(-SHIFT_FRACTION, SHIFT_FRACTION, 3) * size / 1.25
    middle = np.full(3, (size - 1) / 2)
    matrix = np.column_stack([linear, middle - linear @ (middle + shift)])
    return Pair(case.volume, transformed(case.volume, matrix), matrix)


def as_map(volume: Array, voxel_angstrom: float, name: str) -> botalign.DensityMap:
    """Return a density map that holds an array."""
    return botalign.DensityMap(volume.astype(np.float32), botalign.Grid(volume.shape, (voxel_angstrom,) * 3), name)


def aligned(case: Case, pair: Pair, **options: object) -> tuple[botalign.Alignment, float, float]:
    """Align a pair; return the result and its errors in degrees and voxels."""
    result = botalign.align(
        as_map(pair.fixed, case.voxel_angstrom, "fixed"), as_map(pair.moving, case.voxel_angstrom, "moving"), **options
    )
    found = result.moving_to_fixed.copy()
    found[:, 3] /= case.voxel_angstrom
    error = pose_error(found, pair, case.group, case.centre)
    return result, error.angle_degrees, error.shift_voxels


def refined_table(names: list[str], poses: int, seed: int) -> list[dict[str, object]]:
    """Align copies as given and mirrored copies, with the hand tested."""
    rows = []
    for name in names:
        case = load(name)
        angles, shifts, seconds = [], [], []
        decided = {"as given": [], "mirrored": []}
        for mirrored, decisions in ((False, decided["as given"]), (True, decided["mirrored"])):
            for pose in range(poses):
                pair = make_pair(case, np.random.default_rng([seed, pose, mirrored]), mirrored=mirrored)
                result, angle, shift = aligned(case, pair, hand="auto", seed=pose)
                decisions.append(result.hand.decision)
                if not mirrored:
                    angles.append(angle)
                    shifts.append(shift)
                    seconds.append(result.seconds)
        found = np.mean((np.array(angles) < FOUND_DEGREES) & (np.array(shifts) < FOUND_VOXELS))
        rows.append(
            {
                "map": name,
                "poses": poses,
                "found": f"{found:.0%}",
                "median degrees": f"{np.median(angles):.4f}",
                "worst degrees": f"{np.max(angles):.3f}",
                "median voxels": f"{np.median(shifts):.4f}",
                "worst voxels": f"{np.max(shifts):.3f}",
                "decided as given": f"{decided['as given'].count('as given')}/{poses}",
                "mirror decided mirrored": f"{decided['mirrored'].count('mirrored')}/{poses}",
                "seconds": f"{np.median(seconds):.2f}",
            }
        )
        print(rows[-1], flush=True)
    return rows


def search_table(names: list[str], poses: int, seed: int) -> list[dict[str, object]]:
    """Search without refinement, for each loss and setting."""
    rows = []
    for name in names:
        case = load(name)
        pairs = [make_pair(case, np.random.default_rng([seed, pose, 0]), mirrored=False) for pose in range(poses)]
        for loss in ("wemd", "l2"):
            for size, evaluations in SETTINGS:
                # With a start, even the identity, the search does not begin with the principal axes.
                options = {"loss": loss, "size": size, "evaluations": evaluations, "start": np.eye(3, 4)}
                options |= {"hand": "keep", "refine": False}
                began = time.perf_counter()
                angles = [aligned(case, pair, seed=pose, **options)[1] for pose, pair in enumerate(pairs)]
                rows.append(
                    {
                        "map": name,
                        "loss": loss,
                        "size": size,
                        "evaluations": evaluations,
                        "within 5 degrees": f"{np.mean(np.array(angles) < 5):.0%}",
                        "median degrees": f"{np.median(angles):.2f}",
                        "seconds": f"{(time.perf_counter() - began) / poses:.2f}",
                    }
                )
                print(rows[-1], flush=True)
    return rows


def markdown(rows: list[dict[str, object]]) -> str:
    """Return a table in Markdown."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *[[str(value) for value in row.values()] for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Parse the command line, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--search", action="store_true", help="the search alone, for each loss and setting")
    parser.add_argument("--maps", default=",".join(MAPS), help="names, separated by commas")
    parser.add_argument("--poses", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    table = search_table if chosen.search else refined_table
    rows = table(chosen.maps.split(","), chosen.poses, chosen.seed)
    text = f"{datetime.now():%Y-%m-%d}, {machine()}, botalign {botalign.__version__}\n\n{markdown(rows)}\n"
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    name = "search" if chosen.search else "accuracy"
    (results / f"{name}.md").write_text(text)
    (results / f"{name}.json").write_text(json.dumps(rows, indent=1))
    print(text)


if __name__ == "__main__":
    main()
