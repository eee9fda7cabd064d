"""Poses in the conventions of RELION and cryoSPARC, and RELION's own projections."""

from pathlib import Path

import mrcfile
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import botalign
from botalign import Grid, InputError
from botalign.geometry import (
    MIRROR,
    between_centres,
    cryosparc_rotations,
    cryosparc_vectors,
    identity,
    inverse,
    moved_poses,
    random_rotations,
    relion_angles_degrees,
    relion_rotations,
)

from ..views_of_poses import projected


def test_euler_angles_as_in_the_source_of_relion() -> None:
    angles = np.random.default_rng(1).uniform([-180, 0, -180], 180, (200, 3))
    (ca, cb, cg), (sa, sb, sg) = np.cos(np.radians(angles)).T, np.sin(np.radians(angles)).T
    matrix = [
        [cg * cb * ca - sg * sa, cg * cb * sa + sg * ca, -cg * sb],
        [-sg * cb * ca - cg * sa, -sg * cb * sa + cg * ca, sg * sb],
        [sb * ca, sb * sa, cb],
    ]  # Euler_angles2matrix in src/euler.cpp
    np.testing.assert_allclose(relion_rotations(angles), np.moveaxis(matrix, 2, 0), atol=1e-12)
    np.testing.assert_allclose(relion_angles_degrees(relion_rotations(angles)), angles, atol=1e-9)


@pytest.mark.parametrize("angles", [[30, 0, 50], [30, 180, 50], [0, 0, 0], [-170, 1e-8, -20]])
def test_euler_angles_at_the_poles(angles: list[float]) -> None:
    rotation = relion_rotations([angles])
    np.testing.assert_allclose(relion_rotations(relion_angles_degrees(rotation)), rotation, atol=1e-9)


def test_poses_of_cryosparc() -> None:
    """pyem converts a pose to Euler angles of RELION by the exponential of the vector with its sign reversed."""
    vectors = np.random.default_rng(2).normal(0, 1, (50, 3))
    rotations = cryosparc_rotations(vectors)
    for vector, rotation in zip(vectors, rotations, strict=True):
        theta = np.linalg.norm(vector)
        x, y, z = vector / theta
        k = np.array([[0, z, -y], [-z, 0, x], [y, -x, 0]])
        np.testing.assert_allclose(rotation, np.eye(3) + np.sin(theta) * k + (1 - np.cos(theta)) * k @ k, atol=1e-12)
    np.testing.assert_allclose(cryosparc_rotations(cryosparc_vectors(rotations)), rotations, atol=1e-12)


@pytest.mark.parametrize("mirror", [False, True])
def test_every_point_keeps_its_place_in_the_image(mirror: bool) -> None:
    rng = np.random.default_rng(3)
    linear = random_rotations(1, rng)[0] @ (MIRROR if mirror else np.eye(3))
    transform = np.column_stack([linear, [30.0, -20, 11]])
    centres = rng.normal(0, 50, (2, 3))
    between = between_centres(transform, *centres)
    rotations, origins = random_rotations(20, rng), rng.normal(0, 9, (20, 2))
    bent = np.eye(2) + 0.02 * rng.normal(size=(20, 2, 2))
    new, moved = moved_poses(rotations, origins, between, distortion=bent)
    np.testing.assert_allclose(np.linalg.det(new), 1)
    for point in rng.normal(0, 40, (5, 3)):
        before = np.einsum("nij,nj->ni", bent, (rotations @ (point - centres[0]))[:, :2]) - origins
        there = transform[:, :3] @ point + transform[:, 3] - centres[1]
        np.testing.assert_allclose(np.einsum("nij,nj->ni", bent, (new @ there)[:, :2]) - moved, before, atol=1e-9)
    back, origin = moved_poses(new, moved, inverse(between), distortion=bent)
    np.testing.assert_allclose(back, rotations, atol=1e-12)
    np.testing.assert_allclose(origin, origins, atol=1e-12)


def test_subtomograms_move_in_three_dimensions_and_keep_their_hand() -> None:
    rng = np.random.default_rng(4)
    transform = np.column_stack([random_rotations(1, rng)[0], [3.0, -2, 1]])
    rotations, origins = random_rotations(8, rng), rng.normal(0, 9, (8, 3))
    new, moved = moved_poses(rotations, origins, transform)
    for point in rng.normal(0, 40, (5, 3)):
        there = transform[:, :3] @ point + transform[:, 3]
        np.testing.assert_allclose(new @ there - moved, rotations @ point - origins, atol=1e-9)
    with pytest.raises(InputError, match="subtomograms have a hand"):
        moved_poses(rotations, origins, np.column_stack([transform[:, :3] @ MIRROR, transform[:, 3]]))


@pytest.mark.parametrize(
    ("name", "offset", "label"),
    [
        ("rln_proj_64", 0.0, "rlnOriginXAngst"),
        ("rln_proj_64_centered", 0.5, "rlnOriginXAngst"),
        ("rln_proj_64_shifted", 0.5, "rlnOriginX"),
    ],
)
@pytest.mark.filterwarnings("ignore::botalign.MapWarning")
def test_projections_by_relion(data_folder: Path, name: str, offset: float, label: str) -> None:
    """RELION's projections of the ribosome, sampled at 64^3, are reproduced from their star file."""
    ribosome = botalign.read(data_folder / "maps" / "clean70S_65.mrc")
    # The sampled maps have voxel 0 or voxel 32 at the same place as the map of 65^3.
    voxel = 65 / 64
    grid = Grid((64, 64, 64), (voxel,) * 3, (-offset,) * 3)
    listed = botalign.read_particles(data_folder / "lists" / f"{name}.star")
    angles = np.array([[float(x) for x in listed.column(f"rlnAngle{axis}")] for axis in ("Rot", "Tilt", "Psi")]).T
    labels = label, label.replace("X", "Y")
    pixels = np.array([[float(x) for x in listed.column(each)] for each in labels]).T
    made = projected(botalign.resample(ribosome, identity(), grid), relion_rotations(angles), pixels * voxel, 64, voxel)
    images = mrcfile.read(data_folder / "lists" / f"{name}.mrcs")
    scores = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(made, images, strict=True)]
    assert min(scores) > 0.999, scores
    turned = relion_rotations(angles + np.array([0, 0, 4]))
    other = projected(botalign.resample(ribosome, identity(), grid), turned, pixels * voxel, 64, voxel)
    assert np.corrcoef(other[0].ravel(), images[0].ravel())[0, 1] < 0.99


def test_the_inverse_of_a_rotation_of_points() -> None:
    points = Rotation.from_euler("z", 30, degrees=True).as_matrix()
    np.testing.assert_allclose(relion_rotations([[30.0, 0, 0]])[0], points.T, atol=1e-12)
