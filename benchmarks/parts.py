"""A part in a whole: a subunit cut from GroEL and a third of the ribosome, in random poses.

``python benchmarks/parts.py`` cuts a part with a soft mask, puts it in its own box in a random pose, and searches the
whole map for it with ``partial=True``. Found means within 5 degrees and 2 voxels, up to the symmetry of the whole.

``python benchmarks/parts.py --lacking`` cuts off 5 to 45 % of the mass instead, and aligns what is left to the whole
map with the defaults, which notice a part, and as whole maps.
"""

import argparse
import json
from collections.abc import Iterator
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
MAPS, LACKING_MAPS = ["emd_1080", "clean70S"], ["emd_1883", "emd_1439", "clean70S"]
#: Shares of the mass that are cut off.
LACKING = (0.05, 0.1, 0.2, 0.3, 0.45)

Rows = Iterator[dict[str, object]]


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


def aligned(case: Case, moving: Array, **options: object) -> tuple[botalign.Alignment, Array]:
    """Align a map to that of a case with the given hand; return the result and its transform in voxels."""
    voxel = case.voxel_angstrom
    result = botalign.align(as_map(case.volume, voxel, "whole"), as_map(moving, voxel, "part"), hand="keep", **options)
    found = result.moving_to_fixed.copy()
    found[:, 3] /= voxel
    return result, found


def counts(results: list[botalign.Alignment]) -> dict[str, int]:
    """Return how many results have each verdict."""
    verdicts = [result.verdict for result in results]
    return {verdict: verdicts.count(verdict) for verdict in ("certain", "ambiguous", "no match")}


def searched(names: list[str], poses: int) -> Rows:
    """Search for a part that is cut from a map."""
    for name in names:
        case = load(name)
        off, results = [], []
        for pose in range(poses):
            part = part_of(case, pose)
            truth = random_motion(part.shape[0], np.random.default_rng([pose, 7]))
            result, found = aligned(case, transformed(part, truth), partial=True)
            off.append(errors(case, found, truth, part))
            results.append(result)
        angles, shifts = np.array(off).T
        right = (angles < FOUND_DEGREES) & (shifts < FOUND_VOXELS)
        yield {
            "map": name,
            "found": f"{np.count_nonzero(right)}/{poses}",
            "median degrees": f"{np.median(angles):.2f}",
            "median voxels": f"{np.median(shifts):.2f}",
            **counts(results),
            "seconds": f"{np.median([result.seconds for result in results]):.1f}",
        }


def lacking(names: list[str], poses: int) -> Rows:
    """Align a map that lacks a share of the molecule: with the defaults, and as whole maps."""
    for name in names:
        case = load(name)
        for share in LACKING:
            for label, options in (("default", {}), ("whole maps", {"partial": False})):
                angles, results = [], []
                for pose in range(poses):
                    above = np.clip(case.volume - np.percentile(case.volume, 98), 0.0, None)
                    rest = case.volume * (1 - domain_mask(above, share, np.random.default_rng(pose))[0])
                    truth = random_motion(rest.shape[0], np.random.default_rng([pose, 7]))
                    result, found = aligned(case, transformed(rest, truth), **options)
                    angles.append(errors(case, found, truth, rest)[0])
                    results.append(result)
                yield {
                    "map": name,
                    "lacks": f"{share:.0%}",
                    "aligned as": label,
                    "found": f"{np.count_nonzero(np.array(angles) < FOUND_DEGREES)}/{poses}",
                    "median degrees": f"{np.median(angles):.2f}",
                    "as a part": sum(result.part is not None for result in results),
                    **counts(results),
                    "seconds": f"{np.median([result.seconds for result in results]):.1f}",
                }


def main() -> None:
    """Parse the command line, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lacking", action="store_true", help=lacking.__doc__)
    parser.add_argument("--maps", help="names, separated by commas")
    parser.add_argument("--poses", type=int, default=20)
    chosen = parser.parse_args()
    table, maps = (lacking, LACKING_MAPS) if chosen.lacking else (searched, MAPS)
    rows = []
    for row in table(chosen.maps.split(",") if chosen.maps else maps, chosen.poses):
        print(row, flush=True)
        rows.append(row)
    text = f"{datetime.now():%Y-%m-%d}, {machine()}, botalign {botalign.__version__}\n\n{markdown(rows)}\n"
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "parts.md").write_text(text)
    (results / "parts.json").write_text(json.dumps(rows, indent=1))
    print(text)


if __name__ == "__main__":
    main()
