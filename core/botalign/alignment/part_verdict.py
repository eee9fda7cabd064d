r"""The verdict on a part: whether its place stands out, and whether others fit as well.

Poses to which wrong candidates converge show how well the part fits by chance. With Fisher's transform
:math:`z = \operatorname{artanh} q` of the correlations of edges, and the mean :math:`\bar z` and standard deviation
:math:`s` of the worse half of the candidates, the best pose stands out by :math:`(z - \bar z) / s`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from botalign.alignment.records import Candidate
from botalign.alignment.verdict import Evidence
from botalign.arrays import Matrix

#: By how many standard deviations a match stands out at least, and what does not stand out at all
#: (``benchmarks/fits.py --absent``).
STANDS_OUT, LEAST = 9.0, 6.0
#: The smallest standard deviation that counts: that of a few candidates may be small by chance.
LEAST_SPREAD = 0.01
#: A match has at least this correlation of edges, unless the Fourier shell correlation shows both signs of a match.
LEAST_CORRELATION = 0.5
#: Two places differ if their centres are this far apart, in radii of the part. Nearer poses differ in rotation only.
ANOTHER_PLACE = 0.5


def standing(correlations: Sequence[float]) -> float:
    """Return by how many standard deviations the first of the candidates' correlations stands out from the others."""
    z = np.arctanh(np.clip(correlations, -0.999, 0.999))
    others = np.sort(z[1:])
    background = others[: max(3, len(others) // 2)]
    if len(background) < 3:
        return 0.0
    return float((z[0] - background.mean()) / max(background.std(), LEAST_SPREAD))


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
        Correlations of the edges of the candidates, all at one sampling; that of the best one first.
    evidence : Evidence
        Fourier shell correlation inside the part at the best pose.
    candidates : sequence of Candidate
        The candidates, the best one first, marked where they fit as well.
    places : sequence of ndarray, shape (3,)
        Where they put the centre of the part in the whole.
    radius_angstrom : float
        Radius of the part.
    """
    out, signs = standing(correlations), evidence.signs
    if out < LEAST and signs < 2:
        return "no match"
    resembles = (candidates[0].correlation or 0.0) >= LEAST_CORRELATION or signs == 2
    turned = any(
        candidate.as_good and float(np.linalg.norm(place - places[0])) < ANOTHER_PLACE * radius_angstrom
        for candidate, place in zip(candidates[1:], places[1:], strict=True)
    )
    return "certain" if out >= STANDS_OUT and resembles and not turned else "ambiguous"
