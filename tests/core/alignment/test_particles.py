"""Particles after an alignment: projections of the transformed map at the new poses are the old images."""

import contextlib
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign import Alignment, Grid, InputError
from botalign.alignment import MapReference
from botalign.geometry import (
    MIRROR,
    cryosparc_vectors,
    geodesic_degrees,
    identity,
    matrix_from_rotation_vector,
    random_rotations,
    relion_angles_degrees,
    relion_rotations,
    transform_about,
)
from botalign.images import ParticleList, PoseWarning

from ..views_of_poses import projected

COUNT = 200

#: Boxes of the moving and of the fixed map.
BOXES = {
    "odd": (Grid((65,) * 3), Grid((65,) * 3)),
    "even": (Grid((64,) * 3, origin_angstrom=(0.5, 0.5, 0.5)), Grid((64,) * 3)),
    "even to odd, other pixels": (Grid((64,) * 3, origin_angstrom=(1, 0, 1)), Grid((75,) * 3, (0.8,) * 3, (90, 0, -7))),
    "odd to even, other pixels": (Grid((65,) * 3), Grid((100,) * 3, (0.8,) * 3, (-40.3, -41.2, -39.1))),
}


def relion(folder: Path, rotations: np.ndarray, origins: np.ndarray, pixel: float, side: int) -> Path:
    """Write a list of RELION 3.1."""
    rows = np.column_stack([relion_angles_degrees(rotations), origins]).tolist()
    optics = f"data_optics\n\nloop_\n_rlnOpticsGroup\n_rlnImagePixelSize\n_rlnImageSize\n1 {pixel} {side}\n\n"
    labels = "".join(f"_rln{x}\n" for x in ("AngleRot", "AngleTilt", "AnglePsi", "OriginXAngst", "OriginYAngst"))
    text = "".join(f"{n}@a.mrcs 1 {' '.join(f'{x:.6f}' for x in row)}\n" for n, row in enumerate(rows, start=1))
    path = folder / "p.star"
    path.write_text(f"{optics}data_particles\n\nloop_\n_rlnImageName\n_rlnOpticsGroup\n{labels}{text}")
    return path


def relion_30(folder: Path, rotations: np.ndarray, origins: np.ndarray, pixel: float, _: int) -> Path:
    """Write a list of RELION 3.0, with origins in pixels."""
    rows = np.column_stack([relion_angles_degrees(rotations), origins / pixel]).tolist()
    names = ("Magnification", "DetectorPixelSize", "AngleRot", "AngleTilt", "AnglePsi", "OriginX", "OriginY")
    text = "".join(
        f"{n}@a.mrcs 10000 {pixel} {' '.join(f'{x:.6f}' for x in row)}\n" for n, row in enumerate(rows, start=1)
    )
    path = folder / "p.star"
    path.write_text(f"data_\n\nloop_\n_rlnImageName\n{''.join(f'_rln{name}' + chr(10) for name in names)}{text}")
    return path


def cryosparc(folder: Path, rotations: np.ndarray, origins: np.ndarray, pixel: float, side: int) -> Path:
    """Write a list of cryoSPARC whose shifts count other pixels than those of the images."""
    fields = [
        ("uid", "<u8"), ("blob/path", "S9"), ("blob/idx", "<u4"), ("blob/shape", "<u4", (2,)), ("blob/psize_A", "<f4"),
        ("ctf/df1_A", "<f4"), ("alignments3D/shift", "<f4", (2,)), ("alignments3D/pose", "<f4", (3,)),
        ("alignments3D/psize_A", "<f4"),
    ]  # fmt: skip
    records = np.zeros(len(rotations), dtype=fields)
    records["blob/path"], records["blob/idx"], records["uid"] = b"J1/a.mrc", np.arange(COUNT), np.arange(COUNT)
    records["blob/shape"], records["blob/psize_A"] = side, pixel
    records["alignments3D/pose"] = cryosparc_vectors(rotations)
    records["alignments3D/psize_A"] = 2.5 * pixel
    records["alignments3D/shift"] = origins / (2.5 * pixel)
    with (folder / "p.cs").open("wb") as file:
        np.save(file, records)
    return folder / "p.cs"


