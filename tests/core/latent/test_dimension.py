import numpy as np

from botalign.latent.dimension import local_thickness

RNG = np.random.default_rng(0)


def test_points_that_fill_their_space_are_thick() -> None:
    for dimensions in (2, 3):
        assert local_thickness(RNG.uniform(size=(3000, dimensions)), RNG) > 0.4
    assert local_thickness(RNG.uniform(size=(50, 1)), RNG) == 1.0


def test_points_on_a_bent_curve_or_surface_are_thin() -> None:
    angle, height = RNG.uniform(0, 2 * np.pi, 1500), RNG.uniform(-1, 1, 1500)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    noise = 0.01 * RNG.standard_normal((1500, 2))
    assert local_thickness(ring + noise, RNG) < 0.05
    sphere = np.column_stack([ring * np.sqrt(1 - height**2)[:, None], height])
    assert local_thickness(sphere, RNG) < 0.05


def test_few_or_equal_points() -> None:
    assert local_thickness(np.zeros((20, 2)), RNG) == 0.0
    assert 0 <= local_thickness(RNG.uniform(size=(3, 3)), RNG) < 1e-10  # three points span a plane
