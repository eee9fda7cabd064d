"""Several copies of a part: where they are placed, undo, what is refused."""

import json

import numpy as np
from helper import place, same

import botalign
from botalign.geometry import apply_transform, compose, point_group

VOXEL, RESOLUTION = 2.5, 10


def _points():
    """Return the points of a part of irregular shape."""
    points = np.random.default_rng([4, 0]).normal(size=(60, 3)) * [9.0, 6.0, 4.0]
    return points[np.abs(points).max(axis=1) < 16]


def _places():
    """Return the poses of four copies with the group D2."""
    first = np.column_stack([np.eye(3), [22.0, 4.4, 13.2]])
    return [compose(np.column_stack([each, np.zeros(3)]), first) for each in point_group("D2")]


def _whole(cx, places):
    """Open the map of a complex."""
    points = np.concatenate([apply_transform(pose, _points()) for pose in places])
    model = botalign.Model(points, np.ones(len(points)))
    return cx.open(botalign.simulate(model, RESOLUTION, grid=botalign.Grid.cube(52, VOXEL, np.zeros(3))))


def _part_map(cx):
    model = botalign.Model(_points(), np.ones(len(_points())))
    return cx.open(botalign.simulate(model, RESOLUTION, grid=botalign.Grid.cube(28, VOXEL, np.zeros(3))))


def _part_model(cx):
    lines = [
        f"ATOM  {i:5d}  CA  GLY A{i:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00           C"
        for i, (x, y, z) in enumerate(_points(), start=1)
    ]
    path = cx.path(".pdb")
    path.write_text("\n".join([*lines, "END", ""]))
    return cx.run(f"open {path} autoStyle false")[0]


def _assert_at_different_places(cx, models, fixed, places, angstrom=0.7):
    """Check that each model is at a place of its own, by six points 10 A from the centre of the part."""
    points = np.concatenate([10 * np.eye(3), -10 * np.eye(3)])
    nearest, errors = [], []
    for model in models:
        placed = fixed.scene_position.inverse() * model.scene_position * points
        apart = [np.linalg.norm(placed - apply_transform(pose, points), axis=1).max() for pose in places]
        nearest.append(int(np.argmin(apart)))
        errors.append(min(apart))
    cx.facts["largest error"] = f"{max(errors):.2f} A"
    assert len(set(nearest)) == len(models), nearest
    assert max(errors) < angstrom, errors


def _group(cx):
    """Return the group of copies, and the copies."""
    (group,) = (m for m in cx.session.models.list() if m.name.startswith("copies of "))
    return group, group.child_models()


def the_copies_of_a_model_are_placed_in_one_step(cx):
    fixed, model = _whole(cx, _places()), _part_model(cx)
    cx.scatter(fixed, model)
    old, count = model.scene_position, len(cx.session.models.list())
    (alignment,) = cx.run(f"botalign #2 to #1 resolution {RESOLUTION} copies 4 hand keep")
    assert alignment.verdict == "certain"
    group, copies = _group(cx)
    assert group.id == (3,)
    assert [copy.name for copy in copies] == [f"{model.name} copy {number}" for number in (2, 3, 4)]
    assert all(copy.num_atoms == model.num_atoms for copy in copies)
    _assert_at_different_places(cx, [model, *copies], fixed, _places())
    new = model.scene_position
    log = cx.log_so_far()
    assert "copies: 4 copies, D2" in log
    for text in ("Verdict", "Chance", "Overlap", f"{model.name} copy 4 (#3.3)"):
        assert text in log, text
    cx.run("undo")
    assert same(model.scene_position, old)
    assert len(cx.session.models.list()) == count
    cx.run("redo")
    assert same(model.scene_position, new)
    _assert_at_different_places(cx, [model, *_group(cx)[1]], fixed, _places())


def the_copies_of_a_map_are_counted(cx):
    fixed, part = _whole(cx, _places()), _part_map(cx)
    cx.scatter(fixed, part)
    path = cx.path(".json")
    (alignment,) = cx.run(f"botalign #2 to #1 copies auto hand keep result {path}")
    assert alignment.copies.title == "4 copies, D2"
    _assert_at_different_places(cx, [part, *_group(cx)[1]], fixed, _places())
    assert len(json.loads(path.read_text())["copies"]["placed"]) == 4


