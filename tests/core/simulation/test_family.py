import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from botalign import InputError, phantom_family
from botalign.simulation.family import superposed_rmsd


def test_distance_of_superposed_molecules() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 9, 3)) * [1.0, 2.0, 3.0]
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    moved = Rotation.random(random_state=1).apply(a) + np.array([1.0, -2.0, 3.0])
    _, root = Rotation.align_vectors(a, b)  # of the sum, not of the mean
    found = superposed_rmsd(a, np.stack([moved, b, -a]))
    np.testing.assert_allclose(found[:2], [0.0, root / 3], atol=1e-6)
    assert found[2] > 0.5  # a mirror image cannot be superposed


@pytest.mark.parametrize("kind", ["line", "ring", "plane"])
def test_distances_are_proportional_to_the_motion(kind: str) -> None:
    family = phantom_family(kind, 40, seed=1)
    upper = np.triu_indices(40, 1)
    motion = np.linalg.norm(family.motion[upper[0]] - family.motion[upper[1]], axis=1)
    assert np.corrcoef(motion, family.atom_distances()[upper])[0, 1] > 0.99
    assert family.latents.shape == (40, {"line": 3, "ring": 4, "plane": 4}[kind])


def test_rotations_do_not_change_the_conformation() -> None:
    family = phantom_family("line", 3)
    family.motion[:] = family.motion[0]  # one conformation in three poses
    assert family.atom_distances().max() < 1e-5
    maps = [family.map(k, 24, voxel_size_angstrom=6.0).data for k in range(3)]
    assert np.corrcoef(maps[0].ravel(), maps[1].ravel())[0, 1] < 0.9
    for one in maps[1:]:
        assert one.sum() == pytest.approx(maps[0].sum(), rel=1e-3)
        assert (one**2).sum() == pytest.approx((maps[0] ** 2).sum(), rel=0.01)


def test_bad_input() -> None:
    with pytest.raises(InputError, match="kind: got 'sphere'"):
        phantom_family("sphere")
    with pytest.raises(InputError, match="members: got 0"):
        phantom_family("line", 0)
