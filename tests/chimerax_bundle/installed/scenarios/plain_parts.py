"""Alignments of parts: conformations, parts in a whole, masks."""

from helper import half_of, part_of, transform


def two_conformations_are_aligned_by_their_common_part(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(60), hinge_degrees=25)
    cx.scatter(fixed, moving)
    (alignment,) = cx.run("botalign #2 to #1 loss core hand keep")
    assert alignment.candidates[0].share is not None
    cx.assert_in_place(moving, fixed, transform(60), degrees=1.0, voxels=0.5)


def a_part_is_found_in_the_whole(cx):
    fixed = cx.phantom()
    part = cx.open(part_of(fixed, transform(61)))
    cx.scatter(fixed, part)
    (alignment,) = cx.run("botalign #2 to #1 partial true hand keep")
    assert alignment.parameters["partial"] is True
    cx.assert_in_place(part, fixed, transform(61), degrees=2.0, voxels=1.0)


def a_mask_selects_what_is_aligned(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(62))
    mask = cx.open(half_of(fixed))
    cx.scatter(fixed, moving)
    mask.scene_position = fixed.scene_position  # masks are used at their positions in the scene
    (alignment,) = cx.run("botalign #2 to #1 toMask #3 hand keep")
    assert alignment.parameters["mask_fixed"] is not None
    cx.assert_in_place(moving, fixed, transform(62), degrees=2.0, voxels=1.0)


def a_map_that_is_not_a_mask_is_refused(cx):
    cx.phantom(), cx.phantom(transform(63))
    error = cx.refused("botalign #2 to #1 mask #2 hand keep")
    assert "is it a mask" in error
