"""Images shifted by the origins in their list."""

from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign import InputError
from botalign.images.centring import centred


@pytest.fixture
def images(tmp_path: Path) -> np.ndarray:
    """Three images of 17 x 17 pixels, in a file."""
    found = np.random.default_rng(0).normal(size=(3, 17, 17)).astype(np.float32)
    botalign.ImageStack(found, (2.0, 2.0)).write(tmp_path / "a.mrcs")
    return found


def star(folder: Path, labels: str, *rows: str) -> Path:
    """Write a list of the images in `folder`."""
    head = "data_\nloop_\n_rlnImageName\n" + "".join(f"_rln{label}\n" for label in labels.split())
    path = folder / "list.star"
    path.write_text(head + "".join(f"{n}@a.mrcs {row}\n" for n, row in enumerate(rows, 1)))
    return path


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        ("OriginXAngst OriginYAngst", ("0 0", "-6 4", "2 2")),
        ("OriginX OriginY", ("0 0", "-3 2", "1 1")),
    ],
)
def test_whole_origins_of_relion_shift_images_without_interpolation(
    images: np.ndarray, tmp_path: Path, labels: str, rows: tuple[str, ...]
) -> None:
    listed = botalign.read_images(star(tmp_path, labels, *rows)).centred()
    shifts = listed.stack.shifts_pixels
    assert shifts is not None
    assert shifts.tolist() == [[0, 0], [-3, 2], [1, 1]]
    found = listed.stack.images
    np.testing.assert_array_equal(found[0], images[0])
    np.testing.assert_array_equal(found[1, 2:, :-3], images[1, :-2, 3:])
    np.testing.assert_array_equal(found[2, 1:, 1:], images[2, :-1, :-1])
    # Pixels without a value are background.
    assert len(np.unique(np.concatenate([found[1, :2].ravel(), found[1, :, -3:].ravel()]))) == 1
    assert botalign.read_images(star(tmp_path, "", "", "")).centred().stack.shifts_pixels is None


def blobs(centres: np.ndarray, side: int) -> np.ndarray:
    """Return images of Gaussian blobs at pixels ``(x, y)``, which are band-limited to a part in 10^6."""
    grid = np.arange(side)
    x, y = (np.exp(-((grid - centres[:, axis, None]) ** 2) / (2 * 1.7**2)) for axis in (0, 1))
    return y[:, :, None] * x[:, None, :]


@pytest.mark.parametrize("side", [32, 33])
def test_fractional_origins_put_the_particle_in_the_middle(tmp_path: Path, side: int) -> None:
    origins = np.array([[0, 0], [-3.25, 2.5], [0.5, -0.125]])
    botalign.ImageStack(blobs(side // 2 - origins, side), (2.0, 2.0)).write(tmp_path / "a.mrcs")
    rows = [f"{x} {y}" for x, y in origins]
    found = botalign.read_images(star(tmp_path, "OriginX OriginY", *rows)).centred().stack.images
    expected = blobs(np.full((3, 2), (side - 1) / 2), side)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(16, 16), (17, 17), (12, 15)])
