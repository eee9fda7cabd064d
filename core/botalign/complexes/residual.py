"""The residual: a map minus its placed parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from botalign.alignment.extent import level_enclosing
from botalign.alignment.overlap import Body
from botalign.alignment.survey import CLEAR
from botalign.arrays import Matrix, Volume, dilated
from botalign.geometry import apply_transform, inverse
from botalign.maps.contour import background_level, contrast, level_above, noise_deviation
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import grid_points, resample, smoothed
from botalign.models import Model, simulate

#: A connected region is reported if it has at least this fraction of the volume of the whole.
LEAST_REGION = 0.01
#: Distance beyond its contour up to which a part has density, in units of the resolution.
MARGIN = 1.5
#: Sweeps over the parts to find their amplitudes, which depend on each other only where the parts overlap.
SWEEPS = 4


@dataclass(frozen=True)
class Region:
    """A connected region of density that no part explains.

    Attributes
    ----------
    volume_angstrom3 : float
        Its volume above the contour level.
    fraction : float
        Its volume as a fraction of that of the whole.
    centre_angstrom : tuple of float
        Its centre, ``(x, y, z)``.
    """

    volume_angstrom3: float
    fraction: float
    centre_angstrom: tuple[float, float, float]


def remaining_density(
    whole: DensityMap, parts: Sequence[DensityMap | Model], bodies: Sequence[Body], poses: Sequence[Matrix],
    resolution: float | None,
) -> DensityMap:  # fmt: skip
    """Return a map minus its placed parts, with its background at zero.

    The amplitude of each part is the least-squares fit to the density inside it, given the other parts.

    Parameters
    ----------
    whole : DensityMap
        The map.
    parts : sequence of DensityMap or Model
        For each placed part, its map or model.
    bodies : sequence of Body
        Their volumes.
    poses : sequence of ndarray, shape (3, 4)
        Their poses.
    resolution : float or None
        Resolution at which models are simulated.
    """
    return whole.with_data(_subtracted(whole, parts, bodies, poses, resolution)[0])


def remaining_densities(
    whole: DensityMap, parts: Sequence[DensityMap | Model], bodies: Sequence[Body], poses: Sequence[Matrix],
    resolution: float | None, numbers: Sequence[int],
) -> Iterator[DensityMap]:  # fmt: skip
    """Yield for each of some placed parts, given by their numbers, the map minus all other parts.

    The parts are simulated and fitted once for all. The other parameters are those of :func:`remaining_density`.
    """
    rest, placed = _subtracted(whole, parts, bodies, poses, resolution)
    for each, amplitude in (placed[number] for number in numbers):
        own = rest.copy()
        own[each.block] += np.float32(amplitude) * each.density
        yield whole.with_data(own)


def _subtracted(
    whole: DensityMap, parts: Sequence[DensityMap | Model], bodies: Sequence[Body], poses: Sequence[Matrix],
    resolution: float | None,
) -> tuple[Volume, list[tuple[_Placed, float]]]:  # fmt: skip
    """Return the remaining density, and what was subtracted: the density of each part, and its amplitude."""
    rest = whole.data - np.float32(background_level(whole.data))
    margin = MARGIN * (resolution or 2 * max(whole.grid.voxel_size_angstrom))
    placed = [
        _Placed.of(part, body, pose, whole.grid, margin, resolution)
        for part, body, pose in zip(parts, bodies, poses, strict=True)
    ]
    amplitudes = [0.0] * len(placed)
    for _ in range(SWEEPS):
        for number, each in enumerate(placed):
            block = rest[each.block]
            block += np.float32(amplitudes[number]) * each.density
            own = each.density[each.inside].astype(np.float64)
            amplitudes[number] = max(float(own @ block[each.inside]) / max(float(own @ own), 1e-30), 0.0)
            block -= np.float32(amplitudes[number]) * each.density
    return rest, list(zip(placed, amplitudes, strict=True))


def regions(
    whole: DensityMap, remaining: DensityMap, level: float | None, resolution: float | None
) -> tuple[Region, ...]:
    """Return the connected regions of the remaining density, the largest first.

    Parameters
    ----------
    whole : DensityMap
        The map.
    remaining : DensityMap
        The map minus the placed parts, with its background at zero.
    level : float or None
        Contour level of the map; by default the suggested one of the smoothed map. The contour of the smoothed map
        encloses the same volume, unless that is mostly noise.
    resolution : float or None
        Resolution of the map. Both maps are smoothed by a quarter of it, or by half of it if noise prevails, and
        regions thinner than half of it are not reported. If it is unknown, it is taken to be two voxels.
    """
    longest = max(whole.grid.voxel_size_angstrom)
    blur, background = max(resolution or 0.0, 2 * longest), background_level(whole.data)
    for sigma in (blur / 4, blur / 2):
        smooth = smoothed(whole, whole.grid, sigma_angstrom=sigma, background=background).data
        noise = noise_deviation(smooth)
        if contrast(smooth, noise) >= CLEAR:
            break
    rest = smoothed(remaining, whole.grid, sigma_angstrom=sigma).data
    above = level_above(smooth, 0.0, noise)
    if level is not None:
        # Smoothing lowers the density inside the contour. Where noise exceeds the level, the volume is too large.
        given, enclosing = level - background, level_enclosing(smooth, float(np.count_nonzero(whole.data > level)))
        above = float(np.clip(enclosing, min(above, given), given))
    voxel, total = float(np.prod(whole.grid.voxel_size_angstrom)), np.count_nonzero(smooth > above)
    # Differences at the surface of the placed parts are thin.
    solid = ndimage.binary_opening(rest > above, iterations=_surface_voxels(whole.grid, resolution))
    labels, count = ndimage.label(solid)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    found = []
    for index in np.argsort(-sizes, kind="stable"):
        if sizes[index] < LEAST_REGION * total:
            break
        z, y, x = ndimage.center_of_mass(labels == index + 1)
        centre = np.array(whole.grid.origin_angstrom) + np.array([x, y, z]) * whole.grid.voxel_size_angstrom
        found.append(Region(float(sizes[index] * voxel), float(sizes[index] / total), tuple(centre.tolist())))
    return tuple(found)


def density_outside(
    whole: DensityMap, rest: DensityMap, bodies: Sequence[Body], poses: Sequence[Matrix], resolution: float | None
) -> DensityMap:
    """Return the positive density of a residual outside the placed parts.

    It is a fraction of the mean density of the map inside a placed part, the one where it is lowest. The surface of the
    parts counts as inside, because the density of a model differs from that of the map there. If no part encloses a
    voxel, any density is a large fraction.

    Parameters
    ----------
    whole : DensityMap
        The map.
    rest : DensityMap
        The map minus its placed parts, with its background at zero.
    bodies, poses : sequence
        The volumes of the placed parts, and their poses.
    resolution : float or None
        Resolution of the map.
    """
    background, means = background_level(whole.data), []
    occupied = np.zeros(rest.data.shape, dtype=bool)
    for body, pose in zip(bodies, poses, strict=True):
        block, own = _block(body, pose, whole.grid, 0.0)
        inside = _inside(body, pose, own)
        occupied[block] |= inside
        if inside.any():
            means.append(float(whole.data[block][inside].mean(dtype=np.float64) - background))
    left = np.maximum(rest.data, np.float32(0))
    # Limits that avoid overflow and division by zero.
    left /= np.float32(max(min(means, default=0.0), 1e-6 * float(left.max()), float(np.finfo(np.float32).tiny)))
    left[dilated(occupied, _surface_voxels(whole.grid, resolution))] = 0
    return rest.with_data(left)


def _surface_voxels(grid: Grid, resolution: float | None) -> int:
    """Return the thickness of the differences between the map and the placed parts at their surface, in voxels."""
    return max(1, round((resolution or 0.0) / 4 / max(grid.voxel_size_angstrom)))


def _block(body: Body, pose: Matrix, grid: Grid, margin: float) -> tuple[tuple[slice, slice, slice], Grid]:
    """Return the block of a grid around a placed part, and its own grid."""
    origin, voxel = np.array(grid.origin_angstrom), np.array(grid.voxel_size_angstrom)
    centre, reach = apply_transform(pose, body.centre_angstrom), body.radius_angstrom + margin
    low = np.clip(np.floor((centre - reach - origin) / voxel).astype(int), 0, np.array(grid.shape[::-1]) - 1)
    high = np.clip(np.ceil((centre + reach - origin) / voxel).astype(int) + 1, low + 1, grid.shape[::-1])
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
    return (z, y, x), grid.part((z.start, y.start, x.start), (z.stop - z.start, y.stop - y.start, x.stop - x.start))


def _inside(body: Body, pose: Matrix, grid: Grid) -> NDArray[np.bool_]:
    """Return which voxels of a grid are inside a placed part."""
    points = np.array(grid.origin_angstrom) + np.array(grid.voxel_size_angstrom) * grid_points(grid.shape)
    return (body.contains(apply_transform(inverse(pose), points)) > 0).reshape(grid.shape)


@dataclass(frozen=True, eq=False)
class _Placed:
    """The density of a placed part in a block of a grid, and the voxels inside the part."""

    block: tuple[slice, slice, slice]
    density: Volume
    inside: NDArray[np.bool_]

    @classmethod
    def of(
        cls, part: DensityMap | Model, body: Body, pose: Matrix, grid: Grid, margin: float, resolution: float | None
    ) -> _Placed:
        block, own = _block(body, pose, grid, margin)
        if isinstance(part, Model):
            assert resolution is not None
            density = simulate(part.moved(pose), resolution, grid=own).data
        else:
            shifted = part.with_data(part.data - np.float32(background_level(part.data)))
            density = resample(shifted, pose, own).data
        return cls(block, density, _inside(body, pose, own))
