"""Surfaces coloured by the potential."""

import numpy as np
from helper import place, same, transform


def _bluer(surface):
    """Return how much bluer than red each vertex of a surface is."""
    colours = surface.vertex_colors.astype(float)
    return colours[:, 2] - colours[:, 0]


def a_shifted_copy_is_red_behind_and_blue_ahead(cx):
    fixed = cx.phantom()
    moving = cx.phantom()
    cx.scatter(fixed)
    # Mass has to move along x of the fixed map.
    moving.scene_position = fixed.scene_position * place(np.column_stack([np.eye(3), [-15.0, 0, 0]]))
    cx.run("volume #2 level 1 style surface")
    poses = fixed.scene_position, moving.scene_position
    volume = cx.run("botalign potential #2 to #1")
    assert same(fixed.scene_position, poses[0])
    assert same(moving.scene_position, poses[1])
    (surface,) = moving.surfaces
    along = surface.vertices[:, 0]
    assert np.corrcoef(_bluer(surface), along)[0, 1] > 0.8
    assert not volume.display
    assert same(volume.scene_position, fixed.scene_position)
    assert "is red where it has too much mass, blue where it has too little" in cx.log_so_far()
    cx.run("undo")
    assert surface.vertex_colors is None


def colours_follow_the_level_and_the_limit(cx):
    cx.phantom(), cx.phantom(hinge_degrees=20)
    cx.run("volume #2 level 1 style surface")
    volume = cx.run("botalign potential #2 to #1 limit 5000 size 24 level 1.5 toLevel 1.5")
    assert tuple(volume.data.size) == (24, 24, 24)
    (surface,) = volume.session.models.list(model_id=(2,))[0].surfaces
    assert np.abs(_bluer(surface)).max() < 128  # pale, at such a range
    assert "-5000 and 5000 A" in cx.log_so_far()
    before = len(surface.vertex_colors)
    cx.run("volume #2 level 2")
    assert len(surface.vertex_colors) == len(surface.vertices) != before


def the_potential_is_that_of_botalign(cx):
    import botalign

    fixed, moving = cx.phantom(), cx.phantom(transform(50))
    cx.scatter(fixed, moving)
    cx.run("botalign #2 to #1 hand keep")
    volume = cx.run("botalign potential #2 to #1")
    left = fixed.scene_position.inverse() * moving.scene_position
    maps = [botalign.read(model.path) for model in (fixed, moving)]
    expected = botalign.potential(*maps, transform=left.matrix)
    np.testing.assert_allclose(volume.full_matrix(), expected.data, atol=1e-2 * np.abs(expected.data).max())
    np.testing.assert_allclose(volume.data.origin, expected.grid.origin_angstrom, atol=1e-3)


def input_that_is_refused_by_potential(cx):
    cx.phantom(), cx.phantom()
    for command, why in (
        ("botalign potential #2", "to is missing"),
        ("botalign potential to #1", "The map to colour is missing"),
        ("botalign potential #1 to #1", "cannot be compared with itself"),
        ("botalign potential #2 to #1 size 4", "size: got 4"),
        ("botalign potential #2 to #1 level 1e9", "above the contour level"),
    ):
        assert why in cx.refused(command), command
    assert len(cx.session.models.list(model_id=(3,))) == 0