def the_copies_as_json(cx):
    from chimerax.core.commands import run

    _whole(cx, _places()), _part_model(cx)
    value = run(cx.session, f"botalign #2 to #1 resolution {RESOLUTION} copies 4 hand keep", return_json=True)
    (found,) = json.loads(value.json_value)
    assert found["copies"]["models"] == ["#2", "#3.1", "#3.2", "#3.3"]
    assert found["copies"]["symmetry"]["group"] == "D2"


def copies_that_do_not_fit_are_reported(cx):
    places = _places()[:3]
    fixed, model = _whole(cx, places), _part_model(cx)
    cx.scatter(model)
    old, count = model.scene_position, len(cx.session.models.list())
    command = f"botalign #2 to #1 resolution {RESOLUTION} copies 4 hand keep"
    messages = []
    cx.session.logger.status = lambda text, *args, **options: messages.append(text)
    error = cx.refused(f"{command} require certain")
    cx.facts["error"] = error
    assert error.endswith("Usage: botalign #2 to #1 resolution 10 copies 4 require certain")
    (line,) = (text for text in messages if "was not moved to" in text)
    assert "copies fit into" in line
    assert "nothing was moved" in error or "it was not moved" in error
    assert same(model.scene_position, old)
    assert len(cx.session.models.list()) == count
    cx.run(command)
    _assert_at_different_places(cx, [model, *_group(cx)[1]], fixed, places)
    log = cx.log_so_far()
    assert "3 of the 4 copies fit into" in log or "not placed" in log


def a_cancelled_search_places_nothing(cx):
    from chimerax.core.errors import CancelOperation

    _, model = _whole(cx, _places()), _part_model(cx)
    cx.scatter(model)
    old, count = model.scene_position, len(cx.session.models.list())
    cx.meanwhile(lambda task: task.terminate(), after=0.05)
    try:
        cx.run(f"botalign #2 to #1 resolution {RESOLUTION} copies 4 hand keep")
    except CancelOperation:
        pass
    else:
        raise AssertionError("not cancelled")
    assert same(model.scene_position, old)
    assert len(cx.session.models.list()) == count


def input_that_is_refused(cx):
    _whole(cx, _places()), _part_model(cx), _part_model(cx), cx.phantom(size=32)
    for command, reason in (
        ("botalign #2 to #1 resolution 10 copies 0", "copies: got 0, expected"),
        ("botalign #2 to #1 resolution 10 copies 0", "Usage: botalign #2 to #1 resolution 10 copies auto"),
        ("botalign #2/A:1-20 to #1 resolution 10 copies 4", "Usage: split #2 atoms #2/A:1-20; botalign #2.1 to #1"),
        ("botalign #2-3 to #1 resolution 10 copies 4", "got 2 moving models, expected one; botalign assemble"),
        ("botalign #2/A:1-20 to #1 resolution 10 copies 4", "a part of a model, expected a whole one"),
        ("botalign #2 to #1 resolution 10 copies 4 move #3", "move cannot be combined with copies"),
        ("botalign #2 to #1 copies 4", "give the resolution of the map"),
        ("botalign #2 to #1 resolution 10 copies 4 partial false", "partial false"),
        ("botalign #2 to #1 resolution 10 copies 4 search local", "search"),
        ("botalign #1 to #2 resolution 10 copies 4", "because its molecule is larger"),
    ):
        assert reason in cx.refused(command), command


def the_fourteen_subunits_of_groel(cx):
    fixed = cx.run(f"open {cx.data('maps/emd_1080_groel_11.5A.mrc')}")[0]
    model = cx.run(f"open {cx.data('structures/1oel_A.pdb')} autoStyle false")[0]
    cx.scatter(fixed, model)
    (alignment,) = cx.run("botalign #2 to #1 resolution 11.5 copies 14 hand keep")
    cx.facts["copies"] = alignment.copies.facts
    assert alignment.copies.title == "14 copies, D7"
    models = [model, *_group(cx)[1]]
    assert len(models) == 14
    # D7: each copy is mapped onto others by the operations that were found.
    back = [fixed.scene_position.inverse() * each.scene_position for each in models]
    centre = model.atoms.coords.mean(axis=0)
    found = np.array([each * centre for each in back])
    for operation in alignment.copies.symmetry.symmetry.operations:
        moved = place(operation) * found
        apart = np.linalg.norm(moved[:, None] - found[None], axis=2).min(axis=1)
        assert apart.max() < 3, apart.max()
    cx.run("undo")
    assert len([m for m in cx.session.models.list() if m.name.startswith(model.name)]) == 1
