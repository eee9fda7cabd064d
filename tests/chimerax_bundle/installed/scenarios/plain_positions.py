"""Positions of models after an alignment."""

import numpy as np
from helper import place, same, transform


def a_map_is_aligned(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(0))
    cx.scatter(fixed, moving)
    before = fixed.scene_position
    (alignment,) = cx.run("botalign #2 to #1")
    cx.assert_in_place(moving, fixed, transform(0))
    assert same(fixed.scene_position, before)
    relative = fixed.scene_position.inverse() * moving.scene_position
    np.testing.assert_allclose(alignment.moving_to_fixed, relative.matrix, atol=1e-6)
    assert alignment.hand.decision == "as given"


def undo_and_redo(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(1))
    cx.scatter(moving)
    old = moving.scene_position
    cx.run("botalign #2 to #1 hand keep")
    new = moving.scene_position
    assert not same(old, new, 1, 1)
    cx.run("undo")
    assert same(moving.scene_position, old)
    cx.run("redo")
    assert same(moving.scene_position, new)
    cx.assert_in_place(moving, fixed, transform(1))


def several_maps_are_aligned_separately_and_undone_in_one_step(cx):
    fixed = cx.phantom()
    others = [cx.phantom(transform(seed)) for seed in (2, 3, 4)]
    cx.scatter(fixed, *others)
    old = [m.scene_position for m in others]
    alignments = cx.run("botalign #2-4 to #1 hand keep")
    assert len(alignments) == 3
    for seed, moving in zip((2, 3, 4), others, strict=True):
        cx.assert_in_place(moving, fixed, transform(seed))
    log = cx.log_so_far()
    assert "Aligned 3 of 3 to" in log
    assert all(f"(#{number})" in log for number in (1, 2, 3, 4))
    cx.run("undo")
    assert all(same(m.scene_position, p) for m, p in zip(others, old, strict=True))


def all_excludes_the_reference(cx):
    others, fixed = [cx.phantom(transform(5))], cx.phantom()
    others.append(cx.phantom(transform(6)))
    before = fixed.scene_position
    assert len(cx.run("botalign all to #2 hand keep")) == 2
    assert same(fixed.scene_position, before)
    for seed, moving in zip((5, 6), others, strict=True):
        cx.assert_in_place(moving, fixed, transform(seed))


def a_map_that_cannot_be_aligned_is_reported_and_the_others_are_moved(cx):
    fixed, moving, empty = cx.phantom(), cx.phantom(transform(7)), cx.phantom()
    cx.run("volume new flat size 20,20,20")
    before = empty.scene_position
    assert len(cx.run("botalign #2,4 to #1 hand keep")) == 1
    cx.assert_in_place(moving, fixed, transform(7))
    assert "not aligned" in cx.log_so_far()
    assert same(empty.scene_position, before)


def models_that_move_along_keep_their_relative_positions(cx):
    fixed, moving, half = cx.phantom(), cx.phantom(transform(8)), cx.phantom(transform(8))
    model = cx.phantom_model()
    cx.scatter(fixed, moving)
    half.scene_position = moving.scene_position
    model.scene_position = moving.scene_position * place(transform(9))
    relations = [moving.scene_position.inverse() * m.scene_position for m in (half, model)]
    old = [m.scene_position for m in (moving, half, model)]
    # The range contains the moving map and the surface of each map, too.
    cx.run("botalign #2 to #1 hand keep move #2-4")
    cx.assert_in_place(moving, fixed, transform(8))
    for companion, relation in zip((half, model), relations, strict=True):
        assert same(moving.scene_position.inverse() * companion.scene_position, relation)
    assert all(same(surface.position, place(np.eye(3, 4))) for surface in half.surfaces)
    cx.run("undo")
    assert all(same(m.scene_position, p) for m, p in zip((moving, half, model), old, strict=True))


def maps_in_rotated_groups(cx):
    from chimerax.core.models import Model

    fixed, moving = cx.phantom(), cx.phantom(transform(10))
    outer, inner, other = (Model(name, cx.session) for name in ("outer", "inner", "other"))
    cx.session.models.add([outer, other])
    cx.session.models.add([inner], parent=outer)
    cx.session.models.add([moving], parent=inner)
    cx.session.models.add([fixed], parent=other)
    cx.scatter(outer, inner, other, moving, fixed)
    groups = [m.scene_position for m in (outer, inner, other)]
    old = moving.position
    cx.run(f"botalign #{moving.id_string} to #{fixed.id_string} hand keep")
    cx.assert_in_place(moving, fixed, transform(10))
    assert all(same(m.scene_position, p) for m, p in zip((outer, inner, other), groups, strict=True))
    cx.run("undo")
    assert same(moving.position, old)


def a_map_inside_a_map_that_moves_too(cx):
    fixed, outer, inner = cx.phantom(), cx.phantom(transform(11)), cx.phantom(transform(12))
    cx.session.models.add([inner], parent=outer)
    cx.scatter(outer, inner)
    old = [m.scene_position for m in (outer, inner)]
    cx.run(f"botalign #{outer.id_string} to #{fixed.id_string} hand keep")
    cx.assert_in_place(outer, fixed, transform(11))
    cx.assert_in_place(inner, fixed, transform(12))
    for command, places in (("undo", old), ("redo", None), ("undo", old)):
        cx.run(command)
        if places is None:
            cx.assert_in_place(inner, fixed, transform(12))
        else:
            assert all(same(m.scene_position, p) for m, p in zip((outer, inner), places, strict=True))


