"""By what candidates are fitted and judged: by the whole maps, or by the part that they have in common."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from botalign.alignment.agreement_weights import averaged_weights
from botalign.alignment.details import DetailPair
from botalign.alignment.evidence import Evidence, evidence
from botalign.alignment.fitting import FitProblem
from botalign.alignment.records import Candidate
from botalign.alignment.robust import RobustProblem
from botalign.arrays import Matrix, Volume
from botalign.geometry import compose, matrix_from_rotation_vector, transform_about

#: If the best pose of the search correlates as well as this, the maps are clearly copies, and no second search is made.
EVIDENT = 0.9
#: Before the coarse fit, a candidate this many times as far from correlation 1 as the best one is not fitted.
OUTCLASSED = 2.5
#: Angles about the best pose at which the fit of the common part starts again: also beyond the reach of a fit.
AROUND_DEGREES = (10.0, 30.0)
#: Standard deviation, in diameters of the molecule, of the Gaussian that averages the weights for the verdict. The
#: weights must not select the details that they judge: unrelated maps agree here and there by chance, and with a
#: narrower average the weights would follow that.
AVERAGED_DIAMETERS = 1 / 8


class Criterion(Protocol):
    """How candidates are fitted and judged."""

    def fit(self, problem: FitProblem) -> FitProblem:
        """Return the fit that is used, given that of the whole maps."""

    def split(self, candidates: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
        """Return the candidates to fit, and those that are not worth it."""

    def is_evident(self, candidates: Sequence[Candidate]) -> bool:
        """Whether the best candidates of the hands show that no second search is needed."""

    def more_starts(self, fit: FitProblem, best: Candidate) -> list[Candidate]:
        """Return further poses at which to fit, given the best candidate of a hand."""

    def evidence(
        self, pair: DetailPair, itself: Callable[[], DetailPair], fit: FitProblem, right: list[Matrix],
        wrong: list[Matrix],
    ) -> Evidence:  # fmt: skip
        """Return the evidence for the verdict on the first of the right poses."""


class WholeMaps:
    """The correlation of the whole maps."""

    def fit(self, problem: FitProblem) -> FitProblem:
        """Fit the whole maps."""
        return problem

    def split(self, candidates: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
        """Leave out candidates that correlate much worse than the best one."""
        least = 1 - OUTCLASSED * (1 - max(candidate.quality for candidate in candidates))
        kept = [candidate for candidate in candidates if candidate.quality >= least]
        return kept, [candidate for candidate in candidates if candidate.quality < least]

    def is_evident(self, candidates: Sequence[Candidate]) -> bool:
        """Whether one of them shows that the maps are copies."""
        return max(candidate.quality for candidate in candidates) >= EVIDENT

    def more_starts(self, fit: FitProblem, best: Candidate) -> list[Candidate]:
        """Return none."""
        return []

    def evidence(
        self, pair: DetailPair, itself: Callable[[], DetailPair], fit: FitProblem, right: list[Matrix],
        wrong: list[Matrix],
    ) -> Evidence:  # fmt: skip
        """Compare the whole maps."""
        return evidence(
            pair.at, lambda pose: itself().at(pose), right, wrong, centre=pair.fit.centre,
            radius_angstrom=pair.diameter_angstrom / 2,
        )  # fmt: skip


class CommonPart(WholeMaps):
    """The part in which the maps agree: for two conformations."""

    def fit(self, problem: FitProblem) -> RobustProblem:
        """Fit what the maps have in common."""
        return RobustProblem.of(problem)

    def split(self, candidates: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
        """Keep all: maps that have a part in common may correlate badly as a whole."""
        return candidates, []

    def is_evident(self, candidates: Sequence[Candidate]) -> bool:
        """Return False: a pose that fits the whole maps well may not be the one that fits a part best."""
        return False

    def more_starts(self, fit: FitProblem, best: Candidate) -> list[Candidate]:
        """Return poses around the best one.

        Between the poses of two domains that moved apart, a fit may end at one that is right for neither.
        """
        starts = []
        for angle, axis in itertools.product(np.radians(AROUND_DEGREES), np.concatenate([np.eye(3), -np.eye(3)])):
            turn = transform_about(matrix_from_rotation_vector(angle * axis), fit.centre, fit.centre)
            starts.append(replace(best, moving_to_fixed=compose(turn, best.moving_to_fixed)))
        return starts

    def evidence(
        self, pair: DetailPair, itself: Callable[[], DetailPair], fit: FitProblem, right: list[Matrix],
        wrong: list[Matrix],
    ) -> Evidence:  # fmt: skip
        """Compare the whole maps and what they have in common; return the stronger evidence, corrected for the choice.

        Maps that match as a whole do so in part, but in less of them noise shows more.
        """
        whole = super().evidence(pair, itself, fit, right, wrong)
        if not isinstance(fit, RobustProblem):
            raise TypeError("the common part is judged with the weights of its own fit")
        sigma = AVERAGED_DIAMETERS * pair.diameter_angstrom / fit.fixed_grid.voxel_size_angstrom[0]

        def weights(pose: Matrix) -> Volume:
            return np.clip(averaged_weights(fit, pose, sigma).ravel()[pair.ball.inside], 0, 1)

        best = averaged_weights(fit, right[0], sigma)
        share = float(best[tuple(fit.points.T[::-1])].mean())
        common = evidence(
            lambda pose: pair.of_share(share).at(pose, weights(pose)),
            lambda pose: itself().of_share(share).at(pose),
            right, wrong, centre=pair.fit.centre, radius_angstrom=pair.diameter_angstrom / 2,
        )  # fmt: skip
        # The smaller of two probabilities is below a limit twice as often as one of them.
        return min(whole, common, key=lambda each: each.probability).of_two()


def criterion_for(loss: object) -> Criterion:
    """Return the criterion that goes with a loss."""
    return CommonPart() if loss == "core" else WholeMaps()
