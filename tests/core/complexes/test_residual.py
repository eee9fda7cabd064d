"""Unexplained density."""

import numpy as np
import pytest

import botalign
from botalign.complexes.residual import regions
from botalign.geometry import apply_transform

from .conftest import RESOLUTION, InventedComplex, together


@pytest.mark.parametrize(
    ("noise", "given"),
    [(0.0, None), (0.5, None), (1.0, None), (0.0, 0.1), (0.0, 0.2), (0.5, 0.2), (1.0, 0.2), (0.0, 0.4)],
)
def test_the_density_of_a_missing_part_is_one_region_however_strong_the_noise_is(
    invented: InventedComplex, noise: float, given: float | None
) -> None:
    """The noise is that many times as strong as the density; the contour level may be given, over the maximum."""
    clean, parts, places = invented.whole, invented.parts, invented.places
    spread = clean.data[clean.data > 0.2 * clean.data.max()].std()
    random = noise * spread * np.random.default_rng(6).standard_normal(clean.data.shape)
    level = None if given is None else given * float(clean.data.max())
    whole = clean.with_data((clean.data + random).astype(np.float32))
    others = together(*(parts[part].moved(place) for part in (0, 1) for place in places[part]))
    rest = whole.with_data(whole.data - botalign.simulate(others, RESOLUTION, grid=whole.grid).data)
    (region,) = regions(whole, rest, level, RESOLUTION)
    centre = apply_transform(places[2][0], parts[2].points).mean(axis=0)
    assert np.linalg.norm(np.array(region.centre_angstrom) - centre) < 6
    assert 0.1 < region.fraction < 0.5
    assert regions(whole, whole.with_data(random.astype(np.float32)), level, RESOLUTION) == ()
