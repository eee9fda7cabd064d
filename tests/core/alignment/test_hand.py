from collections.abc import Callable

import numpy as np
import pytest

from botalign import Alignment, DensityMap, align, phantom
from botalign.alignment import HandDecision
from botalign.geometry import MIRROR, compose, inverse

Make = Callable[..., np.ndarray]
Measure = Callable[..., tuple[float, float]]
MIRRORED = np.column_stack([MIRROR, np.zeros(3)])


def agrees_with_itself(hand: HandDecision) -> bool:
    return hand.margin == pytest.approx(hand.correlation_as_given - hand.correlation_mirrored, abs=1e-6)


def test_the_same_hand_is_called_as_given(result: Alignment) -> None:
    assert result.hand is not None
    assert result.hand.decision == "as given"
    assert result.hand.margin > 3 * result.hand.standard_error > 0
    assert agrees_with_itself(result.hand)
    assert not result.mirrored


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_mirror_image_is_called_mirrored(seed: int, motion: Make, misfit: Measure) -> None:
    there = motion(seed, mirror=True)
    a = phantom(48, voxel_size_angstrom=3.0, seed=seed)
    b = phantom(48, voxel_size_angstrom=3.0, seed=seed, transform=there)
    checked = align(a, b, seed=seed)
    assert checked.hand is not None
    assert checked.hand.decision == "mirrored"
    assert checked.hand.margin < -3 * checked.hand.standard_error
    assert agrees_with_itself(checked.hand)
    # A check changes nothing: the answer keeps the hand, and the mirrored pose is among the candidates.
    assert not checked.mirrored
    assert np.linalg.det(checked.moving_to_fixed[:, :3]) == pytest.approx(1)
    best = max((c for c in checked.candidates if c.mirrored), key=lambda c: c.correlation)
    degrees, voxels = misfit(best.moving_to_fixed, there)
    assert degrees < 0.1
    assert voxels < 0.1


def test_auto_chooses_the_mirror_image(mirrored_result: Alignment, motion: Make, misfit: Measure) -> None:
    assert mirrored_result.mirrored
    assert np.linalg.det(mirrored_result.moving_to_fixed[:, :3]) == pytest.approx(-1)
    assert np.linalg.det(mirrored_result.rotation) == pytest.approx(1)
    assert mirrored_result.after.correlation > 0.999
    degrees, voxels = misfit(mirrored_result, motion(1, mirror=True))
    assert degrees < 0.1
    assert voxels < 0.1


def test_auto_keeps_the_right_hand(fixed: DensityMap, moving: DensityMap, there: np.ndarray, misfit: Measure) -> None:
    found = align(fixed, moving, hand="auto", evaluations=100)
    assert not found.mirrored
    assert found.hand.decision == "as given"
    assert misfit(found, there)[0] < 0.1


def test_keep_does_not_test_the_other_hand(fixed: DensityMap, mirrored: DensityMap) -> None:
    kept = align(fixed, mirrored, hand="keep", evaluations=40)
    assert kept.hand is None
    assert not kept.mirrored
    assert not any(c.mirrored for c in kept.candidates)
    assert len(kept.trace) == 40


@pytest.mark.parametrize("hand", ["check", "auto"])
def test_a_map_with_a_mirror_plane_has_no_hand(hand: str, motion: Make) -> None:
    there = motion(2)
    a, b = (
        phantom(48, voxel_size_angstrom=3.0, transform=pose).data
        + phantom(48, voxel_size_angstrom=3.0, transform=compose(pose, MIRRORED)).data
        for pose in (np.eye(3, 4), there)
    )
    grid = phantom(48, voxel_size_angstrom=3.0).grid
    found = align(DensityMap(a, grid), DensityMap(b, grid), hand=hand)
    assert found.hand is not None
    assert found.hand.decision == "undetermined"
    assert abs(found.hand.margin) < max(3 * found.hand.standard_error, 1e-3)
    assert not found.mirrored
    assert found.after.correlation > 0.99


def test_a_mirrored_start_keeps_its_mirror(
    fixed: DensityMap, mirrored: DensityMap, motion: Make, misfit: Measure
) -> None:
    there = motion(1, mirror=True)
    found = align(fixed, mirrored, hand="keep", start=inverse(there), local_degrees=10.0, evaluations=20, size=16)
    assert found.mirrored
    degrees, voxels = misfit(found, there)
    assert degrees < 0.1
    assert voxels < 0.1


def test_a_check_from_a_mirrored_start_reports_the_hand(fixed: DensityMap, mirrored: DensityMap, motion: Make) -> None:
    found = align(fixed, mirrored, start=inverse(motion(1, mirror=True)), evaluations=80)
    assert found.mirrored
    assert found.hand.decision == "mirrored"
    assert found.hand.correlation_mirrored > 0.999


def test_the_hand_is_decided_without_refinement_too(fixed: DensityMap, mirrored: DensityMap) -> None:
    found = align(fixed, mirrored, hand="auto", refine=False)
    assert found.mirrored
    assert found.hand.decision == "mirrored"


def test_a_match_of_the_mirror_image_is_ambiguous_for_the_given_hand() -> None:
    fixed = phantom(48, voxel_size_angstrom=3.0)
    mirrored = fixed.with_data(np.ascontiguousarray(fixed.data[::-1]))
    given, taken = (align(fixed, mirrored, hand=hand) for hand in ("check", "auto"))
    assert (given.verdict, taken.verdict) == ("ambiguous", "certain")
    assert "ambiguous: the moving map fits as its mirror image" in given.to_text()
    assert given.probability is not None
    assert given.probability < 1e-3


def test_a_mirrored_start_of_a_map_of_the_right_hand_names_the_hand(
    fixed: DensityMap, moving: DensityMap, motion: Make
) -> None:
    found = align(fixed, moving, start=inverse(motion(1, mirror=True)))
    assert found.mirrored
    assert found.hand is not None
    assert found.hand.decision == "as given"
    assert found.verdict_text == "ambiguous: the moving map fits as given, not mirrored"


def test_a_symmetric_map_of_the_wrong_hand_matches_as_its_mirror_image(motion: Make) -> None:
    # The equivalent poses of the mirror image are no wrong ones, although the result has the given hand.
    fixed = phantom(40, voxel_size_angstrom=3.6, symmetry="C3")
    moving = phantom(40, voxel_size_angstrom=3.6, symmetry="C3", transform=motion(7, mirror=True))
    found = align(fixed, moving)
    assert found.probability is not None
    assert found.probability < 1e-3
    assert found.verdict_text == "ambiguous: the moving map fits as its mirror image"
