"""A part in a whole: a subunit cut from GroEL and a third of the ribosome, in random poses.

``python benchmarks/parts.py`` cuts a part with a soft mask, puts it in its own box in a random pose, and searches the
whole map for it with ``partial=True``. Found means within 5 degrees and 2 voxels, up to the symmetry of the whole.
"""

import argparse
import json
from datetime import datetime
from pathlib import Path

import numpy as np

import botalign
from accuracy import Case, as_map, load, markdown
from conformations import SOFT, domain_mask, random_motion
from maps import Array
from poses import transformed, voxel_positions
from report import machine

FOUND_DEGREES, FOUND_VOXELS = 5.0, 2.0


def sector(case: Case, order: int) -> Array:
    """Return a soft mask of one subunit of a D(order) map: a sector of the upper ring."""
    x, y, z = (voxel_positions(case.volume.shape[0]) - case.centre).T
    azimuth = np.abs(np.degrees(np.arctan2(y, x)))
    across = np.radians(azimuth - 180 / order) * np.hypot(x, y)  # voxels beyond the edge of the sector
    edges = [np.clip(-across / SOFT, -1, 1), np.clip(z / SOFT, -1, 1)]
    return np.prod([0.5 + 0.5 * np.sin(np.pi / 2 * edge) for edge in edges], axis=0).reshape(case.volume.shape)


def part_of(case: Case, pose: int) -> Array:
    """Cut the part; a different one for each pose of the ribosome."""
    if case.entry.symmetry != "C1":
        return case.volume * sector(case, int(case.entry.symmetry[1:]))
    above = np.clip(case.volume - np.percentile(case.volume, 98), 0.0, None)
    return case.volume * domain_mask(above, 1 / 3, np.random.default_rng(pose))[0]


def errors(case: Case, found: Array, truth: Array, part: Array) -> tuple[float, float]:
    """Return the error of a pose in degrees and, at the centre of the part, in voxels, up to the symmetry."""
    middle = np.average(voxel_positions(part.shape[0]), weights=np.clip(part, 0, None).ravel(), axis=0)
    there = truth[:, :3].T @ (middle - truth[:, 3])  # in the moving map
    best = (np.inf, np.inf)
    for operation in case.group:
        linear = operation @ truth[:, :3]
        place = operation @ (middle - case.centre) + case.centre
        angle = np.degrees(np.arccos(np.clip((np.trace(linear.T @ found[:, :3]) - 1) / 2, -1, 1)))
        best = min(best, (float(angle), float(np.linalg.norm(found[:, :3] @ there + found[:, 3] - place))))
    return best


def main() -> None:
    """Parse the command line, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", default="emd_1080,clean70S", help="names, separated by commas")
    parser.add_argument("--poses", type=int, default=20)
    chosen = parser.parse_args()
    rows = []
    for name in chosen.maps.split(","):
        case = load(name)
        angles, shifts, seconds, verdicts = [], [], [], []
        for pose in range(chosen.poses):
            part = part_of(case, pose)
            truth = random_motion(part.shape[0], np.random.default_rng([pose, 7]))
            moving = transformed(part, truth)
            voxel = case.voxel_angstrom
            result = botalign.align(
                as_map(case.volume, voxel, "whole"), as_map(moving, voxel, "part"), partial=True, hand="keep"
            )
            found = result.moving_to_fixed.copy()
            found[:, 3] /= voxel
            angle, shift = errors(case, found, truth, part)
            angles.append(angle)
            shifts.append(shift)
            seconds.append(result.seconds)
            verdicts.append(result.verdict)
            print(name, pose, f"{angle:.2f} degrees, {shift:.2f} voxels, {result.seconds:.1f} s", flush=True)
        right = (np.array(angles) < FOUND_DEGREES) & (np.array(shifts) < FOUND_VOXELS)
        rows.append(
            {
                "map": name,
                "found": f"{np.count_nonzero(right)}/{chosen.poses}",
                "median degrees": f"{np.median(angles):.2f}",
                "median voxels": f"{np.median(shifts):.2f}",
                **{verdict: verdicts.count(verdict) for verdict in ("certain", "ambiguous", "no match")},
                "seconds": f"{np.median(seconds):.1f}",
            }
        )
    text = f"{datetime.now():%Y-%m-%d}, {machine()}, botalign {botalign.__version__}\n\n{markdown(rows)}\n"
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "parts.md").write_text(text)
    (results / "parts.json").write_text(json.dumps(rows, indent=1))
    print(text)


if __name__ == "__main__":
    main()
