"""What a classification found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.images import ImageList, ImageStack
from botalign.images.relion import relion_pose


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

    def annotate(self, listed: ImageList) -> ImageList:
        """Return a list of the classified images with the class, the pose and the distance of each image.

        The columns ``rlnClassNumber``, ``rlnAnglePsi``, ``rlnOriginXAngst`` and ``rlnOriginYAngst`` have RELION's
        meaning: an image shifted by the origin and then rotated by psi about its pixel ``side // 2`` has the pose of
        its class average. ``rlnIsFlip`` is 1 if the image must then be mirrored, left to right; the column is written
        if images are mirrored, or if the list has it. ``botalignDistance`` is the distance from the average.

        Parameters
        ----------
        listed : ImageList
            The classified images, in the same order. Columns of the same names are replaced, all others kept.

        Returns
        -------
        ImageList
        """
        psi, origin = relion_pose(
            self.angles_degrees,
            self.shifts_pixels.astype(np.float64) * self.averages.pixel_size_angstrom[0],
            side=listed.stack.images.shape[1],  # the images may be larger than the averages
            pixel_size_angstrom=listed.stack.pixel_size_angstrom[0],
        )
        columns = {
            "rlnClassNumber": self.labels + 1,
            "rlnAnglePsi": psi,
            "rlnOriginXAngst": origin[:, 0],
            "rlnOriginYAngst": origin[:, 1],
        }
        if "rlnIsFlip" in listed.table or self.mirrored.any():
            columns["rlnIsFlip"] = self.mirrored.astype(int)
        columns["botalignDistance"] = self.distances
        # RELION before 3.1 has the origin in pixels.
        return listed.with_columns(columns, without=("rlnOriginX", "rlnOriginY"))
