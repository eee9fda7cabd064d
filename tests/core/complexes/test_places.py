"""The evidence of the places of a part."""

import numpy as np
import pytest

from botalign.alignment.fitting import FitProblem
from botalign.alignment.part_places import PartPlaces, Place, part_places
from botalign.alignment.place_chances import place_scores
from botalign.alignment.shared_whole import SharedWhole
from botalign.complexes.assembler import Assembler, Chosen
from botalign.complexes.assembly_verdicts import AssemblyVerdicts
from botalign.complexes.found_places import FoundPlaces, problem_of
from botalign.complexes.options import AssemblyOptions
from botalign.geometry import apply_transform, compose, matrix_from_rotation_vector, transform_about
from botalign.progress import exhaust

from .conftest import RESOLUTION, InventedComplex


@pytest.mark.parametrize(("right", "wrong"), [(1, 30), (14, 14), (60, 50)])
def test_right_places_have_evidence_however_many_they_are(right: int, wrong: int) -> None:
    rng = np.random.default_rng(4)
    correlations = np.concatenate([0.8 + 0.02 * rng.normal(size=right), 0.3 + 0.03 * rng.normal(size=wrong)])
    places = tuple(
        Place(np.eye(3, 4), float(value), 100.0, 1e-6 if number < right else 0.5)
        for number, value in enumerate(correlations)
    )
    found = FoundPlaces(None, 1.0, 1.0, places)  # type: ignore[arg-type]
    assert found.scores[:right].min() > 10
    assert found.scores[:right].min() > found.scores[right:].max()


def test_the_poses_of_all_searches_are_compared(invented: InventedComplex) -> None:
    """A pose that only the second search found makes a part that was placed in it ambiguous."""
    whole, part, truth = invented.whole, invented.parts[0], invented.places[0][0]
    problem = problem_of(SharedWhole.of(whole), part, RESOLUTION)
    middle = np.mean(apply_transform(truth, part.points), axis=0)
    turn = transform_about(matrix_from_rotation_vector([0.0, 0.0, np.radians(40)]), middle, middle)
    other = Place(compose(turn, truth), 0.9, 100.0, 1e-9)
    first = FoundPlaces(problem, 3.0, 1.0, (Place(truth, 0.9, 100.0, 1e-9),))
    second = FoundPlaces(problem, 3.0, 1.0, (other,))
    assembler = Assembler(whole, [part], [1], AssemblyOptions(RESOLUTION), None, None)  # type: ignore[arg-type]
    assembler.found = {0: [first, second]}
    assembler.chosen = [Chosen(0, first, truth, truth, 0.9, 1e-9)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("botalign.complexes.part_judgement.fits_as_well", lambda fit, pose, end: True)
        patched.setattr(FitProblem, "solve", lambda fit, pose, **options: (pose, 0.9))
        (placed,) = AssemblyVerdicts(assembler).placed()
        assert placed.verdict == "ambiguous"
        assembler.found[0].pop()
        (placed,) = AssemblyVerdicts(assembler).placed()
        assert placed.verdict == "certain"
        # The search in an arrangement is not among those of the rounds.
        assembler.chosen = [Chosen(0, second, truth, truth, 0.9, 1e-9)]
        (placed,) = AssemblyVerdicts(assembler).placed()
        assert placed.verdict == "ambiguous"


def test_places_that_end_at_the_same_pose_are_one(invented: InventedComplex, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last fit takes all places to the true one: it remains with the probability of the best."""
    problem = problem_of(SharedWhole.of(invented.whole), invented.parts[0], RESOLUTION)
    truth = invented.places[0][0]
    probabilities = []

    def refined(found: PartPlaces, pose: np.ndarray, correlation: float) -> Place:
        (score,) = place_scores([correlation])
        probabilities.append(found.chances.of_score(score))
        return Place(truth, 0.9 + 0.001 * len(probabilities), score, probabilities[-1])

    monkeypatch.setattr(PartPlaces, "refined", refined)
    (place,) = exhaust(part_places(problem)).places
    assert len(probabilities) > 10
    assert place.probability == min(probabilities) < 1e-3
