"""Lists whose particles move with their map: poses change, everything else stays byte for byte."""

import re
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign import InputError
from botalign.geometry import (
    MIRROR,
    geodesic_degrees,
    inverse,
    matrix_from_rotation_vector,
    moved_poses,
    relion_rotations,
)
from botalign.images import PoseWarning

TRANSFORM = np.column_stack([matrix_from_rotation_vector([0.7, -0.4, 1.1]), [12.0, -7.0, 4.0]])
MIRRORED = np.column_stack([TRANSFORM[:, :3] @ MIRROR, TRANSFORM[:, 3]])
ABOUT_Z = np.column_stack([matrix_from_rotation_vector([0, 0, 0.5]), [3.0, 0, 4]])
UPSIDE_DOWN = np.column_stack([np.diag([1.0, -1, -1]), [0.0, 0, 4]])

_POSES = {
    "rlnAngleRot",
    "rlnAngleTilt",
    "rlnAnglePsi",
    "rlnOriginXAngst",
    "rlnOriginYAngst",
    "rlnOriginX",
    "rlnOriginY",
}
REAL = [
    "sample_particles_relion30.star", "sample_particles_relion31.star", "relion31.6opticsgroups.star", "relion5.star",
    "rln_proj_64_shifted.star", "sta_testing_bin8.star",
]  # fmt: skip


def star(path: Path, labels: str, *rows: str, optics: str = "") -> Path:
    """Write a list."""
    table = "".join(f"_rln{label}\n" for label in labels.split())
    path.write_text(f"{optics}\ndata_particles\n\nloop_\n{table}" + "".join(f"{row}\n" for row in rows))
    return path


OPTICS = "data_optics\n\nloop_\n_rlnOpticsGroup\n_rlnImagePixelSize\n_rlnImageSize\n1 2.0 64\n2 1.0 128\n"


@pytest.mark.parametrize("name", REAL)
def test_real_lists_change_in_their_poses_only(data_folder: Path, name: str) -> None:
    listed = botalign.read_particles(data_folder / "lists" / name)
    moved = listed.moved(TRANSFORM)
    added = [label for label in moved.columns if label not in listed.columns]
    assert set(added) <= _POSES
    for label in listed.columns:
        assert (moved.column(label) == listed.column(label)) == (label not in _POSES), label
    old, new = ((data_folder / "lists" / name).read_text(), moved.file.content.decode())  # type: ignore[attr-defined]
    if not added:  # what remains after the values of poses are removed, with all white space between other values
        assert _without_poses(old, listed.columns) == _without_poses(new, listed.columns)
    expected = moved_poses(*listed.poses, TRANSFORM, distortion=None)
    assert geodesic_degrees(moved.poses[0], expected[0]).max() < 2e-6
    if name != "relion31.6opticsgroups.star" and name != "relion5.star":  # these have anisotropic magnification
        np.testing.assert_allclose(moved.poses[1], expected[1], atol=2e-6)
    back = moved.moved(inverse(TRANSFORM))
    for label in _POSES & set(listed.columns):
        one, other = (np.array(each.column(label), dtype=float) for each in (back, listed))
        np.testing.assert_allclose((one - other + 180) % 360 - 180, 0, atol=1e-4, err_msg=label)


def _without_poses(text: str, labels: tuple[str, ...]) -> list[list[str]]:
    """Return each line in pieces of text and white space, without the values of poses."""
    lines = []
    for line in text.splitlines():
        words = re.findall(r"\s+|\S+", line)
        values = [i for i, word in enumerate(words) if not word.isspace()]
        if len(values) == len(labels):
            for i, label in zip(values, labels, strict=True):
                words[i] = "" if label in _POSES else words[i]
        lines.append(words)
    return lines


def test_anisotropic_magnification_distorts_the_shift(data_folder: Path) -> None:
    """Origins grow by the shift in the distorted image, as ``ObservationModel::applyAnisoMag`` of RELION has it."""
    listed = botalign.read_particles(data_folder / "lists" / "relion5.star")
    matrix = np.array([[1.001833, -7.04404e-04], [-8.23335e-04, 1.000381]])
    ideal = moved_poses(*listed.poses, TRANSFORM)[1] - listed.poses[1]
    np.testing.assert_allclose(listed.moved(TRANSFORM).poses[1] - listed.poses[1], ideal @ matrix, atol=2e-6)


