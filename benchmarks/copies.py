"""Copies of one part: the 14 subunits of GroEL, and invented complexes with known places; beside other programs.

``python benchmarks/copies.py`` places the chain of GroEL, and a subunit cut from the map with a soft mask, in EMD-1080,
and chains of the data folder in simulated maps of symmetric complexes made of them: at 10 and 20 A, and at 10 A with
white noise as strong as the density. All start from random poses. BOTalign is asked for the number of copies and also
counts them. Of PowerFit, the first twenty fits are taken. ``fitmap sequence`` of ChimeraX fits as many copies as there
are, from random poses, alone and after ``fitmap search 200`` of each. Both need a model, not the cut subunit.

The error of a copy is the RMSD of its atoms against the nearest true place: in GroEL, the place of the best copy, moved
by the operations of the map's own symmetry (``botalign orient``). ``--overlap`` prints the largest overlap of two
chains in each complex of the data folder: the limit of the choice must be above it.
"""

import argparse
import json
import os
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

import botalign
import copies_peers
from accuracy import as_map, load, markdown
from botalign.alignment.inputs import maps_of
from botalign.alignment.overlap import Body, overlaps
from botalign.alignment.part_pair import PartPair
from botalign.alignment.problem import AlignmentProblem
from botalign.geometry import (
    apply_transform,
    compose,
    geodesic_degrees,
    identity,
    inverse,
    point_group,
    random_rotations,
)
from environments import HERE, interpreter
from fits import NEAR_ANGSTROM, RIGHT_ANGSTROM, read_complexes
from maps import Array, data_folder
from parts import sector
from report import machine

#: The invented complexes: a chain of the data folder, and the point group of its copies.
INVENTED = (
    ("structures/1ake_A.pdb", "C3"),
    ("structures/1oel_A.pdb", "C7"),
    ("fits/3sfd/3sfd.B.pdb", "D2"),
    ("structures/1ake_A.pdb", "D5"),
    ("fits/1tyq/1tyq.E.pdb", "T"),
    ("fits/3sfd/3sfd.D.pdb", "O"),
    ("fits/1tyq/1tyq.G.pdb", "I"),
)
#: The distance in angstrom that atoms of different copies keep.
APART = 3.5
SETTINGS = ((10.0, 0.0), (20.0, 0.0), (10.0, 1.0))


@dataclass(frozen=True)
class Case:
    """A map, a part in a random pose, points of the part, and where the copies are, if that is known beforehand."""

    name: str
    whole: botalign.DensityMap
    part: botalign.DensityMap | botalign.Model
    points: Array
    resolution: float | None
    group: str
    places: list[Array]


@dataclass(frozen=True)
class Found:
    """What a program found in a case."""

    case: str
    program: str
    copies: int
    placed: int
    right: int
    near: int
    wrong: int
    median_angstrom: float
    certain: int | None = None
    group: str = "-"
    axes_degrees: float | None = None
    cpu_seconds: float | None = None


def moved(model: botalign.Model, rng: np.random.Generator) -> tuple[botalign.Model, Array]:
    """Return a model in a random pose, and the transform to it."""
    linear = random_rotations(1, rng)[0]
    centre = model.points.mean(axis=0)
    motion = np.column_stack([linear, centre + rng.uniform(-30, 30, 3) - linear @ centre])
    return model.moved(motion), motion


def invented(path: str, group: str, resolution: float, noise: float, seed: int) -> Case:
    """Make a complex of copies that touch, and its simulated map."""
    model = botalign.read_model(data_folder() / path)
    rng = np.random.default_rng([seed, 1])
    linear, frame = random_rotations(2, rng)
    points = (model.points - model.points.mean(axis=0)) @ linear.T
    direction = rng.normal(size=3) * [1, 1, 0 if group.startswith("C") else 1]
    direction /= np.linalg.norm(direction)
    rotations = point_group(group)
    distance = next(d for d in np.arange(5, 250, 1.0) if clear(points + d * direction, rotations))
    base = np.column_stack([linear, distance * direction - linear @ model.points.mean(axis=0)])
    places = [compose(np.column_stack([frame @ each, np.zeros(3)]), base) for each in rotations]
    atoms = np.concatenate([apply_transform(place, model.points) for place in places])
    complex_model = botalign.Model(atoms, np.tile(model.weights, len(places)))
    density = botalign.simulate(complex_model, resolution, voxel_size_angstrom=resolution / 4)
    spread = density.data[density.data > 0.2 * density.data.max()].std()
    density = density.with_data(density.data + np.float32(noise * spread) * standard_normal(density, rng))
    part, motion = moved(model, rng)
    name = f"{Path(path).stem}, {group}, {resolution:g} A" + (f", noise {noise:g}" if noise else "")
    truths = [compose(place, inverse(motion)) for place in places]
    return Case(name, density, part, part.points, resolution, group, truths)


