"""The two metrics: how images become vectors, and how the nearest of many poses is found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from botalign.classes import bounds, products, sketches
from botalign.classes.turning import disc_spans
from botalign.classes.wavelets import ImageWavelets

Array32 = NDArray[np.float32]
Array64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Summary:
    """What the bounds need to know of vectors beside themselves.

    Attributes
    ----------
    norms : ndarray, shape (n, scales)
        Their norms.
    steps : ndarray, shape (fine scales,)
        What one in a byte of the sketches stands for.
    sketch : ndarray of uint8, shape (n, fine length)
        Their finer scales in bytes.
    errors : ndarray, shape (n, fine scales)
        By how much these are off.
    """

    norms: Array64
    steps: Array64
    sketch: NDArray[np.uint8]
    errors: Array64

    def __getitem__(self, which: slice) -> Summary:
        """Return the summary of some of the vectors."""
        return Summary(self.norms[which], self.steps, self.sketch[which], self.errors[which])


class Metric(Protocol):
    """A distance of images by way of vectors, for which the nearest of many poses can be found."""

    @property
    def length(self) -> int:
        """Numbers in a vector."""

    def vectors(self, images: Array32) -> Array32:
        """Return the vectors of images."""

    def summary(self, vectors: Array32, like: Summary | None = None) -> Summary:
        """Return what the bounds need to know of vectors, to compare them with others `like` these."""

    def distance(self, first: Array32, second: Array32) -> float:
        """Return the distance of two vectors, the same bits whoever asks."""

    def nearest(
        self,
        images: Array32,
        known: Summary,
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
    scales: int = 6
    pixel_size: float = 1.0

    @cached_property
    def embedding(self) -> ImageWavelets:
        """How an image becomes a vector."""
        return ImageWavelets.of(self.side, wavelet=self.wavelet, scales=self.scales, pixel_size=self.pixel_size)

    @property
    def length(self) -> int:
        """Numbers in a vector."""
        return self.embedding.length

    def vectors(self, images: Array32) -> Array32:
        """Return the vectors of images."""
        return self.embedding(images)

    def summary(self, vectors: Array32, like: Summary | None = None) -> Summary:
        """Return the norm of each scale, and the finer ones in bytes."""
        starts = self.embedding.starts
        norms = np.asarray(bounds.scale_norms(vectors, starts))
        steps = sketches.byte_steps(norms, starts) if like is None else like.steps
        return Summary(norms, steps, *sketches.sketched(vectors, starts, steps))

    def distance(self, first: Array32, second: Array32) -> float:
        """Return the distance of two vectors."""
        return float(bounds.exact_distance(first, second))

    def nearest(
        self,
        images: Array32,
        known: Summary,
        poses: Array32,
        number: int,
        best: Array64,
        chosen: NDArray[np.int64],
    ) -> int:
        """Update the nearest poses of images, and return how many differences that took."""
        posed = self.summary(poses, known)
        return int(
            bounds.nearest_by_l1(
                images, known.norms, known.sketch, known.errors, poses, posed.norms, posed.sketch, posed.errors,
                known.steps, self.embedding.starts, number, best, chosen,
            )
        )  # fmt: skip


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
        return len(self._inside)

    def vectors(self, images: Array32) -> Array32:
        """Return the vectors of images."""
        return np.ascontiguousarray(images.reshape(len(images), -1)[:, self._inside])

    def summary(self, vectors: Array32, like: Summary | None = None) -> Summary:
        """Return the sum of squares of each vector."""
        none = np.zeros((len(vectors), 0))
        return Summary(np.asarray(products.square_norms(vectors)), none[0], none.astype(np.uint8), none)

    def distance(self, first: Array32, second: Array32) -> float:
        """Return the distance of two vectors."""
        return float(products.exact_euclidean(first, second))

    def nearest(
        self,
        images: Array32,
        known: Summary,
        poses: Array32,
        number: int,
        best: Array64,
        chosen: NDArray[np.int64],
    ) -> int:
        """Update the nearest poses of images, and return how many differences that took, products aside."""
        norms = self.summary(poses).norms
        return products.nearest_by_products(images, known.norms, poses, norms, number, best, chosen)
