from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.scores import model_fit

POINTS = np.random.default_rng(0).normal(size=(300, 3)) * 12
MODEL = botalign.Model(POINTS, np.full(300, 6.0))
GRID = botalign.Grid.cube(48, 2.5, (1.0, 2.0, 3.0))


def test_a_model_in_its_own_map_fits_perfectly() -> None:
    fit = model_fit(botalign.simulate(MODEL, 10.0, grid=GRID), MODEL, 10.0)
    assert fit.correlation > 0.99  # trilinear interpolation
    assert fit.fraction_above_contour > 0.9
    assert fit.shells.correlation[fit.shells.frequency_per_angstrom < 0.1].min() > 0.999
    assert fit.shells.frequency_per_angstrom[-1] <= 1 / 5


def test_every_score_falls_with_the_displacement() -> None:
    density_map = botalign.simulate(MODEL, 10.0, grid=GRID)
    fits = [
        model_fit(density_map, MODEL.moved(np.column_stack([np.eye(3), [x, 0, 0]])), 10.0, contour_level=0.02)
        for x in (0, 4, 12, 500)
    ]
    assert {fit.contour_level for fit in fits} == {0.02}
    for name in ("correlation", "mean_density", "fraction_above_contour"):
        values = [getattr(fit, name) for fit in fits]
        assert values == sorted(values, reverse=True)
        assert values[0] > 1.2 * values[2]
        assert values[-1] == 0
    resolutions = [fit.fsc_resolution_angstrom for fit in fits]
    assert resolutions == sorted(resolutions)


def test_densities_at_atoms_are_interpolated() -> None:
    data = np.fromfunction(lambda z, y, x: z + 10 * y + 100 * x, (6, 6, 6))
    ramp = botalign.DensityMap(data, botalign.Grid((6, 6, 6), (2.0, 2.0, 2.0), (-1.0, 0.0, 0.0)))
    model = botalign.Model(np.array([[4.0, 3.0, 5.0], [0.0, 2.0, 2.5]]), np.ones(2))
    fit = model_fit(ramp, model, 8.0, contour_level=200.0)
    assert fit.mean_density == pytest.approx((267.5 + 61.25) / 2)
    assert fit.fraction_above_contour == 0.5


def test_the_scores_are_those_of_chimerax(data_folder: Path) -> None:
    # ChimeraX 1.12: fitmap #2 in #1 resolution R maxSteps 0, and without resolution
    fits = data_folder / "fits" / "1tyq"
    density_map, model = botalign.read(fits / "1tyq_10.mrc"), botalign.read_model(fits / "1tyq.A.pdb")
    fit = model_fit(density_map, model, 10.0)
    assert (round(fit.correlation, 3), round(fit.correlation_about_mean, 4)) == (0.977, 0.8577)
    density_map = botalign.read(data_folder / "maps" / "emd_1080_groel_11.5A.mrc")
    model = botalign.read_model(data_folder / "structures" / "1oel_A.pdb")
    fit = model_fit(density_map, model, 11.5, contour_level=0.554155707359314)
    assert abs(fit.correlation - 0.4768) < 2e-4
    assert round(fit.mean_density, 4) == 0.3907
    assert round((1 - fit.fraction_above_contour) * len(model.points)) == 2397


def test_what_cannot_be_scored_is_refused() -> None:
    density_map = botalign.simulate(MODEL, 10.0, grid=GRID)
    for arguments, option in [
        ((MODEL, MODEL, 10.0), "density_map"),
        ((density_map, density_map, 10.0), "model"),
        ((density_map, MODEL, 0.5), "resolution"),
    ]:
        with pytest.raises(botalign.InputError) as info:
            model_fit(*arguments)  # type: ignore[arg-type]
        assert info.value.option == option
    for level in (np.nan, np.inf):
        with pytest.raises(botalign.InputError, match=r"^contour_level: got (nan|inf), expected a finite number"):
            model_fit(density_map, MODEL, 10.0, contour_level=level)
