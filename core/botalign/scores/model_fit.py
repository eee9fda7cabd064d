"""How well an atomic model fits the map that it is in."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from botalign.arrays import Matrix, Volume
from botalign.errors import InputError, Setting
from botalign.geometry import identity
from botalign.maps import DensityMap, Grid, resample
from botalign.maps import contour_level as suggested_level
from botalign.maps.density_map import expect_map
from botalign.models import Model, checked_resolution, expect_model, simulate
from botalign.scores.chain_fits import ChainFit, chain_fits, missing_chains_text
from botalign.scores.correlation import correlation, correlation_about_mean
from botalign.scores.curves import ShellCurves
from botalign.scores.shells import ShellCorrelation, correlate_shells

#: Fraction of the mass of the simulated map inside the model's mask, as for ChimeraX's fitmap.
MASS_IN_MASK = 0.95
_PADDING = 1.5  # around the atoms, in units of the resolution: the soft mask ends inside


@dataclass(frozen=True)
class ModelFit:
    """Scores of an atomic model in a map.

    Attributes
    ----------
    correlation : float
        Correlation of the map and the simulated map of the model, inside the model's mask: where the simulated map is
        above the level that encloses 95% of its mass. It equals the correlation of ChimeraX's ``fitmap``.
    correlation_about_mean : float
        The same, for the deviations from the means.
    mean_density : float
        Mean density of the map at the atoms; zero outside the map.
    fraction_above_contour : float
        Fraction of the atoms at which the map is above its contour level.
    contour_level : float
        This contour level.
    shells : ShellCorrelation
        Fourier shell correlation of the map and the simulated map inside a soft mask around the model.
    chain_fits : tuple of ChainFit
        How much density the map has for each chain of a model with several chains.
    """

    correlation: float
    correlation_about_mean: float
    mean_density: float
    fraction_above_contour: float
    contour_level: float
    shells: ShellCorrelation = field(repr=False)
    chain_fits: tuple[ChainFit, ...] = field(default=(), repr=False)

    @property
    def fsc_resolution_angstrom(self) -> float:
        """Resolution at which the Fourier shell correlation falls below 0.5; infinite if the first shell is below."""
        return self.shells.resolution(0.5)

    @property
    def missing_chains_text(self) -> str | None:
        """Chains for which the map has little or no density, as text; None if there are none."""
        return missing_chains_text(self.chain_fits)

    @property
    def curves(self) -> ShellCurves:
        """The Fourier shell correlation as curves that can be written."""
        return ShellCurves(self.shells, None, "a soft mask around the model")


def model_fit(
    density_map: DensityMap, model: Model, resolution: float, *, contour_level: float | None = None
) -> ModelFit:
    """Return scores of an atomic model in a map, as both are placed.

    Parameters
    ----------
    density_map : DensityMap
        Map.
    model : Model
        Model in the coordinates of the map.
    resolution : float
        Resolution of the map in angstrom, for the simulated map of the model.
    contour_level : float, optional
        Contour level of the map; by default that of :func:`botalign.contour_level`.

    Returns
    -------
    ModelFit
        The scores.

    Raises
    ------
    InputError
        If the arguments are not a map and a model, the resolution is not from 1 to 100 A or is finer than two voxels
        of the map, or the contour level is not finite.

    See Also
    --------
    botalign.simulate : The simulated map.
    botalign.score : Compares two maps.

    Notes
    -----
    The Fourier shell correlation ends at the Nyquist frequency of the map. Its mask is soft, but any mask raises the
    curve: compare curves with the same mask only.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign
    >>> points = np.random.default_rng(0).uniform(-20, 20, (200, 3))
    >>> model = botalign.Model(points, np.full(200, 6.0))
    >>> fit = botalign.model_fit(botalign.simulate(model, 8.0), model, 8.0)
    >>> f"{fit.correlation:.3f} {fit.fraction_above_contour:.2f}"
    '1.000 1.00'
    """
    expect_map(density_map, "density_map")
    expect_model(model, "model")
    width = checked_resolution(resolution, density_map)
    level = suggested_level(density_map) if contour_level is None else float(contour_level)
    if not np.isfinite(level):
        raise InputError(Setting("contour_level"), f": got {level}, expected a finite number.")
    simulated = simulate(model, width)
    inside = simulated.data > _level_of_mass(simulated.data)
    density = simulated.data[inside]
    steps = np.argwhere(inside)[:, ::-1] * np.array(simulated.grid.voxel_size_angstrom)
    map_density = _densities_at(density_map, steps + np.array(simulated.grid.origin_angstrom))
    at_atoms = _densities_at(density_map, model.points)
    return ModelFit(
        correlation(map_density, density),
        correlation_about_mean(map_density, density),
        float(at_atoms.mean()),
        float((at_atoms > level).mean()),
        level,
        _masked_shells(density_map, model, width),
        chain_fits(model, map_density, simulated.grid, np.flatnonzero(inside), width),
    )


def _densities_at(density_map: DensityMap, points: Matrix) -> NDArray[np.float64]:
    """Return the densities at points by trilinear interpolation, as ChimeraX, zero outside the map."""
    grid = density_map.grid
    index = (points - np.array(grid.origin_angstrom)) / np.array(grid.voxel_size_angstrom)
    return np.asarray(ndimage.map_coordinates(density_map.data, index.T[::-1], np.float64, order=1))


def _common_grid(grid: Grid, model: Model, resolution: float) -> Grid:
    """Return the grid of a cube around the model; its voxels coincide with those of the map if they have one size."""
    voxel = min(*grid.voxel_size_angstrom, resolution / 3)
    low, high = model.points.min(axis=0), model.points.max(axis=0)
    side = fft.next_fast_len(
        int(np.ceil((high - low).max() / voxel + 2 * _PADDING * resolution / voxel)) + 1, real=True
    )
    cube = Grid.cube(side, voxel, (low + high) / 2)
    if grid.voxel_size_angstrom != (voxel,) * 3:
        return cube
    steps = np.rint((np.array(cube.origin_angstrom) - grid.origin_angstrom) / voxel)
    x, y, z = np.array(grid.origin_angstrom) + steps * voxel
    return Grid(cube.shape, cube.voxel_size_angstrom, (x, y, z))


def _level_of_mass(simulated: Volume) -> float:
    """Return the level that encloses a fixed fraction of the mass."""
    values = np.sort(simulated[simulated > 0])[::-1]
    mass = np.cumsum(values, dtype=np.float64)
    return float(values[np.searchsorted(mass, MASS_IN_MASK * mass[-1])])


def _masked_shells(density_map: DensityMap, model: Model, resolution: float) -> ShellCorrelation:
    """Return the Fourier shell correlation inside a mask that is 1 inside the model's and falls off outside."""
    grid = _common_grid(density_map.grid, model, resolution)
    voxel = grid.voxel_size_angstrom[0]
    simulated = simulate(model, resolution, grid=grid).data
    inside = simulated > _level_of_mass(simulated)
    blurred = ndimage.gaussian_filter(inside.astype(np.float32), resolution / 3 / voxel, truncate=3.0)
    mask = np.minimum(2 * blurred, np.float32(1))
    spectra = [
        fft.rfftn(values * mask, workers=1) for values in (resample(density_map, identity(), grid).data, simulated)
    ]
    curve = correlate_shells(spectra[0], spectra[1], grid.shape[0], voxel_size_angstrom=voxel)
    nyquist = 1 / (2 * max(density_map.grid.voxel_size_angstrom))
    held = max(1, np.count_nonzero(curve.frequency_per_angstrom <= nyquist))
    return ShellCorrelation(curve.frequency_per_angstrom[:held], curve.correlation[:held])
