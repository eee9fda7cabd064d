import numpy as np

import botalign
from botalign.classes.averaging import average_steps, refill
from botalign.classes.frame import Frame
from botalign.classes.posing import disc_spans, image_splines, in_poses
from botalign.classes.preparation import PreparedImages
from botalign.classes.seeding import _draw
from botalign.progress import exhaust

from ..conftest import RotatedViews


def frame() -> Frame:
    ready = PreparedImages(np.zeros((1, 32, 32), np.float32), 1.0, 15.5, 1.0)
    return Frame.of(botalign.ClassifyOptions(rotations=8, mirror=True, shift_pixels=1), ready)


def test_an_average_is_the_mean_of_its_aligned_members(views: RotatedViews) -> None:
    of = frame()
    images, spans = views.stack.images[:9], disc_spans(32, 15.5)
    splines = image_splines(images)
    labels, poses = np.array([0, 2, 2, 0, 2, 2, 2, 0, 2]), np.array([0, 4, 17, 80 - 1, 31, 8, 9, 64, 50])
    found = exhaust(average_steps(of, splines, labels * len(of.poses) + poses, 3, threads=2))
    back = [in_poses(s, of.poses.push(poses[i : i + 1]), spans)[0] for i, s in enumerate(splines)]
    for label in (0, 2):
        expected = np.mean([b for b, own in zip(back, labels, strict=True) if own == label], axis=0)
        np.testing.assert_allclose(found[label], expected, atol=1e-4)
    assert not found[1].any()


def test_the_average_of_a_single_image_is_the_image(views: RotatedViews) -> None:
    of = frame()
    splines = image_splines(views.stack.images[:1])
    found = exhaust(average_steps(of, splines, np.array([0]), 1))[0]
    inside = found != 0
    np.testing.assert_allclose(found[inside], views.stack.images[0][inside], rtol=1e-5, atol=1e-3)


def test_empty_classes_are_reseeded_from_the_worst_fitting_images() -> None:
    labels = np.array([0, 0, 0, 3, 4, 4])
    distance = np.array([1.0, 5.0, 2.0, 9.0, 3.0, 4.0])
    chosen, distances, refilled = refill(labels * 10 + 7, distance, 5, 10)
    assert refilled == [1, 2]
    assert chosen.tolist() == [7, 10, 7, 37, 47, 20]
    assert distances.tolist() == [1, 0, 2, 9, 3, 0]
    assert distance.tolist() == [1, 5, 2, 9, 3, 4]  # the given array is not changed


def test_seeds_are_drawn_in_proportion_to_the_squared_distances() -> None:
    none = np.array([], dtype=np.int64)
    distance = np.array([0.0, 1.0, 2.0, 0.0, 3.0])
    ends = np.array([1e-9, 0.99 / 14, 1.01 / 14, 4.99 / 14, 5.01 / 14, 1 - 1e-12])
    drawn = [_draw(distance, at, np.array([0])) for at in ends]
    assert drawn == [1, 1, 2, 2, 4, 4]
    assert [_draw(np.full(4, np.inf), at, none) for at in (0.0, 0.3, 0.999)] == [0, 1, 3]
    # Of copies of drawn images, any is drawn, but none twice.
    assert [_draw(np.zeros(3), at, np.array([0, 2])) for at in (0.0, 0.5, 0.999)] == [1, 1, 1]
