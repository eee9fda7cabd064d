"""The frame of a classification: metric, poses and disc."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Volume
from botalign.cancellation import check_cancelled
from botalign.classes.metrics import EuclideanMetric, Metric, WaveletMetric
from botalign.classes.options import ClassifyOptions
from botalign.classes.poses import Poses
from botalign.classes.posing import disc_spans, in_poses
from botalign.classes.preparation import PreparedImages
from botalign.classes.units import PIXELS, units


@dataclass(frozen=True)
class Frame:
    """Metric, poses and disc, which all blocks of work share.

    Attributes
    ----------
    metric : Metric
        Metric, which converts images to vectors.
    poses : Poses
        Poses in which an average is compared.
    side, radius : int, float
        Side of the images and radius of the disc, in pixels.
    """

    metric: Metric
    poses: Poses
    side: int
    radius: float

    @classmethod
    def of(cls, options: ClassifyOptions, ready: PreparedImages) -> Frame:
        """Return the frame for prepared images."""
        side, radius = ready.side, ready.radius
        if options.metric == "l2":
            return cls(EuclideanMetric(side, radius), options.poses, side, radius)
        scales = options.scales or default_scales(side)
        return cls(
            WaveletMetric(side, scales=scales, pixel_size=ready.pixel_size_angstrom), options.poses, side, radius
        )

    def posed(self, splines: Volume, numbers: NDArray[np.int64]) -> Volume:
        """Return the vectors of an average, given by its spline coefficients, in poses given by their indices."""
        spans, pull = disc_spans(self.side, self.radius), self.poses.pull(numbers)
        vectors = np.empty((len(pull), self.metric.length), dtype=np.float32)
        for unit in units(len(pull), self.side**2, PIXELS):
            check_cancelled()
            vectors[unit] = self.metric.vectors(in_poses(splines, pull[unit], spans))
        return vectors


def default_scales(side: int) -> int:
    """Return the default number of scales: 6 as in the paper for 128 pixels, and fewer for smaller images.

    The coarsest wavelets are then half as long as the image. Longer ones hardly depend on its shape.
    """
    return min(6, max(1, side.bit_length() - 2))
