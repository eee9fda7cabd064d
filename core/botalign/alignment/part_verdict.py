"""The verdict on a part: whether its place stands out, and whether others fit as well.

Poses to which wrong candidates converge show how well the part fits by chance. With Fisher's transform
``z = artanh(q)`` of the correlations of edges, a place stands out if there is a gap between its ``z``, or those of
several equivalent places, and the ``z`` of all other candidates, that is large compared with their spread.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from botalign.alignment.records import Candidate
from botalign.alignment.shell_curve import shell_correlation_inside
from botalign.alignment.survey import Surveyed
from botalign.alignment.verdict import Evidence
from botalign.arrays import Matrix

#: A place stands out if the gap is this many standard deviations of the other candidates. Chains that a map does not
#: show reach about 2 (``benchmarks/fits.py --absent``).
STANDS_OUT = 3.0
#: Largest difference between equal places, as a fraction of the gap.
EQUAL = 1 / 3
#: The smallest standard deviation that counts, and the fewest other candidates, as a number and as a fraction of all.
LEAST_SPREAD, FEWEST, LEAST_FRACTION = 0.02, 8, 1 / 3
#: A match has at least this correlation of edges, unless the Fourier shell correlation shows both signs of a match.
LEAST_CORRELATION = 0.5
#: Two places differ if their centres are this far apart, in radii of the part. Nearer poses differ in rotation only.
ANOTHER_PLACE = 0.5


def standing(correlations: Sequence[float]) -> float:
    """Return the largest gap below the best correlations, in standard deviations of those below it.

    Above the gap are the best place and others that are equal to it: their differences are small compared with the gap.
    """
    z = np.sort(np.arctanh(np.clip(correlations, -0.999, 0.999)))[::-1]
    fewest = max(FEWEST, int(LEAST_FRACTION * len(z)))
    gaps = [
        (z[i - 1] - z[i]) / max(float(z[i:].std()), LEAST_SPREAD)
        for i in range(1, len(z) - fewest + 1)
        if z[0] - z[i - 1] <= EQUAL * (z[i - 1] - z[i])
    ]
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
    if len(correlations) <= FEWEST:  # a local search has too few others to compare with
        stands_out = evidence.signs == 2
    resembles = (candidates[0].correlation or 0.0) >= LEAST_CORRELATION or evidence.signs == 2
    if not (stands_out or resembles):
        return "no match"
    rotated = any(
        candidate.as_good and float(np.linalg.norm(place - places[0])) < ANOTHER_PLACE * radius_angstrom
        for candidate, place in zip(candidates[1:], places[1:], strict=True)
    )
    return "certain" if stands_out and resembles and not rotated else "ambiguous"


def evidence_inside(part: Surveyed, whole: Surveyed, transform: Matrix) -> Evidence:
    """Return the evidence inside the part, the whole moved by `transform`."""
    return Evidence(shell_correlation_inside(part, whole, transform), 2 * part.radius_angstrom)
