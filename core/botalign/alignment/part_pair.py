r"""A part and a whole, filtered so that their edges remain.

Mass overlaps wherever the whole is large enough. Edges overlap in one place only: the Laplacian of both maps decides
where a part belongs (Chacon and Wriggers 2002, Journal of Molecular Biology 317, 375).

The Laplacian makes the power of a molecule, which fades with the frequency, nearly the same at all frequencies, and
that of noise largest at the finest ones. Where noise prevails at the resolution of the whole, both maps are therefore
also multiplied by :math:`\sqrt\phi` in Fourier space, with the fraction :math:`\phi` of its power that is signal.
Products of the two then have the weight :math:`\phi`, so that molecule and noise together have the same power at all
frequencies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import fft

from botalign.alignment.distinct import Tolerance
from botalign.alignment.fitting import FitProblem
from botalign.alignment.masking import mask_on
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.sampled import Sampled
from botalign.alignment.shared_whole import SharedWhole, size_class
from botalign.alignment.signal import SignalFraction
from botalign.alignment.survey import Surveyed
from botalign.arrays import Matrix, Volume
from botalign.geometry import identity
from botalign.maps.contour import background_level, level_above
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import SMOOTHING_VOXELS, resample, smoothed
from botalign.models import Model

#: The contour of a masked part is used if it encloses at least this fraction of the mass inside the mask.
CONTOURED = 0.5
#: Poses whose correlations of edges differ by less than this fit equally well: edges are finer than densities, so their
#: interpolation has a larger error.
LEAST_MARGIN = 0.01
#: Noise prevails where less than this fraction of the power is signal. Elsewhere, weights would only remove detail.
NOISY = 0.5
#: The least fraction of the power that counts as signal, so that something is left of a map that shows only noise.
LEAST_SIGNAL = 1e-6
#: Voxels around what is filtered, so that the filter does not see the faces of the box.
MARGIN_VOXELS = 4


@dataclass(frozen=True, eq=False)
class PartPair:
    """A part and a whole.

    Attributes
    ----------
    part, whole : Surveyed
        Both, surveyed.
    part_map, whole_map : DensityMap
        The maps, without their masks: the edge of a mask is not an edge of the molecule.
    mask : DensityMap or None
        Mask of the part.
    signal : SignalFraction or None
        How much of the whole is signal, if noise prevails at its resolution.
    shared : SharedWhole or None
        The whole, if other parts are searched for in it too.
    model : Model or None
        The part, if it is a model.
    whole_model : Model or None
        The whole, if it is a model.
    """

    part: Surveyed
    whole: Surveyed
    part_map: DensityMap
    whole_map: DensityMap
    mask: DensityMap | None
    signal: SignalFraction | None
    shared: SharedWhole | None = None
    model: Model | None = None
    whole_model: Model | None = None

    @classmethod
    def of(cls, problem: AlignmentProblem) -> PartPair:
        """Make the pair from the maps of a problem."""
        assert problem.maps is not None
        options = problem.options
        fixed = (problem.fixed, problem.maps[0], options.mask_fixed)
        moving = (problem.moving, problem.maps[1], options.mask_moving)
        (part, part_map, mask), (whole, whole_map, _) = (moving, fixed) if problem.part_is_moving else (fixed, moving)
        shared = problem.shared if problem.part_is_moving else None
        signal = None
        if options.resolution is not None:
            itself = problem.fixed_itself if problem.part_is_moving else problem.moving_itself
            signal = itself.signal if itself.signal.at(np.array(1 / options.resolution)) < NOISY else None
        model, whole_model = problem.models[::-1] if problem.part_is_moving else problem.models
        mask = mask if options.is_masked else None
        return cls(part, whole, part_map, whole_map, mask, signal, shared, model, whole_model)

    @cached_property
    def fills_mask(self) -> bool:
        """Whether the part is all that is inside its mask, because the density there is too weak for a contour."""
        if self.mask is None:
            return False
        grid = self.part.density.grid
        inside = self.part.density.data * mask_on(self.mask, grid)
        return float(inside[inside > self.part.level].sum()) < CONTOURED * float(np.abs(inside).sum())

    @cached_property
    def ball(self) -> tuple[Matrix, float]:
        """Centre and radius of a ball that contains the part: above its contour level, or inside its mask."""
        if self.mask is None or not self.fills_mask:
            return self.part.centre_angstrom, self.part.radius_angstrom
        voxel = np.array(self.mask.grid.voxel_size_angstrom)
        places = np.array(self.mask.grid.origin_angstrom) + voxel * np.argwhere(self.mask.data > 0.5)[:, ::-1]
        centre = places.mean(axis=0)
        return centre, float(np.linalg.norm(places - centre, axis=1).max() + voxel.max() / 2)

    @property
    def centre_angstrom(self) -> Matrix:
        """Centre of the part."""
        return self.ball[0]

    @property
    def radius_angstrom(self) -> float:
        """Radius of the part."""
        return self.ball[1]

    def tolerance(self, same: tuple[float, float]) -> Tolerance:
        """Return the tolerance for poses onto the whole, given it in degrees and radii of the part."""
        degrees, radii = same
        return Tolerance(degrees, radii * self.radius_angstrom, self.centre_angstrom)

    @property
    def extent_angstrom(self) -> float:
        """Largest side of the whole, and the radius of the part; of parts in a shared whole, that of their size class.

        The sampling depends on it, so that parts of one size class share the samples of the whole.
        """
        low, high = self.whole_bounds
        radius = self.radius_angstrom
        return float((high - low).max()) + (radius if self.shared is None else size_class(radius))

    @cached_property
    def finest_voxel_angstrom(self) -> float:
        """The larger of the two voxel sizes."""
        return max(*self.part_map.grid.voxel_size_angstrom, *self.whole_map.grid.voxel_size_angstrom)

    @cached_property
    def whole_bounds(self) -> tuple[Matrix, Matrix]:
        """The lowest and highest coordinates of the whole above its contour level, ``(x, y, z)``."""
        grid, inside = self.whole.density.grid, np.argwhere(self.whole.density.data > self.whole.level)[:, ::-1]
        origin, voxel = np.array(grid.origin_angstrom), self.whole.voxel_angstrom
        return origin + voxel * inside.min(axis=0), origin + voxel * inside.max(axis=0)

    @cached_property
    def strength(self) -> float:
        """How strong the densities of a masked part are, compared with those of its molecule; 1 without a mask."""
        if self.mask is None:
            return 1.0
        density, inside = self.part_map.data, mask_on(self.mask, self.part_map.grid) > 0.5
        above = density > level_above(density, background_level(density))
        of_part, of_molecule = (self.part.in_unit(density[where]).std() for where in (inside, above))
        return min(1.0, float(of_part / of_molecule))

    def part_grid(self, voxel_angstrom: float) -> Grid:
        """Return the grid of a cube around the part."""
        side = int(np.ceil(2 * self.radius_angstrom / voxel_angstrom)) + 2 * MARGIN_VOXELS
        return Grid.cube(side, voxel_angstrom, self.centre_angstrom)

    def whole_grid(self, voxel_angstrom: float) -> Grid:
        """Return the grid of a box around the whole."""
        low, high = self.whole_bounds
        x, y, z = np.ceil((high - low) / voxel_angstrom).astype(int) + 1 + 2 * MARGIN_VOXELS
        return Grid((z, y, x), (voxel_angstrom,) * 3, tuple(low - MARGIN_VOXELS * voxel_angstrom))

    def part_on(self, grid: Grid, sigma_angstrom: float) -> tuple[Volume, Volume]:
        """Return the edges of the part on a grid of cubic voxels, and its support, 0 or 1."""
        density = self.part.in_unit(_sampled(self.part_map, grid, sigma_angstrom))
        mask = None if self.mask is None else mask_on(self.mask, grid)
        if mask is not None and self.fills_mask:
            support = mask > 0.5
        else:
            inside = density if mask is None else mask * density
            support = inside > self.part.level_of(inside, grid.voxel_size_angstrom[0])
        return edges(density, grid, self.signal), support.astype(np.float32)

    def whole_on(self, grid: Grid, sigma_angstrom: float) -> tuple[Volume, Volume]:
        """Return the edges of the whole on a grid of cubic voxels, and its support, 0 or 1."""
        if self.shared is not None:
            return self.shared.kept((grid, sigma_angstrom), lambda: self._whole_on(grid, sigma_angstrom))
        return self._whole_on(grid, sigma_angstrom)

    def _whole_on(self, grid: Grid, sigma_angstrom: float) -> tuple[Volume, Volume]:
        density = self.whole.in_unit(_sampled(self.whole_map, grid, sigma_angstrom))
        support = density > self.whole.level_of(density, grid.voxel_size_angstrom[0])
        return edges(density, grid, self.signal), support.astype(np.float32)

    def fit(self, voxel_angstrom: float, sigma_angstrom: float, centre: Matrix | None = None) -> FitProblem:
        """Return the fit of the whole, which moves, to the part, inside the support of the part.

        Rotations are about `centre`, by default the centre of the part.
        """
        grid, around = self.part_grid(voxel_angstrom), self.whole_grid(voxel_angstrom)
        u, support = self.part_on(grid, sigma_angstrom)
        v, _ = self.whole_on(around, sigma_angstrom)
        fit = FitProblem.between(
            Sampled(u, grid), Sampled(v, around), where=support > 0.5,
            centre=self.centre_angstrom if centre is None else centre,
        )  # fmt: skip
        return replace(fit, least_margin=LEAST_MARGIN)


def edges(density: Volume, grid: Grid, signal: SignalFraction | None = None) -> Volume:
    """Return the negative Laplacian of densities on a grid of cubic voxels, per squared voxel.

    If `signal` is given, frequencies are weighted by the square root of the fraction of the power that is signal.
    """
    squared = [(2 * np.pi * fft.fftfreq(side)) ** 2 for side in grid.shape[:2]]
    squared.append((2 * np.pi * fft.rfftfreq(grid.shape[2])) ** 2)
    laplacian = (squared[0][:, None, None] + squared[1][:, None] + squared[2]).astype(np.float32)
    spectrum = fft.rfftn(density, workers=1)
    spectrum *= laplacian
    if signal is not None:
        frequency = np.sqrt(laplacian) / np.float32(2 * np.pi * grid.voxel_size_angstrom[0])
        spectrum *= np.sqrt(np.maximum(signal.at(frequency), LEAST_SIGNAL)).astype(np.float32)
    return np.asarray(fft.irfftn(spectrum, grid.shape, workers=1), dtype=np.float32)


def _sampled(density_map: DensityMap, grid: Grid, sigma_angstrom: float) -> Volume:
    """Sample a map with its background at zero; smooth it, unless its own sampling is coarser than the smoothing."""
    background = background_level(density_map.data)
    if sigma_angstrom >= SMOOTHING_VOXELS * max(density_map.grid.voxel_size_angstrom):
        return smoothed(density_map, grid, sigma_angstrom=sigma_angstrom, background=background).data
    shifted = density_map.with_data(density_map.data - np.float32(background)) if background else density_map
    return resample(shifted, identity(), grid, threads=1).data
