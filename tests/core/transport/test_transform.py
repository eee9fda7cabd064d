import numpy as np
import pytest

from botalign import InputError
from botalign.transport import WaveletTransform, wavelet_transform


@pytest.mark.parametrize("shape", [(16, 16, 16), (5, 8, 3), (9, 16, 21), (32, 33), (7, 4)])
@pytest.mark.parametrize(("wavelet", "scales"), [("sym3", 6), ("haar", 1), ("coif3", 5)])
def test_the_fast_transform_agrees_with_pywavelets(shape: tuple[int, ...], wavelet: str, scales: int) -> None:
    array = np.random.default_rng(1).random(shape)
    fast = WaveletTransform(shape, wavelet=wavelet, scales=scales, voxel_size=1.7)
    plain = wavelet_transform(array, wavelet=wavelet, scales=scales, voxel_size=1.7)
    assert fast.size == plain.size
    assert fast(array).dtype == np.float32
    # Coefficients near zero are differences of large numbers in float32.
    np.testing.assert_allclose(fast(array), plain, rtol=1e-5, atol=2e-6 * np.abs(plain).max())


def test_many_transforms_do_not_depend_on_threads() -> None:
    arrays = np.random.default_rng(2).random((7, 12, 10, 8))
    transform = WaveletTransform((12, 10, 8), scales=3)
    one, three = (transform.many(arrays, threads=threads) for threads in (1, 3))
    np.testing.assert_array_equal(one, three)
    np.testing.assert_array_equal(one, [transform(array) for array in arrays])


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match=r"array: got the shape \(8, 9\), expected \(8, 8\)"):
        WaveletTransform((8, 8))(np.zeros((8, 9)))
    with pytest.raises(InputError, match="scales: got 0"):
        WaveletTransform((8, 8), scales=0)
    with pytest.raises(InputError, match="wavelet: got 'sym99'"):
        WaveletTransform((8, 8), wavelet="sym99")
    with pytest.raises(InputError, match="array: got 1 dimension"):
        WaveletTransform((8,))