def standard_normal(density: botalign.DensityMap, rng: np.random.Generator) -> Array:
    return rng.standard_normal(density.data.shape).astype(np.float32)


def clear(points: Array, rotations: Array) -> bool:
    """Whether copies by rotations about the origin do not touch."""
    tree = cKDTree(points)
    return all(tree.query(points @ each.T)[0].min() > APART for each in rotations[1:])


def groel(seed: int, *, cut: bool) -> Case:
    """Return EMD-1080 with its chain, or with a subunit cut from it, in a random pose."""
    case = load("emd_1080")
    whole = as_map(case.volume, case.voxel_angstrom, "EMD-1080")
    rng = np.random.default_rng([seed, 2])
    if not cut:
        part, _ = moved(botalign.read_model(data_folder() / "structures" / "1oel_A.pdb"), rng)
        return Case("EMD-1080, its chain", whole, part, part.points, 11.5, "D7", [])
    subunit = whole.with_data(case.volume * sector(case, 7))
    centre = whole.grid.centre_angstrom
    linear = random_rotations(1, rng)[0]
    density = botalign.resample(subunit, np.column_stack([linear, centre - linear @ centre]), whole.grid)
    z, y, x = np.nonzero(density.data > 0.5 * density.data.max())
    points = np.column_stack([x, y, z]) * case.voxel_angstrom + np.array(whole.grid.origin_angstrom)
    return Case("EMD-1080, a subunit cut from it", whole, density, points, None, "D7", [])


def rmsd(first: Array, second: Array, points: Array) -> float:
    apart = apply_transform(first, points) - apply_transform(second, points)
    return float(np.sqrt((apart**2).sum(axis=1).mean()))


def judged(case: Case, program: str, poses: list[Array], **facts: Any) -> Found:
    """Compare poses with the true places."""
    errors = np.array([[rmsd(pose, place, case.points) for place in case.places] for pose in poses])
    best = errors.min(axis=1)
    right, near = (len(set(errors.argmin(axis=1)[best < limit])) for limit in (RIGHT_ANGSTROM, NEAR_ANGSTROM))
    wrong = int((best >= NEAR_ANGSTROM).sum())
    return Found(case.name, program, len(case.places), len(poses), right, near, wrong, float(np.median(best)), **facts)


def with_botalign(case: Case, copies: int | str) -> tuple[Case, Found]:
    """Place the copies; of GroEL, derive the true places from the symmetry of its map."""
    began = time.process_time()
    result = botalign.align(case.whole, case.part, resolution=case.resolution, copies=copies, hand="keep", threads=1)
    seconds = time.process_time() - began
    assert result.copies is not None
    placed = [copy.moving_to_fixed for copy in result.copies.placed]
    axes = None
    if not case.places:
        own = botalign.orient(case.whole).symmetry
        assert own is not None
        case = Case(**(vars(case) | {"places": [compose(each, placed[0]) for each in own.operations]}))
        found = result.copies.symmetry
        if found is not None:
            operations = found.symmetry.operations[:, :, :3]
            axes = max(float(geodesic_degrees(own.operations[:, :, :3], each).min()) for each in operations)
    return case, judged(
        case, "botalign, counted" if copies == "auto" else "botalign", placed,
        certain=sum(copy.verdict == "certain" for copy in result.copies.placed), group=result.copies.group,
        axes_degrees=axes, cpu_seconds=seconds,
    )  # fmt: skip


