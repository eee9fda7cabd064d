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
    pixel_size_angstrom : float
        Side of a pixel of the images.
    """

    labels: Counts
    psi_degrees: Matrix
    origin_angstrom: Matrix
    mirrored: NDArray[np.bool_]
    distances: Matrix
    pixel_size_angstrom: float


class ParticleList(ABC):
    """A list of particles, of which everything survives that is not changed on purpose.

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
    def with_classes(self, found: ClassColumns) -> Self:
        """Return the list with the class and pose of each image, in the columns of its program."""

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
