from collections.abc import Callable

import numpy as np
import pytest

from botalign import Alignment, DensityMap, Grid, align, phantom
from botalign.geometry import (
    apply_transform,
    compose,
    geodesic_degrees,
    inverse,
    matrix_from_rotation_vector,
    random_rotations,
)

SIZE, VOXEL = 48, 3.0


@pytest.fixture(scope="session")
def motion() -> Callable[..., np.ndarray]:
    """Return a function that makes a random rigid transform with a shift of up to 5% of the box of the phantom."""

    def make(seed: int, *, mirror: bool = False, reach: float = 7.0) -> np.ndarray:
        rng = np.random.default_rng((11, seed))
        flip = np.diag([1.0, 1.0, -1.0 if mirror else 1.0])
        return np.column_stack([random_rotations(1, rng)[0] @ flip, rng.uniform(-reach, reach, 3)])

    return make


@pytest.fixture(scope="session")
def misfit() -> Callable[..., tuple[float, float]]:
    """Return a function that measures the error of a result, in degrees and voxels, against the known transform."""

    def measure(
        result: Alignment | np.ndarray, made_by: np.ndarray, centre: object = (0.0, 0.0, 0.0), voxel: float = VOXEL
    ) -> tuple[float, float]:
        found = result.moving_to_fixed if isinstance(result, Alignment) else result
        left = compose(found, made_by)
        if np.linalg.det(left[:, :3]) < 0:
            return 180.0, np.inf
        shift = apply_transform(left, centre) - np.asarray(centre)
        return float(geodesic_degrees(left[:, :3], np.eye(3))), float(np.linalg.norm(shift)) / voxel

    return measure


@pytest.fixture(scope="session")
def fixed() -> DensityMap:
    """A phantom in its original pose."""
    return phantom(SIZE, voxel_size_angstrom=VOXEL)


@pytest.fixture(scope="session")
def there(motion: Callable[..., np.ndarray]) -> np.ndarray:
    """The transform that makes `moving`."""
    return motion(0)


@pytest.fixture(scope="session")
def moving(there: np.ndarray) -> DensityMap:
    """The same phantom, moved."""
    return phantom(SIZE, voxel_size_angstrom=VOXEL, transform=there)


@pytest.fixture(scope="session")
def mirrored(motion: Callable[..., np.ndarray]) -> DensityMap:
    """Its mirror image, moved."""
    return phantom(SIZE, voxel_size_angstrom=VOXEL, transform=motion(1, mirror=True))


@pytest.fixture(scope="session")
def result(fixed: DensityMap, moving: DensityMap) -> Alignment:
    """The result of an alignment with default options."""
    return align(fixed, moving, evaluations=100)


@pytest.fixture(scope="session")
def mirrored_result(fixed: DensityMap, mirrored: DensityMap) -> Alignment:
    """The result of an alignment that mirrors."""
    return align(fixed, mirrored, evaluations=100, hand="auto")


@pytest.fixture(scope="session")
def beads() -> Callable[..., DensityMap]:
    """Return a function that makes a map of Gaussian beads at positions ``(x, y, z)``, 56^3 voxels of 2 A."""
    grid = Grid.cube(56, 2.0, np.zeros(3))

    def make(places: np.ndarray, masses: np.ndarray, sigma: float = 3.5) -> DensityMap:
        z, y, x = (grid.axis_angstrom(axis) for axis in range(3))
        data = np.zeros(grid.shape)
        for (px, py, pz), mass in zip(places, masses, strict=True):
            lines = (np.exp(-((line - at) ** 2) / (2 * sigma**2)) for line, at in ((z, pz), (y, py), (x, px)))
            data += mass * np.einsum("i,j,k->ijk", *lines)
        return DensityMap(data.astype(np.float32), grid, "beads")

    return make


@pytest.fixture(scope="session")
def conformations(beads: Callable[..., DensityMap]) -> tuple[DensityMap, DensityMap, np.ndarray]:
    """A molecule, the same in another pose with a third of it rotated by 30 degrees, and the transform back."""
    rng = np.random.default_rng(5)
    places = np.concatenate([rng.normal(size=(40, 3)) * [14, 10, 9], rng.normal(size=(20, 3)) * 7 + [30, 4, 0]])
    masses = rng.uniform(0.5, 1.5, 60)
    hinge = np.array([20.0, 0.0, 0.0])
    other = places.copy()
    other[40:] = (places[40:] - hinge) @ matrix_from_rotation_vector([0, np.radians(30), 0]).T + hinge
    motion = np.column_stack([matrix_from_rotation_vector([1.1, 2.0, -0.3]), [2.0, 5.0, -3.0]])
    return beads(places, masses), beads(apply_transform(inverse(motion), other), masses), motion