@pytest.fixture(scope="module")
def ribosome(data_folder: Path) -> botalign.DensityMap:
    """Return the ribosome, without what is near the faces of its box and would leave it."""
    with pytest.warns(botalign.MapWarning, match="no voxel size"):
        given = botalign.read(data_folder / "maps" / "clean70S_65.mrc")
    distance = np.linalg.norm(np.indices(given.data.shape) - 32, axis=0)
    return given.with_data(np.where(distance < 25, given.data, 0).astype(np.float32))


def between(result: Alignment, transform: np.ndarray, moving: Grid, fixed: Grid) -> Alignment:
    """Return a result with a given transform and given boxes."""
    return dataclasses.replace(
        result,
        moving_to_fixed=transform,
        mirrored=bool(np.linalg.det(transform[:, :3]) < 0),
        moving=MapReference("moving.mrc", moving),
        fixed=MapReference("fixed.mrc", fixed),
    )


def onto(moving: Grid, fixed: Grid, *, mirror: bool = False) -> np.ndarray:
    """Return a transform that takes the centre of one box to near that of the other."""
    linear = matrix_from_rotation_vector([0.9, -1.7, 0.8]) @ (MIRROR if mirror else np.eye(3))
    return transform_about(linear, moving.pose_centre_angstrom, fixed.pose_centre_angstrom + np.array([1.3, -2.1, 0.7]))


def cropped(images: np.ndarray, size: int) -> np.ndarray:
    """Cut or pad images about the pixel ``side // 2``."""
    side = images.shape[-1]
    if side < size:
        before = size // 2 - side // 2
        return np.pad(images, ((0, 0), *[(before, size - side - before)] * 2))
    first = side // 2 - size // 2
    return images[:, first : first + size, first : first + size]


@pytest.mark.parametrize(("box", "mirror"), [*((box, False) for box in BOXES), ("odd to even, other pixels", True)])
@pytest.mark.parametrize("write", [relion, relion_30, cryosparc])
def test_projections_at_the_new_poses_are_the_old_images(
    write: Callable[..., Path], box: str, mirror: bool, ribosome: botalign.DensityMap, result: Alignment, tmp_path: Path
) -> None:
    moving, fixed = BOXES[box]
    rng = np.random.default_rng(7)
    rotations, origins = random_rotations(COUNT, rng), rng.normal(0, 2, (COUNT, 2))
    density_map = botalign.resample(ribosome, identity(), moving)
    side, pixel = moving.shape[0], moving.voxel_size_angstrom[0]
    images = projected(density_map, rotations, origins, side, pixel)
    found = between(result, onto(moving, fixed, mirror=mirror), moving, fixed)
    listed = botalign.read_particles(write(tmp_path, rotations, origins, pixel, side))
    moved: ParticleList = found.apply(listed, mirror=mirror)
    size = round(fixed.shape[0] * fixed.voxel_size_angstrom[0] / pixel)
    there = projected(found.apply(density_map, onto=fixed), *moved.poses, size, pixel)
    smaller = min(side, size)
    pairs = zip(cropped(there, smaller), cropped(images, smaller), strict=True)
    scores = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs]
    assert min(scores) > 0.999, min(scores)
    # The old poses, or the new ones without the origins, do not fit.
    wrong = projected(found.apply(density_map, onto=fixed), moved.poses[0][:9], listed.poses[1][:9], size, pixel)
    pairs = zip(cropped(wrong, smaller), cropped(images[:9], smaller), strict=True)
    assert max(np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs) < 0.99
    unlike = pytest.warns(
        PoseWarning, match=f"{side} pixels of {pixel:g} A, but fixed.mrc, to whose box their poses sh"
    )
    with unlike if "other pixels" in box and listed.sides is not None else contextlib.nullcontext():
        back = found.apply(moved, inverse=True, mirror=mirror)
    restored(listed, back)


