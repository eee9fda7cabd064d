import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

import botalign
from botalign.errors import InputError
from botalign.images.relion import relion_pose

from ..conftest import RotatedViews

starfile = pytest.importorskip("starfile", reason="starfile is not installed (pip install starfile)")

STAR = """
data_optics

loop_
_rlnOpticsGroup #1
_rlnImagePixelSize #2
1 2.5

data_particles

loop_
_rlnImageName #1
_rlnMicrographName #2
_rlnAnglePsi #3
_rlnOpticsGroup #4
000003@Extract/a.mrcs m1.mrc 12.5 1
000001@Extract/b.mrcs m2.mrc 0 1
000002@Extract/a.mrcs m1.mrc -9 1
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with a star file and stacks in separate folders, as RELION arranges them."""
    for folder in ("Extract", "Select"):
        (tmp_path / folder).mkdir()
    for name, level in (("a", 0), ("b", 10)):
        images = np.random.default_rng(level).standard_normal((3, 16, 16)) + np.arange(3)[:, None, None] + level
        botalign.ImageStack(images).write(tmp_path / "Extract" / f"{name}.mrcs")
    (tmp_path / "Select" / "particles.star").write_text(STAR)
    return tmp_path


def classified(images: np.ndarray, **poses: np.ndarray) -> botalign.Classification:
    n = len(images)
    default = {
        "labels": np.arange(n),
        "angles_degrees": np.zeros(n),
        "shifts_pixels": np.zeros((n, 2), dtype=np.int64),
        "mirrored": np.zeros(n, dtype=bool),
        "distances": np.linspace(1, 2, n),
    }
    averages, sizes = botalign.ImageStack(images, (2.5, 2.5)), np.ones(n, dtype=np.int64)
    return botalign.Classification(
        averages, **default | poses, sizes=sizes, iterations=(), converged=True, metric="wemd", seed=0
    )  # fmt: skip


def test_listed_images_are_in_the_order_of_the_list(project: Path) -> None:
    listed = botalign.read_images(project / "Select" / "particles.star")
    means = listed.stack.images.mean(axis=(1, 2))
    np.testing.assert_allclose(means, [2, 10, 1], atol=0.4)
    assert listed.stack.pixel_size_angstrom == (2.5, 2.5)
    a = botalign.read_stack(project / "Extract" / "a.mrcs")
    np.testing.assert_array_equal(listed.stack.images[0], a.images[2])


def test_the_columns_of_the_star_file_are_kept(project: Path, tmp_path: Path) -> None:
    listed = botalign.read_images(project / "Select" / "particles.star")
    found = classified(listed.stack.images, labels=np.array([1, 0, 1]), angles_degrees=np.array([0.0, 90.0, 270.0]))
    found.annotate(listed).write(tmp_path / "out.star")
    blocks = starfile.read(tmp_path / "out.star", always_dict=True)
    assert list(blocks) == ["optics", "particles"]
    table = blocks["particles"]
    assert list(table["rlnImageName"]) == ["000003@Extract/a.mrcs", "000001@Extract/b.mrcs", "000002@Extract/a.mrcs"]
    assert list(table["rlnMicrographName"]) == ["m1.mrc", "m2.mrc", "m1.mrc"]
    assert list(table["rlnClassNumber"]) == [2, 1, 2]
    np.testing.assert_allclose(table["rlnAnglePsi"], [0, -90, 90])
    np.testing.assert_allclose(table["botalignDistance"], [1, 1.5, 2])
    assert "rlnIsFlip" not in table
    again = botalign.read_images(tmp_path / "out.star")
    np.testing.assert_array_equal(again.stack.images, listed.stack.images)


def test_a_stack_without_a_star_file_gets_a_list(views: RotatedViews, tmp_path: Path) -> None:
    views.stack.write(tmp_path / "t.mrcs")
    listed = botalign.read_images(tmp_path / "t.mrcs")
    found = classified(listed.stack.images, mirrored=np.arange(40) % 2 == 0)
    found.annotate(listed).write(tmp_path / "t.star")
    again = botalign.read_images(tmp_path / "t.star")
    np.testing.assert_array_equal(again.stack.images, views.stack.images)
    assert again.stack.pixel_size_angstrom == views.stack.pixel_size_angstrom
    assert list(again.blocks["particles"]["rlnIsFlip"][:3]) == [1, 0, 1]


def test_an_earlier_flip_is_replaced(project: Path, tmp_path: Path) -> None:
    path = project / "Select" / "particles.star"
    path.write_text(STAR.replace("_rlnOpticsGroup #4", "_rlnIsFlip #4"))
    listed = botalign.read_images(path)
    classified(listed.stack.images).annotate(listed).write(tmp_path / "out.star")
    assert list(starfile.read(tmp_path / "out.star")["particles"]["rlnIsFlip"]) == [0, 0, 0]