def test_cryosparc(data_folder: Path, tmp_path: Path) -> None:
    path = data_folder / "lists" / "cryosparc_P12_J24_001_particles.cs"
    listed = botalign.read_particles(path)
    listed.moved(TRANSFORM).write(tmp_path / "moved.cs")
    old, new = np.load(path), np.load(tmp_path / "moved.cs")
    assert new.dtype == old.dtype
    changed = [name for name in old.dtype.names if not np.array_equal(old[name], new[name])]
    assert changed == ["alignments3D/shift", "alignments3D/pose"]
    moved = botalign.read_particles(tmp_path / "moved.cs")
    rotations, origins = moved_poses(*listed.poses, TRANSFORM)
    assert geodesic_degrees(moved.poses[0], rotations).max() < 1e-4
    np.testing.assert_allclose(moved.poses[1], origins, atol=1e-4)
    back = moved.moved(inverse(TRANSFORM))
    assert geodesic_degrees(back.poses[0], listed.poses[0]).max() < 1e-4
    np.testing.assert_allclose(back.poses[1], listed.poses[1], atol=1e-4)


def test_optics_groups_with_different_pixels(tmp_path: Path) -> None:
    """Origins in angstrom do not depend on the pixel; those in pixels count the pixels of their group."""
    rows = ("1@a.mrcs 1 10 20 30", "2@a.mrcs 2 10 20 30")
    shifted = botalign.read_particles(
        star(tmp_path / "a.star", "ImageName OpticsGroup AngleRot AngleTilt AnglePsi", *rows, optics=OPTICS)
    ).moved(TRANSFORM)
    assert shifted.columns[-2:] == ("rlnOriginXAngst", "rlnOriginYAngst")
    np.testing.assert_allclose(shifted.poses[1][0], shifted.poses[1][1])
    pixels = botalign.read_particles(
        star(
            tmp_path / "b.star",
            "ImageName OpticsGroup AngleRot AngleTilt AnglePsi OriginX OriginY",
            *(f"{row} 0 0" for row in rows),
            optics=OPTICS,
        )
    ).moved(TRANSFORM)
    first, second = np.array([pixels.column("rlnOriginX"), pixels.column("rlnOriginY")], dtype=float).T
    np.testing.assert_allclose(2 * first, second, atol=1e-5)
    np.testing.assert_allclose(second, shifted.poses[1][0], atol=1e-5)


def test_subtomograms_of_relion_5(tmp_path: Path) -> None:
    """The pose acts in the frame of the subtomogram, so the columns of the frame and the coordinates stay."""
    labels = (
        "TomoName TomoParticleName ImageName OpticsGroup CenteredCoordinateXAngst TomoSubtomogramRot "
        "TomoSubtomogramTilt TomoSubtomogramPsi AngleRot AngleTilt AnglePsi OriginXAngst OriginYAngst OriginZAngst"
    )
    path = star(tmp_path / "a.star", labels, "t1 t1/1 a.mrcs 1 100 5 6 7 200 20 30 1 2 3", optics=OPTICS)
    listed = botalign.read_particles(path)
    moved = listed.moved(TRANSFORM)
    rotations, origins = moved_poses(*listed.poses, TRANSFORM)
    np.testing.assert_allclose(moved.poses[1], origins, atol=1e-5)
    assert geodesic_degrees(moved.poses[0], rotations).max() < 1e-5
    changed = [label for label in listed.columns if moved.column(label) != listed.column(label)]
    assert changed == [f"rln{x}" for x in labels.split()[-6:]]
    assert 180 < float(moved.column("rlnAngleRot")[0]) < 360  # angles up to 360 stay so
    with pytest.raises(InputError, match="subtomograms have a hand, which no pose can change; flip the map"):
        listed.moved(MIRRORED, mirror=True)


HELIX = "ImageName OpticsGroup HelicalTubeID AngleRot AngleTilt AnglePsi AngleTiltPrior AnglePsiPrior AnglePsiFlipRatio"


def test_priors_of_a_helix_stay_valid_about_its_axis(tmp_path: Path) -> None:
    path = star(tmp_path / "a.star", HELIX, "1@a.mrcs 1 3 40 88 -30 90 -28.5 0.5", optics=OPTICS)
    listed = botalign.read_particles(path)
    about_z = listed.moved(ABOUT_Z)
    kept = ["rlnAngleTiltPrior", "rlnAnglePsiPrior", "rlnAngleTilt", "rlnAnglePsi", "rlnAnglePsiFlipRatio"]
    for label in kept:
        np.testing.assert_allclose(float(about_z.column(label)[0]), float(listed.column(label)[0]), atol=1e-5)
    assert float(about_z.column("rlnAngleRot")[0]) == pytest.approx(40 + np.degrees(0.5), abs=1e-5)
    over = listed.moved(UPSIDE_DOWN)
    tilt, psi = (float(over.column(label)[0]) for label in kept[:2])
    assert (tilt, psi) == pytest.approx((90, 180 - 28.5), abs=1e-5)


