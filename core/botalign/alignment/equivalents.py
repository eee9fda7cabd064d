"""The poses of a result that the symmetry of a map makes equivalent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from botalign.alignment.distinct import Tolerance
from botalign.alignment.fitting import FitProblem
from botalign.alignment.records import Candidate
from botalign.alignment.symmetry import EQUIVALENT, Symmetry
from botalign.arrays import Matrix
from botalign.geometry import compose


def among_equivalents(
    candidates: list[Candidate],
    symmetry: Symmetry | None,
    fit: FitProblem,
    *,
    start: Matrix,
    refit: Callable[[Candidate], Candidate],
    outward: Callable[[Matrix], Matrix] = lambda pose: pose,
    pose_of: Callable[[Candidate], Matrix] = lambda candidate: candidate.moving_to_fixed,
    tolerance: Tolerance = EQUIVALENT,
) -> tuple[list[Candidate], Symmetry | None]:
    """Return the equivalent of the best pose that is nearest to the start, and the candidates that are not equivalent.

    Parameters
    ----------
    candidates : list of Candidate
        Candidates, the best one first.
    symmetry : Symmetry or None
        Symmetry of the fixed map, or of the one that `outward` leads to.
    fit : FitProblem
        The fit by which poses are compared.
    start : ndarray, shape (3, 4)
        The start of the alignment.
    refit : callable
        Fits a candidate again: the operations of the symmetry have errors.
    outward : callable, optional
        Converts the pose of a candidate to one that leads to the symmetric map, and back.
    pose_of : callable, optional
        Returns the pose of a candidate in `fit`.
    tolerance : Tolerance, optional
        How similar a pose must be to an equivalent of the result to count as one.

    Returns
    -------
    candidates : list of Candidate
        The result first.
    symmetry : Symmetry or None
        The symmetry, if an equivalent pose fits as well as the best one. It does not if the moving map is a copy of the
        fixed one, and noise makes both less symmetric.
    """
    if symmetry is None:
        return candidates, None
    best, *others = candidates
    pose = outward(best.moving_to_fixed)
    nearest = symmetry.nearest(pose, outward(start))
    is_nearest = np.allclose(nearest, pose)
    tested = compose(symmetry.operations[1], pose) if is_nearest else nearest
    other = refit(replace(best, moving_to_fixed=outward(tested)))
    if not fit.is_as_good(pose_of(best), pose_of(other)):
        return candidates, None
    result = best if is_nearest else other
    pose = outward(result.moving_to_fixed)
    kept = [
        each
        for each in others
        if each.mirrored != result.mirrored or not symmetry.relates(outward(each.moving_to_fixed), pose, tolerance)
    ]
    return [result, *kept], symmetry


def with_equivalents(candidates: Sequence[Candidate], symmetry: Symmetry | None) -> tuple[Candidate, ...]:
    """Return the candidates with the poses that a symmetry of the fixed map makes equivalent to the first one."""
    result, *others = candidates
    poses = () if symmetry is None else symmetry.equivalents(result.moving_to_fixed)[1:]
    return (result, *(replace(result, moving_to_fixed=pose, as_good=True) for pose in poses), *others)
