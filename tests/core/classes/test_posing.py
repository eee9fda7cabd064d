import numpy as np
import pytest

from botalign.classes.poses import Poses
from botalign.classes.posing import disc_spans, image_splines, in_poses

from .conftest import in_disc, scipy_rotated

IMAGE = np.random.default_rng(3).standard_normal((1, 21, 21)).astype(np.float32)
DISC = np.where(in_disc(21), IMAGE[0], 0)


def posed(poses: Poses, numbers: list[int], *, back: bool = False) -> np.ndarray:
    pull = (poses.push if back else poses.pull)(np.array(numbers))
    return in_poses(image_splines(IMAGE)[0], pull, disc_spans(21, 99.0))


def test_the_disc_is_at_most_the_largest_in_the_image() -> None:
    for side in (20, 21):
        columns = np.arange(side)
        spans = disc_spans(side, 99.0)
        np.testing.assert_array_equal((columns >= spans[:, :1]) & (columns < spans[:, 1:]), in_disc(side))
    assert np.diff(disc_spans(21, 3.0)).sum() == 29  # pixels within 3 of the centre


def test_rotations_by_90_degrees_move_pixels() -> None:
    for number in range(4):
        found = posed(Poses(4), [number])[0]
        # From x to y, so clockwise on a screen.
        np.testing.assert_allclose(found, np.rot90(DISC, -number), atol=2e-6)


@pytest.mark.parametrize("number", [7, 100])
def test_rotations_agree_with_scipy(number: int) -> None:
    found = posed(Poses(200), [number])[0]
    np.testing.assert_allclose(found, scipy_rotated(IMAGE[0], number * 1.8), atol=1e-5)


def test_mirror_and_shift() -> None:
    poses = Poses(4, mirror=True, shift_pixels=1)
    numbers = list(range(len(poses)))
    angles, shifts, mirrored = poses.parts(np.array(numbers))
    for found, angle, shift, flip in zip(posed(poses, numbers), angles, shifts, mirrored, strict=True):
        expected = np.rot90(IMAGE[0, :, ::-1] if flip else IMAGE[0], -round(angle / 90))
        expected = np.roll(expected, shift[::-1], axis=(0, 1))
        inner = in_disc(21)
        inner[[0, -1]] = inner[:, [0, -1]] = False  # np.roll is periodic
        np.testing.assert_allclose(found[inner], expected[inner], atol=2e-6)


def test_push_is_the_inverse_of_pull() -> None:
    poses = Poses(9, mirror=True, shift_pixels=2)
    numbers = np.arange(len(poses))
    pull, push = poses.pull(numbers), poses.push(numbers)
    point = np.array([1.5, -2.5])
    there = np.einsum("nij,j->ni", pull[:, :, :2], point) + pull[:, :, 2]
    back = np.einsum("nij,nj->ni", push[:, :, :2], there) + push[:, :, 2]
    np.testing.assert_allclose(back, np.broadcast_to(point, back.shape), atol=1e-12)


def test_poses_are_numbered_by_sweeps() -> None:
    poses = Poses(200, mirror=True, shift_pixels=2)
    assert len(poses.shifts) == 13
    assert poses.shifts[0].tolist() == [0, 0]
    assert (poses.sweeps, len(poses)) == (26, 5200)
    angles, shifts, mirrored = poses.parts(poses.sweep(14))
    np.testing.assert_allclose(angles, np.arange(200) * 1.8)
    assert mirrored.all()
    assert (shifts == poses.shifts[1]).all()
