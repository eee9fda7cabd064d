r"""The verdict: whether the maps match, and whether another pose fits as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from botalign.alignment.fitting import FitProblem
from botalign.alignment.records import Candidate
from botalign.alignment.symmetry import Symmetry
from botalign.arrays import Matrix
from botalign.scores import ShellCorrelation

#: Details are finer than this fraction of the diameter of the molecule. Coarser features are its outline, and the
#: outlines of unrelated molecules agree too once they are aligned.
OUTLINE = 1 / 3
#: Beyond this fraction of the finest shell, smoothing has removed too much of a map.
SMOOTHED_AWAY = 0.8
#: A candidate whose quality is this close to that of the best one may fit as well.
CLOSE_QUALITY = 0.1
#: The two signs of a match: the details agree by more standard errors than the first number, and the Fourier shell
#: correlation falls below 0.5 at a resolution no coarser than the second number times the diameter. Unrelated molecules
#: show one of them by chance, noisy copies both (``benchmarks/verdicts.py``).
LEAST_SIGNIFICANCE, COARSEST = 4.5, 1 / 4


@dataclass(frozen=True, eq=False)
class Evidence:
    """Evidence for a verdict.

    Attributes
    ----------
    shells : ShellCorrelation
        Fourier shell correlation at the best pose.
    diameter_angstrom : float
        Diameter of the molecule.
    share : float
        Fraction of the molecule that was compared: less than 1 if only the common part was.
    """

    shells: ShellCorrelation
    diameter_angstrom: float
    share: float = 1.0

    @property
    def compared_angstrom(self) -> float:
        """Diameter of a ball with the volume that was compared."""
        return self.diameter_angstrom * float(np.cbrt(self.share))

    @property
    def signs(self) -> int:
        """How many of the two signs of a match are present."""
        resolved = self.shells.resolution(0.5) <= COARSEST * self.compared_angstrom
        agrees = significance(self.shells, self.compared_angstrom, share=self.share) >= LEAST_SIGNIFICANCE
        return int(resolved) + int(agrees)


def significance(shells: ShellCorrelation, diameter_angstrom: float, *, share: float = 1.0) -> float:
    r"""Return the agreement of the details of two maps, in standard errors.

    .. math:: z = \frac{\sum_s n_s \mathrm{FSC}(s)}{\sqrt{\sum_s n_s}}

    over the shells finer than a third of the diameter. Here :math:`n_s = \pi s^2` is half the number of independent
    coefficients in shell :math:`s` of a box with twice the volume of the molecule, so that :math:`z` has standard
    deviation 1 if the maps have nothing in common. For a fraction of the molecule it is smaller in proportion.
    """
    frequency = shells.frequency_per_angstrom
    used = (frequency > 1 / (OUTLINE * diameter_angstrom)) & (frequency < SMOOTHED_AWAY * frequency[-1])
    if not used.any():
        return 0.0
    count = share * np.pi * (np.arange(1, len(frequency) + 1)[used]) ** 2.0
    return float(count @ shells.correlation[used] / np.sqrt(count.sum()))


def mark_equals(
    fit: FitProblem,
    candidates: list[Candidate],
    *,
    pose_of: Callable[[Candidate], Matrix] = lambda candidate: candidate.moving_to_fixed,
) -> list[Candidate]:
    """Mark the candidates that fit as well as the first one, within the error of the difference.

    Parameters
    ----------
    fit : FitProblem
        The fit by which they are compared.
    candidates : list of Candidate
        Candidates, the best one first.
    pose_of : callable, optional
        Returns the pose of a candidate in `fit`.
    """
    best = candidates[0]
    marked = [best]
    for candidate in candidates[1:]:
        near = candidate.quality > best.quality - CLOSE_QUALITY
        if near and candidate.mirrored == best.mirrored:
            as_good = fit.is_as_good(pose_of(best), pose_of(candidate))
            candidate = replace(candidate, as_good=as_good)
        marked.append(candidate)
    return marked


def verdict(evidence: Evidence, candidates: tuple[Candidate, ...]) -> str:
    """Return ``"certain"``, ``"ambiguous"`` or ``"no match"``.

    A match shows both signs, unrelated maps neither. A single sign is ambiguous. So is a match if another pose fits as
    well; poses that a symmetry makes equivalent to the result are not among the candidates.
    """
    if not evidence.signs:
        return "no match"
    several = any(candidate.as_good for candidate in candidates[1:])
    return "certain" if evidence.signs == 2 and not several else "ambiguous"


def verdict_text(
    decided: str | None,
    candidates: Sequence[Candidate],
    symmetry: Symmetry | None,
    *,
    of_part: bool = False,
    wrong_hand: bool = False,
) -> str:
    """Return a verdict as text.

    Parameters
    ----------
    decided : str or None
        The verdict.
    candidates : sequence of Candidate
        The candidates, the result first.
    symmetry : Symmetry or None
        Point group that makes poses equivalent to the result.
    of_part : bool, optional
        Whether a part was searched for.
    wrong_hand : bool, optional
        Whether the map has not the hand of the model that it was compared with.
    """
    if wrong_hand and decided is not None and not candidates[0].mirrored:
        return f"{decided}: the map has the wrong hand, so it must be flipped first"
    others = sum(candidate.as_good for candidate in candidates[1:])
    equivalent = f", one of {others + 1} places that fit equally well" if others else ""
    if symmetry is not None:
        equivalent = f", one of {symmetry.order} equivalent poses (symmetry {symmetry.group})"
    flipped = ", the map mirrored because it has the wrong hand" if wrong_hand else ""
    as_good = f"{others} other {'pose fits' if others == 1 else 'poses fit'} as well"
    return {
        "certain": f"certain{equivalent}{flipped}",
        "ambiguous": f"ambiguous: {as_good if others else 'the maps agree too little to be certain'}",
        "no match": "no match: no place of the part stands out; the map may not show it, or a voxel size is wrong"
        if of_part
        else "no match: only the outlines of the maps agree; check their voxel sizes and contrast",
        None: "none: the pose was not refined",
    }[decided]
