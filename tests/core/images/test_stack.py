from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from botalign import ImageStack, InputError, holds_images, read, read_stack
from botalign.images import STACK_EXTENSIONS


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(8).standard_normal((4, 5, 6)).astype(np.float32)


@pytest.mark.parametrize("suffix", [*STACK_EXTENSIONS, ".MRCS"])
def test_a_written_stack_is_read_back(tmp_path: Path, images: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    ImageStack(images, (1.5, 2.0)).write(path)
    got = read_stack(path)
    np.testing.assert_array_equal(got.images, images)
    assert got.pixel_size_angstrom == (1.5, 2.0)
    assert got.name == str(path)
    assert holds_images(path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mrcfile")
def test_mrcfile_recognises_a_stack(tmp_path: Path, images: np.ndarray) -> None:
    ImageStack(images, (1.5, 1.5)).write(tmp_path / "a.mrcs")
    assert mrcfile.validate(tmp_path / "a.mrcs")
    with mrcfile.open(tmp_path / "a.mrcs") as peer:
        assert peer.is_image_stack()
        np.testing.assert_array_equal(peer.data, images)
        assert peer.voxel_size.item()[:2] == (1.5, 1.5)
        assert peer.header.rms == pytest.approx(images.std(), rel=1e-6)


def test_a_stack_identified_by_its_header(make_file: Callable[..., Path], densities: np.ndarray) -> None:
    path = make_file(densities, "a.mrc", ispg=0, mz=1)
    assert holds_images(path)
    got = read_stack(path)
    np.testing.assert_array_equal(got.images, densities)
    assert got.pixel_size_angstrom == (1.5, 2.0)
    with pytest.raises(InputError, match="got 4 images, not a map"):
        read(path)


def test_no_warning_about_the_third_side_of_images(make_file: Callable[..., Path], densities: np.ndarray) -> None:
    assert read_stack(make_file(densities, "a.mrcs", mz=0, cella=(9.0, 10.0, 0.0))).pixel_size_angstrom == (1.5, 2.0)


def test_a_single_image_is_a_stack_of_one(make_file: Callable[..., Path], densities: np.ndarray) -> None:
    path = make_file(densities[:1], "a.mrc")
    assert holds_images(path)
    assert read_stack(path).images.shape == (1, 5, 6)


def test_a_map_is_not_a_stack(make_file: Callable[..., Path], densities: np.ndarray) -> None:
    path = make_file(densities)
    assert not holds_images(path)
    with pytest.raises(InputError, match=r"a\.mrc: got a map, expected images; .* rename it to \.mrcs\.$"):
        read_stack(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mrcs").write_bytes(b"no" * 2000)
    for function in (holds_images, read_stack):
        with pytest.raises(InputError, match=r"a\.mrcs: not a map"):
            function(tmp_path / "a.mrcs")


def test_a_real_stack(data_folder: Path) -> None:
    path = data_folder / "stacks" / "hand_projections_64.mrcs"
    with mrcfile.open(path) as peer:
        np.testing.assert_array_equal(read_stack(path).images, peer.data)


def not_finite() -> np.ndarray:
    images = np.zeros((4, 3, 3))
    images[2, 1, 1] = np.inf
    return images


@pytest.mark.parametrize(
    ("images", "pixel", "message"),
    [
        (np.ones((3, 3)), (1.0, 1.0), r"got an array of shape \(3, 3\), expected a stack"),
        (np.ones((0, 3, 3)), (1.0, 1.0), "got an array of shape"),
        (np.ones((2, 3, 3)), (1.0, 0.0), "got pixels of 1 x 0 A, expected positive pixel sizes"),
        (
            np.full((2, 3, 3), np.nan),
            (1.0, 1.0),
            "18 pixels are NaN or infinite, in 2 images, the first image 1, expected",
        ),
        (not_finite(), (1.0, 1.0), "1 pixel is NaN or infinite, in image 3, expected finite values; replace"),
        (np.ones((2, 3, 3), complex), (1.0, 1.0), "values of type complex128"),
    ],
)
def test_invalid_stacks_are_refused(images: np.ndarray, pixel: tuple[float, float], message: str) -> None:
    with pytest.raises(InputError, match=f"^it: .*{message}"):
        ImageStack(images, pixel, name="it")


def test_the_repr_of_a_stack_is_one_line() -> None:
    stack = ImageStack(np.zeros((2, 3, 4)), (2.0, 2.0), name="/data/a.mrcs")
    assert repr(stack) == "<ImageStack a.mrcs: 2 images of 4 x 3 pixels of 2 A>"
    one = ImageStack(np.zeros((1, 3, 3)), (2.0, 2.5))
    assert repr(one) == "<ImageStack stack: 1 image of 3 x 3 pixels of 2 x 2.5 A>"


def test_unknown_extensions(tmp_path: Path, images: np.ndarray) -> None:
    with pytest.raises(InputError, match="unknown extension"):
        ImageStack(images).write(tmp_path / "a.mrc")
