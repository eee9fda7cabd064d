"""The unit of the wavelet earth mover's distance: its ratio to the exact distance between a map and its moved copy.

``python benchmarks/wemd_unit.py`` shifts and rotates copies of the maps of the benchmark. The exact distance of a shift
is its length. That of a rotation is estimated by an optimal assignment between points drawn from the mass of a map and
the same points, rotated.
"""

import argparse
import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

import botalign
from botalign.alignment.masses import common_masses, wemd_at
from botalign.alignment.survey import Surveyed, survey
from botalign.geometry import apply_transform, identity, matrix_from_rotation_vector, transform_about
from botalign.maps.resampling import grid_points
from botalign.transport import WaveletDistance
from maps import MAPS, Array, data_folder
from report import machine

#: Lengths of the shifts, as fractions of the radius of the molecule, and angles of the rotations.
SHIFTS, DEGREES = (0.01, 0.1, 0.8), (5, 20, 60, 120)
POINTS = 1500
DIRECTIONS = 4


def raw(fixed: Surveyed, transform: Array) -> float:
    """Return the sum over wavelet coefficients, in angstrom."""
    grid, first, second = common_masses(fixed, fixed, transform)
    return WaveletDistance(grid.shape, voxel_size=grid.voxel_size_angstrom[0])(first, second)


def exact(fixed: Surveyed, transform: Array, rng: np.random.Generator) -> float:
    """Return the earth mover's distance between points of a molecule and the same points, moved."""
    grid, mass, _ = common_masses(fixed, fixed, identity())
    weights = np.clip(mass.ravel().astype(float), 0, None)
    chosen = rng.choice(len(weights), POINTS, p=weights / weights.sum())
    inside = grid_points(grid.shape)[chosen] + rng.uniform(-0.5, 0.5, (POINTS, 3))
    points = np.array(grid.origin_angstrom) + grid.voxel_size_angstrom[0] * inside
    costs = cdist(points, apply_transform(transform, points))
    return float(costs[linear_sum_assignment(costs)].mean())


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    warnings.simplefilter("ignore", botalign.MapWarning)
    rng = np.random.default_rng(parser.parse_args().seed)
    print(machine())
    print(f"{'map':14}{'motion':>14}{'exact (A)':>11}{'wavelet sum / exact':>21}{'as reported / exact':>21}")
    for entry in MAPS.values():
        fixed = survey(botalign.read(data_folder() / "maps" / entry.file))
        axes = rng.normal(size=(DIRECTIONS, 3))
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
        motions = []
        for fraction in SHIFTS:
            length = fraction * fixed.radius_angstrom
            shifts = [np.column_stack([np.eye(3), length * axis]) for axis in axes]
            motions.append((f"{length:.1f} A", shifts, [length] * DIRECTIONS))
        for angle in DEGREES:
            centre = fixed.centre_angstrom
            turns = [
                transform_about(matrix_from_rotation_vector(np.radians(angle) * axis), centre, centre) for axis in axes
            ]
            motions.append((f"{angle} degrees", turns, [exact(fixed, turn, rng) for turn in turns]))
        for label, transforms, lengths in motions:
            sums = np.mean([raw(fixed, each) / length for each, length in zip(transforms, lengths, strict=True)])
            reported = np.mean(
                [wemd_at(fixed, fixed, each) / length for each, length in zip(transforms, lengths, strict=True)]
            )
            print(f"{entry.name:14}{label:>14}{np.mean(lengths):11.2f}{sums:21.1f}{reported:21.2f}", flush=True)


if __name__ == "__main__":
    main()
