import numpy as np
import pytest
from scipy.spatial.distance import cdist

from botalign import InputError, wemd
from botalign.transport import WaveletTransform, distance_block, pair_distances

NORMS = [("l1", "cityblock"), ("l2", "euclidean")]


def vectors(count: int, length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, length)).astype(np.float32)


@pytest.mark.parametrize(("norm", "metric"), NORMS)
@pytest.mark.parametrize(("count", "length"), [(1, 5), (2, 1024), (7, 1025), (70, 3000), (131, 17)])
def test_distances_agree_with_scipy(norm: str, metric: str, count: int, length: int) -> None:
    rows = vectors(count, length)
    table = pair_distances(rows, norm=norm)
    np.testing.assert_allclose(table, cdist(rows.astype(float), rows.astype(float), metric), rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(table, table.T)
    assert not table.diagonal().any()


@pytest.mark.parametrize(("norm", "metric"), NORMS)
def test_distances_do_not_depend_on_blocks_or_threads(norm: str, metric: str) -> None:
    rows = vectors(150, 2500)
    table = pair_distances(rows, norm=norm)
    np.testing.assert_array_equal(table, pair_distances(rows, norm=norm, threads=3))
    np.testing.assert_array_equal(table[3:90, 77:146], distance_block(rows[3:90], rows[77:146], norm=norm))
    # A single row, as in the last block.
    np.testing.assert_array_equal(table[5:6], distance_block(rows[5:6], rows, norm=norm))


def test_rows_need_not_be_contiguous() -> None:
    rows = vectors(9, 40)
    np.testing.assert_array_equal(pair_distances(rows[::2, ::3]), pair_distances(rows[::2, ::3].copy()))


def test_l1_distances_of_transforms_are_the_wemd() -> None:
    maps = np.random.default_rng(4).random((3, 10, 12, 9))
    transforms = WaveletTransform(maps.shape[1:], wavelet="coif3", scales=4, voxel_size=2.0).many(maps)
    expected = [[wemd(a, b, wavelet="coif3", scales=4, voxel_size=2.0) for a in maps] for b in maps]
    np.testing.assert_allclose(pair_distances(transforms), expected, rtol=1e-5, atol=1e-9)


def test_bad_input_is_refused() -> None:
    rows = vectors(3, 4)
    with pytest.raises(InputError, match="norm: got 'l3', expected 'l1' or 'l2'"):
        pair_distances(rows, norm="l3")
    with pytest.raises(InputError, match=r"got float64 of shape \(3, 4\), expected float32"):
        pair_distances(rows.astype(float))
    with pytest.raises(InputError, match="got vectors of 4 and of 3 samples"):
        distance_block(rows, rows[:, 1:].copy())
