"""What all the work on one set of images has in common: metric, poses, disc."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.classes.metrics import EuclideanMetric, Metric, WaveletMetric
from botalign.classes.poses import Poses
from botalign.classes.turning import disc_spans, turned

Array32 = NDArray[np.float32]


@dataclass(frozen=True)
class Frame:
    """Metric, poses and disc.

    Attributes
    ----------
    metric : Metric
        How images become vectors.
    poses : Poses
        In which poses an average is compared.
    side, radius
        Pixels a side, and radius of the disc in pixels.
    """

    metric: Metric
    poses: Poses
    side: int
    radius: float

    @classmethod
    def of(
        cls, metric: str, poses: Poses, *, side: int, radius: float, pixel_size: float, scales: int | None = None
    ) -> Frame:
        """Make the frame for images of `side` pixels; the rest as for :func:`botalign.classify`."""
        if metric == "l2":
            return cls(EuclideanMetric(side, radius), poses, side, radius)
        return cls(
            WaveletMetric(side, scales=scales or default_scales(side), pixel_size=pixel_size), poses, side, radius
        )

    def posed(self, splines: Array32, numbers: NDArray[np.int64]) -> Array32:
        """Return the vectors of one average, given by its spline coefficients, in poses given by their numbers."""
        spans = disc_spans(self.side, self.radius)
        return self.metric.vectors(turned(splines, self.poses.pull(numbers), spans))


def default_scales(side: int) -> int:
    """Return how many scales images of `side` pixels have: the 6 of the paper for its 128, and fewer for smaller ones.

    The coarsest wavelets are half as long as the image. Where they are as long, what they see is hardly its shape.
    """
    return min(6, max(1, side.bit_length() - 2))
