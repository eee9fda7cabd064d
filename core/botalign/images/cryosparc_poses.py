"""The fields of a pose in a particle list of cryoSPARC."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Matrix
from botalign.errors import InputError
from botalign.geometry import cryosparc_rotations, cryosparc_vectors, moved_poses
from botalign.images.particles import PoseWarning, refuse_mirror, refuse_missing

ALIGNMENT = "alignments3D/"
POSE, _SHIFT, _PIXEL = (f"{ALIGNMENT}{name}" for name in ("pose", "shift", "psize_A"))
_EXPECTED = "expected the particles of a 3-D refinement (fields alignments3D/...)"


def origins_angstrom(read: Callable[[str], NDArray[Any] | None], pixel_sizes_angstrom: Matrix) -> Matrix | None:
    """Return the shifts of the last 3-D or else 2-D alignment in angstrom; None without alignments.

    Parameters
    ----------
    read : callable
        Function that returns a field, or None if it is missing.
    pixel_sizes_angstrom : ndarray, shape (n,)
        Side of a pixel of each image.
    """
    for kind in (ALIGNMENT, "alignments2D/"):
        shifts, sizes = read(f"{kind}shift"), read(f"{kind}psize_A")
        if shifts is not None:
            # The images of an alignment may have been reduced.
            return shifts.astype(np.float64) * (pixel_sizes_angstrom if sizes is None else sizes)[:, None]
    return None


@dataclass(frozen=True, eq=False)
class CryosparcPoses:
    """Poses of the particles in a list of cryoSPARC.

    Attributes
    ----------
    name : str
        Name of the list in messages.
    fields : tuple of str
        All fields.
    read : callable
        Function that returns a field, or None if it is missing.
    """

    name: str
    fields: tuple[str, ...]
    read: Callable[[str], NDArray[Any] | None]

    @cached_property
    def rotations(self) -> Matrix:
        """Rotations from the coordinates of the map to those of the images, shape (n, 3, 3)."""
        return cryosparc_rotations(self._finite(POSE, (3,)))

    @cached_property
    def origins_angstrom(self) -> Matrix:
        """Origins, shape (n, 2): shifts in pixels of the alignment, times their size."""
        return self._finite(_SHIFT, (2,)) * self._pixels[:, None]

    def moved(self, transform: Matrix, *, mirror: bool) -> dict[str, NDArray[Any]]:
        """Return the fields that change if the map is transformed; see :meth:`ParticleList.moved`."""
        refuse_mirror(self.name, transform, mirror=mirror, volumes=False)
        rotations, origins = moved_poses(self.rotations, self.origins_angstrom, transform)
        known = (ALIGNMENT, "alignments2D")  # class averages do not move with the map
        others = [name for name in self.fields if name.endswith("/pose") and not name.startswith(known)]
        if others:
            warnings.warn(
                PoseWarning(
                    f"{self.name}: other alignments in {', '.join(others)}, which may refer to other maps than "
                    "that of the transform; they were left as they are."
                ),
                stacklevel=5,
            )
        pose, shift = cryosparc_vectors(rotations), origins / self._pixels[:, None]
        return {POSE: pose.astype("<f4"), _SHIFT: shift.astype("<f4")}

    @cached_property
    def _pixels(self) -> Matrix:
        for name in (_PIXEL, "blob/psize_A"):
            sizes = self.read(name)
            if sizes is not None and np.isfinite(sizes).all() and (sizes > 0).all():
                return sizes.astype(np.float64)
        raise InputError(
            f"{self.name}: no pixel size for {_SHIFT}, expected it in {_PIXEL}; export the particles again."
        )

    def _finite(self, name: str, shape: tuple[int, ...]) -> Matrix:
        values = self.read(name)
        if values is None:
            raise InputError(f"{self.name}: {self._reason(name)}; {_EXPECTED}.")
        if values.shape[1:] != shape:
            raise InputError(f"{self.name}: {name} has shape {values.shape[1:]}, expected {shape}; export it again.")
        refuse_missing(self.name, values, f"number in {name}")
        return values.astype(np.float64)

    def _reason(self, name: str) -> str:
        if "alignments2D/pose" in self.fields:
            return f"has 2-D alignments only (no field {name}); class averages do not move with a map"
        return f"has no field {name}, so its particles have no orientations that a transform of the map could change"
