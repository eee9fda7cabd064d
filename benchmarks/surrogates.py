"""Alternative searches: the geodesic kernel, other acquisition functions, rotation and shift searched jointly.

``python benchmarks/surrogates.py`` runs the search alone on the clean pairs of ``accuracy.py``: WEMD at 32^3 from the
identity, without refinement. The paper prefers its chordal kernel (eq. 8) to the geodesic one (eq. 9), minimises the
posterior mean where textbooks use a lower confidence bound (Remark 3.2), and found a search over the product of shifts
and rotations slow (Section 6).
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage
from scipy.special import log_ndtr

from accuracy import Case, as_map, load, make_pair
from botalign.alignment.losses import distance_for
from botalign.alignment.survey import survey
from botalign.alignment.working_pair import WorkingPair, working_pair
from botalign.geometry import matrix_from_quaternion, random_rotations, transform_about
from botalign.geometry.rotations import quaternion_from_matrix
from maps import Array
from poses import SHIFT_FRACTION, Pair
from report import machine
from symmetry import pose_error

NAMES = ("emd_1883", "emd_1439", "clean70S")
SIDE, NUGGET, STARTS = 32, 1e-3, 4
#: A descent stops at this gradient or step, both measured on the rotation matrices.
LEAST = 0.1
CHORD = np.sqrt(8.0)
Acquisition = Callable[[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class Variant:
    """A variant of the search.

    Attributes
    ----------
    name : str
        Name in the table.
    length_scale : float
        Length scale of the kernel, in units of the Frobenius norm, or in radians for the geodesic kernel.
    geodesic : bool
        Whether the kernel is the geodesic one.
    acquisition : callable
        Takes mean, standard deviation and lowest value so far; returns the acquisition to minimise, and its
        derivatives with respect to the first two.
    reach : float
        Largest shift as a fraction of the box; 0 searches rotations alone, about the centres of mass.
    shift_scale : float
        Length scale of the shifts in units of `reach`.
    evaluations : int
        Number of evaluations.
    """

    name: str
    length_scale: float = 0.75
    geodesic: bool = False
    acquisition: Acquisition = lambda mean, deviation, best: (mean, 1.0, 0.0)
    reach: float = 0.0
    shift_scale: float = 1.0
    evaluations: int = 200


def confidence(beta: float) -> Acquisition:
    """Return the lower confidence bound: the mean minus `beta` standard deviations."""
    return lambda mean, deviation, best: (mean - beta * deviation, 1.0, -beta)


def improvement(mean: float, deviation: float, best: float) -> tuple[float, float, float]:
    """Return the negative logarithm of the expected improvement, whose slopes are of order 1."""
    z = (best - mean) / deviation
    density, share = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi), np.exp(log_ndtr(z))
    expected = max(deviation * (z * share + density), 1e-300)
    return -np.log(expected), share / expected, -density / expected


class Process:
    """A Gaussian process over rotations, and over shifts in units that make the length scales equal.

    A point is a unit quaternion, followed by a shift if shifts are searched.
    """

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.points = np.empty((0, 4 + (3 if variant.reach else 0)))
        self.values: Array = np.empty(0)

    def add(self, point: Array, value: float) -> None:
        """Add a value and update the process."""
        self.points = np.vstack([self.points, point])
        self.values = np.append(self.values, value)
        covariance = np.stack([self.kernel(each)[0] for each in self.points])
        self.least_eigenvalue = float(np.linalg.eigvalsh(covariance)[0]) if len(self.values) % 50 == 0 else np.nan
        self.inverse = np.linalg.inv(covariance + NUGGET * np.eye(len(self.values)))
        self.weights = self.inverse @ self.values
        # Maximum-likelihood scale of the process; the mean does not need it.
        self.scale = float(np.sqrt(abs(self.values @ self.weights) / len(self.values)))

    def kernel(self, point: Array) -> tuple[Array, Array]:
        """Return the covariances with all points so far, shape (n,), and their gradients at `point`, shape (n, d)."""
        length = self.variant.length_scale
        dot = self.points[:, :4] @ point[:4]
        if self.variant.geodesic:
            angle = 2 * np.arccos(np.minimum(np.abs(dot), 1.0))
            values = np.exp(-(angle**2) / (2 * length**2))
            # The angle over its sine tends to 1 where the angle vanishes.
            slope = values * 4 / length**2 * np.sign(dot) / np.sinc(angle / (2 * np.pi))
        else:
            values = np.exp(-4 * (1 - dot**2) / length**2)
            slope = values * 8 * dot / length**2
        offset = self.points[:, 4:] - point[4:]
        of_shift = np.exp(-(offset**2).sum(axis=1) / (2 * length**2))
        of_rotation = (slope * of_shift)[:, None] * self.points[:, :4]
        return values * of_shift, np.hstack([of_rotation, (values * of_shift / length**2)[:, None] * offset])

    def acquisition(self, point: Array) -> tuple[float, Array]:
        """Return the acquisition and its gradient along the product of sphere and shifts."""
        covariances, slopes = self.kernel(point)
        solved = self.inverse @ covariances
        deviation = np.sqrt(max(1 - float(covariances @ solved), 1e-9))
        value, by_mean, by_deviation = self.variant.acquisition(
            float(covariances @ self.weights), self.scale * deviation, float(self.values.min())
        )
        gradient = slopes.T @ (by_mean * self.weights - by_deviation * self.scale / deviation * solved)
        gradient[:4] -= (gradient[:4] @ point[:4]) * point[:4]
        return value, gradient

    def descend(self, point: Array) -> tuple[Array, float]:
        """Descend by steepest descent with the stopping rules of :meth:`botalign.search.Surrogate.descend`."""
        # A step of the quaternion is sqrt(8) times as long for the matrix; a step of the shift is unchanged.
        metric = np.array([CHORD] * 4 + [1.0] * (len(point) - 4))
        value, gradient = self.acquisition(point)
        length = 0.0
        for _ in range(500):
            scaled = gradient / metric
            slope = float(np.linalg.norm(scaled))
            if slope < LEAST:
                break
            length = 0.3 if length == 0 else min(0.85, 2 * length)
            while True:
                trial = point - length * scaled / slope / metric
                trial[:4] /= np.linalg.norm(trial[:4])
                trial_value, trial_gradient = self.acquisition(trial)
                if trial_value <= value - 0.3 * length * slope or length < 1e-4:
                    break
                length *= 0.5
            if trial_value > value:
                break
            point, value, gradient = trial, trial_value, trial_gradient
            if length < LEAST:
                break
        return point, value


def searched(loss: Callable[[Array], float], variant: Variant, seed: int) -> tuple[Array, float]:
    """Minimise a loss; return the best point and the smallest eigenvalue of all covariance matrices."""
    rng = np.random.default_rng(seed)
    process = Process(variant)
    point = np.r_[1.0, 0, 0, 0, [0.0] * (process.points.shape[1] - 4)]
    scale, eigenvalue = 1.0, np.inf
    for number in range(variant.evaluations):
        if number:
            starts = quaternion_from_matrix(random_rotations(STARTS, rng))
            if variant.reach:
                shifts = rng.uniform(-1, 1, (STARTS, 3)) * variant.length_scale / variant.shift_scale
                starts = np.hstack([starts, shifts])
            point = min((process.descend(start) for start in starts), key=lambda end: end[1])[0]
            point[4:] = np.clip(point[4:], *(np.array([-1, 1]) * variant.length_scale / variant.shift_scale))
        value = loss(point)
        scale = value if number == 0 and value > 0 else scale
        process.add(point, value / scale)
        eigenvalue = np.fmin(eigenvalue, process.least_eigenvalue)
    return process.points[process.values.argmin()], eigenvalue


def problem(case: Case, pair: Pair, variant: Variant) -> tuple[WorkingPair, Callable[[Array], float], float]:
    """Return the working pair, its loss as a function of a point, and the unit of shifts in angstrom."""
    surveyed = [survey(as_map(volume, case.voxel_angstrom, "map")) for volume in (pair.fixed, pair.moving)]
    reach = variant.reach * case.volume.shape[0] / 1.25 * case.voxel_angstrom
    if variant.reach:  # only the boxes and the largest shift are known
        middle = as_map(case.volume, case.voxel_angstrom, "map").grid.centre_angstrom
        surveyed = [
            replace(each, centre_angstrom=middle, radius_angstrom=each.radius_angstrom + reach) for each in surveyed
        ]
    working = working_pair(*surveyed, size=SIDE)
    distance = distance_for("wemd", (SIDE,) * 3, wavelet="sym3", scales=6, voxel_angstrom=working.voxel_angstrom)
    unit = reach * variant.shift_scale / variant.length_scale

    def loss(point: Array) -> float:
        rotated = working.rotated(matrix_from_quaternion(point[:4]))
        if variant.reach:
            rotated = ndimage.shift(rotated, point[:3:-1] * unit / working.voxel_angstrom, order=1)
        return distance(rotated, working.fixed)

    return working, loss, unit


def row(variant: Variant, name: str, poses: int, seed: int) -> dict[str, str]:
    """Search all pairs of a map; return a row of the table."""
    case = load(name)
    degrees, voxels, seconds, eigenvalues = [], [], [], []
    for pose in range(poses):
        pair = make_pair(case, np.random.default_rng([seed, pose, 0]), mirrored=False)
        working, loss, unit = problem(case, pair, variant)
        began = time.process_time()
        point, eigenvalue = searched(loss, variant, pose + 1000)
        seconds.append(time.process_time() - began)
        eigenvalues.append(eigenvalue)
        centre = working.fixed_centre + (unit * point[4:] if variant.reach else 0.0)
        found = transform_about(matrix_from_quaternion(point[:4]), working.moving_centre, centre)
        found[:, 3] /= case.voxel_angstrom
        error = pose_error(found, pair, case.group, case.centre)
        degrees.append(error.angle_degrees)
        voxels.append(error.shift_voxels)
    return {
        "map": name,
        "search": variant.name,
        "evaluations": str(variant.evaluations),
        "within 5 degrees": f"{sum(angle <= 5 for angle in degrees)}/{poses}",
        "within 10 degrees": f"{sum(angle <= 10 for angle in degrees)}/{poses}",
        "median degrees": f"{np.median(degrees):.2f}",
        "median voxels": f"{np.median(voxels):.2f}",
        "least eigenvalue": f"{min(eigenvalues):.1e}",
        "CPU seconds": f"{np.median(seconds):.2f}",
    }


VARIANTS = (
    Variant("chordal kernel, 0.75, posterior mean"),
    Variant("geodesic kernel, 0.53", length_scale=0.75 / np.sqrt(2), geodesic=True),
    Variant("geodesic kernel, 0.75", length_scale=0.75, geodesic=True),
    Variant("confidence bound, 0.5", acquisition=confidence(0.5)),
    Variant("confidence bound, 1", acquisition=confidence(1.0)),
    Variant("confidence bound, 2", acquisition=confidence(2.0)),
    Variant("expected improvement", acquisition=improvement),
    Variant("jointly with the shift, 1", reach=SHIFT_FRACTION),
    Variant("jointly with the shift, 3", reach=SHIFT_FRACTION, shift_scale=3.0),
    Variant("jointly with the shift, 3", reach=SHIFT_FRACTION, shift_scale=3.0, evaluations=400),
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", default=",".join(NAMES), help="names, with commas (default: %(default)s)")
    parser.add_argument("--search", default="", help="only variants whose name contains this")
    parser.add_argument("--poses", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    print(machine())
    for variant in VARIANTS:
        if chosen.search in variant.name:
            for name in chosen.maps.split(","):
                print(row(variant, name, chosen.poses, chosen.seed), flush=True)


if __name__ == "__main__":
    main()
