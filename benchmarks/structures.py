"""Conformations whose motion is known from models: adenylate kinase, closed and open, and pairs of real maps."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

import botalign
from maps import Array, data_folder

#: The CORE domain of adenylate kinase (Mueller et al. 1996), and electrons of its elements.
CORE_RESIDUES = ((1, 29), (68, 117), (161, 214))
ELECTRONS = {"C": 6, "N": 7, "O": 8, "S": 16}


@dataclass(frozen=True)
class Known:
    """Two maps, and the motion ``x_fixed = M[:, :3] @ x_moving + M[:, 3]`` in angstrom that their models tell."""

    name: str
    fixed: botalign.DensityMap
    moving: botalign.DensityMap
    motion: Array


@dataclass(frozen=True)
class Atoms:
    """Places ``(x, y, z)`` and electrons of a chain's atoms, and where each residue's CA lies."""

    places: Array
    electrons: Array
    trace: dict[int, Array]


def adenylate_kinase() -> Known:
    """Simulate both states at 8 A; the motion is that of the CORE domain."""
    folder = data_folder() / "structures"
    closed, opened = read_atoms(folder / "1ake_A.pdb"), read_atoms(folder / "4ake.cif")
    numbers = closed.trace.keys() & opened.trace.keys()
    shared = sorted(n for n in numbers if any(a <= n <= b for a, b in CORE_RESIDUES))
    to, start = (np.array([atoms.trace[n] for n in shared]) for atoms in (closed, opened))
    linear = Rotation.align_vectors(to - to.mean(axis=0), start - start.mean(axis=0))[0].as_matrix()
    motion = np.column_stack([linear, to.mean(axis=0) - linear @ start.mean(axis=0)])
    return Known("adenylate kinase", simulated(closed, "closed"), simulated(opened, "open"), motion)


def given_pairs() -> list[Known]:
    """Read the pairs of real maps; their motions are good to a few degrees."""
    pairs = []
    for folder in sorted((data_folder() / "pairs").iterdir()):
        first, second = folder.name.removeprefix("emd_").split("_emd_")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", botalign.MapWarning)
            moving, fixed = (botalign.read(folder / f"emd_{name}_sampled5A.mrc") for name in (first, second))
        pairs.append(Known(folder.name, fixed, moving, np.load(folder / f"{first}_{second}.npy")[:3]))
    return pairs


def read_atoms(path: Path) -> Atoms:
    """Read the protein atoms of chain A from a PDB or an mmCIF file."""
    places, electrons, trace = [], [], {}
    for line in path.read_text().splitlines():
        if not line.startswith("ATOM"):
            continue
        if path.suffix == ".pdb":
            name, chain, number = line[12:16].strip(), line[21].strip() or "A", int(line[22:26])
            element, place = name.lstrip("0123456789")[0], [float(line[i : i + 8]) for i in (30, 38, 46)]
        else:
            fields = line.split()
            name, chain, number, element = fields[3], fields[6], int(fields[8]), fields[2]
            place = [float(value) for value in fields[10:13]]
        if chain != "A" or element == "H":
            continue
        places.append(place)
        electrons.append(ELECTRONS[element])
        if name == "CA":
            trace[number] = np.array(place)
    return Atoms(np.array(places), np.array(electrons), trace)


def simulated(atoms: Atoms, name: str, *, resolution: float = 8.0, voxel: float = 2.0) -> botalign.DensityMap:
    """Sum Gaussians at the atoms, of standard deviation resolution / (pi sqrt 2) as molmap of ChimeraX does."""
    middle = (atoms.places.min(axis=0) + atoms.places.max(axis=0)) / 2
    side = int(np.ceil((np.ptp(atoms.places, axis=0).max() + 30) / voxel))
    grid = botalign.Grid.cube(side, voxel, middle)
    sigma = resolution / (np.pi * np.sqrt(2))
    z, y, x = (
        np.exp(-((grid.axis_angstrom(axis) - atoms.places[:, [2 - axis]]) ** 2) / (2 * sigma**2)) for axis in range(3)
    )
    data = np.einsum("n,ni,nj,nk->ijk", atoms.electrons, z, y, x, optimize=True)
    return botalign.DensityMap(data.astype(np.float32), grid, name)
