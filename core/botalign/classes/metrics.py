"""The two metrics: conversion of images to vectors, and search for the nearest of many poses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Counts, Matrix, Volume
from botalign.cancellation import check_cancelled
from botalign.classes import bounds, products, quantisation
from botalign.classes.posing import disc_spans
from botalign.classes.units import DIFFERENCES, units
from botalign.classes.wavelets import ImageWavelets


@dataclass(frozen=True, eq=False)
class Summary:
    """What the bounds need besides the vectors.

    Attributes
    ----------
    norms : ndarray, shape (n, scales)
        Norms of the scales.
    steps : ndarray, shape (fine scales,)
        Quantisation step of each of the finer scales.
    quantised : ndarray of uint8, shape (n, fine length)
        Finer scales in bytes.
    errors : ndarray, shape (n, fine scales)
        Sums of their rounding errors.
    """

    norms: Matrix
    steps: Matrix
    quantised: NDArray[np.uint8]
    errors: Matrix

    def __getitem__(self, which: slice) -> Summary:
        """Return the summary of some of the vectors."""
        return Summary(self.norms[which], self.steps, self.quantised[which], self.errors[which])

    @classmethod
    def joined(cls, parts: Sequence[Summary]) -> Summary:
        """Return the summary of all vectors, given those of some of them, with the same quantisation steps."""
        norms, quantised, errors = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("norms", "quantised", "errors")
        )
        return cls(norms, parts[0].steps, quantised, errors)


@dataclass(frozen=True, eq=False)
class ImageVectors:
    """Vectors of images, shape (n, length), and what the bounds need besides them."""

    values: Volume
    summary: Summary

    def __getitem__(self, which: slice) -> ImageVectors:
        """Return some of the vectors."""
        return ImageVectors(self.values[which], self.summary[which])


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest average and pose of each image.

    Attributes
    ----------
    distance : ndarray, shape (n,)
        Distance from it.
    chosen : ndarray of int64, shape (n,)
        Index of the average times the number of poses, plus the index of the pose.
    work : int
        Number of differences of two coefficients that were computed.
    """

    distance: Matrix
    chosen: Counts
    work: int = 0


class Metric(Protocol):
    """A distance between images that are converted to vectors, with a search for the nearest of many poses."""

    @property
    def length(self) -> int:
        """Length of a vector."""

    def vectors(self, images: Volume) -> Volume:
        """Return the vectors of images."""

    def summary(self, vectors: Volume, like: Summary | None = None) -> Summary:
        """Return what the bounds need for vectors, with the quantisation steps of another summary if it is given."""

    def distance(self, first: Volume, second: Volume) -> float:
        """Return the distance between two vectors, reproducible bit for bit."""

    def nearest(self, images: ImageVectors, poses: Volume, number: int, found: Nearest) -> int:
        """Update the nearest poses of images in place, and return the number of differences that were computed.

        The first of the poses has the index `number`, and the others follow it.
        """


@dataclass(frozen=True)
class WaveletMetric:
    """The wavelet earth mover's distance (eq. 8 of Rao et al. 2020)."""

    side: int
    wavelet: str = "sym5"
    scales: int = 6
    pixel_size: float = 1.0

    @cached_property
    def transform(self) -> ImageWavelets:
        """Wavelet transform of an image."""
        return ImageWavelets.of(self.side, wavelet=self.wavelet, scales=self.scales, pixel_size=self.pixel_size)

    @property
    def length(self) -> int:
        """Length of a vector."""
        return self.transform.length

    def vectors(self, images: Volume) -> Volume:
        """Return the vectors of images."""
        return self.transform(images)

    def summary(self, vectors: Volume, like: Summary | None = None) -> Summary:
        """Return the norms of the scales, and the finer scales in bytes."""
        starts = self.transform.starts
        norms = np.asarray(bounds.scale_norms(vectors, starts))
        steps = quantisation.quantisation_steps(norms, starts) if like is None else like.steps
        return Summary(norms, steps, *quantisation.quantise(vectors, starts, steps))

    def distance(self, first: Volume, second: Volume) -> float:
        """Return the distance between two vectors."""
        return float(bounds.exact_distance(first, second))

    def nearest(self, images: ImageVectors, poses: Volume, number: int, found: Nearest) -> int:
        """Update the nearest poses of images, and return the number of differences that were computed."""
        posed, work = self.summary(poses, images.summary), 0
        for unit in units(len(images.values), poses.size, DIFFERENCES):
            check_cancelled()
            some, summary = images.values[unit], images.summary[unit]
            work += bounds.nearest_by_l1(
                some, summary.norms, summary.quantised, summary.errors, poses, posed.norms, posed.quantised,
                posed.errors, summary.steps, self.transform.starts, number, found.distance[unit], found.chosen[unit],
            )  # fmt: skip
        return int(work)


@dataclass(frozen=True)
class EuclideanMetric:
    """The L2 distance over the pixels in the disc."""

    side: int
    radius: float

    @cached_property
    def _inside(self) -> NDArray[np.int64]:
        spans = disc_spans(self.side, self.radius)
        return np.concatenate([np.arange(*span) + row * self.side for row, span in enumerate(spans)])

    @property
    def length(self) -> int:
        """Length of a vector."""
        return len(self._inside)

    def vectors(self, images: Volume) -> Volume:
        """Return the vectors of images."""
        return np.ascontiguousarray(images.reshape(len(images), -1)[:, self._inside])

    def summary(self, vectors: Volume, like: Summary | None = None) -> Summary:
        """Return the sum of squares of each vector."""
        empty = np.zeros((len(vectors), 0))
        return Summary(np.asarray(products.square_norms(vectors)), empty[0], empty.astype(np.uint8), empty)

    def distance(self, first: Volume, second: Volume) -> float:
        """Return the distance between two vectors."""
        return float(products.exact_euclidean(first, second))

    def nearest(self, images: ImageVectors, poses: Volume, number: int, found: Nearest) -> int:
        """Update the nearest poses of images, and return the number of differences besides the matrix products."""
        norms, of_images, work = self.summary(poses).norms, images.summary.norms, 0
        for unit in units(len(images.values), poses.size, DIFFERENCES):
            check_cancelled()
            work += products.nearest_by_products(
                images.values[unit], of_images[unit], poses, norms, number, found.distance[unit], found.chosen[unit]
            )
        return work
