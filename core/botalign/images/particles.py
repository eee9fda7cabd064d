"""What all particle lists have in common, whatever program wrote them."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Counts, Matrix
from botalign.errors import InputError, Message, Setting, counted
from botalign.geometry import is_mirror
from botalign.images.names import ImageNames


@dataclass(frozen=True, eq=False)
class CtfParameters:
    """Parameters of the contrast transfer function of each particle.

    Attributes
    ----------
    defocus_u_angstrom, defocus_v_angstrom : ndarray, shape (n,)
        Defocus along both axes of the astigmatism; underfocus is positive.
    astigmatism_degrees : ndarray, shape (n,)
        Angle of the axis of `defocus_u_angstrom`, from x to y.
    phase_shift_degrees : ndarray, shape (n,)
        Phase shift of a phase plate.
    voltage_kv, cs_mm, amplitude_contrast : ndarray, shape (n,)
        Voltage, spherical aberration, and fraction of amplitude contrast.
    phase_flipped, premultiplied : ndarray of bool, shape (n,)
        Whether the phases of the image were flipped, or the image was multiplied by its CTF.
    """

    defocus_u_angstrom: Matrix
    defocus_v_angstrom: Matrix
    astigmatism_degrees: Matrix
    phase_shift_degrees: Matrix
    voltage_kv: Matrix
    cs_mm: Matrix
    amplitude_contrast: Matrix
    phase_flipped: NDArray[np.bool_]
    premultiplied: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ClassColumns:
    """Class and pose of each image, to be written into a list.

    Attributes
    ----------
    labels : ndarray of int64, shape (n,)
        Class, from 0.
    psi_degrees, origin_angstrom : ndarray, shape (n,) and (n, 2)
        Pose in the convention of RELION: the image shifted by the origin and then rotated by psi is that of its class.
    mirrored : ndarray of bool, shape (n,)
        Whether the image must then be mirrored, left to right.
    distances : ndarray, shape (n,)
        Distance from the class average.
    pixel_sizes_angstrom : ndarray, shape (n,)
        Side of a pixel of each image in its file.
    """

    labels: Counts
    psi_degrees: Matrix
    origin_angstrom: Matrix
    mirrored: NDArray[np.bool_]
    distances: Matrix
    pixel_sizes_angstrom: Matrix


class PoseWarning(Message, UserWarning):
    """Warns about poses that a transform of the map did not, or could not, change.

    Examples
    --------
    >>> import warnings
    >>> import botalign.images
    >>> warnings.simplefilter("error", botalign.images.PoseWarning)  # refuse such lists
    """


class ParticleList(ABC):
    """A list of particles, in which everything is kept that is not changed on purpose.

    Attributes
    ----------
    name : str
        Name of the file in messages.
    extension : str
        Extension of such files.
    """

    name: str
    extension: str

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of the table of particles."""

    @abstractmethod
    def column(self, name: str) -> list[Any]:
        """Return the values of a column, one for each particle: text in a star file.

        Raises
        ------
        InputError
            If the list has no such column, or twice with different values.
        """

    @property
    @abstractmethod
    def names(self) -> ImageNames:
        """File and number of each image."""

    @property
    @abstractmethod
    def refusal(self) -> str | None:
        """Why the particles are not single images, as the end of a message; None if they are."""

    @property
    @abstractmethod
    def pixel_sizes_angstrom(self) -> Matrix | None:
        """Pixel size of each image, NaN where the list has none; None if it has none at all."""

    @property
    @abstractmethod
    def sides(self) -> Matrix | None:
        """Side of each image in pixels, NaN where the list has none; None if it has none at all."""

    @property
    @abstractmethod
    def groups(self) -> list[str] | None:
        """Optics group of each particle, as messages name it; None without groups."""

    @property
    @abstractmethod
    def ctf(self) -> CtfParameters | None:
        """Parameters of the contrast transfer function, None if some are missing."""

    @property
    @abstractmethod
    def class_numbers(self) -> Counts | None:
        """Class of each particle, from 1; None if the list has no classes."""

    @abstractmethod
    def origins_angstrom(self, pixel_sizes_angstrom: Matrix) -> Matrix | None:
        """Return the origin ``(x, y)`` of each image in angstrom, by which it is shifted to centre its particle.

        Parameters
        ----------
        pixel_sizes_angstrom : ndarray, shape (n,)
            Side of a pixel of each image in its file.

        Returns
        -------
        ndarray, shape (n, 2), or None
            Origins, None if the list has none.
        """

    @abstractmethod
    def with_classes(self, found: ClassColumns) -> Self:
        """Return the list with the class and pose of each image, in the columns of its program."""

    @property
    @abstractmethod
    def poses(self) -> tuple[Matrix, Matrix]:
        """Pose of each particle: rotations, shape (n, 3, 3), and origins in angstrom, shape (n, 2) or (n, 3).

        A point at ``p`` in angstrom from voxel ``side // 2`` of the map appears at ``rotation @ p - origin`` in the
        image, from its pixel ``side // 2``; only subtomograms have a third coordinate.

        Raises
        ------
        InputError
            If the particles have no poses from a 3-D refinement.
        """

    @abstractmethod
    def moved(self, transform: Matrix, *, mirror: bool = False) -> Self:
        """Return the list with poses that fit a transformed map; everything else stays as it is.

        Parameters
        ----------
        transform : ndarray, shape (3, 4)
            Transform from positions relative to voxel ``side // 2`` of the map to positions relative to that voxel of
            the transformed map, in angstrom; see :func:`botalign.geometry.between_centres`.
        mirror : bool, optional
            Whether the transform may mirror. A projection of a map is also one of its mirror image, with another pose.

        Raises
        ------
        InputError
            If the particles have no poses, or the transform mirrors and `mirror` is false or they are subtomograms.

        Warns
        -----
        PoseWarning
            If columns that seem to belong to a pose were left as they are, or a helix is no longer along z.
        """

    @abstractmethod
    def selected(self, keep: NDArray[np.bool_]) -> Self:
        """Return the list with only some of its particles."""

    @abstractmethod
    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the list.

        Parameters
        ----------
        path : path-like
            File to write, with the extension of the list.
        overwrite : bool, optional
            Whether to replace an existing file.

        Raises
        ------
        InputError
            If the extension is another one, the file exists and `overwrite` is false, or it cannot be written.
        """

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of particles."""

    def __repr__(self) -> str:
        """Return one line."""
        return f"<{type(self).__name__} {Path(self.name).name}: {len(self)} particles>"


def refuse_missing(name: str, values: Matrix, what: str) -> None:
    """Refuse columns of poses, shape (n, ...), in which numbers are missing.

    Raises
    ------
    InputError
        If a value of the list `name` is not finite; `what` is what the particle lacks.
    """
    missing = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(missing):
        count = counted(len(missing), f"particle has no {what}", f"particles have no {what}")
        raise InputError(f"{name}: {count}, the first is particle {missing[0] + 1}; remove such particles.")


def refuse_mirror(name: str, transform: Matrix, *, mirror: bool, volumes: bool) -> None:
    """Refuse a transform that mirrors, unless this was asked for and is possible.

    Raises
    ------
    InputError
        If it mirrors, and the option `mirror` is false, or the particles of the list `name` are subtomograms.
    """
    if not is_mirror(transform):
        return
    if volumes:
        raise InputError(
            f"{name}: the transform mirrors the map, but subtomograms have a hand, which no pose can change; flip the "
            "map that was aligned, and align it again."
        )
    if not mirror:
        raise InputError(
            f"{name}: the transform mirrors the map, but the particles keep their hand; ",
            Setting("mirror", True),
            " gives them the poses that fit the mirrored map, in which their projections look the same.",
        )
