"""The result of a classification."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.errors import counted
from botalign.images import ImageList, ImageStack
from botalign.images.particles import ClassColumns
from botalign.images.poses import relion_pose


@dataclass(frozen=True)
class Iteration:
    """Statistics of an iteration.

    Attributes
    ----------
    number : int
        Number of the iteration. The first one is the seeding, which assigns all images to the drawn ones.
    loss : float
        Sum of the squared distances of the images from the averages of the previous iteration.
    changed : int
        Images that changed their class.
    refilled : int
        Empty classes that were reseeded from the worst-fitting image.
    work : float
        Number of differences of two coefficients that were computed, relative to a comparison of every image with every
        average in every pose.
    seconds : float
        Duration.
    """

    number: int
    loss: float
    changed: int
    refilled: int
    work: float
    seconds: float

    @property
    def avoided(self) -> float:
        """Fraction of the work that the bounds saved."""
        return 1.0 - self.work


@dataclass(frozen=True, eq=False, repr=False)
class Classification:
    """Class averages, and the class and pose of each image.

    An image shows its average mirrored, then rotated, then shifted.

    Attributes
    ----------
    averages : ImageStack
        Class averages, largest class first, in the unit of the images, with zero background and bright particles.
    labels : ndarray of int64, shape (n,)
        Class of each image, from 0.
    angles_degrees : ndarray, shape (n,)
        Rotation of the average, from x to y.
    shifts_pixels : ndarray of int64, shape (n, 2)
        Shift ``(x, y)`` of the average.
    mirrored : ndarray of bool, shape (n,)
        Whether the average is mirrored, left to right.
    distances : ndarray, shape (n,)
        Distance of each image from its average in its pose.
    sizes : ndarray of int64, shape (classes,)
        Number of images in each class.
    resolutions_angstrom : ndarray, shape (classes,)
        Resolution at which the Fourier ring correlation of two halves of each class falls below 0.5; infinite if they
        do not correlate. Classes of few images correlate too well, because both halves were aligned to one average.
    iterations : tuple of botalign.classes.Iteration
        Statistics of the iterations.
    converged : bool
        Whether the loss stopped decreasing before the iterations were used up.
    metric : str
        ``"wemd"`` or ``"l2"``.
    seed : int
        Seed.
    inverted : bool
        Whether the contrast of the images was inverted.
    ctf_corrected : bool
        Whether `averages` are corrected for the contrast transfer function. `distances` are from the averages before
        the correction.
    shifts_pixels_before : ndarray of int64, shape (n, 2), or None
        Shifts ``(x, y)`` that centred the images before, in their pixels; see :meth:`ImageList.centred`.

    See Also
    --------
    classify : Classify images.

    Examples
    --------
    >>> import botalign
    >>> stack = botalign.projections(botalign.phantom(24, voxel_size_angstrom=5.0), 6, seed=1).stack
    >>> found = botalign.classify(stack, 2, rotations=8)
    >>> int(found.sizes.sum()), found.averages.images.shape
    (6, (2, 24, 24))
    """

    averages: ImageStack
    labels: NDArray[np.int64]
    angles_degrees: NDArray[np.float64]
    shifts_pixels: NDArray[np.int64]
    mirrored: NDArray[np.bool_]
    distances: NDArray[np.float64]
    sizes: NDArray[np.int64]
    resolutions_angstrom: NDArray[np.float64]
    iterations: tuple[Iteration, ...]
    converged: bool
    metric: str
    seed: int
    inverted: bool = False
    ctf_corrected: bool = False
    shifts_pixels_before: NDArray[np.int64] | None = None

    def __repr__(self) -> str:
        """Return one line without the averages."""
        ended = "converged" if self.converged else "not converged"
        return (
            f"<Classification: {counted(len(self.labels), 'image')} in {counted(len(self.sizes), 'class', 'classes')} "
            f"of {self.sizes[0]} to {self.sizes[-1]}, {self.metric}, {ended} after "
            f"{counted(len(self.iterations), 'iteration')}>"
        )

    @property
    def loss(self) -> float:
        """Sum of the squares of `distances`, which are from the final averages."""
        return float(np.square(self.distances).sum())

    @property
    def effective_classes(self) -> float:
        """Effective number of classes: the exponential of the entropy of the class sizes."""
        share = self.sizes[self.sizes > 0] / self.sizes.sum()
        return float(np.exp(-(share * np.log(share)).sum()))

    def annotate(self, listed: ImageList) -> ImageList:
        """Return a list of the classified images with the class, pose and distance of each image.

        The columns ``rlnClassNumber``, ``rlnAnglePsi`` and the origin (``rlnOriginXAngst`` and ``rlnOriginYAngst``, or
        ``rlnOriginX`` and ``rlnOriginY`` in pixels, whichever the list has) follow the convention of RELION: an image
        shifted by the origin and then rotated by psi about its pixel ``side // 2`` has the pose of its class average.
        Shifts that centred the images before are part of the origin. ``rlnIsFlip`` is 1 if the image must then be
        mirrored, left to right; this column is written if images are mirrored, or if the list has it.
        ``botalignDistance`` is the distance from the average. In a list of cryoSPARC, the fields are
        ``alignments2D/class``, ``pose``, ``shift`` and ``psize_A``, ``botalign/mirrored`` and ``botalign/distance``.

        Parameters
        ----------
        listed : ImageList
            The classified images, in the same order. Columns with the same names are replaced; everything else in the
            list stays as it is, character by character.

        Returns
        -------
        ImageList
            The list with these columns.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import botalign
        >>> stack = botalign.projections(botalign.phantom(24, voxel_size_angstrom=5.0), 6, seed=1).stack
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     stack.write(Path(folder) / "particles.mrcs")
        ...     listed = botalign.read_images(Path(folder) / "particles.mrcs")
        ...     found = botalign.classify(listed.stack, 2, rotations=8)
        >>> sorted(set(found.annotate(listed).particles.column("rlnClassNumber")))
        ['1', '2']
        """
        pixel = listed.stack.pixel_size_angstrom[0]
        psi, origin = relion_pose(
            self.angles_degrees,
            self.shifts_pixels.astype(np.float64) * self.averages.pixel_size_angstrom[0],
            side=listed.stack.shape[1],  # the images may be larger than the averages; rescaling keeps pixel side // 2
            pixel_size_angstrom=pixel,
        )
        if self.shifts_pixels_before is not None:
            origin = origin + self.shifts_pixels_before * pixel
        sizes = listed.pixel_sizes_angstrom
        return listed.with_classes(ClassColumns(self.labels, psi, origin, self.mirrored, self.distances, sizes))
