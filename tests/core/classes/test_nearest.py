import numpy as np
import pytest
from numpy.typing import NDArray

import botalign
from botalign.classes.metrics import EuclideanMetric, ImageVectors, Metric, Nearest, WaveletMetric
from botalign.classes.poses import Poses
from botalign.classes.posing import disc_spans, image_splines, in_poses

from ..conftest import RotatedViews
from .conftest import scipy_rotated

METRICS: tuple[Metric, ...] = (WaveletMetric(32), EuclideanMetric(32, 15.5), WaveletMetric(32, scales=2))


def search(
    metric: Metric, images: NDArray[np.float32], poses: NDArray[np.float32], best: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64], int]:
    best = np.full(len(images), np.inf) if best is None else best.copy()
    chosen = np.full(len(images), 10**9)
    work = metric.nearest(ImageVectors(images, metric.summary(images)), poses, 50, Nearest(best, chosen))
    return best, chosen, work


def everything(metric: Metric, images: NDArray[np.float32], poses: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.array([[metric.distance(image, pose) for pose in poses] for image in images])


@pytest.fixture(scope="module")
def sweep(views: RotatedViews) -> NDArray[np.float32]:
    """Return one of the images in 60 rotations, one of them twice."""
    splines = image_splines(views.stack.images[7:8])[0]
    poses = Poses(60)
    return in_poses(splines, poses.pull(np.append(poses.sweep(0), 20)), disc_spans(32, 99.0))


@pytest.mark.parametrize("metric", METRICS, ids=["wemd", "l2", "wemd, 2 scales"])
def test_the_nearest_is_the_exact_minimum(metric: Metric, views: RotatedViews, sweep: NDArray[np.float32]) -> None:
    images, poses = metric.vectors(views.stack.images), metric.vectors(sweep)
    distances = everything(metric, images, poses)
    best, chosen, _ = search(metric, images, poses)
    np.testing.assert_array_equal(best, distances.min(axis=1))
    np.testing.assert_array_equal(chosen, 50 + distances.argmin(axis=1))


@pytest.mark.parametrize("metric", METRICS, ids=["wemd", "l2", "wemd, 2 scales"])
def test_a_nearer_previous_pose_is_kept(metric: Metric, views: RotatedViews, sweep: NDArray[np.float32]) -> None:
    images, poses = metric.vectors(views.stack.images), metric.vectors(sweep)
    least = everything(metric, images, poses).min(axis=1)
    before = np.where(np.arange(len(images)) % 2, np.nextafter(least, 0), np.nextafter(least, np.inf))
    best, chosen, _ = search(metric, images, poses, before)
    np.testing.assert_array_equal(best, np.minimum(before, least))
    np.testing.assert_array_equal(chosen == 10**9, before < least)


@pytest.mark.parametrize("metric", METRICS[:2], ids=["wemd", "l2"])
def test_the_first_of_equally_near_poses_is_chosen(
    metric: Metric, views: RotatedViews, sweep: NDArray[np.float32]
) -> None:
    poses = metric.vectors(np.concatenate([sweep[::-1], sweep]))
    images = metric.vectors(sweep[:7])
    best, chosen, _ = search(metric, images, poses)
    np.testing.assert_array_equal(best, 0)
    np.testing.assert_array_equal(chosen - 50, len(sweep) - 1 - np.arange(7))


def test_a_good_guess_saves_work(views: RotatedViews, sweep: NDArray[np.float32]) -> None:
    metric = METRICS[0]
    images, poses = metric.vectors(views.stack.images), metric.vectors(sweep)
    best, _, first = search(metric, images, poses)
    assert search(metric, images, poses, best)[2] < first


def test_distances_agree_with_other_programs(views: RotatedViews) -> None:
    a, b = views.stack.images[:2]
    wavelet, plain = METRICS[:2]
    angle = 36.0
    splines = image_splines(b[None])[0]
    posed = in_poses(splines, Poses(10).pull(np.array([1])), disc_spans(32, 99.0))[0]
    other = scipy_rotated(b, angle)
    vectors = wavelet.vectors(np.stack([a, posed]))
    expected = botalign.wemd(a, other, wavelet="sym5", scales=6)
    assert wavelet.distance(vectors[0], vectors[1]) == pytest.approx(expected, rel=1e-5)
    vectors = plain.vectors(np.stack([scipy_rotated(a, 0), posed]))
    assert plain.distance(vectors[0], vectors[1]) == pytest.approx(
        np.linalg.norm(scipy_rotated(a, 0) - other), rel=1e-5
    )


@pytest.mark.parametrize("metric", METRICS[:2], ids=["wemd", "l2"])
def test_bounds_hold_for_extreme_numbers(metric: Metric) -> None:
    # Wide ranges, equal distances and zero vectors are difficult for the margins.
    rng = np.random.default_rng(8)
    for scale in (1e-6, 1.0, 1e6):
        images = (rng.standard_normal((12, metric.length)) * scale * 10.0 ** rng.uniform(-3, 3, (12, 1))).astype(
            np.float32
        )
        poses = np.repeat(images[:5], 4, axis=0) + (rng.random((20, 1)) < 0.3) * np.float32(scale)
        poses[3] = 0
        distances = everything(metric, images, poses)
        best, chosen, _ = search(metric, images, poses)
        np.testing.assert_array_equal(best, distances.min(axis=1))
        np.testing.assert_array_equal(chosen, 50 + distances.argmin(axis=1))