def test_only_optics_groups_of_listed_images_count(project: Path) -> None:
    path = project / "Select" / "particles.star"
    two = STAR.replace("1 2.5\n", "1 2.5\n2 3.1\n")
    path.write_text(two)
    assert botalign.read_images(path).stack.pixel_size_angstrom == (2.5, 2.5)
    path.write_text(two.replace("m2.mrc 0 1", "m2.mrc 0 2"))
    with pytest.raises(InputError, match=r"pixels of 2.5 and of 3.1 A, expected one size"):
        botalign.read_images(path)
    path.write_text(two.replace("1 2.5", "1 3.1").replace(" 1\n", " 2\n"))
    assert botalign.read_images(path).stack.pixel_size_angstrom == (3.1, 3.1)
    path.write_text(
        STAR.replace("loop_\n_rlnOpticsGroup #1\n_rlnImagePixelSize #2\n1 2.5", "_rlnImagePixelSize 2.2", 1)
    )
    assert botalign.read_images(path).stack.pixel_size_angstrom == (2.2, 2.2)


@pytest.mark.parametrize("side", [32, 33])
def test_the_pose_follows_the_convention_of_relion(side: int) -> None:
    """Shifted by the origin, then rotated by psi about pixel side // 2, the image must match its average."""
    rng = np.random.default_rng(6)
    average = ndimage.gaussian_filter(rng.standard_normal((side, side)), 3)
    degrees, shift = 34.0, np.array([2, -1])
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn, middle = np.array([[c, -s], [s, c]]), (side - 1) / 2  # of (x, y)
    y, x = np.mgrid[:side, :side]
    place = np.stack([x - middle - shift[0], y - middle - shift[1]]).reshape(2, -1)
    look = turn.T @ place + middle
    image = ndimage.map_coordinates(average, look[::-1]).reshape(side, side)

    found = classified(average[None], angles_degrees=np.array([degrees]), shifts_pixels=shift[None])
    shifts = found.shifts_pixels * found.averages.pixel_size_angstrom[0]
    psi, origin = relion_pose(found.angles_degrees, shifts, side=side, pixel_size_angstrom=2.5)
    # RELION's rule (documentation, Conventions): x' = R(psi) (x + origin), x from the pixel side // 2.
    p = np.radians(psi[0])
    rule, centre = np.array([[np.cos(p), -np.sin(p)], [np.sin(p), np.cos(p)]]), side // 2
    place = np.stack([x - centre, y - centre]).reshape(2, -1)
    look = rule.T @ place - origin[0][:, None] / 2.5 + centre
    aligned = ndimage.map_coordinates(image, look[::-1]).reshape(side, side)
    inner = slice(8, -8)
    np.testing.assert_allclose(aligned[inner, inner], average[inner, inner], atol=2e-3 * np.abs(average).max())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("Extract/b.mrcs", "Extract/c.mrcs"),
            r"the stack Extract/c.mrcs \(image 2\) does not exist; run the command from the folder",
        ),
        (
            ("000002@", "000009@"),
            r"lists image 9 of Extract/a.mrcs, which holds 3 images; use the stack for which the list was made",
        ),
        (("000002@", "two@"), r"image 3 has the name 'two@Extract/a.mrcs', expected NUMBER@STACK"),
        (("rlnImageName", "rlnImage"), r"has no column _rlnImageName"),
        (("Extract/b.mrcs", "Extract/s.mrcs"), r"images of Extract/s.mrcs have 12 x 12 pixels, those of .* 16 x 16"),
    ],
)
def test_invalid_lists_are_refused(project: Path, change: tuple[str, str], message: str) -> None:
    botalign.ImageStack(np.zeros((1, 12, 12))).write(project / "Extract" / "s.mrcs")
    path = project / "Select" / "particles.star"
    path.write_text(STAR.replace(*change))
    with pytest.raises(InputError, match=message) as error:
        botalign.read_images(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_missing_and_empty_lists_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        botalign.read_images(tmp_path / "none.star")
    (tmp_path / "empty.star").write_text("")
    with pytest.raises(InputError, match="has no column _rlnImageName"):
        botalign.read_images(tmp_path / "empty.star")


def test_a_list_without_images_and_a_damaged_one_are_refused(project: Path) -> None:
    path = project / "Select" / "particles.star"
    path.write_text(STAR[: STAR.index("000003@")])
    with pytest.raises(InputError, match="lists no images, expected at least one"):
        botalign.read_images(path)
    path.write_text(STAR.replace("m2.mrc 0 1", "m2.mrc 0 1 7 8"))
    with pytest.raises(InputError, match=r"cannot be read as a star file \(.*\); check its format"):
        botalign.read_images(path)


def test_without_a_pixel_size_that_of_the_stack_is_used(project: Path) -> None:
    path = project / "Select" / "particles.star"
    path.write_text(STAR.replace("_rlnImagePixelSize", "_rlnVoltage"))
    assert botalign.read_images(path).stack.pixel_size_angstrom == (1.0, 1.0)


def test_without_starfile(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "starfile", None)
    with pytest.raises(InputError, match="need the package starfile, which is not installed"):
        botalign.read_images(project / "Select" / "particles.star")
