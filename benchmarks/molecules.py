"""Maps of many molecules, all of about 64 voxels a side: real maps, simulated maps of chains, and phantoms."""

import itertools
import warnings

import numpy as np

import botalign
from botalign.alignment.survey import survey
from botalign.maps.resampling import SMOOTHING_VOXELS, smoothed
from maps import data_folder

MAPS = (
    "maps/emd_1883.map",
    "maps/emd_1439.map",
    "maps/clean70S_65.mrc",
    "maps/hand_phantom_64.mrc",
    "maps/emd_1080_groel_11.5A.mrc",
    "maps/atp_synthase_shaft_6A.mrc",
    "maps/EMD-3197.map",
    "maps/emd_0093_masked_220.mrc.gz",
    "pairs/emd_3342_emd_3340/emd_3342_sampled5A.mrc",
    "pairs/emd_3342_emd_3340/emd_3340_sampled5A.mrc",
    "pairs/emd_6206_emd_6208/emd_6206_sampled5A.mrc",
    "pairs/emd_6206_emd_6208/emd_6208_sampled5A.mrc",
    "sets/hetchallenge_32/1.mrc",
    "fits/1tyq/1tyq_10.mrc",
    "fits/3sfd/3sfd_15.mrc",
)
CHAINS = (
    *(f"fits/1tyq/1tyq.{chain}.pdb" for chain in "ABCDEFG"),
    *(f"fits/3sfd/3sfd.{chain}.pdb" for chain in "ABCD"),
    "structures/1oel_A.pdb",
    "structures/1ake_A.pdb",
    "structures/4ake.cif",
)
#: Resolutions of the simulated maps, in angstrom, and symmetries of the phantoms.
RESOLUTIONS = (8.0, 15.0)
SYMMETRIES = ("C1",) * 24 + ("C2", "C3", "C4", "D2", "D3", "T")
#: Molecules that have something in common: conformations, homologous chains, a chain and its complex.
RELATED = (
    ("emd_3342_sampled5A.mrc", "emd_3340_sampled5A.mrc"),
    ("emd_6206_sampled5A.mrc", "emd_6208_sampled5A.mrc"),
    ("1tyq.A.pdb", "1tyq.B.pdb"),
    ("1tyq.D.pdb", "1tyq.F.pdb"),
    ("1ake_A.pdb", "4ake.cif"),
    ("emd_1080_groel_11.5A.mrc", "1oel_A.pdb"),
    *(("1tyq_10.mrc", f"1tyq.{chain}.pdb") for chain in "ABCDEFG"),
    *(("3sfd_15.mrc", f"3sfd.{chain}.pdb") for chain in "ABCD"),
)
MOST_VOXELS, VOXELS = 72, 64

Molecule = tuple[str, botalign.DensityMap]


def molecules() -> list[Molecule]:
    """Return the names and maps of all molecules; maps of one molecule have the same name."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", botalign.MapWarning)
        found += [(name.split("/")[-1], botalign.read(data_folder() / name)) for name in MAPS]
    for name in CHAINS:
        model = botalign.read_model(data_folder() / name)
        found += [(name.split("/")[-1], botalign.simulate(model, resolution)) for resolution in RESOLUTIONS]
    found += [
        (f"phantom {seed} {symmetry}", botalign.phantom(48, voxel_size_angstrom=4.0, symmetry=symmetry, seed=seed))
        for seed, symmetry in enumerate(SYMMETRIES, start=1000)
    ]
    return [(name, _no_larger(density)) for name, density in found]


def unrelated_pairs(pool: list[Molecule], count: int, seed: int) -> list[tuple[Molecule, Molecule]]:
    """Return pairs of unrelated molecules, the second scaled to the size of the first."""
    related = {frozenset(pair) for pair in RELATED}
    pairs = [
        (first, second)
        for first, second in itertools.permutations(range(len(pool)), 2)
        if pool[first][0] != pool[second][0] and frozenset((pool[first][0], pool[second][0])) not in related
    ]
    # Of two molecules, each as fixed map counts once: their outlines and noise are not the same.
    np.random.default_rng(seed).shuffle(pairs)
    radius = [survey(density).radius_angstrom for _, density in pool]
    return [
        (pool[first], (pool[second][0], scaled(pool[second][1], radius[first] / radius[second])))
        for first, second in pairs[:count]
    ]


def scaled(density: botalign.DensityMap, factor: float) -> botalign.DensityMap:
    """Return a map with larger voxels."""
    grid = density.grid
    sides = tuple(factor * side for side in grid.voxel_size_angstrom)
    return botalign.DensityMap(density.data, botalign.Grid(grid.shape, sides, (0.0, 0.0, 0.0)))


def _no_larger(density: botalign.DensityMap) -> botalign.DensityMap:
    """Return a map with fewer voxels, if it has many."""
    side = max(density.grid.shape)
    if side <= MOST_VOXELS:
        return density
    voxel = density.grid.voxel_size_angstrom[0] * side / VOXELS
    sides = int(np.ceil(max(density.grid.size_angstrom) / voxel))
    grid = botalign.Grid.cube(sides, voxel, density.grid.centre_angstrom)
    return smoothed(density, grid, sigma_angstrom=SMOOTHING_VOXELS * voxel)
