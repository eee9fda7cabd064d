"""Atomic models and masks, where the right place is known.

``python benchmarks/models.py`` prints four tables: a chain of GroEL in a real map, residues 50 to 150 of adenylate
kinase in its own map at 8 A, both states of adenylate kinase in their places in a larger map, and masks over the
weakest density of a map against a copy of it.
"""

import argparse
import warnings

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

import botalign
from accuracy import markdown
from maps import Array, data_folder
from structures import read_atoms

RESOLUTION = 8.0
#: Fraction of the mass inside a mask, and the densities that count, in contour levels.
WEAKEST, FROM_LEVEL = 0.2, 0.3
#: Voxels over which a mask falls from 1 to 0.
SOFT = 3.0


def random_pose(points: Array, seed: int) -> Array:
    """Return a transform that rotates at random about the centre of positions."""
    linear = Rotation.random(random_state=np.random.default_rng(seed)).as_matrix()
    centre = points.mean(axis=0)
    return np.column_stack([linear, np.random.default_rng([seed, 1]).uniform(-10, 10, 3) + centre - linear @ centre])


def moved(transform: Array, points: Array) -> Array:
    """Return transformed positions."""
    return points @ transform[:, :3].T + transform[:, 3]


def rmsd(first: Array, second: Array) -> float:
    """Return the root mean square distance of positions."""
    return float(np.sqrt(((first - second) ** 2).sum(axis=1).mean()))


def groel(poses: int) -> list[dict[str, object]]:
    """Place a chain in the real map of GroEL, which has 14 places for it."""
    fixed = botalign.read(data_folder() / "maps" / "emd_1080_groel_11.5A.mrc")
    chain = botalign.read_model(data_folder() / "structures" / "1oel_A.pdb")
    rows = []
    for pose in range(poses):
        result = botalign.align(fixed, chain.moved(random_pose(chain.points, pose)), resolution=11.5)
        equal = 1 + sum(candidate.as_good for candidate in result.candidates)
        seconds = f"{result.seconds:.1f}"
        rows.append({"pose": pose, "verdict": result.verdict, "equal places": equal, "seconds": seconds})
    return rows


def domain(poses: int) -> list[dict[str, object]]:
    """Place residues 50 to 150 of each chain of 4ake in the map of both chains."""
    path = data_folder() / "structures" / "4ake.cif"
    fixed = botalign.simulate(botalign.read_model(path), RESOLUTION)
    rows = []
    for name in ("A", "B"):
        kept = in_residues(name)
        for pose in range(poses):
            there = random_pose(kept.points, pose)
            result = botalign.align(fixed, kept.moved(there), resolution=RESOLUTION)
            error = rmsd(moved(result.moving_to_fixed, moved(there, kept.points)), kept.points)
            rows.append({"chain": name, "pose": pose, "verdict": result.verdict, "RMSD in A": f"{error:.2f}"})
    return rows


def in_residues(chain: str, first: int = 50, last: int = 150) -> botalign.Model:
    """Return the atoms of some residues of a chain of 4ake."""
    import gemmi

    structure = gemmi.read_structure(str(data_folder() / "structures" / "4ake.cif"))
    residues = (each for each in structure[0][chain] if each.het_flag == "A" and first <= each.seqid.num <= last)
    atoms = [atom for residue in residues for atom in residue]
    points = np.array([atom.pos.tolist() for atom in atoms])
    return botalign.Model(points, np.array([float(atom.element.atomic_number) for atom in atoms]), (chain,))


