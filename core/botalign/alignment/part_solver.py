"""The solver for a part in a whole: all rotations, and at each all shifts, by the edges inside the part.

Neither the centres of mass nor the masses of the two are related. The scan compares both maps, coarsely sampled, at
even rotations and all shifts; its best poses are fitted by the same score, at finer and finer sampling.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from botalign.alignment.distinct import Tolerance
from botalign.alignment.equivalents import among_equivalents, with_equivalents
from botalign.alignment.fitting import FitProblem
from botalign.alignment.hand import HandDecision, decide_hand
from botalign.alignment.outcome import Outcome
from botalign.alignment.part_scale import agreeing_errors, scale_of_whole
from botalign.alignment.part_search import FINEST_FIT, SAME_FITTED, PartSearch, Searched
from botalign.alignment.part_verdict import part_matches, part_probability, part_verdict, signs_inside
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.robust import RobustProblem
from botalign.alignment.scale import Scale
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.uncertainty import Errors, Uncertainty, uncertainty
from botalign.alignment.verdict import CLOSE_QUALITY, mark_equals
from botalign.arrays import Matrix
from botalign.geometry import apply_transform, compose, geodesic_degrees, is_mirror
from botalign.progress import Progress

#: Candidates of each hand that are fitted at the finest sampling, at most.
FINEST = 20
#: Poses this close to each other, in degrees and radii of the part, are one up to the symmetry of the whole.
SAME_EQUIVALENT = (10.0, 0.3)
#: A start that differs from the best pose by no more than so many voxels is the result: interpolation has such an
#: error.
LEAST_MOVE = 0.1


def solve_by_part(
    problem: AlignmentProblem, more_starts: tuple[Matrix, ...] = ()
) -> Generator[Progress, None, Outcome]:
    """Find a part in a whole.

    Parameters
    ----------
    problem : AlignmentProblem
        The problem. The masked map is the part, otherwise the smaller molecule, whether it moves or not.
    more_starts : tuple of ndarray, optional
        Poses that are candidates too, from the moving to the fixed map.
    """
    return (yield from _PartSolver(problem, more_starts).steps())


@dataclass(frozen=True, eq=False)
class _End:
    """A last fit: the candidates of each hand, and the hand of the result.

    The standard error of the position counts all differences between the maps at the pose of the fit.
    """

    fit: FitProblem
    groups: list[list[Candidate]]
    decision: HandDecision | None
    answer: int
    error_angstrom: float
    pose: Matrix


class _PartSolver:
    """Scan, fit coarsely and finely, judge.

    A fit compares the whole, moved, with the part, so the poses of a fit lead from the whole to the part.
    """

    def __init__(self, problem: AlignmentProblem, more_starts: tuple[Matrix, ...]) -> None:
        self.problem, self.search = problem, PartSearch(problem, more_starts)
        self.pair, self.poses = self.search.pair, self.search.poses

    def steps(self) -> Generator[Progress, None, Outcome]:
        """Solve the problem."""
        search = self._with_equivalents((yield from self.search.steps()))
        fits, finest = [search.fit], self.search.sampled(search.voxel, FINEST_FIT)
        # The voxels of the maps may limit both, and then they are the same.
        if not np.array_equal(finest.coefficients, search.fit.coefficients):
            fits.append(finest)
        # Noise is stronger at finer sampling. The fit whose pose has the smaller standard error is the result.
        end = min((self._finished(fit, search) for fit in fits), key=lambda each: each.error_angstrom)
        marked = mark_equals(end.fit, end.groups[end.answer], pose_of=self.poses.fit_pose)
        marked, symmetry = self._among_equivalents(end, marked)
        others = [candidate for index, group in enumerate(end.groups) if index != end.answer for candidate in group]
        yield Progress("refine", self.search.total, self.search.total, moving_to_fixed=marked[0].moving_to_fixed)
        pose = end.pose if marked[0] is end.groups[end.answer][0] else self.poses.fit_pose(marked[0])
        tested = self.problem.options.scale == "check"
        errors = agreeing_errors(end.fit, pose, scaled=tested)
        probability, decided, at_limit = self._verdict(search, marked, end, undetermined=errors.pose.is_undetermined)
        scale = self._scale(end.fit, pose, errors) if tested and decided != "no match" else None
        candidates = with_equivalents([*marked, *others], symmetry)
        return Outcome(
            candidates, (), end.decision, symmetry, decided, errors.pose, probability, at_limit=at_limit, scale=scale
        )

    def _scale(self, fit: FitProblem, pose: Matrix, errors: Errors) -> Scale | None:
        """Return the scale of the moving map."""
        found = scale_of_whole(
            self.pair, fit, pose, errors, resolution=self.problem.options.resolution, allowed=self.poses.allowed
        )
        return found.inverse if found is not None and self.problem.part_is_moving else found

    def _with_equivalents(self, search: Searched) -> Searched:
        """Return the result of the search with fits of all poses that are equivalent to the best of each hand.

        The symmetry of the whole need not be exact: one of them may fit better than the others.
        """
        if self.search.symmetry is None:
            return search
        groups = [
            self.search.distinct(
                group + self.search.fitted(search.fit, self.search.equivalents(group[0]), with_equivalents=True),
                SAME_FITTED, with_equivalents=True,
            )
            for group in search.groups
        ]  # fmt: skip
        return replace(search, groups=groups)

    def _among_equivalents(self, end: _End, marked: list[Candidate]) -> tuple[list[Candidate], Symmetry | None]:
        """Return the candidates without those that the symmetry of the whole makes equivalent, and this symmetry.

        Of the others, those that fit as well are completed by their own equivalents.
        """
        moves = self.problem.part_is_moving
        kept, symmetry = among_equivalents(
            marked, self.search.symmetry, end.fit,
            start=self.problem.options.start_transform(), refit=lambda each: self._refitted(each, end.fit),
            outward=self.poses.outward, pose_of=self.poses.fit_pose, tolerance=self.pair.tolerance(SAME_EQUIVALENT),
        )  # fmt: skip
        if symmetry is not None:
            result, *others = kept
            others += [equal for each in others if each.as_good for equal in self.search.equivalents(each)]
            kept = [result, *self.search.distinct(others, SAME_EQUIVALENT, with_equivalents=True)]
        return kept, symmetry if symmetry is None or moves else symmetry.moved(kept[0].moving_to_fixed)

    def _finished(self, fit: FitProblem, search: Searched) -> _End:
        """Fit the best candidates of each hand, and the very best to what the part and the whole have in common."""
        groups = []
        for group in search.groups:
            close = [each for each in group[:FINEST] if each.quality > group[0].quality - CLOSE_QUALITY]
            fitted = self.search.fitted(fit, close, with_equivalents=True)
            # The neighbours of the part overlap with it, and would pull a least-squares fit.
            common = RobustProblem.of(fit).solve_each(
                [self.poses.fit_pose(each) for each in fitted], allowed=self.poses.allowed
            )
            fitted = [self._at(each, fit, end.transform) for each, end in zip(fitted, common, strict=True)]
            groups.append(self.search.distinct(fitted, SAME_FITTED, with_equivalents=True))
        answers = [group[0] for group in groups]
        decision, answer = decide_hand(
            fit, answers, choose=self.problem.options.hand == "auto", pose_of=self.poses.fit_pose
        )
        best = self._nearest_turn(answers[answer], fit)
        pose = self.poses.fit_pose(best)
        error = uncertainty(fit, pose)
        groups[answer][0] = self._start_or(best, fit, error)
        return _End(fit, groups, decision, answer, error.shift_angstrom, pose)

    def _nearest_turn(self, best: Candidate, fit: FitProblem) -> Candidate:
        """Return the pose that the symmetry of the part makes equivalent and that is nearest to the start."""
        symmetry = self.search.symmetry_of_part
        if symmetry is None:
            return best
        start = self.poses.outward(self.problem.options.start_transform())
        turned = compose(self.poses.outward(best.moving_to_fixed), symmetry.operations)
        number = int(np.argmin(geodesic_degrees(turned[:, :, :3], start[:, :3])))
        if number == 0:
            return best
        other = self._refitted(replace(best, moving_to_fixed=self.poses.outward(turned[number])), fit)
        return other if fit.is_as_good(self.poses.fit_pose(best), self.poses.fit_pose(other)) else best

    def _start_or(self, best: Candidate, fit: FitProblem, error: Uncertainty) -> Candidate:
        """Return the start if it fits better than the best pose, or differs from it by no more than the error.

        The error here is that which counts the neighbours of the part as noise: they pull the pose.
        """
        start = self.problem.options.start_transform()
        if is_mirror(start) != best.mirrored:
            return best
        given = self._at(best, fit, self.poses.from_fit(start))
        least = LEAST_MOVE * self.pair.finest_voxel_angstrom
        tolerance = Tolerance(
            max(error.angle_degrees, np.degrees(least / self.pair.radius_angstrom)),
            max(error.shift_angstrom, least),
            self.pair.centre_angstrom,
        )
        is_near = tolerance.same(self.poses.outward(best.moving_to_fixed), self.poses.outward(start))
        return given if given.quality > best.quality or is_near else best

    def _refitted(self, candidate: Candidate, fit: FitProblem) -> Candidate:
        """Fit a candidate to what the part and the whole have in common."""
        (end,) = RobustProblem.of(fit).solve_each([self.poses.fit_pose(candidate)], allowed=self.poses.allowed)
        return self._at(candidate, fit, end.transform)

    def _at(self, candidate: Candidate, fit: FitProblem, pose: Matrix) -> Candidate:
        """Return a candidate at another pose, from the whole to the part."""
        return replace(candidate, moving_to_fixed=self.poses.from_fit(pose), correlation=fit.correlation(pose))

    def _verdict(
        self, search: Searched, marked: list[Candidate], end: _End, *, undetermined: bool
    ) -> tuple[float | None, str, bool]:
        """Return the probability of a chance match, the verdict, and whether the pose is at the limit of the search.

        Needed are the candidates at one sampling, and those that were fitted finely.
        """
        signs = signs_inside(self.pair.part, self.pair.whole, self.poses.fit_pose(marked[0]))
        probability = part_probability(
            self.search.correlations(search.groups[end.answer]), signs, marked[0].quality, tries=search.tries,
            undetermined=undetermined,
        )  # fmt: skip
        places = [
            apply_transform(self.poses.outward(each.moving_to_fixed), self.pair.centre_angstrom) for each in marked
        ]
        local = self.problem.options.local_degrees is not None
        at_limit = local and not self.poses.allowed(end.fit.solve(end.pose)[0][:, :3])
        decided = part_verdict(
            part_matches(probability, signs, marked[0].quality), marked, places=places,
            radius_angstrom=self.pair.radius_angstrom, hand=end.decision, at_limit=at_limit, undetermined=undetermined,
        )  # fmt: skip
        return probability, decided, at_limit
