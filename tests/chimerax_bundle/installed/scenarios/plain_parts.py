"""Alignments of parts: conformations, parts in a whole, masks."""

from helper import half_of, part_of, place, transform


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


def a_part_is_noticed_and_the_log_says_why(cx):
    fixed = cx.phantom()
    part = cx.open(part_of(fixed, transform(64)))
    cx.scatter(fixed, part)
    (alignment,) = cx.run("botalign #2 to #1")
    cx.facts["part"] = alignment.part
    cx.assert_in_place(part, fixed, transform(64), degrees=2.0, voxels=1.0)
    assert "was searched for as a part of it for that reason" in cx.log_so_far()


def a_part_in_place_stays(cx):
    fixed = cx.phantom()
    part = cx.open(part_of(fixed, transform(66)))
    cx.scatter(fixed)
    part.scene_position = fixed.scene_position * place(transform(66)).inverse()
    cx.run("botalign #2 to #1")
    cx.assert_in_place(part, fixed, transform(66), degrees=0.5, voxels=0.1)


def partial_false_aligns_whole_molecules(cx):
    fixed = cx.phantom()
    cx.open(part_of(fixed, transform(65)))
    for option in ("partial false", "partial auto loss l2"):
        (alignment,) = cx.run(f"botalign #2 to #1 hand keep {option}")
        assert alignment.part is None
    assert "part: " not in cx.log_so_far()


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
