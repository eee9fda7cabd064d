"""The two metrics: how images become vectors, and how the nearest of many poses is found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from botalign.classes import bounds, products
from botalign.classes.turning import disc_spans
from botalign.classes.wavelets import Embedding

Array32 = NDArray[np.float32]
Array64 = NDArray[np.float64]

MetricName = Literal["wemd", "l2"]


class Metric(Protocol):
    """A distance of images by way of vectors, for which the nearest of many poses can be found."""

    @property
    def length(self) -> int:
        """Numbers in a vector."""

    def vectors(self, images: Array32) -> Array32:
        """Return the vectors of images."""

    def norms(self, vectors: Array32) -> Array64:
        """Return what the bounds need to know of each vector."""

    def distance(self, first: Array32, second: Array32) -> float:
        """Return the distance of two vectors, the same bits whoever asks."""

    def nearest(
        self,
        images: Array32,
        image_norms: Array64,
        poses: Array32,
        number: int,
        best: Array64,
        chosen: NDArray[np.int64],
    ) -> int:
        """Update the nearest poses of images, and return how many differences that took."""


@dataclass(frozen=True)
class WaveletMetric:
    """The wavelet earth mover's distance (eq. 8 of Rao et al. 2020)."""

    side: int
    wavelet: str = "sym5"
    levels: int = 6
    pixel_size: float = 1.0

    @cached_property
    def embedding(self) -> Embedding:
        """How an image becomes a vector."""
        return Embedding.of(self.side, wavelet=self.wavelet, levels=self.levels, pixel_size=self.pixel_size)

    @property
    def length(self) -> int:
        """Numbers in a vector."""
        return self.embedding.length

    def vectors(self, images: Array32) -> Array32:
        """Return the vectors of images."""
        return self.embedding(images)

    def norms(self, vectors: Array32) -> Array64:
        """Return the norm of each scale."""
        return np.asarray(bounds.scale_norms(vectors, self.embedding.starts))

    def distance(self, first: Array32, second: Array32) -> float:
        """Return the distance of two vectors."""
        return float(bounds.exact_distance(first, second))

    def nearest(
        self,
        images: Array32,
        image_norms: Array64,
        poses: Array32,
        number: int,
        best: Array64,
        chosen: NDArray[np.int64],
    ) -> int:
        """Update the nearest poses of images, and return how many differences that took."""
        starts = self.embedding.starts
        norms = self.norms(poses)
        return int(bounds.nearest_by_l1(images, image_norms, poses, norms, starts, number, best, chosen))


@dataclass(frozen=True)
class EuclideanMetric:
    """The Euclidean distance of the pixels in the disc."""

    side: int
    radius: float

    @cached_property
    def _inside(self) -> NDArray[np.int64]:
        spans = disc_spans(self.side, self.radius)
        return np.concatenate([np.arange(*span) + row * self.side for row, span in enumerate(spans)])

    @property
    def length(self) -> int:
        """Numbers in a vector."""
        return -(-len(self._inside) // 4) * 4

    def vectors(self, images: Array32) -> Array32:
        """Return the vectors of images."""
        out = np.zeros((len(images), self.length), dtype=np.float32)
        out[:, : len(self._inside)] = images.reshape(len(images), -1)[:, self._inside]
        return out

    def norms(self, vectors: Array32) -> Array64:
        """Return the sum of squares of each vector."""
        return np.asarray(products.square_norms(vectors))

    def distance(self, first: Array32, second: Array32) -> float:
        """Return the distance of two vectors."""
        return float(products.exact_euclidean(first, second))

    def nearest(
        self,
        images: Array32,
        image_norms: Array64,
        poses: Array32,
        number: int,
        best: Array64,
        chosen: NDArray[np.int64],
    ) -> int:
        """Update the nearest poses of images, and return how many differences that took, products aside."""
        return products.nearest_by_products(images, image_norms, poses, self.norms(poses), number, best, chosen)
