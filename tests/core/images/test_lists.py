import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

import botalign
from botalign.errors import InputError
from botalign.images.particles import ClassColumns
from botalign.images.poses import relion_pose
from botalign.images.star_values import quoted
from botalign.maps import MapWarning

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
        averages, **default | poses, sizes=sizes, resolutions_angstrom=sizes * 10.0, iterations=(),
        converged=True, metric="wemd", seed=0
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
    assert again.particles.column("rlnIsFlip")[:3] == ["1", "0", "1"]


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
    with pytest.raises(
        InputError, match=r"pixels of 2.5 A for 2 images \(group 1\), 3.1 A for 1 image \(group 2\), expected one size"
    ):
        botalign.read_images(path)
    path.write_text(two.replace("1 2.5", "1 3.1").replace(" 1\n", " 2\n"))
    assert botalign.read_images(path).stack.pixel_size_angstrom == (3.1, 3.1)


def test_a_single_optics_group_without_a_loop(project: Path) -> None:
    path = project / "Select" / "particles.star"
    path.write_text(
        STAR.replace(
            "loop_\n_rlnOpticsGroup #1\n_rlnImagePixelSize #2\n1 2.5", "_rlnOpticsGroup 1\n_rlnImagePixelSize 2.2", 1
        )
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
            r"1 stack of 2 does not exist: Extract/c.mrcs \(first at image 2\); run the command from the folder",
        ),
        (
            ("000002@", "000009@"),
            r"the list has image 9 of Extract/a.mrcs, which holds 3 images; use the stack for which the list was made",
        ),
        (
            ("000002@", "two@"),
            r"not exist: two@Extract/a.mrcs \(first at image 3\); .* name, which should be NUMBER@STACK",
        ),
        (("000002@", "0@"), r"the list has image 0 of Extract/a.mrcs, which holds 3 images"),
        (("000002@", f"{'9' * 30}@"), r"the list has image \d+ of Extract/a.mrcs, which holds 3 images"),
        (("Extract/b.mrcs", f"{'b' * 500}.mrcs"), r"1 stack of 2 does not exist: bbb"),
        (
            ("rlnImageName", "rlnImage"),
            r"lists micrographs, expected a list of particle images \(column _rlnImageName\)",
        ),
        (
            ("Extract/b.mrcs", "Extract/s.mrcs"),
            r"16 x 16 pixels for 2 images \(first stack .*a.mrcs\), 12 x 12 pixels for 1 image",
        ),
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
    with pytest.raises(InputError, match="is not a star file, or an empty one"):
        botalign.read_images(tmp_path / "empty.star")


def test_a_list_without_images_and_a_damaged_one_are_refused(project: Path) -> None:
    path = project / "Select" / "particles.star"
    path.write_text(STAR[: STAR.index("000003@")])
    with pytest.raises(InputError, match="no images in this list, expected at least one"):
        botalign.read_images(path)
    path.write_text(STAR.replace("m2.mrc 0 1", "m2.mrc 0 1 7 8"))
    with pytest.raises(
        InputError, match=r"line 17 has 6 values, expected 4 as the table particles has labels; check the file"
    ):
        botalign.read_images(path)


