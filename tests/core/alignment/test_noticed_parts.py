"""Which maps are parts of others, how certain their places are, and atomic models."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import botalign
from botalign.alignment.outcome import Outcome
from botalign.alignment.part_pair import edges
from botalign.alignment.part_search import PartSearch
from botalign.alignment.part_verdict import STANDS_OUT, standing
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import is_clearly_part
from botalign.alignment.signal import SignalFraction
from botalign.alignment.solving import _is_part, _matches_well, reason_for_part
from botalign.alignment.survey import survey
from botalign.alignment.uncertainty import Uncertainty
from botalign.geometry import apply_transform, compose, geodesic_degrees, inverse, matrix_from_rotation_vector
from botalign.progress import exhaust

Make = Callable[..., botalign.DensityMap]
MOTION = np.column_stack([matrix_from_rotation_vector([0.4, -1.1, 2.0]), [6.0, -9.0, 11.0]])
RESOLUTION = 10.0


@pytest.fixture(scope="module")
def chain() -> botalign.Model:
    """A third of the atoms of a random molecule."""
    rng = np.random.default_rng(3)
    return botalign.Model(rng.normal(size=(900, 3)) * [14, 9, 6] + [18, 4, -6], np.full(900, 7.0), ("A",), "chain")


@pytest.fixture(scope="module")
def whole(chain: botalign.Model) -> botalign.DensityMap:
    """The map of the whole molecule."""
    rng = np.random.default_rng(4)
    rest = np.concatenate(
        [rng.normal(size=(900, 3)) * [8, 14, 9] + [-18, 10, 4], rng.normal(size=(900, 3)) * [9, 7, 14] + [-6, -22, 8]]
    )
    points = np.concatenate([chain.points, rest])
    return botalign.simulate(botalign.Model(points, np.full(len(points), 7.0)), RESOLUTION)


def moved_by(result: botalign.Alignment, points: np.ndarray, truth: np.ndarray) -> float:
    """RMSD of points after the transform of a result and after the true one, in angstrom."""
    found, expected = (apply_transform(transform, points) for transform in (result.moving_to_fixed, truth))
    return float(np.sqrt(((found - expected) ** 2).sum(axis=1).mean()))


def outcome_of(verdict: str, degrees: float) -> Outcome:
    """A result with a verdict and a standard error of the rotation."""
    return Outcome((), verdict=verdict, uncertainty=Uncertainty(np.diag([degrees**2, 0, 0, 1, 1, 1])))


@pytest.mark.slow
def test_a_model_is_placed_in_the_map_of_its_complex(chain: botalign.Model, whole: botalign.DensityMap) -> None:
    result = botalign.align(whole, chain.moved(MOTION), resolution=RESOLUTION, hand="keep", threads=2)
    assert moved_by(result, chain.moved(MOTION).points, inverse(MOTION)) < 0.5
    assert result.part is not None
    assert (result.part.role, result.part.reason, result.verdict) == ("moving", "noticed", "certain")
    assert result.moving.model
    assert not result.fixed.model
    placed = result.apply(chain.moved(MOTION))
    np.testing.assert_allclose(placed.points, chain.points, atol=1.5)
    # The map onto the model: the model is the fixed one and still the part.
    back = botalign.align(chain.moved(MOTION), whole, resolution=RESOLUTION, hand="keep", threads=2)
    assert moved_by(back, chain.points, MOTION) < 0.5
    assert back.part is not None
    assert back.part.role == "fixed"


@pytest.mark.slow
def test_a_model_in_its_place_is_not_moved(chain: botalign.Model, whole: botalign.DensityMap) -> None:
    result = botalign.align(whole, chain, resolution=RESOLUTION, hand="keep", threads=2)
    assert moved_by(result, chain.points, np.eye(3, 4)) < 0.1
    assert result.verdict == "certain"


@pytest.mark.slow
def test_a_map_that_shows_a_part_is_noticed(chain: botalign.Model, whole: botalign.DensityMap) -> None:
    part = botalign.simulate(chain.moved(MOTION), RESOLUTION)
    result = botalign.align(whole, part, hand="keep", threads=2)
    assert result.part is not None
    assert result.part.reason == "noticed"
    assert moved_by(result, chain.moved(MOTION).points, inverse(MOTION)) < 1
    assert botalign.align(whole, part, hand="keep", partial=False, evaluations=20).part is None


@pytest.mark.slow
@pytest.mark.parametrize("count", [675, 900])
def test_what_a_map_lacks_does_not_turn_it(chain: botalign.Model, count: int) -> None:
    rng = np.random.default_rng(4)
    rest = np.concatenate(
        [rng.normal(size=(900, 3)) * [8, 14, 9] + [-18, 10, 4], rng.normal(size=(900, 3)) * [9, 7, 14] + [-6, -22, 8]]
    )
    points = np.concatenate([rest, chain.points[:count]])
    complete = botalign.simulate(botalign.Model(points, np.full(len(points), 7.0)), RESOLUTION)
    incomplete = botalign.simulate(botalign.Model(rest, np.full(len(rest), 7.0)).moved(MOTION), RESOLUTION)
    assert 0.7 < AlignmentProblem.of(complete, incomplete, botalign.AlignmentOptions()).part_fraction < 0.9
    as_wholes = botalign.align(complete, incomplete, hand="keep", partial=False)
    assert as_wholes.verdict != "certain"
    assert float(geodesic_degrees(as_wholes.rotation, MOTION[:, :3].T)) > 5
    result = botalign.align(complete, incomplete, hand="keep")
    assert result.verdict == "certain"
    assert float(geodesic_degrees(result.rotation, MOTION[:, :3].T)) < 0.5


@pytest.mark.slow
def test_what_the_map_does_not_show_is_not_certain(whole: botalign.DensityMap) -> None:
    rng = np.random.default_rng(9)
    other = botalign.Model(rng.normal(size=(900, 3)) * [20, 6, 6], np.full(900, 7.0))
    result = botalign.align(whole, other, resolution=RESOLUTION, hand="keep", threads=2)
    assert result.verdict in ("ambiguous", "no match")


@pytest.mark.slow
def test_the_hand_of_a_map_is_tested_by_a_model(chain: botalign.Model, whole: botalign.DensityMap) -> None:
    mirrored = whole.with_data(whole.data[::-1])
    result = botalign.align(mirrored, chain.moved(MOTION), resolution=RESOLUTION, threads=2)
    assert result.hand is not None
    assert result.hand.decision == "mirrored"
    assert not result.mirrored


@pytest.mark.parametrize(
    ("fraction", "options", "reason"),
    [
        (0.4, {}, "noticed"),
        (0.6, {}, None),  # in doubt
        (0.8, {}, None),
        (0.4, {"partial": False}, None),
        (0.4, {"loss": "l2"}, None),  # an option for whole maps only
        (0.8, {"partial": True}, "requested"),
    ],
)
def test_volumes_decide_what_is_a_part(fraction: float, options: dict[str, object], reason: str | None) -> None:
    data = np.zeros((40, 24, 24), np.float32)
    data[4:34, 6:16, 6:16] = 1
    part = data.copy()
    part[4 + round(30 * fraction) :] = 0
    grid = botalign.Grid(data.shape, (3.0, 3.0, 3.0))
    maps = (botalign.DensityMap(each, grid) for each in (data, part))
    problem = AlignmentProblem.of(*maps, botalign.AlignmentOptions(**options))
    assert problem.part_fraction == pytest.approx(fraction, abs=0.05)
    assert reason_for_part(problem) == reason


def test_noise_makes_volumes_uncertain() -> None:
    data = np.zeros((64, 64, 64), np.float32)
    data[17:47, 27:37, 27:37] = 1
    part = data.copy()
    part[29:] = 0
    noise = np.random.default_rng(6).normal(0, 1, (2, *data.shape)).astype(np.float32)
    clear, noisy = (
        [survey(botalign.DensityMap(each, botalign.Grid(data.shape, (3.0,) * 3))) for each in pair]
        for pair in ((data, part), (data + noise[0], part + noise[1]))
    )
    assert all(each.is_clear for each in clear)
    assert is_clearly_part(*clear)
    assert not any(each.is_clear for each in noisy)
    fraction = noisy[1].volume_angstrom3 / noisy[0].volume_angstrom3
    assert 0.3 < fraction < 0.5
    assert not is_clearly_part(*noisy)
    # Contour levels that are given are relied on.
    given = [survey(each.density, level=each.level) for each in noisy]
    assert all(each.is_clear for each in given)


@pytest.mark.parametrize(
    ("verdict", "degrees", "noisy", "matches_well"),
    [
        ("certain", 0.2, False, True),
        ("certain", 2.0, False, False),  # one of the maps lacks something
        ("certain", 2.0, True, True),
        ("ambiguous", 0.5, False, False),
        ("no match", 0.5, True, False),
    ],
)
def test_a_part_is_tried_where_whole_maps_do_not_match_well(
    whole: botalign.DensityMap, verdict: str, degrees: float, noisy: bool, matches_well: bool
) -> None:
    problem = AlignmentProblem.of(whole, whole, botalign.AlignmentOptions())
    problem.fixed_itself.surveyed = replace(problem.fixed, is_clear=not noisy)
    assert _matches_well(problem, outcome_of(verdict, degrees)) is matches_well


@pytest.mark.parametrize(
    ("part", "whole", "is_part"),
    [
        (("certain", 0.1), ("certain", 2.0), True),
        (("certain", 3.0), ("certain", 0.3), False),  # two noisy maps of one molecule
        (("certain", 3.0), ("ambiguous", 0.3), True),
        (("certain", 3.0), ("no match", 0.3), True),
        (("ambiguous", 0.1), ("certain", 2.0), False),
        (("ambiguous", 0.1), ("no match", 2.0), True),
        (("no match", 0.1), ("no match", 2.0), False),
    ],
)
def test_the_better_supported_of_two_results_is_taken(
    part: tuple[str, float], whole: tuple[str, float], is_part: bool
) -> None:
    assert _is_part(outcome_of(*whole), outcome_of(*part)) is is_part


@pytest.mark.parametrize(
    ("correlations", "stands_out"),
    [
        ([0.9, *np.linspace(0.1, 0.3, 30)], True),
        ([0.9, 0.89, 0.88, *np.linspace(0.1, 0.3, 30)], True),  # three equal places
        (list(np.linspace(0.1, 0.35, 30)), False),
        ([0.36, *np.linspace(0.1, 0.35, 30)], False),
        ([*np.linspace(0.5, 0.68, 20), *np.linspace(0.11, 0.13, 12)], False),  # two kinds of wrong places
        ([0.9, 0.1, 0.1], False),  # too few to judge
        ([], False),
    ],
)
def test_a_place_stands_out_from_the_other_candidates(correlations: list[float], stands_out: bool) -> None:
    assert (standing(correlations) >= STANDS_OUT) is stands_out


def test_edges_are_the_negative_laplacian_where_there_is_signal() -> None:
    grid = botalign.Grid((20, 24, 30), (2.0, 2.0, 2.0))
    x = np.arange(30) * 2 * np.pi / 10
    wave = np.broadcast_to(np.cos(x), grid.shape).astype(np.float32)
    everywhere = SignalFraction(np.array([0.01, 0.2]), np.ones(2))
    np.testing.assert_allclose(edges(wave, grid, everywhere), (2 * np.pi / 10) ** 2 * wave, atol=1e-5)
    np.testing.assert_allclose(edges(np.full(grid.shape, 3, np.float32), grid, everywhere), 0, atol=1e-5)
    # The wave has a period of 20 A: there a quarter of the power is signal.
    partly = SignalFraction(np.array([0.0, 0.05, 0.2]), np.array([1.0, 0.25, 0.0]))
    np.testing.assert_allclose(edges(wave, grid, partly), 0.5 * (2 * np.pi / 10) ** 2 * wave, atol=1e-5)
    nothing = SignalFraction(np.array([0.01, 0.2]), np.zeros(2))
    assert np.abs(edges(wave, grid, nothing)).max() > 0


def test_a_mask_keeps_its_range_when_it_is_moved(beads: Make) -> None:
    density = beads(np.zeros((1, 3)), np.ones(1), 12.0)
    mask = density.with_data((density.data > 0.5).astype(np.float32))
    steps = botalign.align(density, density, evaluations=4, size=16, hand="keep", refine=False)
    turned = compose(np.column_stack([matrix_from_rotation_vector([0.3, 0.2, 0.7]), np.zeros(3)]), np.eye(3, 4))
    assert float(geodesic_degrees(turned[:, :3], np.eye(3))) > 30
    moved = type(steps)(**(vars(steps) | {"moving_to_fixed": turned})).apply(mask)
    assert moved.data.min() == 0
    assert moved.data.max() == 1
    assert botalign.resample(mask, turned, mask.grid).data.max() > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"resolution is missing; .*try 10 A, three voxels of model"),
        ({"resolution": 5.0}, r"resolution: got 5 A, expected at least 6\.667 A, two voxels"),
        ({"resolution": 0.5}, r"resolution: got 0\.5, expected a number from 1 to 100 A"),
        ({"resolution": 10.0, "hand": "auto"}, r"hand='auto': a model is never mirrored"),
    ],
)
def test_what_cannot_be_done_with_a_model(
    chain: botalign.Model, whole: botalign.DensityMap, options: dict[str, object], message: str
) -> None:
    with pytest.raises(botalign.InputError, match=message):
        botalign.align(whole, chain, **options)


def test_a_model_larger_than_the_map_is_refused(chain: botalign.Model, whole: botalign.DensityMap) -> None:
    large = botalign.Model(chain.points * 20, chain.weights, ("A",), "large")
    with pytest.raises(botalign.InputError, match=r"large: the model is over \d+ A long"):
        botalign.align(whole, large, resolution=RESOLUTION)


@pytest.mark.parametrize(("probability", "verdict"), [(4e-4, "certain"), (6e-4, "no match"), (None, "certain")])
def test_the_better_of_two_results_is_twice_as_probable_by_chance(probability: float | None, verdict: str) -> None:
    outcome = Outcome((), verdict="certain", probability=probability).of_two()
    assert outcome.verdict == verdict
    assert outcome.probability == (None if probability is None else 2 * probability)


@pytest.mark.parametrize(("hand", "tries"), [("keep", 1), ("auto", 2)])
def test_a_hand_that_is_chosen_counts_as_a_try(
    chain: botalign.Model, whole: botalign.DensityMap, hand: str, tries: int
) -> None:
    part = botalign.simulate(chain.moved(MOTION), RESOLUTION)
    options = botalign.AlignmentOptions(partial=True, hand=hand, threads=2)
    searched = exhaust(PartSearch(AlignmentProblem.of(whole, part, options)).steps())
    assert searched.standing > STANDS_OUT  # so that there was no second sampling
    assert searched.tries == tries
