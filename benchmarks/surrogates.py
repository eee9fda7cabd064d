"""Other searches than the one in use: the geodesic kernel, other acquisitions, rotation and shift searched jointly.

``python benchmarks/surrogates.py`` takes the clean pairs of ``accuracy.py`` and looks at the search alone, WEMD at 32^3
from the identity, without refinement. The paper prefers its chordal kernel (eq. 8) to the geodesic one (eq. 9),
minimises the posterior mean where a lower confidence bound is the textbook's choice (Remark 3.2), and found a search
over the product of shifts and rotations slow (Section 6).
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from botalign.alignment.preparation import survey
from scipy import ndimage
from scipy.special import log_ndtr

from accuracy import Case, as_map, load, make_pair
from botalign.alignment.losses import WorkingPair, distance_named, working_pair
from botalign.geometry import matrix_from_quaternion, random_rotations, transform_about
from botalign.geometry.rotations import quaternion_from_matrix
from maps import Array
from poses import SHIFT_FRACTION, Pair
from report import machine
from symmetry import pose_error

NAMES = ("emd_1883", "emd_1439", "clean70S")
SIDE, NUGGET, STARTS = 32, 1e-3, 4
#: Where a descent stops: gradient and step, both measured on the rotation matrices.
LEAST = 0.1
CHORD = np.sqrt(8.0)
Acquisition = Callable[[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class Variant:
    """A way to search.

    Attributes
    ----------
    name : str
        What the table calls it.
    length_scale : float
        Of the kernel, in units of the Frobenius norm, or radians for the geodesic one.
    geodesic : bool
        Which kernel.
    acquisition : callable
        Takes mean, standard deviation and lowest value so far; returns what to minimise, and its derivatives by the
        first two.
    reach : float
        How far shifts may go, as a share of the box; 0 searches rotations alone, about the centres of mass.
    shift_scale : float
        Length scale of the shifts, as a share of that.
    evaluations : int
        How many.
    """

    name: str
    length_scale: float = 0.75
    geodesic: bool = False
    acquisition: Acquisition = lambda mean, deviation, best: (mean, 1.0, 0.0)
    reach: float = 0.0
    shift_scale: float = 1.0
    evaluations: int = 200


def confidence(beta: float) -> Acquisition:
    """Lower confidence bound: the mean less so many standard deviations."""
    return lambda mean, deviation, best: (mean - beta * deviation, 1.0, -beta)


def improvement(mean: float, deviation: float, best: float) -> tuple[float, float, float]:
    """Return the expected improvement, its logarithm with the sign turned, so that slopes are of the size of 1."""
    z = (best - mean) / deviation
    density, share = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi), np.exp(log_ndtr(z))
    expected = max(deviation * (z * share + density), 1e-300)
    return -np.log(expected), share / expected, -density / expected


class Process:
    """A Gaussian process over rotations, and shifts in units that make its length scales equal.

    A point is a unit quaternion, and after it a shift if there is one.
    """

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.points = np.empty((0, 4 + (3 if variant.reach else 0)))
        self.values: Array = np.empty(0)

    def add(self, point: Array, value: float) -> None:
        """Add a value, and prepare for what is asked next."""
        self.points = np.vstack([self.points, point])
        self.values = np.append(self.values, value)
        covariance = np.stack([self.kernel(each)[0] for each in self.points])
        self.least_eigenvalue = float(np.linalg.eigvalsh(covariance)[0]) if len(self.values) % 50 == 0 else np.nan
        self.inverse = np.linalg.inv(covariance + NUGGET * np.eye(len(self.values)))
        self.weights = self.inverse @ self.values
        # The scale of the process, which the mean doesn't need: its maximum likelihood.
        self.scale = float(np.sqrt(abs(self.values @ self.weights) / len(self.values)))

    def kernel(self, point: Array) -> tuple[Array, Array]:
        """Return the covariances with all points so far, shape (n,), and their derivatives by `point`, shape (n, d)."""
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
        away = self.points[:, 4:] - point[4:]
        beside = np.exp(-(away**2).sum(axis=1) / (2 * length**2))
        turning = (slope * beside)[:, None] * self.points[:, :4]
        return values * beside, np.hstack([turning, (values * beside / length**2)[:, None] * away])

    def acquisition(self, point: Array) -> tuple[float, Array]:
        """Return what to minimise and its gradient along the product of sphere and shifts."""
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
        """Go down by steepest descent, as :meth:`botalign.search.Surrogate.descend` does, stopped as early."""
        # A step of the quaternion is one sqrt(8) times as long of the matrix; a shift counts as it is.
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
    """Minimise a loss; return the best point and the least eigenvalue of the covariances that was seen."""
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
    """Return the pair at working size, its loss at a point, and how many angstrom the unit of a shift is."""
    surveyed = [survey(as_map(volume, case.voxel_angstrom, "map")) for volume in (pair.fixed, pair.moving)]
    reach = variant.reach * case.volume.shape[0] / 1.25 * case.voxel_angstrom
    if variant.reach:  # nothing is known but the boxes, and how far off a molecule may be
        middle = as_map(case.volume, case.voxel_angstrom, "map").grid.centre_angstrom
        surveyed = [
            replace(each, centre_angstrom=middle, radius_angstrom=each.radius_angstrom + reach) for each in surveyed
        ]
    working = working_pair(*surveyed, size=SIDE)
    distance, _ = distance_named("wemd", working)
    unit = reach * variant.shift_scale / variant.length_scale

    def loss(point: Array) -> float:
        turned = working.rotated(matrix_from_quaternion(point[:4]))
        if variant.reach:
            turned = ndimage.shift(turned, point[:3:-1] * unit / working.voxel_angstrom, order=1)
        return distance(turned, working.fixed)

    return working, loss, unit


def row(variant: Variant, name: str, poses: int, seed: int) -> dict[str, str]:
    """Search all pairs of a map; return a line of the table."""
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
        "processor seconds": f"{np.median(seconds):.2f}",
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
    parser.add_argument("--search", default="", help="only variants with this in their name")
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