def in_place() -> list[dict[str, object]]:
    """Align both states of adenylate kinase, side by side in one map, to where they are."""
    closed = read_atoms(data_folder() / "structures" / "1ake_A.pdb")
    opened = read_atoms(data_folder() / "structures" / "4ake.cif")
    shift = closed.positions.mean(axis=0) - opened.positions.mean(axis=0) + [62.0, 8.0, -5.0]
    models = {
        "closed": botalign.Model(closed.positions, closed.electrons),
        "open": botalign.Model(opened.positions + shift, opened.electrons),
    }
    points = np.concatenate([model.points for model in models.values()])
    both = botalign.Model(points, np.concatenate([model.weights for model in models.values()]))
    rows = []
    for resolution in (RESOLUTION, 10.0):
        fixed = botalign.simulate(both, resolution)
        for name, model in models.items():
            result = botalign.align(fixed, model, resolution=resolution)
            by = rmsd(moved(result.moving_to_fixed, model.points), model.points)
            rows.append({"state": name, "A": resolution, "verdict": result.verdict, "moved by A": f"{by:.3f}"})
    return rows


def masks(poses: int) -> list[dict[str, object]]:
    """Align a copy of a map to what a mask over its weakest density leaves of it."""
    rows = []
    for file, voxel in (("emd_1883.map", None), ("clean70S_65.mrc", 5.0)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", botalign.MapWarning)
            fixed = botalign.read(data_folder() / "maps" / file)
        if voxel is not None:  # the header has no voxel size
            grid = botalign.Grid(fixed.grid.shape, (voxel,) * 3, fixed.grid.origin_angstrom)
            fixed = botalign.DensityMap(fixed.data, grid, fixed.name)
        mask = weakest(fixed)
        found, certain = 0, 0
        for pose in range(poses):
            there = random_pose(fixed.grid.centre_angstrom[None], pose)
            copy = botalign.resample(fixed, there, fixed.grid)
            result = botalign.align(fixed, copy, mask_fixed=mask, hand="keep")
            corners = fixed.grid.centre_angstrom + 20 * np.concatenate([np.eye(3), -np.eye(3)])
            found += rmsd(moved(result.moving_to_fixed, moved(there, corners)), corners) < 2
            certain += result.verdict == "certain"
        rows.append({"map": file, "found": f"{found}/{poses}", "certain": certain})
    return rows


def weakest(density: botalign.DensityMap) -> botalign.DensityMap:
    """Return a soft mask of the side of a molecule where its density is weakest, with a fraction of its mass."""
    level = FROM_LEVEL * botalign.contour_level(density)
    above = np.clip(density.data - level, 0, None).astype(np.float64)
    places = np.argwhere(above > 0)
    mass = above[tuple(places.T)]
    centre = np.average(places, axis=0, weights=mass)
    best = (np.inf, np.zeros(3), 0.0)
    for direction in np.random.default_rng(0).normal(size=(200, 3)):
        direction /= np.linalg.norm(direction)
        along = (places - centre) @ direction
        order = np.argsort(-along)
        last = int(np.searchsorted(np.cumsum(mass[order]), WEAKEST * mass.sum()))
        best = min(best, (float(mass[order[:last]].mean()), direction, float(along[order[last]])), key=lambda b: b[0])
    along = (np.stack(np.indices(density.data.shape), axis=-1) - centre) @ best[1] - best[2]
    molecule = ndimage.binary_dilation(density.data > level, iterations=2).astype(np.float32)
    values = np.clip(along / SOFT + 0.5, 0, 1) * ndimage.gaussian_filter(molecule, 1)
    return density.with_data(np.clip(values, 0, 1).astype(np.float32))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--poses", type=int, default=3, help="random poses of each model (default: 3)")
    parser.add_argument("--mask-poses", type=int, default=10, help="random poses of each masked map (default: 10)")
    chosen = parser.parse_args()
    for title, rows in (
        ("A chain of GroEL in EMD-1080, 11.5 A", groel(chosen.poses)),
        ("Residues 50 to 150 of adenylate kinase, 8 A", domain(chosen.poses)),
        ("Adenylate kinase in its place", in_place()),
        ("Masks over the weakest 20% of the mass", masks(chosen.mask_poses)),
    ):
        print(f"\n{title}\n\n{markdown(rows)}", flush=True)


if __name__ == "__main__":
    main()
