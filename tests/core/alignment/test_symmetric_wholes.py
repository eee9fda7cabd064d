"""A part in a symmetric whole."""

import numpy as np
import pytest

import botalign
from botalign.alignment.part_search import PartSearch
from botalign.alignment.part_solver import solve_by_part
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.symmetry import Symmetry
from botalign.geometry import apply_transform, compose, inverse, matrix_from_rotation_vector, transform_about
from botalign.progress import exhaust

from .test_copies import Ring, made


@pytest.fixture(scope="module")
def ring() -> Ring:
    """Four copies with the group D2."""
    return made("D2", distance=22.0)


def problem_of(fixed: botalign.DensityMap, moving: botalign.DensityMap, **options: object) -> AlignmentProblem:
    return AlignmentProblem.of(
        fixed, moving, botalign.AlignmentOptions(partial=True, hand="keep", threads=2, **options)
    )


def same_place(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two poses put points 10 A from the origin within 1 A of each other."""
    points = np.concatenate([10 * np.eye(3), -10 * np.eye(3)])
    apart = apply_transform(first, points) - apply_transform(second, points)
    return bool(np.linalg.norm(apart, axis=1).max() < 1)


@pytest.mark.parametrize("part_moves", [True, False])
def test_equivalent_wrong_places_count_once(ring: Ring, part_moves: bool) -> None:
    problem = problem_of(*((ring.whole, ring.part) if part_moves else (ring.part, ring.whole)))
    search = PartSearch(problem)
    assert search.symmetry is not None
    assert search.symmetry.group == "D2"
    centre = search.pair.centre_angstrom
    turn = matrix_from_rotation_vector([0, 2, 0])
    elsewhere = transform_about(turn, centre, apply_transform(ring.places[0], centre))
    poses = [*ring.places, *(compose(each, elsewhere) for each in ring.group)]
    correlations = [0.9, 0.89, 0.91, 0.9, 0.4, 0.41, 0.42, 0.4]
    candidates = [
        Candidate(pose if part_moves else inverse(pose), False, 1 - each, each)
        for pose, each in zip(poses, correlations, strict=True)
    ]
    assert search.correlations(candidates) == pytest.approx([0.91, 0.42])
    others = [search.poses.outward(each.moving_to_fixed) for each in search.equivalents(candidates[0])]
    assert len(others) == 3
    assert all(sum(same_place(pose, place) for pose in others) == 1 for place in ring.places[1:])


@pytest.mark.slow
@pytest.mark.parametrize("part_moves", [True, False])
def test_all_equivalent_places_are_reported(ring: Ring, part_moves: bool) -> None:
    maps = (ring.whole, ring.part) if part_moves else (ring.part, ring.whole)
    found = botalign.align(*maps, partial=True, hand="keep", threads=2)
    assert found.verdict_text == "certain, one of 4 equivalent poses (symmetry D2)"
    poses = [found.candidates[number].moving_to_fixed for number in found.places]
    placed = poses if part_moves else [inverse(pose) for pose in poses]
    assert len(placed) == 4
    assert all(any(same_place(pose, place) for pose in placed) for place in ring.places)


@pytest.mark.slow
def test_equivalent_places_may_differ(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole is taken for symmetric, and one copy is missing: the place nearest to the start."""
    incomplete = made("D2", distance=22.0, missing=1)
    symmetry = Symmetry("D2", ring.group, np.array([0.0, 0.0, 1.0]))
    monkeypatch.setattr(AlignmentProblem, "symmetry", symmetry)
    outcome = exhaust(solve_by_part(problem_of(incomplete.whole, ring.part, start=ring.places[0])))
    assert outcome.symmetry is None
    assert outcome.verdict == "certain"
    good = [outcome.candidates[0], *(each for each in outcome.candidates[1:] if each.as_good)]
    assert len(good) == 3
    assert all(any(same_place(each.moving_to_fixed, place) for each in good) for place in incomplete.places)
