"""The searches of one hand: by Bayesian optimisation over rotations, and coarsely everywhere, over all shifts."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from botalign.alignment.candidates import THINNED, apart, approached, coarse, given
from botalign.alignment.distinct import Tolerance, distinct
from botalign.alignment.hand import hand_name
from botalign.alignment.losses import length_scale
from botalign.alignment.nelder_mead import nelder_mead
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate, TracePoint
from botalign.alignment.working_pair import principal_rotations
from botalign.arrays import Matrix
from botalign.geometry import MIRROR, uniform_rotations
from botalign.progress import Progress
from botalign.search import search

#: How many candidates of a search are kept for refinement, and by what angle they differ at least.
CANDIDATES, SEARCHED = 6, Tolerance(15.0)
#: Where the fit of a short search stops, in degrees and voxels, and of how many points it is.
SHORT_TOLERANCE, SHORT_POINTS = 0.3, 4_000
#: The second search: rotations that it evaluates, in so many steps, and from how many of them it descends.
EVERYWHERE, BLOCKS, BASINS = 1000, 40, 12


@dataclass(frozen=True, eq=False)
class SearchedHand:
    """Candidates of one hand, as searched and as refined, and the evaluations of its search."""

    searched: list[Candidate]
    refined: list[Candidate]
    trace: list[TracePoint]


class HandSearch:
    """The search of one hand by Bayesian optimisation, which can be continued.

    Parameters
    ----------
    problem : AlignmentProblem
        The problem.
    mirrored : bool
        The hand.
    """

    def __init__(self, problem: AlignmentProblem, mirrored: bool) -> None:
        self.problem, self.mirrored = problem, mirrored
        self.flip = flip = MIRROR if mirrored else np.eye(3)
        pair, distance, options = problem.working_pair, problem.distance, problem.options
        start, within_degrees = problem.start(mirrored)
        initial = start[None]
        if options.rotate and options.start is None and within_degrees is None:
            initial = np.concatenate([initial, principal_rotations(pair, mirrored=mirrored) @ self.flip])
        self.initial = min(len(initial), problem.evaluations)
        self.rotations: list[Matrix] = []
        self.trace: list[TracePoint] = []
        self._evaluations = search(
            lambda rotation: distance(pair.rotated(rotation @ flip), pair.fixed),
            evaluations=problem.evaluations,
            length_scale=length_scale(options.loss),
            initial=initial,
            within_degrees=within_degrees,
            rng=problem.random(mirrored),
        )

    def until(self, count: int) -> Generator[Progress, None, None]:
        """Continue until so many rotations are evaluated."""
        pair = self.problem.working_pair
        for evaluation in itertools.islice(self._evaluations, max(0, count - len(self.trace))):
            self.rotations.append(evaluation.rotation)
            self.trace.append(TracePoint(self.mirrored, evaluation.loss))
            yield Progress(
                "search", len(self.trace), self.problem.evaluations, hand=hand_name(self.mirrored),
                loss=evaluation.loss, best_loss=evaluation.best_loss,
                moving_to_fixed=pair.transform(evaluation.best_rotation @ self.flip),
            )  # fmt: skip

    @property
    def candidates(self) -> list[Candidate]:
        """The distinct rotations with the lowest losses."""
        losses = [point.loss for point in self.trace]
        return [
            Candidate(
                self.problem.working_pair.transform(self.rotations[i] @ self.flip), self.mirrored, losses[i], None
            )
            for i in distinct(self.rotations, losses, SEARCHED, count=CANDIDATES)
        ]


def first_search(hand: HandSearch, *, refine: bool) -> Generator[Progress, None, SearchedHand]:
    """Search one hand by Bayesian optimisation, and refine the candidates at the voxel size of the search."""
    problem = hand.problem
    yield from hand.until(problem.evaluations)
    searched = hand.candidates
    if not refine:
        return SearchedHand(searched, searched, hand.trace)
    refined = coarse(problem, searched)
    total = problem.evaluations + 1
    yield Progress("refine", total, total, moving_to_fixed=refined[0].moving_to_fixed)
    return SearchedHand(searched, refined, hand.trace)


def short_search(hand: HandSearch, count: int) -> Generator[Progress, None, SearchedHand]:
    """Search one hand with a few evaluations, and fit the candidates from the best shift of each."""
    problem = hand.problem
    yield from hand.until(count)
    searched = hand.candidates
    shifted = [replace(each, moving_to_fixed=problem.best_shift(each.moving_to_fixed[:, :3])[1]) for each in searched]
    shifted += given(problem, hand.mirrored)
    fitted = approached(problem, problem.coarse_fit.thinned(SHORT_POINTS), shifted, tolerance=SHORT_TOLERANCE)
    return SearchedHand(searched, apart(fitted), hand.trace)


def second_search(problem: AlignmentProblem, mirrored: bool) -> Generator[Progress, None, list[Candidate]]:
    """Search one hand again, coarsely and everywhere, by L2 at the best shift of each rotation.

    The first search relies on the centres of mass, its loss weighs all details, and it concentrates on what it found
    early. If its best pose does not show that the maps are copies, noise, a domain that moved, or an approximate
    symmetry may have misled it.
    """
    pair = problem.working_pair

    def loss(linear: Matrix) -> float:
        return problem.best_shift(linear)[0]

    rotations = uniform_rotations(EVERYWHERE) @ (MIRROR if mirrored else np.eye(3))
    rotations = rotations[[problem.allows(linear) for linear in rotations]]
    losses: list[float] = []
    for number, block in enumerate(np.array_split(rotations, BLOCKS), start=1):
        losses += [loss(linear) for linear in block]
        best = pair.transform(rotations[int(np.argmin(losses))]) if losses else problem.options.start_transform()
        yield Progress("second search", number, BLOCKS, hand=hand_name(mirrored), moving_to_fixed=best)
    ends = [nelder_mead(loss, rotations[i]) for i in distinct(rotations, losses, SEARCHED, count=BASINS)]
    ends = [(linear, value) for linear, value in ends if problem.allows(linear)]
    if not ends:
        return []
    linears, values = zip(*ends, strict=True)
    found = [
        Candidate(problem.best_shift(linears[i])[1], mirrored, values[i], None)
        for i in distinct(linears, values, SEARCHED, count=CANDIDATES)
    ]
    return approached(problem, problem.coarse_fit.thinned(THINNED), found)
