"""The verdict on a part: whether its place stands out, and whether others fit as well.

Poses to which wrong candidates converge show how well the part fits by chance. With Fisher's transform
``z = artanh(q)`` of the correlations of edges, a place stands out if there is a gap between its ``z``, or those of
several equivalent places, and the ``z`` of all other candidates, that is large compared with their spread.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from botalign.alignment.records import Candidate
from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.alignment.verdict import Evidence
from botalign.arrays import Matrix
from botalign.maps.grid import Grid
from botalign.maps.resampling import spline_at
from botalign.maps.splines import spline_coefficients
from botalign.scores import correlate_shells

#: A place stands out if the gap is this many standard deviations of the other candidates. Chains that a map does not
#: show reach about 2 (``benchmarks/fits.py --absent``).
STANDS_OUT = 3.0
#: The smallest standard deviation that counts, and the fewest other candidates, as a number and as a fraction of all.
LEAST_SPREAD, FEWEST, LEAST_FRACTION = 0.02, 8, 1 / 3
#: A match has at least this correlation of edges, unless the Fourier shell correlation shows both signs of a match.
LEAST_CORRELATION = 0.5
#: Two places differ if their centres are this far apart, in radii of the part. Nearer poses differ in rotation only.
ANOTHER_PLACE = 0.5
#: Standard deviation in voxels by which the contour of the part is softened for the Fourier shell correlation.
SOFTENED = 2.0


def standing(correlations: Sequence[float]) -> float:
    """Return the largest gap below the best correlations, in standard deviations of those below it."""
    z = np.sort(np.arctanh(np.clip(correlations, -0.999, 0.999)))[::-1]
    fewest = max(FEWEST, int(LEAST_FRACTION * len(z)))
    gaps = [(z[i - 1] - z[i]) / max(float(z[i:].std()), LEAST_SPREAD) for i in range(1, len(z) - fewest + 1)]
    return float(max(gaps, default=0.0))


def part_verdict(
    correlations: Sequence[float],
    evidence: Evidence,
    candidates: Sequence[Candidate],
    *,
    places: Sequence[Matrix],
    radius_angstrom: float,
) -> str:
    """Return ``"certain"``, ``"ambiguous"`` or ``"no match"``.

    Parameters
    ----------
    correlations : sequence of float
        Correlations of the edges of the candidates, all at one sampling.
    evidence : Evidence
        Fourier shell correlation inside the part at the best pose.
    candidates : sequence of Candidate
        The candidates, the best one first, marked where they fit as well.
    places : sequence of ndarray, shape (3,)
        Where they put the centre of the part in the whole.
    radius_angstrom : float
        Radius of the part.
    """
    stands_out = standing(correlations) >= STANDS_OUT
    resembles = (candidates[0].correlation or 0.0) >= LEAST_CORRELATION or evidence.signs == 2
    if not (stands_out or resembles):
        return "no match"
    rotated = any(
        candidate.as_good and float(np.linalg.norm(place - places[0])) < ANOTHER_PLACE * radius_angstrom
        for candidate, place in zip(candidates[1:], places[1:], strict=True)
    )
    return "certain" if stands_out and resembles and not rotated else "ambiguous"


def evidence_inside(part: Surveyed, whole: Surveyed, transform: Matrix) -> Evidence:
    """Return the Fourier shell correlation inside the softened contour of the part, the whole moved by `transform`."""
    ball, density = part.ball, part.density
    contour = ndimage.binary_dilation(density.data > part.level, iterations=1).astype(np.float32)
    mask = ndimage.gaussian_filter(contour, SOFTENED).ravel()[ball.inside]
    # Detail that the voxels of the other map cannot hold is not common detail: both maps are smoothed alike.
    sigma = common_sigma_angstrom(part, whole, part.voxel_angstrom)
    grid = Grid.cube(
        int(np.ceil(2 * whole.radius_angstrom / part.voxel_angstrom)) + 8, part.voxel_angstrom, whole.centre_angstrom
    )
    coefficients = spline_coefficients(whole.on(grid, sigma_angstrom=sigma))
    u = part.on(density.grid, sigma_angstrom=sigma).ravel()[ball.inside]
    v = spline_at(coefficients, grid, transform, density.grid, ball.points)
    # About their means: otherwise the mask itself, the same for both, would correlate.
    first, second = (ball.spectrum((w - np.float32(mask @ w / mask.sum())) * mask) for w in (u, v))
    shells = correlate_shells(first, second, density.grid.shape[0], voxel_size_angstrom=part.voxel_angstrom)
    return Evidence(shells, 2 * part.radius_angstrom)