def test_opposite_fractional_shifts_cancel(shape: tuple[int, int]) -> None:
    images = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    spectra = np.fft.fft2(images)
    for axis in (1, 2):
        if shape[axis - 1] % 2 == 0:  # half of the wave at the Nyquist frequency is not sampled
            spectra.swapaxes(axis, 2)[:, :, shape[axis - 1] // 2] = 0
    images = np.fft.ifft2(spectra).real.astype(np.float32)
    off = (np.array(shape[::-1]) + 1) % 2 / 2
    there = centred(botalign.ImageStack(images), np.array([[0.3, -0.2], [-0.4, 0.1]]) + off)
    back = centred(botalign.ImageStack(there.images), np.array([[-0.3, 0.2], [0.4, -0.1]]) + off)
    assert there.shifts_pixels is not None
    np.testing.assert_allclose(there.shifts_pixels, [[0.3, -0.2], [-0.4, 0.1]], atol=1e-12)
    assert np.abs(there.images - images).max() > 0.1
    np.testing.assert_allclose(there.images.std(axis=(1, 2)), images.std(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(back.images, images, atol=1e-5)


def test_shifts_of_cryosparc_are_in_pixels_of_the_alignment(images: np.ndarray, tmp_path: Path) -> None:
    fields = [
        ("uid", "u8"), ("blob/path", "S20"), ("blob/idx", "u4"), ("alignments2D/shift", "f4", 2),
        ("alignments2D/psize_A", "f4"),
    ]  # fmt: skip
    records = np.zeros(3, dtype=fields)
    records["blob/path"], records["blob/idx"] = b"a.mrcs", np.arange(3)
    records["alignments2D/shift"], records["alignments2D/psize_A"] = [[0, 0], [1, -2], [0, 1]], 4
    with (tmp_path / "list.cs").open("wb") as file:
        np.save(file, records)
    shifts = botalign.read_images(tmp_path / "list.cs").centred().stack.shifts_pixels
    assert shifts is not None
    assert shifts.tolist() == [[0, 0], [2, -4], [0, 2]]


@pytest.mark.parametrize(("row", "origin"), [("8.5 0", "(8.5, 0)"), ("0 nan", "(0, nan)")])
def test_origins_outside_the_image_are_refused(images: np.ndarray, tmp_path: Path, row: str, origin: str) -> None:
    listed = botalign.read_images(star(tmp_path, "OriginX OriginY", "0 0", row, "0 0"))
    with pytest.raises(InputError) as error:
        listed.centred()
    assert f"list.star: image 2 has the origin {origin} in pixels, expected less than half" in str(error.value)


def test_origins_of_classes_are_those_of_the_files(tmp_path: Path) -> None:
    clean = botalign.projections(botalign.phantom(25, voxel_size_angstrom=5.0), 6, seed=1).stack.images
    images = np.pad(clean, ((0, 0), (6, 6), (6, 6)))
    images[2] = np.roll(images[2], (-3, 4), axis=(0, 1))
    botalign.ImageStack(images, (5.0, 5.0)).write(tmp_path / "a.mrcs")
    rows = ["-20 15" if n == 2 else "0 0" for n in range(6)]
    listed = botalign.read_images(star(tmp_path, "OriginXAngst OriginYAngst", *rows))
    found = botalign.classify(listed.centred().stack, 2, rotations=8)
    plain = botalign.classify(botalign.ImageStack(np.pad(clean, ((0, 0), (6, 6), (6, 6))), (5.0, 5.0)), 2, rotations=8)
    np.testing.assert_array_equal(found.averages.images, plain.averages.images)
    origins, expected = (each.annotate(listed).particles.origins_angstrom(np.full(6, 5.0)) for each in (found, plain))
    assert origins is not None
    assert expected is not None
    np.testing.assert_allclose(origins - expected, [[-20, 15] if n == 2 else [0, 0] for n in range(6)], atol=1e-4)


@pytest.mark.parametrize("side", [24, 25])
def test_written_origins_move_the_particle_to_where_it_is_in_the_average(tmp_path: Path, side: int) -> None:
    botalign.ImageStack(blobs(np.full((4, 2), side // 2) - [1.3, -0.7], side)).write(tmp_path / "a.mrcs")
    listed = botalign.read_images(star(tmp_path, "OriginX OriginY", *["1.3 -0.7"] * 4))
    found = botalign.classify(listed.centred().stack, 1, rotations=1)  # nothing to rotate or to shift
    origins = found.annotate(listed).particles.origins_angstrom(np.ones(4))
    # The average has the particle in its middle; the origins of the list move it to pixel side // 2.
    middle = (side - 1) / 2 - side // 2
    np.testing.assert_allclose(origins, [[1.3 + middle, -0.7 + middle]] * 4, atol=1e-5)


def test_images_that_relion_shifted_are_centred_as_relion_does(data_folder: Path) -> None:
    shifted, centred = (
        botalign.read_images(data_folder / "lists" / f"rln_proj_64_{name}.star") for name in ("shifted", "centered")
    )
    found, expected = shifted.centred().stack, centred.centred().stack
    assert found.shifts_pixels is not None
    assert expected.shifts_pixels is not None
    np.testing.assert_array_equal(expected.shifts_pixels, -0.5)  # all origins are 0
    inner = (slice(None), slice(16, 48), slice(16, 48))
    np.testing.assert_allclose(found.images[inner], expected.images[inner], atol=1e-4 * expected.images.max())
