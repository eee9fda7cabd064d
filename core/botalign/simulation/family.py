"""Families of conformations with latent coordinates, some of which only rotate the whole molecule."""

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

#: Largest rotation in degrees of the domain in each kind of family, and of the whole molecule about x and about y.
_LINE, _RING, _PLANE, _WHOLE = 35.0, 25.0, 25.0, 60.0
#: Second axis of rotation of the domain, before it is made orthogonal to the axis of the hinge.
_ACROSS = (-0.46, -0.28, 0.86)
_WARP = 0.15


@dataclass(frozen=True, eq=False)
class PhantomFamily:
    """Conformations of the phantom, with latent coordinates such as a program for heterogeneity would give them.

    Attributes
    ----------
    kind : str
        Shape of the conformational space: ``"line"``, ``"ring"`` or ``"plane"``.
    latents : ndarray, shape (members, d)
        Latent coordinates, in which motion and rotation are mixed.
    motion : ndarray, shape (members, 1 or 2)
        True coordinates of the motion of the domain, from -1 to 1.
    rotation : ndarray, shape (members, 2)
        True coordinates of the rotation of the whole molecule, from -1 to 1.
    seed : int
        Seed of the molecule.

    See Also
    --------
    phantom_family : Make a family.
    """

    kind: Kind
    latents: NDArray[np.float64]
    motion: NDArray[np.float64]
    rotation: NDArray[np.float64]
    seed: int
    _mix: NDArray[np.float64]
    _bend: NDArray[np.float64]

    def latents_of(self, motion: NDArray[np.float64], rotation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the latent coordinates, shape (m, d), of motions, shape (m, 1 or 2), and rotations, shape (m, 2)."""
        true = np.hstack([motion, rotation])
        latents: NDArray[np.float64] = true @ self._mix + _WARP * np.sin(2.0 * true @ self._bend)
        return latents

    def hinge(self, member: int) -> tuple[float, NDArray[np.float64]]:
        """Return the angle in degrees and the axis by which the domain of a member is rotated."""
        along = np.array(HINGE_AXIS) / np.linalg.norm(HINGE_AXIS)
        across = np.array(_ACROSS) - np.dot(_ACROSS, along) * along
        axes = np.stack([along, across / np.linalg.norm(across)])
        size = {"line": _LINE, "ring": _RING, "plane": _PLANE}[self.kind]
        vector = size * self.motion[member] @ axes[: self.motion.shape[1]]
        angle = float(np.linalg.norm(vector))
        return (angle, vector) if angle > 0 else (0.0, along)

    def map(self, member: int, size: int = 32, *, voxel_size_angstrom: float = 4.0, noise: float = 0.0) -> DensityMap:
        """Return the map of a member.

        Parameters
        ----------
        member : int
            Index of the member.
        size : int, optional
            Side of the box in voxels.
        voxel_size_angstrom : float, optional
            Side of a voxel.
        noise : float, optional
            Standard deviation of white noise, relative to the maximum of the map.

        Returns
        -------
        DensityMap
            The map; see :func:`botalign.phantom`.

        Examples
        --------
        >>> import botalign
        >>> family = botalign.phantom_family("line", 5)
        >>> family.map(0, 24, voxel_size_angstrom=6.0).grid.shape
        (24, 24, 24)
        """
        angle, axis = self.hinge(member)
        vector = np.radians(_WHOLE) * np.array([*self.rotation[member], 0.0])
        pose = np.column_stack([Rotation.from_rotvec(vector).as_matrix(), np.zeros(3)])
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
        """Return the true distances between members: root mean square distances between their superposed atoms.

        Parameters
        ----------
        members : ndarray of int, shape (n,), optional
            Indices of the members; by default all.

        Returns
        -------
        ndarray, shape (n, n)
            Root mean square distances between the atoms in angstrom, minimised over rotation and shift.

        Examples
        --------
        >>> import botalign
        >>> botalign.phantom_family("line", 3).atom_distances().shape
        (3, 3)
        """
        chosen = np.arange(len(self.latents)) if members is None else np.asarray(members)
        atoms = np.stack([self._atoms(int(member)) for member in chosen])
        upper = np.triu(np.stack([superposed_rmsd(one, atoms) for one in atoms]), 1)
        return np.asarray(upper + upper.T, dtype=np.float64)

    def _atoms(self, member: int) -> NDArray[np.float64]:
        angle, axis = self.hinge(member)
        return phantom_atoms(self.seed, hinge_degrees=angle, hinge_axis=axis)


def superposed_rmsd(fixed: NDArray[np.float64], moving: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the root mean square distance between two sets of points after superposition (Kabsch 1976).

    Parameters
    ----------
    fixed : ndarray, shape (n, 3)
        Points.
    moving : ndarray, shape (..., n, 3)
        Corresponding points, in the same order; may have leading axes.

    Returns
    -------
    ndarray, shape (...)
        Root mean square distances, minimised over rotation and shift.
    """
    a, b = fixed - fixed.mean(axis=0), moving - moving.mean(axis=-2, keepdims=True)
    u, s, vt = np.linalg.svd(a.T @ b)
    s[..., 2] *= np.sign(np.linalg.det(u @ vt))
    left = (a**2).sum() + (b**2).sum(axis=(-2, -1)) - 2 * s.sum(axis=-1)
    return np.asarray(np.sqrt(np.maximum(left, 0) / len(a)), dtype=np.float64)


def phantom_family(kind: Kind = "line", members: int = 1000, *, seed: int = 0) -> PhantomFamily:
    """Simulate conformations with a known conformational space, and latent coordinates that obscure it.

    The second domain of the phantom (:func:`botalign.phantom`) moves along a line, around a ring, or over a plane. Two
    further coordinates rotate the whole molecule by up to 60 degrees about x and y. The latent coordinates are a
    rotation of all these, slightly bent, so that every latent coordinate mixes motion and rotation.

    Parameters
    ----------
    kind : {"line", "ring", "plane"}, optional
        Shape of the conformational space.
    members : int, optional
        Number of conformations, drawn uniformly.
    seed : int, optional
        Seed of the coordinates and of the molecule.

    Returns
    -------
    botalign.simulation.PhantomFamily
        The conformations, as maps on demand, their coordinates and true distances.

    Raises
    ------
    InputError
        If the kind is unknown, or `members` is below 1.

    See Also
    --------
    landscape : Learn the conformational space from latent coordinates and distances.

    Examples
    --------
    >>> import botalign
    >>> family = botalign.phantom_family("ring", 50)
    >>> family.latents.shape
    (50, 4)
    """
    if kind not in ("line", "ring", "plane"):
        raise InputError(Setting("kind"), f": got {kind!r}, expected 'line', 'ring' or 'plane'.")
    if members < 1:
        raise InputError(Setting("members"), f": got {members}, expected at least 1.")
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