def a_displayed_region_does_not_matter(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(13))
    cx.run("volume #2 region 20,20,20,40,30,30 step 2")
    cx.run("volume #1 region 0,0,0,20,20,20")
    cx.run("botalign #2 to #1 hand keep")
    cx.assert_in_place(moving, fixed, transform(13))
    log = cx.log_so_far()
    assert "(#2) displays a region, step 2; all of its data is used" in log
    assert "(#1) displays a region; all of its data is used" in log


def different_voxels_boxes_and_origins(cx):
    import botalign

    grid = botalign.Grid((60, 54, 50), (2.6, 2.6, 2.6), (-60.0, -75.0, -80.0))
    fixed = cx.phantom(resolution_angstrom=9.0)
    moving = cx.phantom(transform(14), grid=grid, resolution_angstrom=9.0)
    cx.scatter(moving)
    cx.run("botalign #2 to #1 hand keep")
    cx.assert_in_place(moving, fixed, transform(14))


def an_origin_changed_in_chimerax_is_used(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(15))
    x, y, z = moving.data.origin
    cx.run(f"volume #2 origin {x + 25},{y - 10},{z + 5}")
    shift = np.column_stack([np.eye(3), [25, -10, 5]])
    cx.run("botalign #2 to #1 hand keep")
    cx.assert_in_place(moving, fixed, (place(shift) * place(transform(15))).matrix)


def a_map_rotated_within_its_model(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(16))
    rotation = transform(17)[:, :3]
    origin = moving.data.origin
    moving.data.set_rotation(rotation)
    moving.data.set_origin(tuple(rotation @ origin))
    cx.run("botalign #2 to #1 hand keep")
    rotated = place(np.column_stack([rotation, np.zeros(3)])) * place(transform(16))
    cx.assert_in_place(moving, fixed, rotated.matrix)


def a_local_search_stays_near_the_present_pose(cx):
    # Of a ring of four, the pose nearest to the current one.
    fixed, moving = cx.phantom(symmetry="C4"), cx.phantom(symmetry="C4")
    quarter = place(np.column_stack([[[0, -1, 0], [1, 0, 0], [0, 0, 1]], np.zeros(3)]))
    from chimerax.geometry import rotation

    cx.scatter(fixed)
    wanted = fixed.scene_position * quarter
    moving.scene_position = wanted * rotation((1, 2, 1), 12) * place(np.column_stack([np.eye(3), [4, -3, 2]]))
    cx.run("botalign #2 to #1 hand keep search local")
    cx.assert_in_place(moving, fixed, quarter.inverse().matrix)


def of_equivalent_poses_the_nearest_is_taken(cx):
    from chimerax.geometry import rotation

    fixed, moving = cx.phantom(symmetry="C4"), cx.phantom(symmetry="C4")
    for turns in range(4):
        wanted = rotation((0, 0, 1), 90 * turns)
        moving.scene_position = wanted * rotation((1, 2, 1), 15)
        cx.run("botalign #2 to #1 hand keep")
        cx.assert_in_place(moving, fixed, wanted.inverse().matrix)


def a_position_typed_with_few_digits(cx):
    fixed, moving = cx.phantom(), cx.phantom()
    cx.run("view matrix models #2,0.94,-0.342,0,3,0.342,0.94,0,-2,0,0,1,1")
    cx.run("botalign score #2 to #1")
    cx.run("botalign #2 to #1 hand keep search local")
    cx.assert_in_place(moving, fixed)


def a_scaled_model(cx):
    from chimerax.geometry import scale

    cx.phantom()
    moving = cx.phantom()
    moving.position = scale(2.0)
    assert "is scaled" in cx.refused("botalign score #2 to #1")
    assert "is scaled" in cx.refused("botalign #2 to #1")


def the_same_seed_gives_the_same_result(cx):
    cx.phantom(), cx.phantom(transform(18))
    first = cx.run("botalign #2 to #1 hand keep seed 7")[0]
    cx.run("undo")
    second = cx.run("botalign #2 to #1 hand keep seed 7")[0]
    np.testing.assert_array_equal(first.moving_to_fixed, second.moving_to_fixed)


def a_session_keeps_the_alignment(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(19))
    cx.scatter(fixed, moving)
    cx.run("botalign #2 to #1 hand keep")
    path = cx.path(".cxs")
    cx.run(f"save {path}")
    cx.run("close session")
    cx.run(f"open {path}")
    fixed, moving = sorted((m for m in cx.session.models.list() if m.name.endswith(".mrc")), key=lambda m: m.id)
    cx.assert_in_place(moving, fixed, transform(19))
    cx.run("botalign #2 to #1 hand keep")
    cx.assert_in_place(moving, fixed, transform(19))


def a_result_is_not_applied_to_a_group_with_the_reference(cx):
    from chimerax.core.models import Model

    fixed, moving = cx.phantom(), cx.phantom(transform(20))
    path = cx.path(".json")
    cx.run(f"botalign #2 to #1 hand keep evaluations 20 result {path}")
    group = Model("group", cx.session)
    cx.session.models.add([group])
    cx.session.models.add([fixed], parent=group)
    before = group.scene_position
    reason = cx.refused(f"botalign apply {group.atomspec} file {path} to {fixed.atomspec}")
    assert f"is inside group ({group.atomspec}), which would move it too" in reason
    assert same(group.scene_position, before)
    assert moving.display
