import numpy as np

from botalign.classes.averaging import averages, refill
from botalign.classes.frame import Frame
from botalign.classes.poses import Poses
from botalign.classes.seeding import _drawn
from botalign.classes.turning import disc_spans, image_splines
from botalign.classes.turning import turned as in_poses

from ..conftest import Turned


def frame() -> Frame:
    return Frame.of("wemd", Poses(8, mirror=True, shift_pixels=1), side=32, radius=15.5, pixel_size=1.0)


def test_an_average_is_the_mean_of_its_members_turned_back(turned: Turned) -> None:
    of = frame()
    images, spans = turned.stack.images[:9], disc_spans(32, 15.5)
    splines = image_splines(images)
    labels, poses = np.array([0, 2, 2, 0, 2, 2, 2, 0, 2]), np.array([0, 4, 17, 80 - 1, 31, 8, 9, 64, 50])
    found = averages(of, splines, labels * len(of.poses) + poses, 3, threads=2)
    back = [in_poses(s, of.poses.push(poses[i : i + 1]), spans)[0] for i, s in enumerate(splines)]
    for label in (0, 2):
        expected = np.mean([b for b, own in zip(back, labels, strict=True) if own == label], axis=0)
        np.testing.assert_allclose(found[label], expected, atol=1e-4)
    assert not found[1].any()


def test_a_lone_member_not_turned_is_its_own_average(turned: Turned) -> None:
    of = frame()
    splines = image_splines(turned.stack.images[:1])
    found = averages(of, splines, np.array([0]), 1)[0]
    inside = found != 0
    np.testing.assert_allclose(found[inside], turned.stack.images[0][inside], rtol=1e-5, atol=1e-3)


def test_an_empty_class_gets_what_fits_worst_and_empties_none() -> None:
    labels = np.array([0, 0, 0, 3, 4, 4])
    distance = np.array([1.0, 5.0, 2.0, 9.0, 3.0, 4.0])
    chosen, distances, refilled = refill(labels * 10 + 7, distance, 5, 10)
    assert refilled == [1, 2]
    assert chosen.tolist() == [7, 10, 7, 37, 47, 20]
    assert distances.tolist() == [1, 0, 2, 9, 3, 0]
    assert distance.tolist() == [1, 5, 2, 9, 3, 4]  # what was given is left alone


def test_seeds_are_drawn_in_proportion_to_the_squares() -> None:
    none = np.array([], dtype=np.int64)
    distance = np.array([0.0, 1.0, 2.0, 0.0, 3.0])
    ends = np.array([1e-9, 0.99 / 14, 1.01 / 14, 4.99 / 14, 5.01 / 14, 1 - 1e-12])
    drawn = [_drawn(distance, at, np.array([0])) for at in ends]
    assert drawn == [1, 1, 2, 2, 4, 4]
    assert [_drawn(np.full(4, np.inf), at, none) for at in (0.0, 0.3, 0.999)] == [0, 1, 3]
    # Copies of what was drawn already: any of them, but none twice.
    assert [_drawn(np.zeros(3), at, np.array([0, 2])) for at in (0.0, 0.5, 0.999)] == [1, 1, 1]
