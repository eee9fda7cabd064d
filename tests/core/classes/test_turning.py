import numpy as np
import pytest

from botalign.classes.poses import Poses
from botalign.classes.turning import disc_spans, image_splines, turned

from .conftest import in_disc, scipy_turned

IMAGE = np.random.default_rng(3).standard_normal((1, 21, 21)).astype(np.float32)
DISC = np.where(in_disc(21), IMAGE[0], 0)


def posed(poses: Poses, numbers: list[int], *, back: bool = False) -> np.ndarray:
    pull = (poses.push if back else poses.pull)(np.array(numbers))
    return turned(image_splines(IMAGE)[0], pull, disc_spans(21, 99.0))


def test_the_disc_is_the_largest_or_smaller() -> None:
    for side in (20, 21):
        columns = np.arange(side)
        spans = disc_spans(side, 99.0)
        np.testing.assert_array_equal((columns >= spans[:, :1]) & (columns < spans[:, 1:]), in_disc(side))
    assert np.diff(disc_spans(21, 3.0)).sum() == 29  # lattice points within 3 of the middle one


def test_quarter_turns_move_pixels() -> None:
    for number in range(4):
        found = posed(Poses(4), [number])[0]
        # x towards y: down the rows, so clockwise on a screen.
        np.testing.assert_allclose(found, np.rot90(DISC, -number), atol=2e-6)


@pytest.mark.parametrize("number", [7, 100])
def test_other_turns_are_those_of_scipy(number: int) -> None:
    found = posed(Poses(200), [number])[0]
    np.testing.assert_allclose(found, scipy_turned(IMAGE[0], number * 1.8), atol=1e-5)


def test_mirror_and_shift() -> None:
    poses = Poses(4, mirror=True, shift_pixels=1)
    numbers = list(range(len(poses)))
    angles, shifts, mirrored = poses.parts(np.array(numbers))
    for found, angle, shift, flip in zip(posed(poses, numbers), angles, shifts, mirrored, strict=True):
        expected = np.rot90(IMAGE[0, :, ::-1] if flip else IMAGE[0], -round(angle / 90))
        expected = np.roll(expected, shift[::-1], axis=(0, 1))
        inner = in_disc(21)
        inner[[0, -1]] = inner[:, [0, -1]] = False  # np.roll brings the far edge in
        np.testing.assert_allclose(found[inner], expected[inner], atol=2e-6)


def test_turning_back_undoes_a_pose() -> None:
    poses = Poses(9, mirror=True, shift_pixels=2)
    numbers = np.arange(len(poses))
    pull, push = poses.pull(numbers), poses.push(numbers)
    point = np.array([1.5, -2.5])
    there = np.einsum("nij,j->ni", pull[:, :, :2], point) + pull[:, :, 2]
    back = np.einsum("nij,nj->ni", push[:, :, :2], there) + push[:, :, 2]
    np.testing.assert_allclose(back, np.broadcast_to(point, back.shape), atol=1e-12)


def test_poses_are_numbered_in_whole_turns() -> None:
    poses = Poses(200, mirror=True, shift_pixels=2)
    assert len(poses.shifts) == 13
    assert poses.shifts[0].tolist() == [0, 0]
    assert (poses.sweeps, len(poses)) == (26, 5200)
    angles, shifts, mirrored = poses.parts(poses.sweep(14))
    np.testing.assert_allclose(angles, np.arange(200) * 1.8)
    assert mirrored.all()
    assert (shifts == poses.shifts[1]).all()
