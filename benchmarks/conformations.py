"""Two conformations of one molecule: a domain of a real map is moved, and the whole is put in a random pose.

``python benchmarks/conformations.py`` cuts a domain of 20 or 35 % of the mass off a map with a soft mask, rotates it
about a hinge in the cut by 10, 20 or 40 degrees, and aligns the result to the map with each loss. An alignment is right
if the rest of the molecule is within 1 degree of its position. ``--structures`` aligns adenylate kinase, closed and
open, simulated at 8 A, and the pairs of real maps; the truth is the superposition of their models.
"""

import argparse
import json
from datetime import datetime
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

import botalign
from accuracy import Case, aligned, load, markdown
from maps import Array
from poses import SHIFT_FRACTION, Pair, transformed, voxel_positions
from report import machine
from structures import adenylate_kinase, given_pairs

NAMES = ("emd_1883", "emd_1439", "clean70S")
SHARES, ANGLES = (0.20, 0.35), (10.0, 20.0, 40.0)
LOSSES = ("wemd", "l2", "core")
#: Half width of the soft cut in voxels.
SOFT = 3.0
FOUND_DEGREES = 1.0


def domain_mask(volume: Array, share: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Cut a fraction of the mass off along a random direction; return the soft mask and the centre of the cut."""
    mass = np.clip(volume, 0.0, None).ravel()
    positions = voxel_positions(volume.shape[0])
    along = positions @ Rotation.random(random_state=rng).as_matrix()[2]
    order = np.argsort(-along)
    cut = along[order[int(np.searchsorted(np.cumsum(mass[order]), share * mass.sum()))]]
    mask = 0.5 + 0.5 * np.sin(np.pi / 2 * np.clip((along - cut) / SOFT, -1, 1))
    near = mass * (np.abs(along - cut) < SOFT)
    return mask.reshape(volume.shape), near @ positions / near.sum()


def moved_domain(volume: Array, contour: float, share: float, degrees: float, rng: np.random.Generator) -> Array:
    """Rotate a domain of a map about a random axis through a hinge in the cut."""
    above = np.clip(volume - contour, 0.0, None)
    mask, hinge = domain_mask(above, share, rng)
    axis = Rotation.random(random_state=rng).as_matrix()[0]
    turn = Rotation.from_rotvec(np.radians(degrees) * axis).as_matrix()
    return volume * (1 - mask) + transformed(volume * mask, np.column_stack([turn, hinge - turn @ hinge]))


def random_motion(size: int, rng: np.random.Generator) -> Array:
    """Draw a rotation about the centre of the box, and a shift of up to 5 % of the box per axis, in voxels."""
    linear = Rotation.random(random_state=rng).as_matrix()
    middle = np.full(3, (size - 1) / 2)
    return np.column_stack(
        [linear, middle - linear @ (middle + rng.uniform(-SHIFT_FRACTION, SHIFT_FRACTION, 3) * size)]
    )


def domain_pair(case: Case, share: float, degrees: float, pose: int) -> Pair:
    """Return the map, and the map with a moved domain in a random pose."""
    rng = np.random.default_rng([pose, round(100 * share), round(degrees)])
    contour = float(np.percentile(case.volume, 98))
    other = moved_domain(case.volume, contour, share, degrees, rng)
    matrix = random_motion(case.volume.shape[0], rng)
    return Pair(case.volume, transformed(other, matrix), matrix)


def domains(names: list[str], losses: list[str], poses: int) -> list[dict[str, object]]:
    """Align random poses of maps with a moved domain."""
    rows = []
    for name in names:
        case = load(name)
        for share in SHARES:
            for degrees in ANGLES:
                pairs = [domain_pair(case, share, degrees, pose) for pose in range(poses)]
                row: dict[str, object] = {"map": name, "fraction": f"{share:.0%}", "moved": f"{degrees:.0f}"}
                for loss in losses:
                    runs = [aligned(case, pair, loss=loss, hand="keep") for pair in pairs]
                    angles = np.array([run[1] for run in runs])
                    row[f"{loss}: found"] = f"{np.count_nonzero(angles < FOUND_DEGREES)}/{poses}"
                    row[f"{loss}: median degrees"] = f"{np.median(angles):.2f}"
                    row[f"{loss}: worst"] = f"{angles.max():.2f}"
                    row[f"{loss}: certain"] = f"{[run[0].verdict for run in runs].count('certain')}/{poses}"
                    row[f"{loss}: seconds"] = f"{np.median([run[0].seconds for run in runs]):.2f}"
                rows.append(row)
                print(row, flush=True)
    return rows


def structures(losses: list[str], poses: int) -> list[dict[str, object]]:
    """Align conformations whose transform is known from their models, from random starting poses."""
    rows = []
    for known in (adenylate_kinase(), *given_pairs()):
        row: dict[str, object] = {"pair": known.name}
        for loss in losses:
            angles, verdicts = [], []
            for pose in range(poses):
                turn = Rotation.random(random_state=pose).as_matrix()
                middle = known.moving.grid.centre_angstrom
                start = np.column_stack([turn, middle - turn @ middle])
                result = botalign.align(known.fixed, known.moving, loss=loss, hand="keep", start=start, seed=pose)
                difference = Rotation.from_matrix(result.moving_to_fixed[:, :3].T @ known.transform[:, :3])
                angles.append(float(np.degrees(difference.magnitude())))
                verdicts.append(result.verdict)
            row[f"{loss}: median degrees"] = f"{np.median(angles):.2f}"
            row[f"{loss}: worst"] = f"{np.max(angles):.2f}"
            row[f"{loss}: certain"] = f"{verdicts.count('certain')}/{poses}"
        rows.append(row)
        print(row, flush=True)
    return rows


def main() -> None:
    """Parse the command line, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", default=",".join(NAMES), help="names, separated by commas")
    parser.add_argument("--losses", default=",".join(LOSSES), help="losses, separated by commas")
    parser.add_argument("--poses", type=int, default=5, help="poses of each share and angle, or of each structure")
    parser.add_argument("--structures", action="store_true", help="adenylate kinase and the pairs of real maps")
    chosen = parser.parse_args()
    losses = chosen.losses.split(",")
    if chosen.structures:
        rows = structures(losses, chosen.poses)
    else:
        rows = domains(chosen.maps.split(","), losses, chosen.poses)
    text = f"{datetime.now():%Y-%m-%d}, {machine()}, botalign {botalign.__version__}\n\n{markdown(rows)}\n"
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    name = "structures" if chosen.structures else "conformations"
    (results / f"{name}.md").write_text(text)
    (results / f"{name}.json").write_text(json.dumps(rows, indent=1))
    print(text)


if __name__ == "__main__":
    main()
