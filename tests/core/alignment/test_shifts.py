import numpy as np
import pytest

from botalign import DensityMap, phantom
from botalign.alignment.shifts import shifted_pair
from botalign.alignment.survey import survey
from botalign.geometry import apply_transform, inverse, random_rotations, transform_about


@pytest.mark.parametrize("seed", range(3))
def test_the_best_shift_at_the_right_rotation_is_the_right_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    there = transform_about(random_rotations(1, rng)[0], np.zeros(3), rng.uniform(-9, 9, 3))
    a, b = (phantom(48, voxel_size_angstrom=3.0, transform=pose) for pose in (None, there))
    first, second = survey(a), survey(b)
    # The centres of mass do not matter: here one of them is wrong by two voxels.
    object.__setattr__(second, "centre_angstrom", second.centre_angstrom + np.array([0.0, 9.0, 0.0]))
    pair = shifted_pair(first, second)
    loss, pose = pair.best_shift(inverse(there)[:, :3])
    off = apply_transform(pose, there[:, 3]) - apply_transform(inverse(there), there[:, 3])
    assert np.linalg.norm(off) < 0.35 * pair.voxel_angstrom
    assert 0 <= loss < 0.3
    assert pair.best_shift(np.eye(3))[0] > loss + 0.2


def test_the_loss_is_the_distance_of_two_maps_of_norm_one(fixed: DensityMap) -> None:
    pair = shifted_pair(survey(fixed), survey(fixed))
    loss, pose = pair.best_shift(np.eye(3))
    assert loss < 0.05
    np.testing.assert_allclose(pose, np.eye(3, 4), atol=0.05 * pair.voxel_angstrom)
    assert pair.best_shift(np.diag([1.0, -1.0, -1.0]))[0] < 2
