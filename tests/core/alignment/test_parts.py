"""A part in a whole, and masks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.alignment.part_search import PartSearch
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.result_file import fields_from
from botalign.geometry import (
    apply_transform,
    compose,
    geodesic_degrees,
    identity,
    inverse,
    matrix_from_rotation_vector,
    transform_about,
)

Conformations = tuple[botalign.DensityMap, botalign.DensityMap, np.ndarray]
MOTION = np.column_stack([matrix_from_rotation_vector([-0.8, 1.9, 0.6]), [9.0, -12.0, 4.0]])


@pytest.fixture(scope="module")
def whole_and_part(beads: Callable[..., botalign.DensityMap]) -> tuple[botalign.DensityMap, botalign.DensityMap]:
    """A molecule, and a third of it in another pose."""
    rng = np.random.default_rng(8)
    places, masses = rng.uniform(-26, 26, size=(90, 3)), rng.uniform(0.5, 1.5, 90)
    kept = places[:, 0] > 8
    return beads(places, masses), beads(apply_transform(inverse(MOTION), places[kept]), masses[kept])


def off(found: np.ndarray, truth: np.ndarray) -> float:
    """Error of a transform in degrees, or in angstrom at 20 A from the origin if that is larger."""
    left = compose(found, inverse(truth))
    shift = float(np.linalg.norm(apply_transform(left, [20.0, 0, 0]) - [20.0, 0, 0]))
    return max(float(geodesic_degrees(left[:, :3], np.eye(3))), shift)


def test_poses_around_a_better_one_are_no_wrong_places(
    whole_and_part: tuple[botalign.DensityMap, botalign.DensityMap],
) -> None:
    whole, part = whole_and_part
    search = PartSearch(AlignmentProblem.of(whole, part, botalign.AlignmentOptions(partial=True, hand="keep")))
    centre, radius = search.pair.centre_angstrom, search.pair.radius_angstrom

    def candidate(degrees: float, shift: float, correlation: float) -> Candidate:
        turn = matrix_from_rotation_vector([0, np.radians(degrees), 0])
        moved = transform_about(turn, centre, apply_transform(MOTION, centre) + np.array([shift * radius, 0, 0]))
        return Candidate(moved, False, 1 - correlation, correlation)

    given = [(0, 0, 0.9), (20, 0, 0.6), (0, 0.3, 0.5), (90, 0, 0.4), (20, 1, 0.3), (110, 0, 0.2)]
    assert search.correlations([candidate(*each) for each in given]) == pytest.approx([0.9, 0.4, 0.3])


@pytest.mark.slow
def test_a_part_is_found_whether_it_moves_or_not(
    whole_and_part: tuple[botalign.DensityMap, botalign.DensityMap],
) -> None:
    whole, part = whole_and_part
    found = botalign.align(whole, part, partial=True, hand="keep", threads=2)
    assert off(found.moving_to_fixed, MOTION) < 1
    assert found.verdict == "certain"
    back = botalign.align(part, whole, partial=True, hand="keep", threads=1)
    assert off(back.moving_to_fixed, inverse(MOTION)) < 1
    assert found.part is not None
    assert (found.part.role, found.part.reason) == ("moving", "requested")
    assert 0.2 < found.part.fraction < 0.5
    assert found.after.correlation > 0.8
    assert found.after.fsc_resolution_angstrom < found.before.fsc_resolution_angstrom
    assert found.part_correlation == found.candidates[0].correlation > 0.8
    assert "\npart         the moving map, as requested, " in found.to_text()
    assert f"correlation of the edges inside it {found.part_correlation:.4f};" in found.to_text()
    assert back.part_correlation == pytest.approx(found.part_correlation, abs=0.02)


@pytest.mark.parametrize("part_moves", [True, False])
def test_a_part_is_searched_for_near_the_start(
    whole_and_part: tuple[botalign.DensityMap, botalign.DensityMap], part_moves: bool
) -> None:
    whole, part = whole_and_part
    maps, motion = ((whole, part), MOTION) if part_moves else ((part, whole), inverse(MOTION))
    start = compose(np.column_stack([matrix_from_rotation_vector([0.05, 0, 0.04]), np.zeros(3)]), motion)
    found = botalign.align(*maps, partial=True, hand="keep", start=start, local_degrees=6, threads=2)
    assert off(found.moving_to_fixed, motion) < 1
    assert found.verdict == "certain"
    assert "\nchance" in found.to_text()
    elsewhere = botalign.align(*maps, partial=True, hand="keep", local_degrees=3, threads=2)
    assert elsewhere.angle_degrees <= 3 + 1e-5
    assert elsewhere.verdict == "no match"


def test_a_part_at_the_limit_of_a_local_search_says_so(
    whole_and_part: tuple[botalign.DensityMap, botalign.DensityMap],
) -> None:
    start = compose(np.column_stack([matrix_from_rotation_vector([0.05, 0, 0.04]), np.zeros(3)]), MOTION)
    found = botalign.align(*whole_and_part, partial=True, hand="keep", start=start, local_degrees=2, threads=2)
    assert found.at_limit
    assert found.verdict == "no match"
    assert found.verdict_text.startswith("no match: the pose is at the limit of the local search")
    assert botalign.Alignment(**fields_from(found.to_dict())).verdict_text == found.verdict_text


@pytest.mark.parametrize(
    ("shown", "limits", "verdict"),
    [(True, {"local_degrees": 20, "shift": False}, "certain"), (False, {"rotate": False}, "no match")],
)
def test_too_few_wrong_places_leave_the_chance_of_a_part_unknown(
    whole_and_part: tuple[botalign.DensityMap, botalign.DensityMap],
    beads: Callable[..., botalign.DensityMap],
    shown: bool,
    limits: dict[str, object],
    verdict: str,
) -> None:
    whole, part = whole_and_part
    if not shown:
        rng = np.random.default_rng(9)
        part = beads(apply_transform(inverse(MOTION), rng.uniform([8, -26, -26], 26, (30, 3))), np.ones(30))
    options = botalign.AlignmentOptions(partial=True)
    centre = AlignmentProblem.of(whole, part, options).moving.centre_angstrom
    turned = matrix_from_rotation_vector([0.05, 0, 0.04]) @ MOTION[:, :3]
    start = transform_about(turned, centre, apply_transform(MOTION, centre))
    found = botalign.align(whole, part, partial=True, hand="keep", start=start, threads=2, **limits)
    assert (found.verdict, found.probability) == (verdict, None)
    text = " ".join(found.to_text().split())
    assert "chance unknown, because too few wrong places were searched; a match rests on the details" in text
    assert ("no match: too few wrong places were searched to compare with" in text) is not shown
    assert "stands out" not in text
    assert botalign.Alignment(**fields_from(found.to_dict())).to_text() == found.to_text()


def test_a_rod_is_compared_with_enough_wrong_places(beads: Callable[..., botalign.DensityMap]) -> None:
    """Nearly all poses that fit best put the rod in its place, turned about its axis: the map leaves its pose open."""
    rng = np.random.default_rng(3)
    rod = np.linspace([0, 0, -35], [0, 0, 35], 25)
    others, masses = rng.uniform(-40, 40, (40, 3)), rng.uniform(0.5, 1.5, 40)
    whole = beads(np.concatenate([apply_transform(MOTION, rod), others]), np.concatenate([np.ones(25), masses]))
    found = botalign.align(whole, beads(rod, np.ones(25)), partial=True, hand="keep", threads=2)
    axis = found.moving_to_fixed[:, 2]
    assert abs(float(axis @ MOTION[:, 2])) > np.cos(np.radians(2))
    assert found.verdict == "ambiguous"
    assert found.probability is not None
    assert found.probability < 1e-3


@pytest.mark.slow
def test_close_candidates_are_fitted_to_the_end(beads: Callable[..., botalign.DensityMap]) -> None:
    rng = np.random.default_rng(22)
    places, masses = rng.uniform(-26, 26, size=(60, 3)), rng.uniform(0.5, 1.5, 60)
    kept = places[:, 0] > 2
    noisy = []
    for at, mass in ((places, masses), (apply_transform(inverse(MOTION), places[kept]), masses[kept])):
        made = beads(at, mass, 5.0)
        grid, data = made.grid.part((8, 8, 8), (40, 40, 40)), made.data[8:48, 8:48, 8:48]
        noise = rng.standard_normal(data.shape).astype(np.float32)
        noisy.append(botalign.DensityMap(data + 0.3 * data.std() * noise, grid))
    found = botalign.align(*noisy, partial=True, hand="keep", threads=2)
    assert off(found.moving_to_fixed, MOTION) < 1
    assert found.verdict == "certain"


@pytest.mark.slow
def test_the_hand_of_a_part_is_reported(whole_and_part: tuple[botalign.DensityMap, botalign.DensityMap]) -> None:
    whole, part = whole_and_part
    mirrored = part.with_data(part.data[::-1])  # its grid is centred on the origin
    result = botalign.align(whole, mirrored, partial=True, hand="auto", threads=2)
    assert result.hand is not None
    assert (result.hand.decision, result.mirrored) == ("mirrored", True)
    assert off(result.moving_to_fixed, MOTION @ np.diag([1, 1, -1, 1])) < 1


@pytest.mark.slow
def test_a_subunit_fits_at_all_equivalent_positions(data_folder: Path) -> None:
    whole = botalign.read(data_folder / "maps" / "emd_1080_groel_11.5A.mrc")  # D7, the axis along z
    z, y, x = np.meshgrid(*(whole.grid.axis_angstrom(axis) for axis in range(3)), indexing="ij")
    wedge = (np.abs(np.arctan2(y - y.mean(), x - x.mean())) < np.pi / 7) & (z > z.mean())
    part = whole.with_data(np.where(wedge, whole.data, 0))
    result = botalign.align(whole, part, partial=True, hand="keep", threads=2)
    assert result.symmetry is not None
    assert result.symmetry.group == "D7"
    assert len(result.places) == [pose.group for pose in result.poses].count(0) == 14
    assert result.verdict == "certain"


@pytest.mark.slow
def test_a_mask_selects_what_is_aligned(conformations: Conformations) -> None:
    fixed, moving, motion = conformations
    # The domain that moved, cut from the fixed map by a mask on another grid.
    grid = botalign.Grid.cube(40, 3.0, np.zeros(3))
    x = np.broadcast_to(grid.axis_angstrom(2), grid.shape)
    mask = botalign.DensityMap(np.clip((x - 16) / 6, 0, 1).astype(np.float32), grid, "mask")
    result = botalign.align(fixed, moving, mask_fixed=mask, hand="keep", threads=2)
    hinge = np.array([20.0, 0.0, 0.0])
    turn = matrix_from_rotation_vector([0, np.radians(30), 0])
    domain = np.column_stack([turn, hinge - turn @ hinge])
    assert off(result.moving_to_fixed, compose(inverse(domain), motion)) < 2
    assert result.parameters["mask_fixed"] == "mask"
    assert str(result.part_text).endswith("the scores above are computed inside it, too")
    compared = botalign.score(fixed, moving, transform=result.moving_to_fixed, mask_first=mask, full_sampling=False)
    assert compared.scores == result.after
    assert result.part is not None
    assert (result.part.role, result.part.reason) == ("fixed", "mask")


def test_a_mask_of_everything_changes_nothing(conformations: Conformations) -> None:
    fixed, moving, _ = conformations
    everything = fixed.with_data(np.ones_like(fixed.data))
    options = {"evaluations": 20, "size": 16, "hand": "keep"}
    masked = botalign.align(fixed, moving, mask_fixed=everything, mask_moving=everything, **options)
    np.testing.assert_array_equal(masked.moving_to_fixed, botalign.align(fixed, moving, **options).moving_to_fixed)
    assert masked.part is None
    assert (masked.part_correlation, masked.part_text) == (None, None)
    assert "\npart " not in masked.to_text()


@pytest.mark.parametrize(
    ("values", "shift", "message"),
    [(7.0, 0.0, "expected 0 outside to 1 inside"), (1.0, 1e4, "expected a mask of it"), (0.0, 0.0, "is it a mask")],
)
def test_what_is_not_a_mask_is_refused(conformations: Conformations, values: float, shift: float, message: str) -> None:
    fixed, moving, _ = conformations
    origin = tuple(np.array(fixed.grid.origin_angstrom) + shift)
    grid = botalign.Grid(fixed.grid.shape, fixed.grid.voxel_size_angstrom, origin)
    mask = botalign.DensityMap(np.full(grid.shape, values, np.float32), grid, "m.mrc")
    with pytest.raises(botalign.InputError, match=rf"mask m\.mrc: .*{message}"):
        botalign.align(fixed, moving, mask_fixed=mask)


def test_progress_of_a_part_is_counted(whole_and_part: tuple[botalign.DensityMap, botalign.DensityMap]) -> None:
    steps = botalign.align_steps(*whole_and_part, botalign.AlignmentOptions(partial=True, hand="check"))
    first = next(steps)
    assert (first.stage, first.done) == ("search", 1)
    assert first.total > 50
    assert np.isfinite(compose(first.moving_to_fixed, identity())).all()
    steps.close()
