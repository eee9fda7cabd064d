"""Images shifted by the origins in their list."""

from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign import InputError


@pytest.fixture
def images(tmp_path: Path) -> np.ndarray:
    """Three images, in a file."""
    found = np.random.default_rng(0).normal(size=(3, 16, 16)).astype(np.float32)
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
        ("OriginXAngst OriginYAngst", ("0.1 0", "-6.3 4.2", "2 2")),
        ("OriginX OriginY", ("0.1 0", "-3.2 2.1", "1 1")),
    ],
)
def test_origins_of_relion_shift_images_by_whole_pixels(
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


@pytest.mark.parametrize(("row", "origin"), [("8 0", "(8, 0)"), ("0 nan", "(0, nan)")])
def test_origins_outside_the_image_are_refused(images: np.ndarray, tmp_path: Path, row: str, origin: str) -> None:
    listed = botalign.read_images(star(tmp_path, "OriginX OriginY", "0 0", row, "0 0"))
    with pytest.raises(InputError) as error:
        listed.centred()
    assert f"list.star: image 2 has the origin {origin} in pixels, expected less than half" in str(error.value)


def test_origins_of_classes_are_those_of_the_files(tmp_path: Path) -> None:
    clean = botalign.projections(botalign.phantom(24, voxel_size_angstrom=5.0), 6, seed=1).stack.images
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


def test_images_that_relion_shifted_are_centred_as_relion_does(data_folder: Path) -> None:
    shifted, centred = (
        botalign.read_images(data_folder / "lists" / f"rln_proj_64_{name}.star") for name in ("shifted", "centered")
    )
    found, expected = shifted.centred().stack, centred.centred().stack
    assert found.shifts_pixels is not None
    assert expected.shifts_pixels is None  # all origins are 0
    inner = (slice(None), slice(16, 48), slice(16, 48))
    np.testing.assert_allclose(found.images[inner], expected.images[inner], atol=1e-4 * expected.images.max())
