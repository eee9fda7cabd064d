"""The verdict on a part: whether its place stands out, and whether others fit as well.

Poses to which wrong candidates converge show how well the part fits by chance; see
:mod:`botalign.alignment.place_chances`. A place stands out if there is a gap between its ``z``, Fisher's transform of
the correlation of edges, or those of several equivalent places, and the ``z`` of all other candidates, that is large
compared with their spread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from botalign.alignment.details import OUTLINE, SMOOTHED_AWAY
from botalign.alignment.hand import HandDecision
from botalign.alignment.place_chances import FEWEST, LEAST_SPREAD, PlaceChances, fisher
from botalign.alignment.records import Candidate
from botalign.alignment.shell_curve import shell_correlation_inside
from botalign.alignment.survey import Surveyed
from botalign.alignment.verdict import LARGEST_PROBABILITY, verdict
from botalign.arrays import Matrix
from botalign.scores import ShellCorrelation

#: A place stands out if the gap is this many standard deviations of the other candidates. Chains that a map does not
#: show reach about 2 (``benchmarks/fits.py --absent``).
STANDS_OUT = 3.0
#: Largest difference between equal places, as a fraction of the gap.
EQUAL = 1 / 3
#: The fewest other candidates, as a fraction of all.
LEAST_FRACTION = 1 / 3
#: A match has at least this correlation of edges, unless the Fourier shell correlation shows both signs of a match.
LEAST_CORRELATION = 0.5
#: The two signs of a match: the details agree by more standard errors than the first number, and the Fourier shell
#: correlation falls below 0.5 at a resolution no coarser than the second number times the diameter. Unrelated molecules
#: show one of them by chance, noisy copies both (``benchmarks/verdicts.py``).
LEAST_SIGNIFICANCE, COARSEST = 4.5, 1 / 4
#: Two places differ if their centres are this far apart, in radii of the part. Nearer poses differ in rotation only.
ANOTHER_PLACE = 0.5
#: Poses this close to a better one, in degrees and radii of the part, fit for the same reason. Around the right place
#: they are no wrong places, and how well the best of them fits depends on the start.
SURROUNDINGS = 45.0, ANOTHER_PLACE
#: Poses at one place, whatever the rotation is, in degrees and radii of the part.
SAME_PLACE = 360.0, ANOTHER_PLACE


def standing(correlations: Sequence[float]) -> float:
    """Return the largest gap below the best correlations, in standard deviations of those below it.

    Above the gap are the best place and others that are equal to it: their differences are small compared with the gap.
    """
    return max(_gaps(fisher(correlations)), default=0.0)


def _gaps(z: Matrix) -> Iterator[float]:
    """Yield the gaps below equal places, in standard deviations of the others."""
    fewest = max(FEWEST, int(LEAST_FRACTION * len(z)))
    for i in range(1, len(z) - fewest + 1):
        if z[0] - z[i - 1] <= EQUAL * (z[i - 1] - z[i]):
            yield float((z[i - 1] - z[i]) / max(float(z[i:].std()), LEAST_SPREAD))


def part_probability(
    correlations: Sequence[float], signs: int, correlation: float, *, tries: int = 1, undetermined: bool = False
) -> float | None:
    """Return the probability that a wrong place fits as well as the best; None if there are too few others.

    Parameters
    ----------
    correlations : sequence of float
        Correlations of the edges of the candidates, all at one sampling.
    signs : int
        How many signs of a match the details inside the part show; see :func:`signs_inside`.
    correlation : float
        Correlation of the edges at the best place, at the finest sampling. If it is low, and a sign is missing or the
        pose is undetermined, the place does not resemble the part.
    tries : int, optional
        Of how many searches this is the best one.
    undetermined : bool, optional
        Whether the maps leave the rotation about an axis or the position along one undetermined. A smooth part of an
        unrelated map may show both signs, but not where it belongs.
    """
    probability = PlaceChances.of(correlations, tries=tries).best
    if probability is not None and correlation < LEAST_CORRELATION and (signs < 2 or undetermined):
        return 1.0
    return probability


def part_matches(probability: float | None, signs: int, correlation: float) -> bool:
    """Whether the best place is a match: by its probability, or if it is unknown, by how much it resembles the part.

    If only few rotations or shifts are searched, too few other places are known. Then the correlation of the edges must
    not be low, and both signs of a match are necessary: by chance, there are places that have only the signs.
    """
    if probability is None:
        return signs == 2 and correlation >= LEAST_CORRELATION
    return probability < LARGEST_PROBABILITY


def part_verdict(
    matches: bool,
    candidates: Sequence[Candidate],
    *,
    places: Sequence[Matrix],
    radius_angstrom: float,
    hand: HandDecision | None = None,
    at_limit: bool = False,
    undetermined: bool = False,
) -> str:
    """Return ``"certain"``, ``"ambiguous"`` or ``"no match"``.

    Parameters
    ----------
    matches : bool
        Whether the best place is a match; see :func:`part_matches`.
    candidates : sequence of Candidate
        The candidates, the best one first, marked where they fit as well. Equal places elsewhere are no reason to
        doubt: the whole may show the part several times.
    places : sequence of ndarray, shape (3,)
        Where they put the centre of the part in the whole.
    radius_angstrom : float
        Radius of the part.
    hand, at_limit, undetermined
        As for :func:`botalign.alignment.verdict.verdict`.
    """
    here = [
        candidate
        for candidate, place in zip(candidates, places, strict=True)
        if float(np.linalg.norm(place - places[0])) < ANOTHER_PLACE * radius_angstrom
    ]
    return verdict(matches, here, hand=hand, at_limit=at_limit, undetermined=undetermined)


def signs_inside(part: Surveyed, whole: Surveyed, transform: Matrix) -> int:
    """Return how many of the two signs of a match are present inside the part, the whole moved by `transform`."""
    shells, diameter = shell_correlation_inside(part, whole, transform), 2 * part.radius_angstrom
    resolved = shells.resolution(0.5) <= COARSEST * diameter
    return int(resolved) + int(significance(shells, diameter) >= LEAST_SIGNIFICANCE)


def significance(shells: ShellCorrelation, diameter_angstrom: float) -> float:
    r"""Return the agreement of the details of two maps, in standard errors.

    .. math:: z = \frac{\sum_s n_s \mathrm{FSC}(s)}{\sqrt{\sum_s n_s}}

    over the shells finer than a third of the diameter. Here :math:`n_s = \pi s^2` is half the number of independent
    coefficients in shell :math:`s` of a box with twice the volume of the molecule, so that :math:`z` has standard
    deviation 1 if the maps have nothing in common. Unlike the score of the details of whole maps, it is not a maximum
    over the finest shell: it is compared with a limit, not with the scores of wrong poses.
    """
    frequency = shells.frequency_per_angstrom
    used = (frequency > 1 / (OUTLINE * diameter_angstrom)) & (frequency < SMOOTHED_AWAY * frequency[-1])
    if not used.any():
        return 0.0
    count = np.pi * (np.arange(1, len(frequency) + 1)[used]) ** 2.0
    return float(count @ shells.correlation[used] / np.sqrt(count.sum()))
