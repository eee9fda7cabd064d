import numpy as np
import pytest

import botalign
from botalign.classes.wavelets import ImageWavelets
from botalign.errors import InputError
from botalign.transport import wavelet_transform


@pytest.mark.parametrize(("side", "wavelet", "scales"), [(32, "sym5", 6), (33, "sym3", 4), (20, "db1", 1)])
def test_distances_agree_with_wemd(side: int, wavelet: str, scales: int) -> None:
    images = np.random.default_rng(0).standard_normal((2, side, side)).astype(np.float32)
    vectors = ImageWavelets.of(side, wavelet=wavelet, scales=scales, pixel_size=1.5)(images)
    expected = botalign.wemd(images[0], images[1], wavelet=wavelet, scales=scales, voxel_size=1.5)
    assert np.abs(vectors[0] - vectors[1]).sum(dtype=np.float64) == pytest.approx(expected, rel=1e-5)


def test_scales_are_separate_with_the_coarsest_first() -> None:
    image = np.random.default_rng(1).standard_normal((1, 32, 32)).astype(np.float32)
    embedding = ImageWavelets.of(32, scales=3)
    vector = embedding(image)[0]
    plain = wavelet_transform(image[0], wavelet="sym5", scales=3)
    sizes = [3 * side**2 for side in (20, 14, 11)]
    scales = np.split(np.abs(plain), np.cumsum(sizes)[:-1])
    for scale, start, end in zip(reversed(scales), embedding.starts, embedding.starts[1:], strict=False):
        assert np.abs(vector[start:end]).sum() == pytest.approx(scale.sum(), rel=1e-5)
    assert len(vector) == embedding.length


def test_the_vector_of_an_image_does_not_depend_on_the_others() -> None:
    images = np.random.default_rng(2).standard_normal((7, 24, 24)).astype(np.float32)
    embedding = ImageWavelets.of(24)
    np.testing.assert_array_equal(embedding(images)[3:4], embedding(images[3:4]))


def test_an_unknown_wavelet_is_refused() -> None:
    with pytest.raises(InputError, match="wavelet: got 'sym99'"):
        ImageWavelets.of(32, wavelet="sym99")
