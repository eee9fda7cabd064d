from collections.abc import Callable

import numpy as np
import pytest

from botalign import Alignment, DensityMap, align, phantom
from botalign.geometry import apply_transform, compose, geodesic_degrees, random_rotations

SIZE, VOXEL = 48, 3.0


@pytest.fixture(scope="session")
def motion() -> Callable[..., np.ndarray]:
    """Return a function that makes a random rigid motion, shifted by up to 5% of the phantom's box."""

    def make(seed: int, *, mirror: bool = False, reach: float = 7.0) -> np.ndarray:
        rng = np.random.default_rng((11, seed))
        flip = np.diag([1.0, 1.0, -1.0 if mirror else 1.0])
        return np.column_stack([random_rotations(1, rng)[0] @ flip, rng.uniform(-reach, reach, 3)])

    return make


@pytest.fixture(scope="session")
def misfit() -> Callable[..., tuple[float, float]]:
    """Return a function that tells how far, in degrees and voxels, a result is off the motion that made `moving`."""

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
    """A phantom at rest."""
    return phantom(SIZE, voxel_size_angstrom=VOXEL)


@pytest.fixture(scope="session")
def there(motion: Callable[..., np.ndarray]) -> np.ndarray:
    """The motion that makes `moving`."""
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
    """What a plain alignment of the two finds."""
    return align(fixed, moving, evaluations=100)


@pytest.fixture(scope="session")
def mirrored_result(fixed: DensityMap, mirrored: DensityMap) -> Alignment:
    """An alignment that had to mirror."""
    return align(fixed, mirrored, evaluations=100, hand="auto")
