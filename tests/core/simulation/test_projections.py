import numpy as np
import pytest

import botalign
from botalign.errors import InputError
from botalign.geometry import random_rotations


@pytest.fixture(scope="module")
def phantom() -> botalign.DensityMap:
    return botalign.phantom(40, voxel_size_angstrom=4.0)


def test_the_projection_of_an_unrotated_map_is_the_sum_along_z(phantom: botalign.DensityMap) -> None:
    found = botalign.projections(phantom, np.eye(3)[None], about="box")
    np.testing.assert_allclose(found.stack.images[0], phantom.data.sum(axis=0), atol=1e-2)
    assert found.stack.pixel_size_angstrom == (4.0, 4.0)
    assert found.noise_sigma == 0
    assert repr(found) == "<Projections projections of phantom 0: 1 image of 40 x 40 pixels of 4 A, no noise>"


def test_the_rotation_is_that_of_the_molecule(phantom: botalign.DensityMap) -> None:
    rotation = random_rotations(1, np.random.default_rng(0))[0]
    moved = botalign.phantom(40, voxel_size_angstrom=4.0, transform=np.column_stack([rotation, np.zeros(3)]))
    found = botalign.projections(phantom, rotation[None], about="box")
    np.testing.assert_allclose(found.stack.images[0], moved.data.sum(axis=0), atol=1e-2)
    np.testing.assert_allclose(found.viewing_directions[0], rotation.T @ [0, 0, 1])


def test_the_field_of_view_does_not_depend_on_the_size(phantom: botalign.DensityMap) -> None:
    rotations = random_rotations(2, np.random.default_rng(1))
    odd = botalign.phantom(41, voxel_size_angstrom=4.0, resolution_angstrom=16.0)
    even = botalign.phantom(40, voxel_size_angstrom=4.1, resolution_angstrom=16.0)
    for density_map, size in ((odd, 41), (even, 41), (odd, 82)):
        found = botalign.projections(density_map, rotations, size=size, about="box").stack
        assert found.pixel_size_angstrom[0] == pytest.approx(164 / size)
        fine = found.images if size == 41 else found.images.reshape(2, 41, 2, 41, 2).mean(axis=(2, 4))
        exact = [
            botalign.phantom(
                grid=botalign.Grid.cube(41, 4.0, np.zeros(3)),
                resolution_angstrom=16.0,
                transform=np.column_stack([r, np.zeros(3)]),
            ).data.sum(axis=0)
            for r in rotations
        ]
        scale = 41 / 40 if density_map is even else 1.0  # the slices are thicker
        np.testing.assert_allclose(fine * scale, exact, atol=0.02 * np.max(exact))


def test_the_centre_of_mass_is_at_the_centre(phantom: botalign.DensityMap) -> None:
    grid = botalign.Grid((50, 44, 48), (4.0, 4.0, 4.0), (-70.0, -90.0, -110.0))
    away = botalign.phantom(grid=grid)
    images = botalign.projections(away, 3, seed=2).stack.images.astype(float)
    offset = np.arange(50) - 24.5
    for image in images:
        assert image @ offset @ np.ones(50) / image.sum() == pytest.approx(0, abs=0.02)
        assert offset @ image @ np.ones(50) / image.sum() == pytest.approx(0, abs=0.02)


def test_noise_has_the_requested_ratio(phantom: botalign.DensityMap) -> None:
    clean = botalign.projections(phantom, 20, seed=3)
    noisy = botalign.projections(phantom, 20, snr=1 / 8, seed=3)
    np.testing.assert_array_equal(clean.rotations, noisy.rotations)
    noise = noisy.stack.images.astype(float) - clean.stack.images
    assert noise.std() == pytest.approx(noisy.noise_sigma, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.02 * noisy.noise_sigma)
    power = np.square(clean.stack.images, dtype=float).sum() / (20 * 40 * 40 * noisy.noise_sigma**2)
    assert power == pytest.approx(1 / 8, rel=1e-5)
    again = botalign.projections(phantom, np.int64(20), snr=1 / 8, seed=np.int32(3))  # type: ignore[arg-type]
    np.testing.assert_array_equal(again.stack.images, noisy.stack.images)


@pytest.mark.parametrize(
    ("rotations", "options", "message"),
    [
        (0, {}, "rotations: got 0"),
        (np.eye(3), {}, r"rotations: got an array of shape \(3, 3\)"),
        (2, {"snr": 0.0}, "snr: got 0"),
        (2, {"size": 4}, "size: got 4"),
        (2, {"about": "origin"}, "about: got 'origin'"),
        (2, {"seed": -1}, "seed: got -1, expected a whole number of at least 0"),
    ],
)
def test_bad_input_is_refused(
    phantom: botalign.DensityMap, rotations: object, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        botalign.projections(phantom, rotations, **options)  # type: ignore[arg-type]


def test_maps_without_cubic_voxels_or_centre_of_mass_are_refused() -> None:
    flat = botalign.DensityMap(np.zeros((8, 8, 8)), botalign.Grid((8, 8, 8), (1, 1, 2), (0, 0, 0)))
    with pytest.raises(InputError, match="expected cubic voxels"):
        botalign.projections(flat, 1)
    empty = botalign.DensityMap(np.zeros((8, 8, 8)), botalign.Grid.cube(8, 1.0, np.zeros(3)))
    with pytest.raises(InputError, match="no positive density"):
        botalign.projections(empty, 1)
