"""Images of different pixel and box sizes, rescaled to one."""

from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign import InputError
from botalign.images import common_pixel_size
from botalign.images.rescaling import resampling_matrix

HEAD = "data_optics\nloop_\n_rlnOpticsGroup\n_rlnImagePixelSize\n_rlnImageSize\n1 1.5 40\n2 2 37\n"
ROWS = ("000001@a.mrcs 1 0 0", "000001@b.mrcs 2 0 0", "000002@a.mrcs 1 -6 3", "000002@b.mrcs 2 -6 3")


def gaussian(side: int, pixel: float, x: float, y: float, width: float = 7.0) -> np.ndarray:
    """Return a Gaussian at a position in angstrom from pixel side // 2."""
    at = (np.arange(side) - side // 2) * pixel
    return np.exp(-((at - x) ** 2 + (at[:, None] - y) ** 2) / (2 * width**2))


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Two optics groups with images of the same particle, off centre in the second image of each."""
    for name, side, pixel in (("a", 40, 1.5), ("b", 37, 2.0)):
        images = np.stack([gaussian(side, pixel, 0, 0), gaussian(side, pixel, 6, -3)])
        botalign.ImageStack(images, (pixel, pixel)).write(tmp_path / f"{name}.mrcs")
    labels = "".join(f"_rln{label}\n" for label in ("ImageName", "OpticsGroup", "OriginXAngst", "OriginYAngst"))
    rows = "".join(f"{row}\n" for row in ROWS)
    path = tmp_path / "mixed.star"
    path.write_text(f"{HEAD}\ndata_particles\nloop_\n{labels}{rows}")
    return path


def test_images_of_two_sizes_show_the_same_particle(mixed: Path) -> None:
    stack = botalign.read_images(mixed, pixel_size_angstrom=2.5).stack
    assert (stack.shape, stack.pixel_size_angstrom) == ((4, 24, 24), (2.5, 2.5))  # 60 A, the smaller box
    for number, (x, y) in enumerate(((0, 0), (0, 0), (6, -3), (6, -3))):
        np.testing.assert_allclose(stack.images[number], gaussian(24, 2.5, x, y), atol=2e-3)
    np.testing.assert_array_equal(stack.load([3, 0]), stack.images[[3, 0]])


def test_whole_pixels_are_cut_out_unchanged(mixed: Path) -> None:
    stack = botalign.read_images(mixed, pixel_size_angstrom=2.0).stack
    assert stack.shape == (4, 30, 30)
    whole = botalign.read_stack(mixed.parent / "b.mrcs").images
    np.testing.assert_allclose(stack.images[[1, 3]], whole[:, 3:33, 3:33], atol=1e-6)  # pixel 18 becomes pixel 15


@pytest.mark.parametrize(("side", "new_side", "step"), [(40, 24, 5 / 3), (37, 20, 1.7), (32, 16, 2.0), (9, 9, 1.0)])
def test_waves_are_kept_up_to_the_new_nyquist_frequency(side: int, new_side: int, step: float) -> None:
    matrix = resampling_matrix(side, new_side, step)
    old, new = np.arange(side), (np.arange(new_side) - new_side // 2) * step + side // 2
    for frequency in range(side // 2 + 1):
        phase = 2 * np.pi * frequency / side
        kept = frequency < side / 2 / step * (1 - 1e-9)
        for wave in (np.cos, np.sin):
            if kept or frequency > side / 2 / step * (1 + 1e-9):
                np.testing.assert_allclose(matrix @ wave(phase * old), wave(phase * new) * kept, atol=1e-12)


def test_different_sizes_are_refused_with_the_option_that_helps(mixed: Path) -> None:
    with pytest.raises(
        InputError, match=r"40 x 40 pixels for 2 images .* 37 x 37 .*expected one size; rescale"
    ) as error:
        botalign.read_images(mixed)
    assert "by pixel_size_angstrom=2.0, or classify them separately" in str(error.value)
    assert common_pixel_size(mixed) == 2.0
    one = mixed.with_name("one.star")
    one.write_text("".join(line for line in mixed.read_text().splitlines(keepends=True) if "@b" not in line))
    assert common_pixel_size(one) is None


@pytest.mark.parametrize("pixel", [1.5, 8.0])
def test_pixel_sizes_out_of_range_are_refused(mixed: Path, pixel: float) -> None:
    with pytest.raises(InputError, match=rf"pixel_size_angstrom: got {pixel:g} A, expected 2 A, .* to 7.5 A") as error:
        botalign.read_images(mixed, pixel_size_angstrom=pixel)
    assert error.value.option == "pixel_size_angstrom"


def test_images_that_are_not_square_are_not_rescaled(tmp_path: Path) -> None:
    botalign.ImageStack(np.zeros((1, 16, 20))).write(tmp_path / "a.mrcs")
    with pytest.raises(InputError, match="got images of 20 x 16 pixels of 1 x 1 A, expected square images"):
        botalign.read_images(tmp_path / "a.mrcs", pixel_size_angstrom=2.0)


def test_pixels_that_are_not_finite_are_refused_by_the_number_in_the_list(mixed: Path) -> None:
    images = np.ones((2, 37, 37), dtype=np.float32)
    botalign.ImageStack(images, (2.0, 2.0)).write(mixed.parent / "b.mrcs", overwrite=True)
    content = bytearray((mixed.parent / "b.mrcs").read_bytes())
    content[-4:] = np.float32(np.inf).tobytes()
    (mixed.parent / "b.mrcs").write_bytes(content)
    with pytest.raises(InputError, match="NaN or infinite, in image 4"):
        _ = botalign.read_images(mixed, pixel_size_angstrom=2.5).stack.images


def particles_in(folder: Path, sides: tuple[int, int], pixels: tuple[float, float], labels: str) -> Path:
    """Write two groups of images of Gaussians, whose positions are a known fact, with their origins."""
    rng, rows = np.random.default_rng(0), []
    for name, side, pixel in zip("ab", sides, pixels, strict=True):
        at = rng.uniform(-6, 6, (8, 2))
        images = [gaussian(side, pixel, x, y) + 0.6 * gaussian(side, pixel, x + 15, y, 5.0) for x, y in at]
        botalign.ImageStack(np.stack(images), (pixel, pixel)).write(folder / f"{name}.mrcs")
        unit = 1.0 if "Angst" in labels else pixel
        rows += [f"{n}@{name}.mrcs {pixel} {-x / unit:.9f} {-y / unit:.9f}\n" for n, (x, y) in enumerate(at, 1)]
    path = folder / "list.star"
    path.write_text(f"data_\nloop_\n_rlnImageName\n_rlnImagePixelSize\n{labels}" + "".join(rows))
    return path


@pytest.mark.parametrize("labels", ["_rlnOriginXAngst\n_rlnOriginYAngst\n", "_rlnOriginX\n_rlnOriginY\n"])
def test_origins_are_written_in_the_pixels_of_each_image(tmp_path: Path, labels: str) -> None:
    """In one class, the written origins centre every particle up to the pixels of the comparison."""
    path = particles_in(tmp_path, (64, 48), (1.5, 2.0), labels)
    listed = botalign.load_images(path, pixel_size_angstrom=2.0)
    found = botalign.classify(listed.stack, 1, rotations=4, seed=1)
    written = found.annotate(listed).particles
    given, origins = (each.origins_angstrom(listed.pixel_sizes_angstrom) for each in (listed.particles, written))
    assert given is not None
    assert origins is not None
    assert np.unique(found.angles_degrees).size == 1
    # Rounded to whole pixels of 2 A; the turn about the centre of the image shifts all by the same amount.
    residual = origins - given
    assert np.ptp(residual, axis=0).max() <= 2.0 + 1e-6
    if "Angst" not in labels:
        pixels = np.array(written.column("rlnOriginX"), dtype=float)
        np.testing.assert_allclose(pixels[:8] * 1.5, origins[:8, 0], atol=1e-5)
        np.testing.assert_allclose(pixels[8:] * 2.0, origins[8:, 0], atol=1e-5)


def test_shifts_of_cryosparc_are_written_in_the_pixels_of_each_image(tmp_path: Path) -> None:
    fields = [("uid", "u8"), ("blob/path", "S20"), ("blob/idx", "u4"), ("blob/psize_A", "f4")]
    records = np.zeros(4, dtype=fields)
    records["blob/idx"], records["blob/psize_A"] = [0, 1, 0, 1], [1.5, 1.5, 2.0, 2.0]
    records["blob/path"] = [b"a.mrcs", b"a.mrcs", b"b.mrcs", b"b.mrcs"]
    for name, side, pixel in (("a", 48, 1.5), ("b", 36, 2.0)):
        images = np.stack([gaussian(side, pixel, 0, 0), gaussian(side, pixel, 6, 0)])
        botalign.ImageStack(images, (pixel, pixel)).write(tmp_path / f"{name}.mrcs")
    with (tmp_path / "list.cs").open("wb") as file:
        np.save(file, records)
    listed = botalign.read_images(tmp_path / "list.cs", pixel_size_angstrom=3.0)
    found = botalign.classify(listed.stack, 1, rotations=1, shift_pixels=2)
    found.annotate(listed).write(tmp_path / "out.cs")
    written = np.load(tmp_path / "out.cs")
    np.testing.assert_array_equal(written["alignments2D/psize_A"], records["blob/psize_A"])
    shift = written["alignments2D/shift"] * records["blob/psize_A"][:, None]
    # The second images of both stacks are 6 A, or two pixels, to the right of the first ones.
    np.testing.assert_allclose(shift[[1, 3]] - shift[[0, 2]], [[-6, 0], [-6, 0]], atol=1e-5)
