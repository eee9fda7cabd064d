"""Groups: what is specified as a whole."""

from chimerax.core.models import Model
from helper import place, same, transform


def _group(cx, *members):
    group = Model("group", cx.session)
    cx.session.models.add([group])
    for member in members:
        cx.session.models.add([member], parent=group)
    return group


def a_group_with_maps_is_refused_and_both_commands_of_the_error_work(cx):
    fixed = cx.phantom()
    paths = [cx.phantom(transform(seed)).path for seed in (210, 210)]
    cx.run("close #2-3")
    cx.run(f"open {' '.join(paths)}")
    one, two = (m for m in cx.session.models.list() if m.id_string in ("2.1", "2.2"))
    cx.scatter(one.parent)
    before = [m.scene_position for m in (one, two)]
    error = cx.refused("botalign #2 to #1 hand keep")
    assert "is a group of 2 models" in error
    assert all(same(m.scene_position, p) for m, p in zip((one, two), before, strict=True))
    together, separately = error.split("Usage: ")[1].split(", or ")
    assert (together, separately) == ("botalign #2.1 to #1 move #2", "botalign #2.1#2.2 to #1")
    cx.run(f"{together} hand keep")
    cx.assert_in_place(one, fixed, transform(210))
    cx.assert_in_place(two, fixed, transform(210))
    assert same(one.position, place([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]))
    cx.run("undo")
    assert all(same(m.scene_position, p) for m, p in zip((one, two), before, strict=True))
    assert len(cx.run(f"{separately} hand keep")) == 2
    cx.assert_in_place(two, fixed, transform(210))


def a_map_and_its_model_in_a_group(cx):
    fixed, moving, model = cx.phantom(), cx.phantom(transform(211)), cx.phantom_model()
    group = _group(cx, moving, model)
    error = cx.refused(f"botalign #{group.id_string} to #1")
    cx.run(error.split("Usage: ")[1].split(", or ")[0] + " hand keep")
    cx.assert_in_place(moving, fixed, transform(211))
    assert same(model.scene_position, moving.scene_position)


def a_single_map_in_a_group(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(212))
    group = _group(cx, moving)
    cx.run(f"botalign #{group.id_string} to #1 hand keep")
    cx.assert_in_place(moving, fixed, transform(212))


def the_members_of_the_group_of_the_reference(cx):
    fixed, moving, model = cx.phantom(), cx.phantom(transform(213)), cx.phantom_model()
    group = _group(cx, fixed, moving)
    before = model.scene_position
    cx.run(f"botalign #{group.id_string} to #{fixed.id_string} hand keep")
    cx.assert_in_place(moving, fixed, transform(213))
    assert same(model.scene_position, before)


def the_structures_of_the_group_of_the_reference(cx):
    fixed, moving = cx.phantom_model(), cx.phantom_model()
    group = _group(cx, fixed, moving)
    cx.scatter(moving)
    cx.run(f"botalign #{group.id_string} to #{fixed.id_string} resolution 9 hand keep")
    assert same(moving.scene_position, fixed.scene_position, 0.1, 0.1)
