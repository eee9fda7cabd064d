"""The hand of the moving map: as given, or mirrored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from botalign.alignment.fitting import FitProblem, is_within_error
from botalign.alignment.records import Candidate
from botalign.arrays import Matrix


def hand_name(mirrored: bool) -> str:
    """Return the name of a hand."""
    return "mirrored" if mirrored else "as given"


@dataclass(frozen=True)
class HandDecision:
    """Decision about the hand of the moving map, by comparison with the fixed map.

    Attributes
    ----------
    decision : str
        ``"as given"``, ``"mirrored"``, or ``"undetermined"`` if the margin is within its error.
    correlation_as_given, correlation_mirrored : float
        Correlations about the mean of the best fit of each hand, at the finest sampling of the fit.
    margin : float
        The first correlation less the second.
    standard_error : float
        Standard error of the margin, by the jackknife over blocks.
    """

    decision: str
    correlation_as_given: float
    correlation_mirrored: float
    margin: float
    standard_error: float

    def to_text(self, *, with_model: bool = False, of_part: bool = False) -> str:
        """Return the decision as text, with the correlation of each hand, the better one first.

        With `with_model`, a map was compared with an atomic model, whose hand is known. With `of_part`, the
        correlations are those of the edges inside a part, at the best pose of each hand. That of the result may differ:
        it is chosen among equivalent poses, and copies are refined together.
        """
        fits = [(self.correlation_as_given, "as given"), (self.correlation_mirrored, "mirrored")]
        fits.sort(key=lambda fit: -fit[0])
        correlations = ", ".join(f"{value:z.4f} {hand}" for value, hand in fits)
        wrong = "; the map has the wrong hand" if with_model and self.decision == "mirrored" else ""
        kind = "edges at the best pose of each hand" if of_part else "correlation about the mean"
        return f"{self.decision} ({kind}: {correlations}){wrong}"


def compare_hands(problem: FitProblem, as_given: Matrix, mirrored: Matrix) -> HandDecision:
    """Compare the best fit of each hand, at the voxels of `problem`."""
    margin, error = problem.margin(as_given, mirrored)
    decision = hand_name(margin <= 0)
    if is_within_error(abs(margin), error, problem.least_margin):
        decision = "undetermined"
    return HandDecision(decision, problem.correlation(as_given), problem.correlation(mirrored), margin, error)


def decide_hand(
    problem: FitProblem,
    answers: Sequence[Candidate],
    *,
    choose: bool,
    pose_of: Callable[[Candidate], Matrix] = lambda candidate: candidate.moving_to_fixed,
) -> tuple[HandDecision | None, int]:
    """Decide the hand from the best candidate of each hand that was searched.

    Parameters
    ----------
    problem : FitProblem
        The fit by which the hands are compared.
    answers : sequence of Candidate
        The best candidate of each hand, that of the hand to keep first.
    choose : bool
        Whether to choose the better hand; otherwise, and if it is undetermined, the first one is kept.
    pose_of : callable, optional
        Returns the pose of a candidate in `problem`.

    Returns
    -------
    decision : HandDecision or None
        The decision; None if only one hand was searched.
    answer : int
        Index of the hand that the result has.
    """
    if len(answers) == 1:
        return None, 0
    index = {candidate.mirrored: number for number, candidate in enumerate(answers)}
    decision = compare_hands(problem, pose_of(answers[index[False]]), pose_of(answers[index[True]]))
    if choose and decision.decision != "undetermined":
        return decision, index[decision.decision == "mirrored"]
    return decision, 0
