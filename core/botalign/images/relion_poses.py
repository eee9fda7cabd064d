"""The columns of a pose in a particle list of RELION."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from botalign.arrays import Matrix
from botalign.errors import InputError
from botalign.geometry import moved_poses, relion_angles_degrees, relion_rotations
from botalign.images.particles import PoseWarning, refuse_mirror, refuse_missing

ANGLES = ("rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi")
_PRIORS = tuple(f"{label}Prior" for label in ANGLES)
#: Columns that a move changes, columns that stay right, and all others that seem to be of a pose.
_MOVED = re.compile(r"rln(Angle(Rot|Tilt|Psi)(Prior)?|Origin[XYZ](Prior)?(Angst)?)")
_KEPT = re.compile(r"rlnAngle(Rot|Psi)Flip(Ratio)?")
_POSE = re.compile(r"rln(Angle|Origin)(Rot|Tilt|Psi|[XYZ])\w*")
#: Priors describe the direction of the z axis, usually that of a helix; a smaller tilt of the axis does not matter.
_TILT_DEGREES = 0.1


def pose_labels(labels: Iterable[str]) -> list[str]:
    """Return the labels of columns that a move changes."""
    return [label for label in labels if _MOVED.fullmatch(label)]


def origins_angstrom(columns: Mapping[str, Matrix], pixel_sizes_angstrom: Matrix) -> Matrix | None:
    """Return the origins ``(x, y)`` in angstrom, shape (n, 2); a coordinate without a column is 0, None without any."""
    found: dict[int, Matrix] = {}
    for axis, letter in enumerate("XY"):
        if f"rlnOrigin{letter}Angst" in columns:
            found[axis] = columns[f"rlnOrigin{letter}Angst"]
        elif f"rlnOrigin{letter}" in columns:
            found[axis] = columns[f"rlnOrigin{letter}"] * pixel_sizes_angstrom
    if not found:
        return None
    none = np.zeros(len(next(iter(found.values()))))
    return np.stack([found.get(axis, none) for axis in range(2)], axis=1)


@dataclass(frozen=True, eq=False)
class RelionPoses:
    """Poses of the particles in a list of RELION.

    Attributes
    ----------
    name : str
        Name of the list in messages.
    labels : tuple of str
        All labels of the table.
    columns : mapping of str to ndarray
        The columns of :func:`pose_labels`.
    volumes : bool
        Whether the particles are subtomograms, whose origins have three coordinates.
    in_angstrom : bool
        Whether missing origins are added in angstrom, not in pixels.
    pixel_sizes_angstrom : ndarray, shape (n,), or None
        Pixel sizes, NaN if unknown.
    distortion : ndarray, shape (n, 2, 2), or None
        Anisotropic magnification.
    """

    name: str
    labels: tuple[str, ...]
    columns: Mapping[str, Matrix]
    volumes: bool
    in_angstrom: bool
    pixel_sizes_angstrom: Matrix | None
    distortion: Matrix | None

    @cached_property
    def rotations(self) -> Matrix:
        """Rotations from the coordinates of the map to those of the images, shape (n, 3, 3)."""
        missing = [label for label in ANGLES if label not in self.columns]
        expected = "expected the particles of a 3-D refinement (run_data.star)"
        if missing:
            raise InputError(
                f"{self.name}: no column {_listed(missing)}, so its particles have no orientations that a "
                f"transform of the map could change; {expected}."
            )
        angles = np.stack([self.columns[label] for label in ANGLES], axis=1)
        refuse_missing(self.name, angles, "orientation")
        if len(angles) > 1 and not angles[:, :2].any():
            raise InputError(
                f"{self.name}: _{ANGLES[0]} and _{ANGLES[1]} are 0 for all particles, as after a 2-D classification, "
                f"whose class averages do not move with a map; {expected}."
            )
        return relion_rotations(angles)

    @cached_property
    def origins_angstrom(self) -> Matrix:
        """Origins, shape (n, 2) or (n, 3); columns that are missing count as 0, as in RELION."""
        found = [self._origin(axis) for axis in self._axes]
        origins = np.stack(found, axis=1)
        refuse_missing(self.name, origins, "origin")
        return origins

    def moved(self, transform: Matrix, *, mirror: bool) -> dict[str, Matrix]:
        """Return the columns that change if the map is transformed; see :meth:`ParticleList.moved`."""
        refuse_mirror(self.name, transform, mirror=mirror, volumes=self.volumes)
        rotations, origins = moved_poses(
            self.rotations, self.origins_angstrom, transform, distortion=self.distortion
        )  # fmt: skip
        changed = self._angles(ANGLES, rotations) | self._moved_origins(origins - self.origins_angstrom)
        changed |= self._moved_priors(transform)
        unknown = [
            label
            for label in self.labels
            if _POSE.fullmatch(label) and not _MOVED.fullmatch(label) and not _KEPT.fullmatch(label)
        ]
        if unknown:
            warnings.warn(
                PoseWarning(
                    f"{self.name}: the columns {_listed(unknown)} seem to belong to the poses, but are unknown; they "
                    "were left as they are."
                ),
                stacklevel=5,
            )
        return changed

    @property
    def _axes(self) -> str:
        return "XYZ" if self.volumes else "XY"

    def _origin(self, axis: str) -> Matrix:
        if f"rlnOrigin{axis}Angst" in self.columns:
            return self.columns[f"rlnOrigin{axis}Angst"]
        if f"rlnOrigin{axis}" in self.columns:
            return self.columns[f"rlnOrigin{axis}"] * self._pixels
        return np.zeros(len(self.rotations))

    @cached_property
    def _pixels(self) -> Matrix:
        sizes = self.pixel_sizes_angstrom
        if sizes is None or np.isnan(sizes).any():
            raise InputError(
                f"{self.name}: the origins are in pixels, but the pixel size is unknown; add the column "
                "_rlnDetectorPixelSize with _rlnMagnification, or _rlnImagePixelSize in an optics table."
            )
        return sizes

    def _moved_origins(self, shifts: Matrix) -> dict[str, Matrix]:
        """Return the columns of origins, and of the centres of their priors, after a shift in angstrom."""
        changed: dict[str, Matrix] = {}
        for axis, shift in zip(self._axes, shifts.T, strict=True):
            names = {f"rlnOrigin{axis}Angst": shift, f"rlnOrigin{axis}PriorAngst": shift}
            pixels = [name for name in (f"rlnOrigin{axis}", f"rlnOrigin{axis}Prior") if name in self.columns]
            changed |= {name: self.columns[name] + each for name, each in names.items() if name in self.columns}
            changed |= {name: self.columns[name] + shift / self._pixels for name in pixels}
            if f"rlnOrigin{axis}Angst" not in self.columns and f"rlnOrigin{axis}" not in self.columns:
                unit = "Angst" if self.in_angstrom else ""
                changed[f"rlnOrigin{axis}{unit}"] = shift if self.in_angstrom else shift / self._pixels
        return changed

    def _moved_priors(self, transform: Matrix) -> dict[str, Matrix]:
        """Return the columns of priors: directions of the z axis of the map, usually that of a helix."""
        present = [label for label in _PRIORS if label in self.columns]
        helical = [label for label in self.labels if label.startswith("rlnHelicalTube")]
        if not present and not helical:
            return {}
        tilt = np.degrees(np.arccos(min(abs(float(transform[2, 2])), 1.0)))
        if tilt < _TILT_DEGREES or present == list(_PRIORS):
            own = zip(_PRIORS, ANGLES, strict=True)
            angles = np.stack([self.columns.get(prior, self.columns[angle]) for prior, angle in own], axis=1)
            still = np.column_stack([transform[:, :3], np.zeros(3)])
            rotations, _ = moved_poses(relion_rotations(angles), np.zeros((len(angles), 2)), still)
            moved = self._angles(_PRIORS, rotations)
            changed = {label: moved[label] for label in present}
        else:
            changed = {}
        if tilt >= _TILT_DEGREES:
            left = [label for label in present if label not in changed]
            what = (
                f"the columns {', '.join(f'_{label}' for label in left)} were left as they are and no longer fit, and "
            )
            warnings.warn(
                PoseWarning(
                    f"{self.name}: the transform tilts the z axis of the map, along which RELION expects a helix, by "
                    f"{tilt:.1f} degrees: {what if left else ''}helical refinement needs a map with its axis along z."
                ),
                stacklevel=6,
            )
        return changed

    def _angles(self, labels: tuple[str, ...], rotations: Matrix) -> dict[str, Matrix]:
        """Return columns of angles, from 0 to 360 degrees where the list has such angles, else from -180 to 180."""
        angles = relion_angles_degrees(rotations)
        changed = {}
        for label, own, values in zip(labels, ANGLES, angles.T, strict=True):
            old = self.columns.get(label, self.columns[own])
            changed[label] = np.where(values < 0, values + 360, values) if (old > 180).any() else values
        return changed


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(f"_{label}" for label in labels)
