"""The verdict: whether the maps match, and whether another pose fits as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from botalign.alignment.fitting import FitProblem
from botalign.alignment.hand import HandDecision, hand_name
from botalign.alignment.records import Candidate
from botalign.alignment.symmetry import Symmetry
from botalign.arrays import Matrix

#: A candidate whose quality is this close to that of the best one may fit as well.
CLOSE_QUALITY = 0.1
#: A match is one that unrelated maps would show with a smaller probability than this.
LARGEST_PROBABILITY = 1e-3


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


def fits_as_well(fit: FitProblem, first: Matrix, second: Matrix) -> bool:
    """Whether the second pose of a small part fits as well as the first one.

    The jackknife over the few blocks of a small part does not distinguish very different poses, so the correlations
    must be close too.
    """
    return fit.correlation(second) > fit.correlation(first) - CLOSE_QUALITY and fit.is_as_good(first, second)


def verdict(
    matches: bool,
    candidates: Sequence[Candidate],
    *,
    hand: HandDecision | None = None,
    at_limit: bool = False,
    other_hand: bool = False,
    undetermined: bool = False,
) -> str:
    """Return ``"certain"``, ``"ambiguous"`` or ``"no match"``.

    Parameters
    ----------
    matches : bool
        Whether there is a match: unrelated maps would hardly fit as well.
    candidates : sequence of Candidate
        The candidates, the best one first, marked where they fit as well. A match is ambiguous if there is one. Poses
        that a symmetry makes equivalent to the result are not among them.
    hand : HandDecision, optional
        The hand. A match is ambiguous if it is undetermined: then a pose of the other hand fits as well.
    at_limit : bool, optional
        Whether the pose is at the limit of a local search: then a better one may be beyond it, and there is no match.
    other_hand : bool, optional
        Whether the match is one of the hand that the result does not have; then it is ambiguous.
    undetermined : bool, optional
        Whether the maps leave the rotation about an axis or the position along one undetermined; then it is ambiguous.
    """
    if at_limit or not matches:
        return "no match"
    several = any(candidate.as_good for candidate in candidates[1:])
    unknown_hand = hand is not None and hand.decision == "undetermined"
    return "ambiguous" if several or unknown_hand or other_hand or undetermined else "certain"


def verdict_text(
    decided: str | None,
    candidates: Sequence[Candidate],
    symmetry: Symmetry | None,
    *,
    hand: HandDecision | None = None,
    of_part: bool = False,
    wrong_hand: bool = False,
    at_limit: bool = False,
    undetermined: str = "",
    unknown_chance: bool = False,
    of_models: bool = False,
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
    hand : HandDecision, optional
        The hand.
    of_part : bool, optional
        Whether a part was searched for.
    wrong_hand : bool, optional
        Whether the map has not the hand of the model that it was compared with.
    at_limit : bool, optional
        Whether the pose is at the limit of a local search.
    undetermined : str, optional
        What the maps leave undetermined, as text.
    unknown_chance : bool, optional
        Whether too few wrong places of a part were searched to know how well they fit.
    of_models : bool, optional
        Whether both inputs are atomic models, which have neither voxel size nor contrast.
    """
    if wrong_hand and decided is not None and not candidates[0].mirrored:
        return f"{decided}: the map has the wrong hand, so it must be flipped first"
    others = sum(candidate.as_good for candidate in candidates[1:])
    equivalent = f", one of {others + 1} places that fit equally well" if others else ""
    if symmetry is not None:
        equivalent = f", one of {symmetry.order} equivalent poses (symmetry {symmetry.group})"
    flipped = ", the map mirrored because it has the wrong hand" if wrong_hand else ""
    if at_limit:
        no_match = "the pose is at the limit of the local search; a better one may be beyond it"
    elif unknown_chance:
        no_match = "too few wrong places were searched to compare with, and the details inside the part are no proof"
    elif of_models:
        doubt = "no place of the part stands out" if of_part else "unrelated models may fit as well"
        no_match = f"{doubt}; do both show the same molecule in the same conformation?"
    elif of_part:
        no_match = (
            "no place of the part stands out; the map may not show it, or a voxel size is wrong; at a low resolution, "
            "assemble may place it with its neighbours"
        )
    else:
        no_match = "unrelated maps may fit as well; check their voxel sizes and contrast"
    return {
        "certain": f"certain{equivalent}{flipped}",
        "ambiguous": f"ambiguous: {_doubt(others, hand, candidates[0], undetermined, of_part=of_part)}",
        "no match": f"no match: {no_match}",
        None: "none: the pose was not refined",
    }[decided]


def _doubt(others: int, hand: HandDecision | None, result: Candidate, undetermined: str, *, of_part: bool) -> str:
    """Return why a match is ambiguous, given how many other poses fit as well, and what is undetermined."""
    poses = f"{others} other {'pose' if others == 1 else 'poses'}"
    if hand is not None and hand.decision == "undetermined":
        return "the hand is undetermined"
    # A part may have its place in spite of its hand.
    if hand is not None and hand.decision != hand_name(result.mirrored) and not of_part:
        return f"the moving map fits {'as given, not mirrored' if result.mirrored else 'as its mirror image'}"
    if undetermined:
        return f"{undetermined}, and {poses} {'fits' if others == 1 else 'fit'} as well" if others else undetermined
    if not others:  # only a map that was oriented has such a result
        return "the map is not symmetric about these axes"
    return f"{poses} {'fits' if others == 1 else 'fit'} as well"
