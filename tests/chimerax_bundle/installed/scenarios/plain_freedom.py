"""Only the shift, or only the rotation."""

import numpy as np
from helper import VOXEL, place, same, transform


def _shifted(x, y, z):
    return place(np.column_stack([np.eye(3), [x, y, z]]))


def _centre_of_mass(volume):
    """Return the centre of mass of a map in its local coordinates."""
    matrix = volume.full_matrix()
    mass = matrix * (matrix > 0)
    axes = np.indices(matrix.shape)[::-1]
    return volume.data.ijk_to_xyz([float((axis * mass).sum() / mass.sum()) for axis in axes])


def only_the_shift_is_found(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(250))
    cx.scatter(fixed)
    right = fixed.scene_position * place(transform(250)).inverse()
    moving.scene_position = _shifted(20, -13, 8) * right
    cx.run("botalign #2 to #1 rotate false")
    cx.assert_in_place(moving, fixed, transform(250))
    log = cx.log_so_far()
    assert "angle = 0 degrees" in log
    cx.run("undo")
    assert same(moving.scene_position, _shifted(20, -13, 8) * right)


def a_wrong_rotation_is_kept(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(251))
    cx.scatter(fixed, moving)
    before = moving.scene_position
    cx.run("botalign #2 to #1 rotate false force true")
    _, angle = (moving.scene_position * before.inverse()).shift_and_angle((0, 0, 0))
    assert angle < 1e-3
    assert not same(moving.scene_position, before, 1, 1)


def only_the_rotation_is_found(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(252))
    cx.scatter(fixed)
    right = fixed.scene_position * place(transform(252)).inverse()
    centre = right * _centre_of_mass(moving)
    about = _shifted(*centre) * place(np.column_stack([transform(253)[:, :3], np.zeros(3)])) * _shifted(*-centre)
    moving.scene_position = about * right
    cx.run("botalign #2 to #1 shift false")
    angle, shift = cx.misfit(moving, fixed, transform(252))
    cx.facts["off by"] = f"{angle:.3f} degrees, {shift:.3f} voxels"
    assert angle < 2.0
    assert shift < 1.0


def the_centre_of_mass_stays_without_a_shift(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(254))
    cx.scatter(fixed, moving)
    centre = _centre_of_mass(moving)
    before, position = moving.scene_position * centre, moving.scene_position
    cx.run("botalign #2 to #1 shift false force true")
    apart = float(np.linalg.norm(moving.scene_position * centre - before))
    cx.facts["the centre moved by"] = f"{apart:.3f} A"
    assert apart < 0.5 * VOXEL
    assert not same(moving.scene_position, position, 1, 1)
    assert fixed.display


def options_that_contradict(cx):
    cx.phantom(), cx.phantom(transform(255))
    for option in ("shift false", "hand auto", "search local"):
        error = cx.refused(f"botalign #2 to #1 rotate false {option}")
        assert f"{option} cannot be combined with rotate false" in error
