"""Unexplained density."""

import numpy as np
import pytest

import botalign
from botalign.complexes.residual import regions
from botalign.geometry import apply_transform

from .conftest import RESOLUTION, InventedComplex, together


@pytest.mark.parametrize("noise", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("given", [False, True])
def test_the_density_of_a_missing_part_is_one_region_however_strong_the_noise_is(
    invented: InventedComplex, noise: float, given: bool
) -> None:
    """The noise is that many times as strong as the density; the contour level of the map is suggested or given."""
    clean, parts, places = invented.whole, invented.parts, invented.places
    spread = clean.data[clean.data > 0.2 * clean.data.max()].std()
    random = noise * spread * np.random.default_rng(6).standard_normal(clean.data.shape)
    level = 0.2 * float(clean.data.max()) if given else None
    whole = clean.with_data((clean.data + random).astype(np.float32))
    others = together(*(parts[part].moved(place) for part in (0, 1) for place in places[part]))
    rest = whole.with_data(whole.data - botalign.simulate(others, RESOLUTION, grid=whole.grid).data)
    (region,) = regions(whole, rest, level, RESOLUTION)
    centre = apply_transform(places[2][0], parts[2].points).mean(axis=0)
    assert np.linalg.norm(np.array(region.centre_angstrom) - centre) < 6
    assert 0.1 < region.fraction < 0.5
    assert regions(whole, whole.with_data(random.astype(np.float32)), level, RESOLUTION) == ()
