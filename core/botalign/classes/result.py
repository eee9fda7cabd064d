"""What a classification found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.maps import ImageStack


@dataclass(frozen=True)
class Iteration:
    """One round of assigning all images and averaging anew.

    Attributes
    ----------
    number : int
        1 is the seeding, which assigns all images to the drawn ones.
    loss : float
        The sum of squared distances of the images from the averages they were compared with: those of the iteration
        before.
    changed : int
        Images that went to another class than before.
    refilled : int
        Classes that had lost all members and were given one anew.
    work : float
        Differences of two coefficients looked at, as a share of those that comparing every image with every average in
        every pose takes.
    seconds : float
        How long it took.
    """

    number: int
    loss: float
    changed: int
    refilled: int
    work: float
    seconds: float

    @property
    def avoided(self) -> float:
        """The share of the work that was not needed."""
        return 1.0 - self.work


@dataclass(frozen=True, eq=False, repr=False)
class Classification:
    """Class averages, and where each image belongs.

    Attributes
    ----------
    averages : ImageStack
        The class averages, largest class first, in the units of the images: background zero, particles bright.
    labels : ndarray of int64, shape (n,)
        The class of each image, from 0.
    angles_degrees : ndarray, shape (n,)
        By how much the average is turned, from x to y, to look like the image.
    shifts_pixels : ndarray of int64, shape (n, 2)
        By how much ``(x, y)`` it is shifted then.
    mirrored : ndarray of bool, shape (n,)
        Whether it is mirrored, left to right, before both.
    distances : ndarray, shape (n,)
        How far the image is from its average, as it is in `averages`, in its pose: angstrom, for the earth mover's
        distance of images of mean mass 1.
    sizes : ndarray of int64, shape (classes,)
        Images in each class.
    iterations : tuple of Iteration
        The course.
    converged : bool
        Whether the loss stopped decreasing; else the iterations ran out.
    metric : str
        ``"wemd"`` or ``"l2"``.
    seed : int
        The seed.
    """

    averages: ImageStack
    labels: NDArray[np.int64]
    angles_degrees: NDArray[np.float64]
    shifts_pixels: NDArray[np.int64]
    mirrored: NDArray[np.bool_]
    distances: NDArray[np.float64]
    sizes: NDArray[np.int64]
    iterations: tuple[Iteration, ...]
    converged: bool
    metric: str
    seed: int

    def __repr__(self) -> str:
        """Return one line: the averages are many pixels."""
        ended = "converged" if self.converged else "not converged"
        return (
            f"<Classification: {len(self.labels)} images in {len(self.sizes)} classes of {self.sizes[0]} to "
            f"{self.sizes[-1]}, {self.metric}, {ended} after {len(self.iterations)} iterations>"
        )

    @property
    def loss(self) -> float:
        """The sum of the squares of `distances`; those of the iterations are from the averages before."""
        return float(np.square(self.distances).sum())

    @property
    def effective_classes(self) -> float:
        """How many classes of equal size would be as even: the exponential of the entropy of the sizes."""
        share = self.sizes[self.sizes > 0] / self.sizes.sum()
        return float(np.exp(-(share * np.log(share)).sum()))


@dataclass(frozen=True)
class ClassifyProgress:
    """How far a classification has come.

    Attributes
    ----------
    stage : str
        ``"prepare"``, ``"seed"``, then ``"average"`` and ``"assign"`` in turn, and in the end ``"finish"``, when the
        distances from the final averages are computed.
    iteration : int
        Which one it is in: 0 while the images are prepared, 1 while seeds are drawn, that of the result in the end.
    done, total : int
        Steps of this stage.
    loss : float or None
        The loss of the iteration before, if there was one.
    """

    stage: str
    iteration: int
    done: int
    total: int
    loss: float | None