def test_a_helix_that_is_tilted_is_reported(tmp_path: Path) -> None:
    path = star(tmp_path / "a.star", HELIX, "1@a.mrcs 1 3 40 88 -30 90 -28.5 0.5", optics=OPTICS)
    with pytest.warns(
        PoseWarning, match=r"tilts the z axis .* by \d+\.\d degrees: the columns _rlnAngleTiltPrior, _rln"
    ):
        moved = botalign.read_particles(path).moved(TRANSFORM)
    assert moved.column("rlnAngleTiltPrior") == ["90"]
    with_rot = path.read_text().replace("_rlnHelicalTubeID", "_rlnAngleRotPrior")
    path.write_text(with_rot)
    with pytest.warns(PoseWarning, match="degrees: helical refinement needs a map with its axis along z"):
        moved = botalign.read_particles(path).moved(TRANSFORM)
    assert moved.column("rlnAngleTiltPrior") != ["90"]


def test_columns_of_poses_that_are_unknown_are_reported(tmp_path: Path) -> None:
    labels = "ImageName OpticsGroup AngleRot AngleTilt AnglePsi AngleTiltGuess OriginXPriorAngst"
    path = star(tmp_path / "a.star", labels, "1@a.mrcs 1 10 20 30 5 7", optics=OPTICS)
    with pytest.warns(PoseWarning, match="_rlnAngleTiltGuess seem to belong to the poses, but are unknown"):
        moved = botalign.read_particles(path).moved(TRANSFORM)
    assert moved.column("rlnAngleTiltGuess") == ["5"]
    shift = float(moved.column("rlnOriginXAngst")[0])
    assert float(moved.column("rlnOriginXPriorAngst")[0]) == pytest.approx(7 + shift, abs=2e-6)


def test_a_mirror_needs_consent(data_folder: Path) -> None:
    listed = botalign.read_particles(data_folder / "lists" / "relion5.star")
    with pytest.raises(InputError, match="the particles keep their hand; mirror=True gives them the poses that fit"):
        listed.moved(MIRRORED)
    np.testing.assert_allclose(np.linalg.det(listed.moved(MIRRORED, mirror=True).poses[0]), 1)


@pytest.mark.parametrize(
    ("labels", "row", "message"),
    [
        (
            "ImageName",
            "1@a.mrcs",
            "no column _rlnAngleRot, _rlnAngleTilt, _rlnAnglePsi, so its particles have no or",
        ),
        ("ImageName AngleRot AnglePsi", "1@a.mrcs 1 2", "no column _rlnAngleTilt, so its particles"),
        (
            "ImageName AngleRot AngleTilt AnglePsi",
            "1@a.mrcs 1 2 None",
            "1 particle has no orientation, the first is par",
        ),
        (
            "ImageName AngleRot AngleTilt AnglePsi",
            "1@a.mrcs 1 2 3",
            "the origins are in pixels, but the pixel size is u",
        ),
        ("ImageName AngleRot AngleTilt AnglePsi", "1@a.mrcs 0 0 3\n2@a.mrcs 0 0 9", "as after a 2-D classification"),
        ("ImageName AngleRot AngleTilt AnglePsi OriginXAngst", "1@a.mrcs 1 2 3 nan", "1 particle has no origin"),
        ("ImageName AngleRot AngleTilt AnglePsi", "1@a.mrcs 1 2 x", "the column _rlnAnglePsi has 'x' in row 1"),
    ],
)
def test_star_files_without_poses(tmp_path: Path, labels: str, row: str, message: str) -> None:
    listed = botalign.read_particles(star(tmp_path / "a.star", labels, row))
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        listed.moved(TRANSFORM)
    assert str(caught.value).startswith(f"{tmp_path / 'a.star'}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alignments3D/pose": None}, "no field alignments3D/pose, so its particles have no orientations"),
        ({"alignments3D/pose": "alignments2D/pose"}, "has 2-D alignments only (no field alignments3D/pose); class ave"),
        ({"alignments3D/shift": None}, "no field alignments3D/shift"),
        (
            {"alignments3D/psize_A": None, "blob/psize_A": None},
            "no pixel size for alignments3D/shift, expected it in",
        ),
    ],
)
def test_cs_files_without_poses(
    data_folder: Path, tmp_path: Path, changes: dict[str, str | None], message: str
) -> None:
    old = np.load(data_folder / "lists" / "cryosparc_P12_J24_001_particles.cs")[:3]
    names = [name for name in old.dtype.names if changes.get(name, "") is not None]
    new = old[names].copy()
    new.dtype.names = [changes.get(name) or name for name in names]
    with (tmp_path / "a.cs").open("wb") as file:
        np.save(file, new)
    with pytest.raises(InputError, match=re.escape(message)):
        botalign.read_particles(tmp_path / "a.cs").moved(TRANSFORM)


