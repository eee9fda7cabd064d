"""Maps with the other hand."""

import numpy as np
from helper import place, same, transform


def _copy(cx):
    return next(m for m in cx.session.models.list() if m.name.endswith(" z flip"))


def a_mirrored_copy_is_made_and_aligned(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(60, mirror=True))
    cx.scatter(fixed, moving)
    old = moving.scene_position
    (alignment,) = cx.run("botalign #2 to #1 hand auto")
    assert alignment.mirrored
    copy = _copy(cx)
    assert f"Opened {copy.name} as #{copy.id_string}" in cx.log_so_far()  # logged under one name
    assert copy.display
    assert not moving.display
    assert same(moving.scene_position, old)
    assert cx.run(f"measure correlation #{copy.id_string} inMap #1")[0] > 0.99
    assert np.isclose(copy.scene_position.determinant(), 1)
    log = cx.log_so_far()
    assert "a mirrored copy" in log
    assert "hand: mirrored" in log


def undo_closes_the_mirrored_copy_and_redo_makes_it_again(cx):
    cx.phantom()
    moving = cx.phantom(transform(61, mirror=True))
    cx.run("botalign #2 to #1 hand auto")
    number, where = _copy(cx).id, _copy(cx).scene_position
    cx.run("undo")
    assert not any(m.name.endswith(" z flip") for m in cx.session.models.list())
    assert moving.display
    cx.run("redo")
    assert _copy(cx).id == number
    assert same(_copy(cx).scene_position, where)
    assert not moving.display
    assert cx.run(f"measure correlation #{_copy(cx).id_string} inMap #1")[0] > 0.99
    cx.run("undo")
    assert moving.display


def hand_check_keeps_the_hand_and_reports_what_to_do(cx):
    cx.phantom(), cx.phantom(transform(62, mirror=True))
    (alignment,) = cx.run("botalign #2 to #1")
    assert not alignment.mirrored
    assert alignment.hand.decision == "mirrored"
    assert "botalign #2 to #1 hand auto aligns a mirrored copy" in cx.log_so_far()


def hand_auto_keeps_the_right_hand(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(63))
    number = len(cx.session.models.list())
    cx.run("botalign #2 to #1 hand auto")
    cx.assert_in_place(moving, fixed, transform(63))
    assert len(cx.session.models.list()) == number


def half_maps_are_mirrored_too(cx):
    cx.phantom(), cx.phantom(transform(64, mirror=True)), cx.phantom(transform(64, mirror=True))
    cx.run("botalign #2 to #1 hand auto move #3")
    copies = [m for m in cx.session.models.list() if m.name.endswith(" z flip")]
    assert len(copies) == 2
    assert same(copies[0].scene_position, copies[1].scene_position)
    for copy in copies:
        assert cx.run(f"measure correlation #{copy.id_string} inMap #1")[0] > 0.99
    cx.run("undo")
    assert not any(m.name.endswith(" z flip") for m in cx.session.models.list())


def of_several_maps_those_with_the_other_hand_are_mirrored(cx):
    fixed, first, second = cx.phantom(), cx.phantom(transform(58)), cx.phantom(transform(59, mirror=True))
    cx.run("botalign #2-3 to #1 hand auto")
    cx.assert_in_place(first, fixed, transform(58))
    assert first.display
    assert not second.display
    assert cx.run(f"measure correlation #{_copy(cx).id_string} inMap #1")[0] > 0.99
    cx.run("undo")
    assert second.display
    assert not any(m.name.endswith(" z flip") for m in cx.session.models.list())


def a_mirrored_map_rotated_within_its_model(cx):
    cx.phantom()
    moving = cx.phantom(transform(65, mirror=True))
    rotation = transform(66)[:, :3]
    origin = moving.data.origin
    moving.data.set_rotation(rotation)
    moving.data.set_origin(tuple(rotation @ origin))
    cx.run("botalign #2 to #1 hand auto")
    assert cx.run(f"measure correlation #{_copy(cx).id_string} inMap #1")[0] > 0.99


def atomic_models_are_never_mirrored(cx):
    cx.phantom(), cx.phantom(transform(67, mirror=True)), cx.phantom_model()
    assert "never mirrored" in cx.refused("botalign #3 to #1 resolution 9 hand auto")
    assert "cannot be mirrored" in cx.refused("botalign #2 to #1 hand auto move #3")


def a_session_keeps_the_mirrored_copy(cx):
    cx.phantom(), cx.phantom(transform(68, mirror=True))
    cx.run("botalign #2 to #1 hand auto")
    number, where, path = _copy(cx).id_string, _copy(cx).scene_position, cx.path(".cxs")
    cx.run(f"save {path}")
    cx.run("close session")
    cx.run(f"open {path}")
    assert same(_copy(cx).scene_position, where)
    assert cx.run(f"measure correlation #{number} inMap #1")[0] > 0.99


def a_mirrored_result_is_applied_to_maps_only(cx):
    cx.phantom(), cx.phantom(transform(69, mirror=True)), cx.phantom(transform(69, mirror=True))
    model = cx.phantom_model()
    path = cx.path(".json")
    cx.run(f"botalign #2 to #1 hand auto result {path}")
    cx.run("undo")
    cx.run(f"botalign apply #3 file {path} to #1")
    assert cx.run(f"measure correlation #{_copy(cx).id_string} inMap #1")[0] > 0.99
    assert "cannot be mirrored" in cx.refused(f"botalign apply #4 file {path} to #1")
    assert same(model.scene_position, place(np.eye(3, 4)))
