"""Artificial complexes: chains and domains of the data folder, packed without overlap, in a map with white noise.

``assemblies.py --packed`` uses them. The packing is random, so no program can know these complexes.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

import botalign
from botalign.geometry import apply_transform, compose, point_group, random_rotations
from botalign.maps.grid import Grid
from maps import Array

#: Atoms of two parts are at least this far apart.
CLOSEST_ANGSTROM = 3.5
#: Steps in which a part is moved outwards until it is free, how far at most, and directions that are tried.
STEP_ANGSTROM, FARTHEST_ANGSTROM, DIRECTIONS = 1.5, 300.0, 6
#: Voxels in the resolution, and the margin around the atoms, in resolutions.
VOXELS, MARGIN = 4, 1.5
#: The standard deviation of the noise is a multiple of that of the densities above this fraction of the largest one.
INSIDE = 0.2

#: Files in the data folder, and the ranges of residues that are used; all if there are none.
PARTS: dict[str, tuple[str, tuple[tuple[int, int], ...]]] = {
    "groel": ("structures/1oel_A.pdb", ()),
    "apical": ("structures/1oel_A.pdb", ((191, 376),)),
    "intermediate": ("structures/1oel_A.pdb", ((137, 190), (377, 408))),
    "kinase": ("structures/1ake_A.pdb", ()),
    "lid": ("structures/1ake_A.pdb", ((80, 190),)),
    **{f"1tyq.{chain}": (f"fits/1tyq/1tyq.{chain}.pdb", ()) for chain in "ABCDEFG"},
    "1tyq.A, domain": ("fits/1tyq/1tyq.A.pdb", ((150, 290),)),
    "1tyq.D, domain": ("fits/1tyq/1tyq.D.pdb", ((1, 120),)),
    **{f"3sfd.{chain}": (f"fits/3sfd/3sfd.{chain}.pdb", ()) for chain in "ABCD"},
}
#: The parts of each complex, their copies, its point group, and parts that it does not contain.
COMPLEXES: dict[str, tuple[dict[str, int], str, tuple[str, ...]]] = {
    "mixed": (dict.fromkeys(("apical", "kinase", "3sfd.D", "1tyq.G", "3sfd.C"), 1), "C1", ("1tyq.B", "1tyq.E")),
    "small": (
        dict.fromkeys(("intermediate", "lid", "3sfd.D", "1tyq.G", "3sfd.C", "1tyq.D, domain", "1tyq.A, domain"), 1),
        "C1",
        ("1tyq.B", "1tyq.E"),
    ),
    "large": (dict.fromkeys(("1tyq.A", "3sfd.B", "1tyq.F", "groel"), 1), "C1", ("kinase", "1tyq.E")),
    "ring": ({"kinase": 3, "3sfd.D": 3}, "C3", ("1tyq.B", "1tyq.E")),
}


@dataclass(frozen=True, eq=False)
class Packed:
    """A complex: its map, its parts, where their copies are, and parts that it does not contain."""

    density: botalign.DensityMap
    parts: dict[str, botalign.Model]
    places: dict[str, list[Array]]
    wrong: dict[str, botalign.Model]


def packed(name: str, data: Path, *, resolution: float, noise: float, seed: int) -> Packed:
    """Pack a complex, put it into a random pose, and simulate its map with white noise.

    The standard deviation of the noise is `noise` times that of the densities of the complex.
    """
    copies, group, wrong = COMPLEXES[name]
    parts = {each: read_part(each, data) for each in copies}
    rng = np.random.default_rng([seed, list(COMPLEXES).index(name)])
    places = _places(parts, copies, point_group(group), rng)
    frame = np.column_stack([random_rotations(1, rng)[0], rng.uniform(-50, 50, 3)])
    placed = {each: [compose(frame, place) for place in own] for each, own in places.items()}
    atoms = [apply_transform(place, parts[each].points) for each, own in placed.items() for place in own]
    weights = [parts[each].weights for each, own in placed.items() for _ in own]
    density = simulated(botalign.Model(np.concatenate(atoms), np.concatenate(weights)), resolution, noise, rng)
    return Packed(density, parts, placed, {each: read_part(each, data) for each in wrong})


def read_part(name: str, data: Path) -> botalign.Model:
    """Read the atoms of a part."""
    path, ranges = PARTS[name]
    if not ranges:
        return botalign.read_model(data / path)
    lines = [line for line in (data / path).read_text().splitlines() if line.startswith("ATOM")]
    kept = [line for line in lines if any(first <= int(line[22:26]) <= last for first, last in ranges)]
    with tempfile.TemporaryDirectory(prefix="botalign-packed-") as folder:
        file = Path(folder) / f"{name.replace(', ', '_')}.pdb"
        file.write_text("\n".join([*kept, "END", ""]))
        return botalign.read_model(file)


def _places(
    parts: dict[str, botalign.Model], copies: dict[str, int], operations: Array, rng: np.random.Generator
) -> dict[str, list[Array]]:
    """Return the places of all copies of each part: one after another moves outwards until it touches no other."""
    units = [name for name, count in copies.items() for _ in range(count // len(operations))]
    rng.shuffle(units)
    atoms = np.empty((0, 3))
    places: dict[str, list[Array]] = {name: [] for name in parts}
    for name in units:
        model, rotation = parts[name], random_rotations(1, rng)[0]
        centre = model.points.mean(axis=0)
        rotated = (model.points - centre) @ rotation.T
        directions = rng.normal(size=(DIRECTIONS, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        distances = [_distance(rotated, each, atoms, operations) for each in directions]
        nearest = int(np.argmin(distances))
        place = np.column_stack([rotation, distances[nearest] * directions[nearest] - rotation @ centre])
        for operation in operations:
            places[name].append(compose(np.column_stack([operation, np.zeros(3)]), place))
            atoms = np.concatenate([atoms, apply_transform(places[name][-1], model.points)])
    return places


def _distance(rotated: Array, direction: Array, atoms: Array, operations: Array) -> float:
    """Return how far from the origin a part touches neither its own copies nor other atoms."""
    for distance in np.arange(0, FARTHEST_ANGSTROM, STEP_ANGSTROM):
        points = rotated + distance * direction
        tree = cKDTree(points)
        others = [points @ operation.T for operation in operations[1:]] + ([atoms] if len(atoms) else [])
        if all(tree.query(each, distance_upper_bound=CLOSEST_ANGSTROM)[0].min() == np.inf for each in others):
            return float(distance)
    return np.inf


def simulated(model: botalign.Model, resolution: float, noise: float, rng: np.random.Generator) -> botalign.DensityMap:
    """Simulate the map of a model with white noise; its standard deviation is in units of that of the densities."""
    voxel, margin = resolution / VOXELS, MARGIN * resolution
    low, high = model.points.min(axis=0) - margin, model.points.max(axis=0) + margin
    x, y, z = (int(side) for side in np.ceil((high - low) / voxel))
    grid = Grid((z, y, x), (voxel,) * 3, tuple(low.tolist()))
    density = botalign.simulate(model, resolution, grid=grid)
    spread = float(density.data[density.data > INSIDE * density.data.max()].std())
    noisy = density.data + np.float32(noise * spread) * rng.standard_normal(density.data.shape, dtype=np.float32)
    return density.with_data(noisy)
