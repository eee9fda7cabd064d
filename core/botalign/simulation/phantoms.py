"""Phantoms: maps of simulated molecules that are exact in any pose."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError, Setting
from botalign.geometry import point_group
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.threads import one_blas_thread

#: Default axis of the hinge.
HINGE_AXIS = (0.2, 0.9, 0.4)
_RADIUS_ANGSTROM = 48.0  # small enough for the default box of 128 A in any pose, shifted by 5% of the box
_REACH = 6.0  # standard deviations beyond which a Gaussian is negligible in float32

_Points = NDArray[np.float64]


def phantom(
    size: int = 64,
    *,
    voxel_size_angstrom: float = 2.0,
    resolution_angstrom: float | None = None,
    transform: ArrayLike | None = None,
    symmetry: str = "C1",
    hinge_degrees: float = 0.0,
    hinge_axis: ArrayLike = HINGE_AXIS,
    noise: float = 0.0,
    seed: int = 0,
    noise_seed: int = 0,
    grid: Grid | None = None,
) -> DensityMap:
    """Simulate the map of a molecule of two helical domains, which is chiral and has no symmetry.

    Every residue is a Gaussian that is evaluated at the voxels, so a map in another pose is exact, not interpolated.
    The molecule has a diameter of 96 A and is centred at the origin.

    Parameters
    ----------
    size : int, optional
        Side in voxels of the cubic box, which is centred at the origin.
    voxel_size_angstrom : float, optional
        Side of a voxel.
    resolution_angstrom : float, optional
        Full width at half maximum of a residue; by default three voxels.
    transform : array_like, shape (3, 4), optional
        Transform of the molecule, ``x -> M[:, :3] @ x + M[:, 3]`` in angstrom. Determinant -1 gives the mirror image.
    symmetry : str, optional
        Point group, scaled to the same diameter: ``"Cn"`` or ``"Dn"``, one ring or two rings of n copies around z, or
        ``"T"``, ``"O"`` or ``"I"``, a shell of copies.
    hinge_degrees : float, optional
        Angle by which the second domain is rotated about the linker.
    hinge_axis : array_like, shape (3,), optional
        Axis ``(x, y, z)`` of this rotation, of any length.
    noise : float, optional
        Standard deviation of white noise, relative to the maximum of the map.
    seed : int, optional
        Seed of the molecule.
    noise_seed : int, optional
        Seed of the noise. Independent maps of the same molecule need different ones.
    grid : Grid, optional
        Grid of the map, instead of `size` and `voxel_size_angstrom`.

    Returns
    -------
    DensityMap
        The map, in which a single residue has the height 1.

    Raises
    ------
    InputError
        If an argument is out of range.

    See Also
    --------
    phantom_family : Many conformations of the molecule.
    projections : Projection images of a map.

    Examples
    --------
    >>> import botalign
    >>> botalign.phantom(32, voxel_size_angstrom=4.0)
    <DensityMap phantom 0: shape (32, 32, 32), voxels of 4 A>
    """
    grid = Grid.cube(size, voxel_size_angstrom, np.zeros(3)) if grid is None else grid
    width = 3 * max(grid.voxel_size_angstrom) if resolution_angstrom is None else resolution_angstrom
    if not width > 0:
        raise InputError(Setting("resolution_angstrom"), f": got {width}, expected a positive length.")
    if not noise >= 0:
        raise InputError(Setting("noise"), f": got {noise}, expected a standard deviation of at least 0.")
    atoms = phantom_atoms(seed, symmetry=symmetry, hinge_degrees=hinge_degrees, hinge_axis=hinge_axis)
    if transform is not None:
        matrix = np.asarray(transform, dtype=np.float64)
        if matrix.shape != (3, 4) or not np.isfinite(matrix).all():
            raise InputError(
                Setting("transform"), f": got an array of shape {matrix.shape}, expected a finite 3x4 matrix."
            )
        atoms = atoms @ matrix[:, :3].T + matrix[:, 3]
    data = _sum_of_gaussians(atoms, grid, width / math.sqrt(8 * math.log(2)))
    if noise > 0:
        generator = np.random.default_rng((noise_seed, seed))
        data += np.float32(noise * data.max()) * generator.standard_normal(grid.shape, dtype=np.float32)
    return DensityMap(data, grid, name=f"phantom {seed}" if symmetry == "C1" else f"phantom {seed} {symmetry}")


def phantom_atoms(
    seed: int = 0, *, symmetry: str = "C1", hinge_degrees: float = 0.0, hinge_axis: ArrayLike = HINGE_AXIS
) -> _Points:
    """Return the positions of the residues of a phantom.

    Parameters
    ----------
    seed, symmetry, hinge_degrees, hinge_axis
        As for :func:`phantom`.

    Returns
    -------
    ndarray of float64, shape (atoms, 3)
        Positions in angstrom. Their mean is the origin if `hinge_degrees` is 0.

    Raises
    ------
    InputError
        If `symmetry` is not a point group of rotations, or the axis is zero.
    """
    copies = point_group(symmetry)
    axis = np.asarray(hinge_axis, dtype=np.float64)
    if axis.shape != (3,) or not np.isfinite(axis).all() or not axis.any():
        raise InputError(
            Setting("hinge_axis"), f": got {axis.tolist()}, expected three finite numbers (x, y, z), not all zero."
        )
    rigid, domain, hinge = _domains(seed)
    rotated = (domain - hinge) @ _rotation_about(axis, math.radians(hinge_degrees)).T + hinge
    atoms, unbent = np.vstack([rigid, rotated]), np.vstack([rigid, domain])
    centre: _Points = unbent.mean(axis=0)
    atoms, unbent = atoms - centre, unbent - centre
    if len(copies) > 1:
        offset = _offset(symmetry.upper(), len(copies))
        upright = _rotation_about(np.array([0.2, 1.0, 0.1]), math.radians(75.0))
        atoms, unbent = (np.vstack([(p @ upright.T + offset) @ c.T for c in copies]) for p in (atoms, unbent))
    scaled: _Points = atoms * (_RADIUS_ANGSTROM / np.linalg.norm(unbent, axis=1).max())
    return scaled


def _offset(symmetry: str, copies: int) -> _Points:
    """Return the position of the first copy of a symmetric phantom, far enough from its neighbours."""
    if symmetry[0] in "CD":
        dihedral = symmetry.startswith("D")
        ring = copies // 2 if dihedral else copies
        return np.array([24.0 / math.sin(math.pi / ring) if ring > 1 else 24.0, 0.0, 42.0 if dihedral else 0.0])
    direction = np.array([0.35, 0.2, 0.9])  # off the axes
    return direction * 48.0 * math.sqrt(copies / (4 * math.pi)) / float(np.linalg.norm(direction))


@lru_cache(maxsize=8)
def _domains(seed: int) -> tuple[_Points, _Points, _Points]:
    """Return the part that the hinge does not move, the domain that it rotates, and a point on its axis."""
    generator = np.random.default_rng(seed)
    hinge = np.array([2.0, 6.0, 0.0])
    large = _domain(generator, np.array([-22.0, -2.0, 4.0]), np.array([28.0, 27.0, 22.0]), helices=22)
    small = _domain(generator, np.array([17.0, 9.0, -6.0]), np.array([20.0, 27.0, 21.0]), helices=16)
    linker = _helix(hinge, np.array([0.35, 0.3, 0.9]), residues=24)
    # A bundle out of the plane of the other parts, so that the hand is visible at low resolution.
    corners = np.array([[-32.0, 10.0, 25.0], [-24.0, 15.0, 25.0], [-33.0, 19.0, 27.0]])
    arm = [_helix(corner, np.array([-0.3, 0.4, 1.0]), residues=18) for corner in corners]
    return np.vstack([large, linker, *arm]), small, hinge


def _domain(generator: np.random.Generator, centre: _Points, radii: _Points, *, helices: int) -> _Points:
    """Pack helices into an ellipsoid from its centre outwards, without overlap, and join them by loops."""
    trials = 1500
    main = generator.standard_normal(3)
    residues = generator.integers(9, 22, trials)
    direction = main / np.linalg.norm(main) + 0.35 * generator.standard_normal((trials, 3))
    direction *= generator.choice([-1.0, 1.0], (trials, 1)) / np.linalg.norm(direction, axis=1, keepdims=True)
    middle = generator.uniform(-1, 1, (trials, 3)) * radii
    along = np.linspace(-0.75, 0.75, 7)[:, None] * residues[:, None, None]
    axis = middle[:, None] + along * direction[:, None]
    free = (np.linalg.norm(axis / radii, axis=2) < 1).all(axis=1)
    first = np.linalg.norm(middle / radii, axis=1)
    parts: list[_Points] = []
    end: _Points | None = None
    for _ in range(helices):
        if not free.any():
            break
        i = int(np.where(free, first, np.inf).argmin())
        remaining = np.flatnonzero(free)
        free[remaining] = np.linalg.norm(axis[remaining][:, :, None] - axis[i], axis=3).min(axis=(1, 2)) > 9.0
        if end is not None:
            parts.append(_loop(end, axis[i, 0]))
        parts.append(_helix(middle[i], direction[i], residues=int(residues[i])))
        end = axis[i, -1]
    return np.vstack(parts) + centre


def _helix(middle: _Points, direction: _Points, *, residues: int) -> _Points:
    """Return backbone and side chains of a right-handed alpha helix, with 1.5 A and 100 degrees per residue."""
    direction = direction / np.linalg.norm(direction)
    u = np.cross(direction, np.eye(3)[np.abs(direction).argmin()])
    u /= np.linalg.norm(u)
    v = np.cross(direction, u)
    angle = np.radians(100.0) * np.arange(residues)[:, None]
    outward = np.cos(angle) * u + np.sin(angle) * v
    axis = middle + 1.5 * (np.arange(residues) - (residues - 1) / 2)[:, None] * direction
    return np.vstack([axis + 2.3 * outward, axis + 4.5 * outward])


def _loop(start: _Points, end: _Points) -> _Points:
    """Return residues at intervals of 3.3 A along an arc that bulges away from the centre of the domain."""
    bulge = 1.3 * (start + end) / 2
    length = np.linalg.norm(bulge - start) + np.linalg.norm(end - bulge)
    t = np.linspace(0, 1, max(int(length / 3.3), 3))[1:-1, None]
    arc: _Points = (1 - t) ** 2 * start + 2 * t * (1 - t) * bulge + t**2 * end
    return arc


def _rotation_about(axis: _Points, angle: float) -> _Points:
    """Return a rotation matrix by Rodrigues' formula."""
    x, y, z = axis / np.linalg.norm(axis)
    K = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    rotation: _Points = np.eye(3) + math.sin(angle) * K + (1 - math.cos(angle)) * K @ K
    return rotation


@one_blas_thread()
def _sum_of_gaussians(atoms: _Points, grid: Grid, sigma: float) -> NDArray[np.float32]:
    """Evaluate sum_a exp(-|x - a|^2 / (2 sigma^2)) at all voxels, as products of Gaussians along the axes."""
    data = np.zeros(grid.shape, dtype=np.float32)
    z, y, x = (grid.axis_angstrom(axis) for axis in range(3))
    atoms = atoms[np.argsort(atoms[:, 2], kind="stable")]
    along_x = np.exp(-0.5 * ((x - atoms[:, 0, None]) / sigma) ** 2)
    along_y = np.exp(-0.5 * ((y - atoms[:, 1, None]) / sigma) ** 2)
    begins, ends = (np.searchsorted(atoms[:, 2], z + sign * _REACH * sigma) for sign in (-1, 1))
    for k, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        nearby = slice(begin, end)
        along_z = np.exp(-0.5 * ((z[k] - atoms[nearby, 2, None]) / sigma) ** 2)
        data[k] = (along_z * along_y[nearby]).T @ along_x[nearby]
    return data