def with_others(case: Case, python: Path | None, chimerax: str | None, timeout: float) -> Iterator[Found]:
    """Yield what PowerFit and ChimeraX find, if they are asked for, and if the part is a model, which both need."""
    if not isinstance(case.part, botalign.Model) or case.resolution is None:
        return
    given = case.whole, case.part, case.resolution
    answers = {}
    if python is not None:
        answers["PowerFit, first 20"] = copies_peers.powerfit(*given, python, timeout)
    if chimerax is not None:
        for how, name in copies_peers.FITMAP.items():
            answers[name] = copies_peers.chimerax(*given, len(case.places), how, chimerax, timeout)
    for name, answer in answers.items():
        if answer is not None:
            yield judged(case, name, answer[0], cpu_seconds=answer[1])


def row(found: Found) -> dict[str, object]:
    """Return a row of the table."""
    return {
        "case": found.case,
        "program": found.program,
        "copies": found.copies,
        "placed": found.placed,
        f"right (< {RIGHT_ANGSTROM:.0f} A)": found.right,
        f"< {NEAR_ANGSTROM:.0f} A": found.near,
        "wrong": found.wrong,
        "median A": f"{found.median_angstrom:.2f}",
        "certain": "-" if found.certain is None else found.certain,
        "group": found.group,
        "axes off by": "-" if found.axes_degrees is None else f"{found.axes_degrees:.3f} degrees",
        "CPU seconds": "-" if found.cpu_seconds is None else f"{found.cpu_seconds:.1f}",
    }


def print_overlaps() -> None:
    """Print the largest overlap of two chains in each complex of the data folder."""
    for whole in read_complexes(data_folder() / "fits"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            density = botalign.read(whole.path)
        options = botalign.AlignmentOptions(resolution=whole.resolution, partial=True, hand="keep")
        models = [botalign.read_model(chain.path) for chain in whole.chains.values()]
        problems = [AlignmentProblem.of(*maps_of(density, model, options), options) for model in models]
        bodies = [Body.of(PartPair.of(problem)) for problem in problems]
        shares = overlaps(bodies, [identity()] * len(bodies)) - np.eye(len(bodies))
        print(f"{whole.name}, {whole.resolution:g} A: {shares.max():.2f}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--poses", type=int, default=1, metavar="N", help="random poses of GroEL's part (default: 1)")
    parser.add_argument("--groups", default="", help="of the invented complexes, with commas (default: all)")
    parser.add_argument("--powerfit", action="store_true", help="run PowerFit too")
    parser.add_argument("--resolutions", default="10,20", help="of these maps, with commas (default: 10,20)")
    parser.add_argument("--no-noise", action="store_true", help="leave out the noisy maps")
    parser.add_argument(
        "--chimerax", nargs="?", const=os.environ.get("CHIMERAX", "ChimeraX"), metavar="EXECUTABLE",
        help="run ChimeraX too (default executable: $CHIMERAX)",
    )  # fmt: skip
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds for another program (default: 1800)")
    parser.add_argument("--overlap", action="store_true", help="print the overlaps of neighbours instead")
    chosen = parser.parse_args()
    groups = chosen.groups.split(",") if chosen.groups else [group for _, group in INVENTED]
    resolutions = [float(each) for each in chosen.resolutions.split(",")]
    settings = [
        (path, group, resolution, noise, number)
        for resolution, noise in SETTINGS
        for number, (path, group) in enumerate(INVENTED)
        if group in groups and resolution in resolutions and not (noise and chosen.no_noise)
    ]
    if chosen.overlap:
        print_overlaps()
        return
    python = interpreter("powerfit") if chosen.powerfit else None
    found: list[Found] = []

    def add(one: Found) -> None:
        found.append(one)
        print("  ".join(map(str, row(one).values())), flush=True)

    def measure(case: Case, number: int) -> None:
        for copies in (number, "auto"):
            known, one = with_botalign(case, copies)
            add(one)
        for other in with_others(known, python, chosen.chimerax, chosen.timeout):
            add(other)

    for pose in range(chosen.poses):
        for cut in (False, True):
            measure(groel(pose, cut=cut), 14)
    for each in settings:
        case = invented(*each)
        measure(case, len(case.places))
    text = f"{datetime.now():%Y-%m-%d}, {machine()}, one thread\n\n{markdown([row(each) for each in found])}\n"
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "copies.md").write_text(text)
    (results / "copies.json").write_text(json.dumps([asdict(each) for each in found], indent=1))
    print(f"\n{text}saved: benchmarks/results/copies.md and .json")


if __name__ == "__main__":
    main()