def restored(listed: ParticleList, back: ParticleList) -> None:
    """Check that every value of every column is restored to 1e-4."""
    assert back.columns == listed.columns
    for name in listed.columns:
        if name == "alignments3D/pose":  # two vectors describe a half turn
            np.testing.assert_allclose(geodesic_degrees(back.poses[0], listed.poses[0]), 0, atol=1e-4)
        elif name.startswith(("rlnAngle", "rlnOrigin", "alignments3D")):
            one, other = (np.array(each.column(name), dtype=float) for each in (listed, back))
            difference = np.abs(one - other)
            np.testing.assert_allclose(np.minimum(difference, np.abs(360 - difference)), 0, atol=1e-4, err_msg=name)
        else:
            assert back.column(name) == listed.column(name)


def test_relion_project_gets_the_pose_between_the_boxes(result: Alignment) -> None:
    """RELION 3.1.3 made the map of ``apply`` from these arguments (benchmarks/particles.py)."""
    moving, fixed = BOXES["even to odd, other pixels"]
    found = between(result, onto(moving, fixed), moving, fixed)
    typed = found.export("relion").split()
    assert typed[0] == "--3d_rot"
    values = dict(zip(typed[1::2], map(float, typed[2::2]), strict=True))
    angles = [values[f"--{name}"] for name in ("rot", "tilt", "psi")]
    assert geodesic_degrees(relion_rotations([angles])[0], found.moving_to_fixed[:, :3]) < 1e-5
    # The origin is where the map is shifted from, in voxels of the moving map.
    offsets = [values[f"--{name}"] for name in ("xoff", "yoff", "zoff")]
    np.testing.assert_allclose(offsets, [-1.3, 2.1, -0.7], atol=1e-6)


def test_particles_of_a_map_that_was_aligned_with_a_model(result: Alignment, tmp_path: Path) -> None:
    """A model has no box: the poses stay in that of the map, and a model has no particles."""
    moving, fixed = BOXES["odd to even, other pixels"]
    rotations, origins = random_rotations(COUNT, np.random.default_rng(1)), np.zeros((COUNT, 2))
    listed = botalign.read_particles(relion(tmp_path, rotations, origins, 1.0, 65))
    shift = np.column_stack([np.eye(3), [3.0, 4, 5]])
    found = between(result, shift, moving, fixed)
    to_model = dataclasses.replace(found, fixed=dataclasses.replace(found.fixed, model=True))
    np.testing.assert_allclose(to_model.apply(listed).poses[1], (rotations @ [3.0, 4, 5])[:, :2], atol=2e-5)
    onto_moving = found.apply(listed, onto=moving)
    np.testing.assert_allclose(onto_moving.poses[1], to_model.apply(listed).poses[1])
    of_model = dataclasses.replace(found, moving=dataclasses.replace(found.moving, model=True))
    with pytest.raises(
        InputError, match=r"moves the atomic model moving\.mrc, which has no particles; .* inverse=True\."
    ):
        of_model.apply(listed)
    with pytest.raises(
        InputError, match=r"which has no particles; for those of the map fixed\.mrc, use inverse=True\."
    ):
        of_model.export("pyem")
    of_models = dataclasses.replace(of_model, fixed=dataclasses.replace(found.fixed, model=True))
    for inverse in (False, True):
        with pytest.raises(InputError, match=r"which has no particles; align the map of the particles instead\."):
            of_models.export("pyem", inverse=inverse)
    with pytest.raises(
        InputError, match=r"moving\.mrc, but `relion_project` moves maps only; apply the result to the model instead"
    ):
        of_model.export("relion")
    with pytest.raises(InputError, match=r"the atomic model fixed\.mrc, but `relion_project` moves maps only"):
        to_model.export("relion", inverse=True)
    assert to_model.export("relion").startswith("--3d_rot --rot ")
