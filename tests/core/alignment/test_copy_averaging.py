"""Copies in noisy symmetric maps."""

from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.alignment.copies import _most_in_average, limits_for, solve_copies
from botalign.alignment.copy_averaging import are_in_map, noise_may_hide_copies, places_in_average
from botalign.alignment.distinct import Tolerance, distinct
from botalign.alignment.part_pair import PartPair
from botalign.alignment.part_search import PartSearch
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.symmetry import Symmetry, average_of
from botalign.geometry import compose, point_group
from botalign.progress import exhaust

from .test_copies import Ring, errors, made


@pytest.fixture(scope="module")
def ring() -> Ring:
    return made("D2", distance=22.0)


def noisy(density: botalign.DensityMap, noise: float, seed: int = 8) -> botalign.DensityMap:
    """Add noise that is so many times as strong as the density."""
    spread = noise * density.data[density.data > 0.2 * density.data.max()].std()
    random = np.random.default_rng(seed).standard_normal(density.data.shape)
    return density.with_data((density.data + spread * random).astype(np.float32))


def problem_of(whole: botalign.DensityMap, part: botalign.DensityMap) -> AlignmentProblem:
    options = botalign.AlignmentOptions(resolution=10, copies=4, hand="keep", threads=2)
    return AlignmentProblem.of(whole, part, options)


def group_of(ring: Ring) -> Symmetry:
    return Symmetry("D2", ring.group, np.array([0.0, 0.0, 1.0]))


def test_the_average_has_less_noise_and_the_same_density(ring: Ring) -> None:
    rough = noisy(ring.whole, 2.0).with_data(noisy(ring.whole, 2.0).data + np.float32(5.0))
    average = average_of(rough, ring.group)
    inside = tuple(slice(12, -12) for _ in range(3))
    before, after = (each.data[inside] - np.float32(5.0) - ring.whole.data[inside] for each in (rough, average))
    # Interpolation smooths the noise too, so that less than half of it is left.
    assert after.std() < 0.5 * before.std()
    assert abs(after.mean()) < 0.1 * ring.whole.data.max()
    clean = average_of(ring.whole, ring.group)
    np.testing.assert_allclose(clean.data[inside], ring.whole.data[inside], atol=0.03 * ring.whole.data.max())


def test_equivalent_poses_count_once() -> None:
    operations = np.concatenate([point_group("C4"), np.zeros((4, 3, 1))], axis=2)
    pose, other = np.eye(3, 4), np.eye(3, 4)
    pose[:, 3], other[:, 3] = [20, 0, 3], [20, 5, 9]
    poses = [pose, *(compose(each, pose) for each in operations[1:]), other]
    tolerance = Tolerance(10.0, 2.0, np.zeros(3))
    assert distinct(poses, range(5), tolerance) == [0, 1, 2, 3, 4]
    assert distinct(poses, range(5), tolerance, operations=operations) == [0, 4]


def test_an_average_has_full_sets_of_copies_only() -> None:
    found = [_most_in_average(wanted, 3) for wanted in (None, 1, 2, 3, 4, 5, 6, 7)]
    assert found == [3, 1, 2, 3, 3, 3, 6, 6]


def test_all_copies_are_found_in_the_average(ring: Ring) -> None:
    """The wrong places are those of different orbits: equal ones would make the tail of their scores too short."""
    problem = problem_of(noisy(ring.whole, 1.0), ring.part)
    found = exhaust(places_in_average(problem, group_of(ring), limits_for(1)))
    first = [place.moving_to_fixed for place in found.places[:4]]
    tolerance = found.pair.tolerance((15.0, 0.3))
    assert all(any(tolerance.same(pose, truth) for pose in first) for truth in ring.places)
    assert max(place.probability for place in found.places[:4]) < 1e-3 < found.places[4].probability
    assert len(found.chances.wrong) > 8
    np.testing.assert_array_less(np.diff(found.chances.wrong), 0)


def test_a_copy_that_only_the_average_shows_is_noticed(ring: Ring) -> None:
    incomplete = made("D2", distance=22.0, missing=1)
    pair = PartPair.of(problem_of(incomplete.whole, ring.part))
    assert are_in_map(pair.fit(3.0, 2.0), ring.places) == [False, True, True, True]


@pytest.mark.parametrize(("noise", "hides"), [(0.0, False), (0.5, True), (2.0, True)])
@pytest.mark.parametrize("resolution", [10.0, None])
def test_only_noise_hides_copies(ring: Ring, noise: float, hides: bool, resolution: float | None) -> None:
    options = botalign.AlignmentOptions(resolution=resolution, copies="auto", hand="keep", threads=1)
    problem = AlignmentProblem.of(noisy(ring.whole, noise), ring.part, options)
    assert noise_may_hide_copies(problem, PartSearch(problem)) is hides


def test_a_map_that_shows_its_copies_is_not_averaged(ring: Ring) -> None:
    """More copies are requested than there are, so the average is searched too, but it shows no more of them."""
    result = botalign.align(noisy(ring.whole, 0.3), ring.part, resolution=10, copies=6, hand="keep", threads=2)
    copies = result.copies
    assert copies is not None
    assert sum(copy.verdict == "certain" for copy in copies.placed) == 4
    assert copies.averaged is None
    assert "averaged" not in result.to_text()


@pytest.mark.slow
def test_noise_that_hides_copies_is_averaged(ring: Ring, tmp_path: Path) -> None:
    whole = noisy(ring.whole, 2.0, seed=11)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(AlignmentProblem, "symmetry", None)
        hidden = exhaust(solve_copies(problem_of(whole, ring.part)))
    assert hidden.verdict == "no match"
    result = botalign.align(whole, ring.part, resolution=10, copies=4, hand="keep", threads=2)
    copies = result.copies
    assert copies is not None
    assert (result.verdict, copies.averaged, copies.title) == ("certain", "D2", "4 copies, D2")
    assert sorted(number for number, _ in errors(result, ring)) == [0, 1, 2, 3]
    assert "placed in the map averaged over its point group, D2" in " ".join(result.to_text().split())
    result.write(tmp_path / "r.json")
    assert botalign.Alignment.read(tmp_path / "r.json").to_json() == result.to_json()
