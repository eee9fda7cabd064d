"""A made set of conformations, some of whose latent coordinates move a domain and some turn the whole molecule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from botalign.errors import InputError, Setting
from botalign.maps.density_map import DensityMap
from botalign.simulation.phantoms import HINGE_AXIS, phantom, phantom_atoms

Kind = Literal["line", "ring", "plane"]

#: How far the domain is turned at most, in degrees, and how far the molecule about either of its two axes.
_LINE, _RING, _PLANE, _WHOLE = 35.0, 25.0, 25.0, 60.0
#: An axis across the hinge's, about which the domain goes another way.
_ACROSS = (-0.46, -0.28, 0.86)
_WARP = 0.15


@dataclass(frozen=True, eq=False)
class PhantomFamily:
    """Conformations of the phantom and the latent coordinates that a program could have given them.

    Attributes
    ----------
    kind : str
        What shape the conformations make: ``"line"``, ``"ring"`` or ``"plane"``.
    latents : ndarray, shape (members, d)
        Latent coordinates: those of the motion, then two of pure rotation, all mixed.
    motion : ndarray, shape (members, 1 or 2)
        Coordinates of the motion alone, between -1 and 1.
    rotation : ndarray, shape (members, 2)
        Coordinates of the pure rotation alone, between -1 and 1.
    seed : int
        Which molecule.
    """

    kind: Kind
    latents: NDArray[np.float64]
    motion: NDArray[np.float64]
    rotation: NDArray[np.float64]
    seed: int
    _mix: NDArray[np.float64]
    _bend: NDArray[np.float64]

    def latents_of(self, motion: NDArray[np.float64], rotation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the latent coordinates of other motions and rotations, shapes (m, 1 or 2) and (m, 2) to (m, d)."""
        straight = np.hstack([motion, rotation])
        latents: NDArray[np.float64] = straight @ self._mix + _WARP * np.sin(2.0 * straight @ self._bend)
        return latents

    def hinge(self, member: int) -> tuple[float, NDArray[np.float64]]:
        """Return by how many degrees the domain of a member is turned, and about which axis."""
        along = np.array(HINGE_AXIS) / np.linalg.norm(HINGE_AXIS)
        across = np.array(_ACROSS) - np.dot(_ACROSS, along) * along
        axes = np.stack([along, across / np.linalg.norm(across)])
        size = {"line": _LINE, "ring": _RING, "plane": _PLANE}[self.kind]
        vector = size * self.motion[member] @ axes[: self.motion.shape[1]]
        angle = float(np.linalg.norm(vector))
        return (angle, vector) if angle > 0 else (0.0, along)

    def map(self, member: int, size: int = 32, *, voxel_size_angstrom: float = 4.0, noise: float = 0.0) -> DensityMap:
        """Return the map of a member; see :func:`botalign.phantom`."""
        angle, axis = self.hinge(member)
        turned = np.radians(_WHOLE) * np.array([*self.rotation[member], 0.0])
        pose = np.column_stack([Rotation.from_rotvec(turned).as_matrix(), np.zeros(3)])
        return phantom(
            size,
            voxel_size_angstrom=voxel_size_angstrom,
            transform=pose,
            hinge_degrees=angle,
            hinge_axis=axis,
            noise=noise,
            seed=self.seed,
            noise_seed=member,
        )

    def atom_distances(self, members: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Return the distances that a landscape should have: between atoms, the molecules laid on each other.

        Parameters
        ----------
        members : ndarray of int, shape (L,), optional
            Of which members; all if not given.

        Returns
        -------
        ndarray, shape (L, L)
            Root mean square distance of the atoms in angstrom, minimised over rotation and shift.
        """
        chosen = np.arange(len(self.latents)) if members is None else np.asarray(members)
        atoms = np.stack([self._atoms(int(member)) for member in chosen])
        upper = np.triu(np.stack([superposed_rmsd(one, atoms) for one in atoms]), 1)
        return np.asarray(upper + upper.T, dtype=np.float64)

    def _atoms(self, member: int) -> NDArray[np.float64]:
        angle, axis = self.hinge(member)
        return phantom_atoms(self.seed, hinge_degrees=angle, hinge_axis=axis)


def superposed_rmsd(fixed: NDArray[np.float64], moving: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the root mean square distance of points, minimised over rotation and shift of the second (Kabsch 1976).

    Parameters
    ----------
    fixed : ndarray, shape (n, 3)
        Points.
    moving : ndarray, shape (..., n, 3)
        As many, in the same order.

    Returns
    -------
    ndarray, shape (...)
    """
    a, b = fixed - fixed.mean(axis=0), moving - moving.mean(axis=-2, keepdims=True)
    u, s, vt = np.linalg.svd(a.T @ b)
    s[..., 2] *= np.sign(np.linalg.det(u @ vt))
    left = (a**2).sum() + (b**2).sum(axis=(-2, -1)) - 2 * s.sum(axis=-1)
    return np.asarray(np.sqrt(np.maximum(left, 0) / len(a)), dtype=np.float64)


def phantom_family(kind: Kind = "line", members: int = 1000, *, seed: int = 0) -> PhantomFamily:
    """Make conformations whose landscape is known, with latent coordinates that don't show it.

    The second domain of the phantom (:func:`botalign.phantom`) moves along a line, round a ring, or over a plane, while
    two more coordinates turn the whole molecule by up to 60 degrees about x and y and move nothing in it. The
    coordinates are mixed by a rotation of the latent space and bent a little, so that no axis of it is one or the
    other.

    Parameters
    ----------
    kind : {"line", "ring", "plane"}
        What shape the conformations make.
    members : int
        How many, drawn uniformly.
    seed : int
        Seed of the draw, and of the molecule.

    Returns
    -------
    PhantomFamily

    Raises
    ------
    InputError
        If there is no such kind, or there are no members.
    """
    if kind not in ("line", "ring", "plane"):
        raise InputError(Setting("kind"), f": got {kind!r}, expected line, ring or plane.")
    if members < 1:
        raise InputError(Setting("members"), f": got {members}, expected 1 or more.")
    rng = np.random.default_rng(seed)
    if kind == "ring":
        angle = rng.uniform(0, 2 * np.pi, members)
        motion = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        motion = rng.uniform(-1, 1, (members, 1 if kind == "line" else 2))
    rotation = rng.uniform(-1, 1, (members, 2))
    dimension = motion.shape[1] + 2
    mix, bend = (np.linalg.qr(rng.standard_normal((dimension, dimension)))[0] for _ in range(2))
    family = PhantomFamily(kind, np.empty((0, dimension)), motion, rotation, seed, mix, bend)
    return replace(family, latents=family.latents_of(motion, rotation))
