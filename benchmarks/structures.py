"""Conformations whose transform is known from atomic models: adenylate kinase, and pairs of real maps."""

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
    """Two maps, and the transform of their models, ``x_fixed = M[:, :3] @ x_moving + M[:, 3]`` in angstrom."""

    name: str
    fixed: botalign.DensityMap
    moving: botalign.DensityMap
    transform: Array


@dataclass(frozen=True)
class Atoms:
    """Positions ``(x, y, z)`` and electrons of the atoms of a chain, and the position of CA of each residue."""

    positions: Array
    electrons: Array
    alpha_carbons: dict[int, Array]


def adenylate_kinase() -> Known:
    """Simulate both states at 8 A; the transform superimposes the CORE domains."""
    folder = data_folder() / "structures"
    closed, opened = read_atoms(folder / "1ake_A.pdb"), read_atoms(folder / "4ake.cif")
    numbers = closed.alpha_carbons.keys() & opened.alpha_carbons.keys()
    shared = sorted(n for n in numbers if any(a <= n <= b for a, b in CORE_RESIDUES))
    to, start = (np.array([atoms.alpha_carbons[n] for n in shared]) for atoms in (closed, opened))
    linear = Rotation.align_vectors(to - to.mean(axis=0), start - start.mean(axis=0))[0].as_matrix()
    transform = np.column_stack([linear, to.mean(axis=0) - linear @ start.mean(axis=0)])
    return Known("adenylate kinase", simulated(closed, "closed"), simulated(opened, "open"), transform)


def given_pairs() -> list[Known]:
    """Read the pairs of real maps; MM-align's superposition of their models is good to a degree or two."""
    pairs = []
    for folder in sorted((data_folder() / "pairs").iterdir()):
        first, second = folder.name.removeprefix("emd_").split("_emd_")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", botalign.MapWarning)
            moving, fixed = (botalign.read(folder / f"emd_{name}_sampled5A.mrc") for name in (first, second))
        pairs.append(Known(folder.name, fixed, moving, read_mmalign(folder / f"{first}_{second}_mmalign.txt")))
    return pairs


def read_mmalign(path: Path) -> Array:
    """Read the transform that MM-align wrote: it takes the first structure, the moving map's, to the second."""
    rows = (line.split() for line in path.read_text().splitlines())
    numbers = np.array([row[1:] for row in rows if len(row) == 5 and row[0] in ("0", "1", "2")], dtype=np.float64)
    if numbers.shape != (3, 4):
        raise ValueError(f"{path}: found {len(numbers)} rows of a matrix, expected the output of MM-align with 3.")
    return np.column_stack([numbers[:, 1:], numbers[:, 0]])


def read_atoms(path: Path) -> Atoms:
    """Read the protein atoms of chain A from a PDB or an mmCIF file."""
    positions, electrons, alpha_carbons = [], [], {}
    for line in path.read_text().splitlines():
        if not line.startswith("ATOM"):
            continue
        if path.suffix == ".pdb":
            name, chain, number = line[12:16].strip(), line[21].strip() or "A", int(line[22:26])
            element, position = name.lstrip("0123456789")[0], [float(line[i : i + 8]) for i in (30, 38, 46)]
        else:
            fields = line.split()
            name, chain, number, element = fields[3], fields[6], int(fields[8]), fields[2]
            position = [float(value) for value in fields[10:13]]
        if chain != "A" or element == "H":
            continue
        positions.append(position)
        electrons.append(ELECTRONS[element])
        if name == "CA":
            alpha_carbons[number] = np.array(position)
    return Atoms(np.array(positions), np.array(electrons), alpha_carbons)


def simulated(atoms: Atoms, name: str, *, resolution: float = 8.0, voxel: float = 2.0) -> botalign.DensityMap:
    """Sum Gaussians at the atoms, of standard deviation resolution / (pi sqrt 2) as molmap of ChimeraX does."""
    middle = (atoms.positions.min(axis=0) + atoms.positions.max(axis=0)) / 2
    side = int(np.ceil((np.ptp(atoms.positions, axis=0).max() + 30) / voxel))
    grid = botalign.Grid.cube(side, voxel, middle)
    sigma = resolution / (np.pi * np.sqrt(2))
    z, y, x = (
        np.exp(-((grid.axis_angstrom(axis) - atoms.positions[:, [2 - axis]]) ** 2) / (2 * sigma**2))
        for axis in range(3)
    )
    data = np.einsum("n,ni,nj,nk->ijk", atoms.electrons, z, y, x, optimize=True)
    return botalign.DensityMap(data.astype(np.float32), grid, name)