def test_an_alignment_that_was_passed_through(data_folder: Path, tmp_path: Path) -> None:
    old = np.load(data_folder / "lists" / "cryosparc_P12_J24_001_particles.cs")[:9]
    aligned = [name for name in old.dtype.names if name.startswith("alignments3D")]
    others = [name for name in old.dtype.names if name not in aligned]
    for name, fields, order in (("J1_particles", others, 1), ("J1_passthrough_particles", ["uid", *aligned], -1)):
        with (tmp_path / f"{name}.cs").open("wb") as file:
            np.save(file, old[fields][::order].copy())
    whole = botalign.read_particles(data_folder / "lists" / "cryosparc_P12_J24_001_particles.cs")
    listed = botalign.read_particles(tmp_path / "J1_particles.cs")
    listed.moved(TRANSFORM).write(tmp_path / "moved.cs")
    new, expected = np.load(tmp_path / "moved.cs"), whole.moved(TRANSFORM).records[:9]  # type: ignore[attr-defined]
    assert set(new.dtype.names) == set(old.dtype.names)
    for name in new.dtype.names:
        np.testing.assert_array_equal(new[name], expected[name], err_msg=name)


def test_other_alignments_of_cryosparc_are_reported(data_folder: Path, tmp_path: Path) -> None:
    old = np.load(data_folder / "lists" / "cryosparc_P12_J24_001_particles.cs")[:3]
    new = np.zeros(
        3, dtype=[*old.dtype.descr, ("alignments3D_multi/pose", "<f4", (2, 3)), ("alignments2D/pose", "<f4")]
    )
    for name in old.dtype.names:
        new[name] = old[name]
    new["alignments3D/pose"][1] = np.nan
    with (tmp_path / "a.cs").open("wb") as file:
        np.save(file, new)
    with pytest.raises(InputError, match="1 particle has no number in alignments3D/pose, the first is particle 2; rem"):
        botalign.read_particles(tmp_path / "a.cs").moved(TRANSFORM)
    new["alignments3D/pose"][1] = 0
    with (tmp_path / "a.cs").open("wb") as file:
        np.save(file, new)
    with pytest.warns(PoseWarning, match="other alignments in alignments3D_multi/pose, which may refer to"):
        botalign.read_particles(tmp_path / "a.cs").moved(TRANSFORM)


#: Rot, tilt, psi in degrees and the origin in angstrom, as pyem wrote them.
CSPARC2STAR = [
    [-157.808487, 118.790970, 34.683304, 33.436409, -5.392969],
    [51.952480, 110.211052, 92.757179, 3.733594, -13.689844],
    [26.698648, 42.391060, -142.746536, -21.986719, 32.606720],
]
ROTATED = np.array([[0.36, 0.48, -0.8, 12.5], [-0.8, 0.6, 0.0, -7.25], [0.48, 0.64, 0.6, 4.0]])
SUBPARTICLES = [
    [-158.772856, 40.226139, 152.125142, 15.151596, -7.544570],
    [-99.875278, 86.493039, -136.840746, -6.584885, -9.411930],
    [22.116163, 104.249943, -57.040328, 2.289684, -6.045407],
]


def test_the_answers_of_pyem(data_folder: Path, tmp_path: Path) -> None:
    """``csparc2star.py`` and ``subparticles.py --origin 0,0,0 --transform`` of pyem (de18347) gave these numbers."""
    path = data_folder / "lists" / "cryosparc_P12_J24_001_particles.cs"
    rotations, origins = botalign.read_particles(path).poses
    expected = np.array(CSPARC2STAR)
    assert geodesic_degrees(rotations[:3], relion_rotations(expected[:, :3])).max() < 1e-4
    np.testing.assert_allclose(origins[:3], expected[:, 3:], atol=1e-5)
    labels = "ImageName OpticsGroup AngleRot AngleTilt AnglePsi OriginXAngst OriginYAngst"
    rows = ("1@a.mrcs 2 10 20 30 1.5 -2", "2@a.mrcs 2 -40 80 170 0 3", "3@a.mrcs 2 100 150 -20 -4 5.25")
    moved = botalign.read_particles(star(tmp_path / "a.star", labels, *rows, optics=OPTICS)).moved(ROTATED)
    found = np.array([moved.column(f"rln{label}") for label in labels.split()[2:]], dtype=float).T
    np.testing.assert_allclose(found[:, :3], np.array(SUBPARTICLES)[:, :3], atol=1e-4)
    np.testing.assert_allclose(found[:, 3:], np.array(SUBPARTICLES)[:, 3:], atol=1e-3)
