"""The density map of an atomic model: a sum of Gaussians, as ChimeraX's molmap."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from botalign.arguments import kind_of
from botalign.arrays import Matrix, Volume
from botalign.errors import InputError, Setting
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.models.model import Model, expect_model

#: Standard deviation of the Gaussian of an atom, in units of the resolution.
SIGMA_PER_RESOLUTION = 1 / (math.pi * math.sqrt(2))
LOWEST_RESOLUTION, HIGHEST_RESOLUTION = 1.0, 100.0
LEAST_VOXELS = 2  # of the map: it cannot hold a finer resolution
_REACH = 5.0  # standard deviations beyond which ChimeraX leaves a Gaussian out
_PADDING = 3.0  # around the atoms, in units of the resolution
_MOST_VOXELS = 2**30


def simulate(
    model: Model, resolution: float, *, grid: Grid | None = None, voxel_size_angstrom: float | None = None
) -> DensityMap:
    r"""Simulate the density map of an atomic model, as the command ``molmap`` of ChimeraX does.

    Every atom is a Gaussian whose mass is the atomic number times the occupancy:

    .. math:: \rho(x) = \sum_i \frac{w_i}{(2 \pi \sigma^2)^{3/2}} \exp\left(-\frac{|x - x_i|^2}{2 \sigma^2}\right),
              \qquad \sigma = \frac{d}{\pi \sqrt 2} \approx 0.225 \, d

    where :math:`d` is the resolution.

    Parameters
    ----------
    model : Model
        Model. All its atoms count, as in ChimeraX: also hydrogens, waters and ligands.
    resolution : float
        Resolution in angstrom, from 1 to 100.
    grid : Grid, optional
        Grid of the map; atoms outside of it contribute what reaches into it. By default, the grid that ChimeraX uses:
        a box around the atoms with a margin of three times the resolution.
    voxel_size_angstrom : float, optional
        Side of a voxel, if `grid` is not given; by default a third of the resolution.

    Returns
    -------
    DensityMap
        The map, with the name of the model, in electrons per cubic angstrom.

    Raises
    ------
    InputError
        If `model` is not a model, the resolution or the voxel size is out of range, both `grid` and
        `voxel_size_angstrom` are given, or the map would have more than 2**30 voxels.

    See Also
    --------
    read_model : Read a model.

    Notes
    -----
    The Gaussians are evaluated at the voxels. Voxels larger than half the resolution are too coarse for them.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign
    >>> model = botalign.Model(np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]]), np.array([6.0, 8.0]))
    >>> density_map = botalign.simulate(model, 6.0)
    >>> density_map
    <DensityMap model: shape (18, 18, 20), voxels of 2 A>
    >>> f"{density_map.data.sum() * 2.0**3:.1f} electrons"
    '14.0 electrons'
    """
    expect_model(model, "model")
    width = checked_resolution(resolution)
    if grid is None:
        grid = _bounding_grid(model.points, width, _checked_voxel_size(voxel_size_angstrom, width))
    elif not isinstance(grid, Grid):
        raise InputError(Setting("grid"), f": got {kind_of(grid)}, expected a Grid; that of a map is its grid.")
    elif voxel_size_angstrom is not None:
        raise InputError(
            Setting("voxel_size_angstrom"),
            " cannot be combined with ",
            Setting("grid"),
            ", which has voxels of its own size. Leave out one of the two.",
        )
    if math.prod(grid.shape) > _MOST_VOXELS:
        z, y, x = grid.shape
        raise InputError(f"{model.name}: a map of {x} x {y} x {z} voxels is too large; use larger voxels.")
    sigma = width * SIGMA_PER_RESOLUTION
    data = np.zeros(grid.shape, dtype=np.float32)
    voxel = np.array(grid.voxel_size_angstrom)
    centres = np.ascontiguousarray((model.points - np.array(grid.origin_angstrom)) / voxel)
    weights = np.ascontiguousarray(model.weights * (2 * math.pi) ** -1.5 / sigma**3)
    _add_gaussians(centres, weights, sigma / voxel, data)
    return DensityMap(data, grid, model.name)


def checked_resolution(resolution: object, density_map: DensityMap | None = None) -> float:
    """Return the option `resolution` as a number.

    Parameters
    ----------
    resolution : float or None
        Its value.
    density_map : DensityMap, optional
        The map that the model is compared with.

    Raises
    ------
    InputError
        If it is missing, not from 1 to 100 A, or finer than two voxels of the map.
    """
    expected = f"expected a number from {LOWEST_RESOLUTION:g} to {HIGHEST_RESOLUTION:g} A"
    largest = 0.0 if density_map is None else max(density_map.grid.voxel_size_angstrom)
    if resolution is None:
        hint = "" if density_map is None else _suggestion(largest, density_map.name)
        raise InputError(
            Setting("resolution"), f" is missing; an atomic model needs the resolution of the map, {expected}{hint}."
        )
    number = isinstance(resolution, int | float | np.integer | np.floating) and not isinstance(resolution, bool)
    if not number or not LOWEST_RESOLUTION <= float(resolution) <= HIGHEST_RESOLUTION:  # type: ignore[arg-type]
        found = repr(float(resolution)).removesuffix(".0") if number else repr(resolution)  # type: ignore[arg-type]
        raise InputError(Setting("resolution"), f": got {found}, {expected}.")
    if float(resolution) < LEAST_VOXELS * largest * (1 - 1e-6):  # type: ignore[arg-type]
        assert density_map is not None
        raise InputError(
            Setting("resolution"), f": got {resolution:g} A, expected at least {LEAST_VOXELS * largest:.4g} A, two "
            f"voxels of {density_map.name}; give the resolution of the map.",
        )  # fmt: skip
    return float(resolution)  # type: ignore[arg-type]


def _suggestion(voxel_angstrom: float, name: str) -> str:
    """Suggest a resolution: maps are mostly sampled at a third of it or finer."""
    wanted = 3 * voxel_angstrom
    usable = min(max(wanted, LOWEST_RESOLUTION), HIGHEST_RESOLUTION)
    if usable < LEAST_VOXELS * voxel_angstrom:
        return ""
    return f"; if it is unknown, try {usable:.3g} A" + (f", three voxels of {name}" if usable == wanted else "")


def _checked_voxel_size(voxel_size_angstrom: float | None, resolution: float) -> float:
    if voxel_size_angstrom is None:
        return resolution / 3
    size = float(voxel_size_angstrom)
    if not 0 < size < math.inf:
        raise InputError(
            Setting("voxel_size_angstrom"), f": got {voxel_size_angstrom!r}, expected a positive number of angstrom."
        )
    return size


def _bounding_grid(points: Matrix, resolution: float, step: float) -> Grid:
    """Return the grid that ChimeraX's molmap uses."""
    low, high = points.min(axis=0), points.max(axis=0)
    x, y, z = (math.ceil(extent / step) for extent in high - low + 2 * _PADDING * resolution)
    origin = (low + high) / 2 - 0.5 * (np.array([x, y, z]) - 1) * step
    return Grid((z, y, x), (step, step, step), (origin[0], origin[1], origin[2]))


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _add_gaussians(centres: Matrix, weights: Matrix, sigmas: Matrix, out: Volume) -> None:
    """Add Gaussians with the given centres ``(x, y, z)`` and standard deviations in voxels, cut off at the reach."""
    first, last = np.empty(3, dtype=np.int64), np.empty(3, dtype=np.int64)
    longest = int(2 * _REACH * sigmas.max()) + 2
    factors = np.empty((3, longest), dtype=np.float32)
    for n in range(len(centres)):
        inside = True
        for d in range(3):
            x, sigma = centres[n, d], sigmas[d]
            first[d] = max(0, math.ceil(x - _REACH * sigma))
            last[d] = min(out.shape[2 - d] - 1, math.floor(x + _REACH * sigma))
            inside &= first[d] <= last[d]
            for i in range(first[d], last[d] + 1):
                distance = (i - x) / sigma
                factors[d, i - first[d]] = math.exp(-0.5 * distance * distance)
        if not inside:
            continue
        count = last[0] - first[0] + 1
        for k in range(first[2], last[2] + 1):
            plane = weights[n] * factors[2, k - first[2]]
            for j in range(first[1], last[1] + 1):
                line = np.float32(plane * factors[1, j - first[1]])
                row = out[k, j, first[0] : last[0] + 1]
                for i in range(count):
                    row[i] += line * factors[0, i]