@pytest.fixture
def stacks(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a list of two stacks of three images with a header each."""

    def write(columns: str, values: str, *, headers: Sequence[float] = (1.0, 1.0), optics: str = "") -> Path:
        for number, size in enumerate(headers):
            images = np.random.default_rng(number).standard_normal((3, 12, 12))
            botalign.ImageStack(images, (size, size)).write(tmp_path / f"{number}.mrcs", overwrite=True)
        labels = "".join(f"_rln{name}\n" for name in ["ImageName", *columns.split()])
        rows = "".join(f"{i % 3 + 1}@{i // 3}.mrcs {values}\n" for i in range(3 * len(headers)))
        path = tmp_path / "list.star"
        path.write_text(f"{optics}\ndata_particles\n\nloop_\n{labels}{rows}")
        return path

    return write


Stacks = Callable[..., Path]
OPTICS = "data_optics\nloop_\n_rlnOpticsGroup\n_rlnImagePixelSize\n"


@pytest.mark.parametrize(
    ("columns", "values", "optics", "headers", "expected"),
    [
        ("DetectorPixelSize Magnification", "5 37313.43", "", (1.0, 1.0), 1.34),
        ("DetectorPixelSize Magnification ImagePixelSize", "5 10000 1.7", "", (1.0, 1.0), 1.7),
        ("PixelSize", "1.8", "", (1.0, 1.0), 1.8),
        ("OpticsGroup PixelSize", "1 9", OPTICS + "1 1.6\n", (1.0, 1.0), 1.6),
        ("OpticsGroup", "01", OPTICS + "1.000000 1.6\n", (1.0, 1.0), 1.6),
        ("OpticsGroup DetectorPixelSize Magnification", "1 5 10000", OPTICS + "1 None\n", (1.0, 1.0), 5.0),
        ("Voltage", "300", "", (2.2, 2.2), 2.2),
        ("DetectorPixelSize Magnification", "5 0", "", (2.2, 2.2), 2.2),
        ("OpticsGroup", "1", OPTICS + "1 None\n", (2.2, 2.2), 2.2),
        ("OpticsGroup", "7", "", (2.2, 2.2), 2.2),
    ],
)
def test_one_rule_for_the_pixel_size(
    stacks: Stacks, columns: str, values: str, optics: str, headers: tuple[float, float], expected: float
) -> None:
    stack = botalign.read_images(stacks(columns, values, optics=optics, headers=headers)).stack
    assert stack.pixel_size_angstrom == pytest.approx((expected, expected), rel=1e-6)


def test_headers_that_differ_are_refused_if_the_list_has_no_pixel_size(stacks: Stacks) -> None:
    with pytest.raises(
        InputError, match=r"headers of its stacks differ: 2 A in .*0.mrcs, 3 A in .*1.mrcs, expected one"
    ):
        botalign.read_images(stacks("Voltage", "300", headers=(2.0, 3.0)))


def test_a_contradiction_is_reported_once(stacks: Stacks) -> None:
    path = stacks("PixelSize", "1.34", headers=(2.0, 3.0, 1.34, 1.0))
    with pytest.warns(MapWarning) as record:
        assert botalign.read_images(path).stack.pixel_size_angstrom == (1.34, 1.34)
    assert len(record) == 1
    assert record[0].filename == __file__
    assert "pixels of 1.34 A according to the list, but the headers of 2 stacks have 2 A (first" in str(
        record[0].message
    )


def test_headers_without_a_pixel_size_are_reported_only_if_they_are_needed(
    stacks: Stacks, make_file: Callable[..., Path], densities: np.ndarray
) -> None:
    path = stacks("PixelSize", "1.34")
    for name in ("0.mrcs", "1.mrcs"):
        make_file(densities, name, cella=(0, 0, 0))
    assert botalign.read_images(path).stack.pixel_size_angstrom == (1.34, 1.34)
    path.write_text(path.read_text().replace("PixelSize", "Voltage"))
    with pytest.warns(MapWarning, match="neither in the list nor in the stacks, assumed 1 A") as record:
        assert botalign.read_images(path).stack.pixel_size_angstrom == (1.0, 1.0)
    assert len(record) == 1


def test_remarks_about_many_stacks_are_one_warning(stacks: Stacks, make_file: Callable[..., Path]) -> None:
    path = stacks("PixelSize", "1.34", headers=(1.0,) * 5)
    for number in range(4):
        make_file(np.zeros((3, 12, 12)), f"{number}.mrcs", machst=(0, 0, 0, 0))
    with pytest.warns(
        MapWarning, match=r"byte order guessed from the other fields \(4 stacks, the first .*0.mrcs\)"
    ) as record:
        botalign.read_images(path)
    assert len(record) == 1


@pytest.mark.parametrize(
    ("columns", "values", "optics", "message"),
    [
        (
            "OpticsGroup", "2", OPTICS + "1 1.6\n3 1.6\n",
            r"optics group 2 of 6 particles \(first particle 1\), expected one of those in data_optics: 1, 3; add",
        ),
        ("Voltage", "300", OPTICS + "1 1.6\n3 1.6\n", "2 optics groups, but the .* no column _rlnOpticsGroup"),
        ("PixelSize", "wide", "", r"the column _rlnPixelSize has 'wide' in row 1, expected a number; correct the file"),
        ("ImageSize", "14", "", r"image 1 has 14 pixels a side according to the list, but 12 in 0.mrcs; use the stack"),
        ("PixelSize PixelSize", "1.2 1.3", "", "the column _rlnPixelSize occurs 2 times, with different values"),
        ("ImageDimensionality", "3", "", "lists subtomograms, expected images of particles"),
    ],
)  # fmt: skip
def test_contradictory_lists_are_refused(stacks: Stacks, columns: str, values: str, optics: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        botalign.read_images(stacks(columns, values, optics=optics))
    assert "\n" not in str(error.value)


def test_a_repeated_column_is_read_if_its_values_agree(stacks: Stacks) -> None:
    assert botalign.read_images(stacks("PixelSize PixelSize", "1.2 1.2")).stack.pixel_size_angstrom == (1.2, 1.2)


def test_missing_stacks_are_named_together(stacks: Stacks) -> None:
    path = stacks("PixelSize", "1.2")
    path.write_text(path.read_text().replace("0.mrcs", "a.mrcs").replace("1.mrcs", "b.mrcs"))
    with pytest.raises(InputError, match=r"2 stacks of 2 do not exist: a.mrcs, b.mrcs \(first at image 1\); run"):
        botalign.read_images(path)
    path.write_text(STAR + "".join(f"1@{number}.mrc m 1 1\n" for number in range(40)))
    with pytest.raises(InputError, match=r"42 stacks of 42 do not exist: ") as error:
        botalign.read_images(path)
    assert all(f" {number}.mrc" in str(error.value) for number in range(40))


def test_names_without_a_number_must_be_single_images(stacks: Stacks, tmp_path: Path) -> None:
    path = stacks("PixelSize", "1.2")
    whole = path.read_text()
    path.write_text(whole.replace("2@1.mrcs", "1.mrcs").replace("3@1.mrcs", "1.mrcs"))
    with pytest.raises(
        InputError, match=r"image 5 is 1.mrcs, a stack of 3 images, without .* \(2 such names\), expected"
    ):
        botalign.read_images(path)
    botalign.ImageStack(np.ones((1, 12, 12))).write(tmp_path / "one.mrcs")
    path.write_text(whole.replace("2@1.mrcs", "one.mrcs"))
    assert float(botalign.read_images(path).stack.load([4]).mean()) == 1


@pytest.mark.parametrize(
    "name", ["a.mrc", "a.mrc:mrcs", "me@lab/a.mrcs", "#1/b#2.mrcs", "it's/a 'b'.mrc", "b\udce9.mrc"]
)
def test_the_list_says_what_a_file_holds(tmp_path: Path, make_file: Callable[..., Path], name: str) -> None:
    """The file has the header of a cubic map; its name and those of its folders are unusual."""
    densities = np.random.default_rng(1).standard_normal((6, 6, 6)).astype(np.float32)
    path = tmp_path / name.removesuffix(":mrcs")
    path.parent.mkdir(exist_ok=True)
    make_file(densities, "x.mrc").rename(path)
    text = b"data_\nloop_\n_rlnImageName\n_rlnPixelSize\n" + b"".join(
        quoted(f"{number}@{name}") + b" 1.5\n" for number in (2, 6)
    )
    (tmp_path / "list.star").write_bytes(text)
    listed = botalign.read_images(tmp_path / "list.star")
    np.testing.assert_array_equal(listed.stack.images, densities[[1, 5]])


def test_an_absolute_path_with_at_and_blank(tmp_path: Path) -> None:
    folder = tmp_path / "me@lab now"
    folder.mkdir()
    botalign.ImageStack(np.arange(2)[:, None, None] * np.ones((2, 8, 8))).write(folder / "a.mrcs")
    botalign.read_images(folder / "a.mrcs").write(tmp_path / "a.star")
    assert botalign.read_images(tmp_path / "a.star").stack.images.mean(axis=(1, 2)).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            "MicrographName CoordinateX CoordinateY",
            "lists coordinates in micrographs, expected a list of particle images",
        ),
        ("MicrographName OpticsGroup", "lists micrographs, expected"),
        ("MicrographMovieName", "lists movies, expected"),
        ("TomoName TomoTiltSeriesName", "lists tomograms, expected"),
        ("ReferenceImage ClassDistribution", "lists class averages, expected .*_data.star"),
        ("TomoParticlesFile TomoTomogramsFile", r"names a particle list \(optimisation set\), expected"),
        ("Voltage", "no column _rlnImageName, expected a star file of particles"),
    ],
)
def test_other_star_files_are_refused(tmp_path: Path, labels: str, message: str) -> None:
    path = tmp_path / "a.star"
    columns = "".join(f"_rln{label}\n" for label in labels.split())
    path.write_text(f"data_\nloop_\n{columns}{'1 ' * len(labels.split())}\n")
    for read in (botalign.read_images, botalign.read_particles):
        with pytest.raises(InputError, match=message):
            read(path)


def test_a_later_version_is_refused(project: Path) -> None:
    path = project / "Select" / "particles.star"
    path.write_text("# version 50001\n" + STAR)
    botalign.read_images(path)
    path.write_text("# version 60001\n" + STAR)
    with pytest.raises(InputError, match=r"got version 60001, expected at most 59999 \(RELION 5\); update BOTalign"):
        botalign.read_images(path)


def test_subtomograms_as_stacks_are_refused_as_images(tmp_path: Path) -> None:
    path = tmp_path / "particles.star"
    table = "data_particles\nloop_\n_rlnTomoName\n_rlnImageName\nT1 1_stack2d.mrcs\n"
    path.write_text(f"data_general\n_rlnTomoSubTomosAre2DStacks 1\n\n{table}")
    assert len(botalign.read_particles(path)) == 1
    with pytest.raises(InputError, match="lists subtomograms, expected images of particles"):
        botalign.read_images(path)


def test_ctf_parameters(stacks: Stacks) -> None:
    names = ("OpticsGroup", "Voltage", "SphericalAberration", "AmplitudeContrast", "CtfDataAreCtfPremultiplied")
    labels = "".join(f"_rln{name}\n" for name in names)
    optics = f"data_optics\nloop_\n{labels}1 300 2.7 0.1 0\n2 200 2.7 0.07 1\n"
    path = stacks("OpticsGroup DefocusU DefocusV DefocusAngle", "1 15000 14000 30", optics=optics)
    path.write_text(path.read_text().replace("1@1.mrcs 1", "1@1.mrcs 2"))
    ctf = botalign.read_particles(path).ctf
    assert ctf is not None
    assert ctf.voltage_kv.tolist() == [300, 300, 300, 200, 300, 300]
    assert ctf.amplitude_contrast[3] == 0.07
    assert ctf.premultiplied.tolist() == [False] * 3 + [True] + [False] * 2
    assert (ctf.defocus_u_angstrom[0], ctf.defocus_v_angstrom[0], ctf.astigmatism_degrees[0]) == (15000, 14000, 30)
    assert not ctf.phase_shift_degrees.any()
    assert botalign.read_particles(stacks("PixelSize", "2")).ctf is None


@pytest.mark.parametrize(
    ("name", "count", "pixel", "first"),
    [
        ("empiar_10076_7", 7, 1.31, ["1@empiar_10076_7.mrc"]),
        ("sample_particles_relion30", 17, 1.338, ["000001@sample.mrcs"]),
        ("sample_particles_relion31", 17, 1.4, ["000001@sample.mrcs"]),
        ("relion5", 17, 0.89, ["1@toy_images_a.mrcs"]),
        ("relion31.6opticsgroups", 139, None, []),
        ("sta_testing_bin8", 219, 1.96, []),
    ],
)
def test_real_lists(
    data_folder: Path, tmp_path: Path, name: str, count: int, pixel: float | None, first: list[str]
) -> None:
    """What was not changed comes back byte for byte, and another reader finds what was."""
    path = data_folder / "lists" / f"{name}.star"
    listed = botalign.read_particles(path)
    assert len(listed) == count
    sizes = listed.pixel_sizes_angstrom
    assert sizes is not None
    if pixel is not None:
        np.testing.assert_allclose(sizes, pixel, rtol=1e-4)
    assert listed.ctf is not None
    assert listed.column("rlnImageName")[:1] == first or not first
    listed.write(tmp_path / "same.star")
    assert (tmp_path / "same.star").read_bytes() == path.read_bytes()
    rng = np.random.default_rng(0)
    found = ClassColumns(
        rng.integers(0, 5, count), rng.uniform(-180, 180, count), rng.normal(size=(count, 2)), np.zeros(count, bool),
        rng.random(count) * 1e-7, np.full(count, 1.25),
    )  # fmt: skip
    changed = listed.with_classes(found)
    assert changed.column("rlnImageName") == listed.column("rlnImageName")
    changed.write(tmp_path / "changed.star")
    peer = starfile.read(tmp_path / "changed.star", always_dict=True)
    before = starfile.read(path, always_dict=True)
    assert list(peer) == list(before)
    table = next(each for each in peer.values() if "rlnImageName" in each)
    was = next(each for each in before.values() if "rlnImageName" in each)
    np.testing.assert_array_equal(table["rlnClassNumber"], found.labels + 1)
    np.testing.assert_allclose(table["rlnAnglePsi"], found.psi_degrees, atol=1e-6)
    np.testing.assert_allclose(table["botalignDistance"], found.distances, rtol=1e-6)
    unit = "Angst" if "rlnOriginXAngst" in was or "optics" in before else ""
    np.testing.assert_allclose(
        table[f"rlnOriginX{unit}"], found.origin_angstrom[:, 0] / (1 if unit else 1.25), rtol=1e-4
    )
    same = [column for column in was if column not in ("rlnClassNumber", "rlnAnglePsi") and "Origin" not in column]
    assert table[same].equals(was[same])


def test_real_images_of_a_stack_with_another_extension(data_folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # not even about the header, which has no pixel size
        listed = botalign.read_images(data_folder / "lists" / "empiar_10076_7.star")
    assert listed.stack.shape == (7, 320, 320)
    assert listed.stack.pixel_size_angstrom[0] == pytest.approx(1.31, rel=1e-4)


def test_selected_particles(project: Path, tmp_path: Path) -> None:
    listed = botalign.read_particles(project / "Select" / "particles.star")
    listed.selected(np.array([True, False, True])).write(tmp_path / "some.star")
    assert (tmp_path / "some.star").read_text() == STAR.replace("000001@Extract/b.mrcs m2.mrc 0 1\n", "")


def test_lists_need_no_other_package(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "starfile", None)
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert len(botalign.read_images(project / "Select" / "particles.star").stack) == 3
