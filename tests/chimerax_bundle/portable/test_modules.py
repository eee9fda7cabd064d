"""Tests that need only stand-ins; those in ``installed`` need ChimeraX."""

from types import SimpleNamespace

import numpy as np
import pytest

from botalign.geometry import random_rotations

from .standins import Data, Model, Objects, Place, Structure, UserError, Volume


def random_place(seed):
    rng = np.random.default_rng(seed)
    return Place(np.column_stack([random_rotations(1, rng)[0], rng.uniform(-9, 9, 3)]))


def assert_same(first, second):
    np.testing.assert_allclose(first.matrix, second.matrix, atol=1e-9)


def test_errors_are_one_line_that_shows_the_syntax(load):
    syntax = load("syntax")
    error = syntax.usage_error("No map.")
    assert str(error) == "No map. Usage: botalign #2 to #1"
    assert error.problem == "No map."
    assert isinstance(syntax.usage_error("No map"), UserError)
    assert syntax.label(Model("a.mrc", (2, 1))) == "a.mrc (#2.1)"
    assert syntax.label(Model("a.mrc")) == "a.mrc"


def test_the_specification_of_models(load):
    concise = load("syntax").concise
    for numbers, spec in (
        ([(2,)], "#2"),
        ([(4,), (2,), (3,)], "#2-4"),
        ([(2,), (4,), (5,)], "#2,4-5"),
        ([(6, 1), (6, 2)], "#6.1-2"),  # not the group
        ([(6, 1, 3), (6, 2), (7,)], "#6.1.3#6.2#7"),
    ):
        assert concise([Model("m", number) for number in numbers]) == spec


def test_a_map_must_be_one(load):
    choice = load("choice")
    a, b = Volume("a", (1,)), Volume("b", (2,))
    assert choice.one_map([a, Model("surface", (1, 1), a)], "mask") is a
    for models, reason in (
        (None, "mask is missing"),
        ([], "no such model is open"),
        ([Model("model", (3,))], "got model .#3., which is not a map"),
        ([a, b], "must be one map, got a .#1., b .#2."),
    ):
        with pytest.raises(UserError, match=reason):
            choice.one_map(models, "mask")


def test_the_reference_is_one_map_or_structure(load):
    choice = load("choice")
    a, b, model = Volume("a", (1,)), Volume("b", (2,)), Structure("model", (3,))
    a.data = Data((4, 4, 4))
    assert choice.reference(Objects([a]), None).spec == "#1"
    assert choice.reference(Objects([model]), 8.0).described == "model model (#3)"
    for objects, reason in (
        (None, "reference is missing"),
        (Objects([], "#7"), "#7 matches nothing that is open"),
        (Objects([Model("surface", (4,))]), "neither a map nor an atomic model"),
        (Objects([a, b]), "must be one map or structure, got a .#1., b .#2."),
        (Objects([a, model]), "must be one map or structure, got a .#1., model .#3."),
    ):
        with pytest.raises(UserError, match=reason):
            choice.reference(objects, 8.0)


def test_the_reference_is_not_moved(load):
    choice, inputs = load("choice"), load("inputs")
    a, b, c = Volume("a", (1,)), Volume("b", (3,)), Volume("c", (2,))
    for volume in (a, b, c):
        volume.data = Data((4, 4, 4), step=2.5)
    fixed = inputs.MapInput(a)
    model = Structure("model", (4,))
    everything = Objects([a, b, c, model, Model("surface", (3, 1), b)])

    def models(*arguments):
        return [each.model for each in choice.moving_inputs(*arguments)]

    assert models(everything, fixed, None) == [c, b]
    assert models(everything, fixed, 8.0) == [c, b, model]
    by_atoms = choice.reference(Objects([model]), 8.0)
    assert models(everything, by_atoms, 8.0) == [a, c, b]
    for objects, reference, resolution, reason in (
        (None, fixed, None, "Nothing to align was specified"),
        (Objects([a]), fixed, None, "reference itself"),
        (Objects([], "#3/Z"), fixed, None, "#3/Z matches nothing that is open"),
        (Objects([model]), fixed, None, "try 7.5 A.* Usage: botalign #4 to #1 resolution 7.5"),
        (Objects([b]), by_atoms, None, "try 7.5 A.* Usage: botalign #3 to #4 resolution 7.5"),
        (Objects([b]), fixed, 8.0, "none was specified"),
        (Objects([b]), inputs.MapInput(Volume("inner", (3, 2), b)), None, "is inside"),
    ):
        with pytest.raises(UserError, match=reason):
            choice.moving_inputs(objects, reference, resolution)


def test_only_outermost_companions_move(load):
    choice, inputs = load("choice"), load("inputs")
    fixed, moving, half = Volume("f", (1,)), Volume("m", (2,)), Volume("h", (3,))
    surface, group = Model("s", (3, 1), half), Model("g", (4,))
    part = Model("p", (4, 1), group)
    single, reference = [inputs.MapInput(moving)], inputs.MapInput(fixed)
    along = choice.companions([fixed, moving, surface, half, part, group], single, reference, hand="keep")
    assert along == [half, group]
    assert choice.companions(None, single * 2, reference, hand="keep") == []
    inner = inputs.MapInput(Volume("inner", (4, 2), group))
    for models, chosen, to, hand, reason in (
        ([half], single * 2, reference, "keep", "single moving model"),
        ([half, group], single, reference, "auto", "cannot be mirrored"),
        ([group], single, inner, "keep", "reference"),
        ([], single, reference, "keep", "no such model is open"),
        ([fixed], single, reference, "keep", "f .#1. is the reference"),
        ([moving], single, reference, "keep", "m .#2. is aligned itself"),
    ):
        with pytest.raises(UserError, match=reason):
            choice.companions(models, chosen, to, hand=hand)


def test_a_transform_between_rotated_grids_and_back(load):
    maps = load("maps")
    a, b = Volume("a", (1,)), Volume("b", (2,))
    a.data, b.data = (Data((4, 4, 4), rotation_matrix=random_place(seed).matrix[:, :3]) for seed in (1, 2))
    transform = random_place(3)
    assert_same(maps.to_local(maps.from_local(transform, a, b), a, b), transform)
    # A voxel has the same position in the rotated coordinates of the grid as in ChimeraX.
    b.data = Data((4, 5, 6), step=2.0, origin=(7, -3, 1), rotation_matrix=random_place(4).matrix[:, :3])
    b.full_matrix = lambda: np.zeros((6, 5, 4), np.float32)
    grid = maps.density_map(b).grid
    along = np.array(grid.origin_angstrom) + np.array(grid.voxel_size_angstrom) * (1, 2, 3)
    np.testing.assert_allclose(maps.axes(b) * along, b.data.ijk_to_xyz_transform * (1, 2, 3), atol=1e-9)


def test_the_mirror_flips_the_voxels(load):
    maps = load("maps")
    volume = Volume("a", (1,))
    volume.data = data = Data((4, 5, 6), step=2.0, origin=(7, -3, 1), rotation_matrix=random_place(5).matrix[:, :3])
    mirror = maps.mirror(volume)
    assert_same(mirror * mirror, Place())
    np.testing.assert_allclose(
        mirror * (data.ijk_to_xyz_transform * (1, 2, 0)), data.ijk_to_xyz_transform * (1, 2, 5), atol=1e-9
    )


def test_skewed_cells_are_refused(load):
    maps = load("maps")
    volume = Volume("a", (2,))
    volume.data = Data((4, 4, 4))
    volume.data.cell_angles = (90.001, 90, 90)
    maps.check_cell(volume)
    volume.data.cell_angles = (90, 90, 120)
    straight = Volume("b", (3,))
    straight.data = Data((4, 4, 4))
    for others, grid in (([], "#9, a map that has them"), ([straight], "#3")):
        volume.session = SimpleNamespace(models=SimpleNamespace(list=lambda others=others, **_: [volume, *others]))
        with pytest.raises(UserError, match=f"Usage: volume resample #2 onGrid {grid}$"):
            maps.check_cell(volume)


def test_the_displayed_part_of_a_map(load):
    maps = load("maps")
    volume = Volume("a", (1,))
    volume.data = Data((4, 5, 6))
    for region, text in (
        (((0, 0, 0), (3, 4, 5), (1, 1, 1)), None),
        (((0, 0, 0), (3, 4, 5), (2, 2, 2)), "step 2"),
        (((0, 1, 0), (3, 4, 5), (1, 2, 1)), "a region, step 1,2,1"),
    ):
        volume.region = region
        assert maps.displayed_part(volume) == text


def test_moves_can_be_undone_and_redone_after_a_model_is_closed(load):
    moves = load("moves")
    outer = Volume("outer", (2,))
    inner, other = Volume("inner", (2, 1), outer), Volume("other", (3,))
    old = {m: m.scene_position for m in (outer, inner, other)}
    new = {inner: random_place(6), other: random_place(7), outer: random_place(8)}
    session = SimpleNamespace(tasks=SimpleNamespace(list=list))
    action = moves.Moves(session, list(new.items()))
    for _ in range(2):
        action.redo()
        for model, place in new.items():
            assert_same(model.scene_position, place)
        action.undo()
        for model, place in old.items():
            assert_same(model.scene_position, place)
    other.deleted = True
    action.redo()
    assert_same(other.scene_position, old[other])
    assert_same(inner.scene_position, new[inner])


def test_results_of_several_maps_have_different_names(load, tmp_path):
    job = load("job")
    assert [p.name for p in job.result_paths(tmp_path / "r.json", ["2"])] == ["r.json"]
    assert [p.name for p in job.result_paths(tmp_path / "r.json", ["2", "3.1"])] == ["r_2.json", "r_3.1.json"]
    job.check_file(tmp_path / "r.json")
    for path, reason in ((tmp_path, "is a folder"), (tmp_path / "no" / "r.json", "does not exist")):
        with pytest.raises(UserError, match=reason):
            job.check_file(path)


def test_what_is_moved_depends_on_what_is_required(load):
    job = load("job").Job
    for options, moved in (
        ({}, ("certain", "ambiguous", None)),
        ({"force": True}, ("certain", "ambiguous", "no match", None)),
        ({"require": "match"}, ("certain", "ambiguous")),
        ({"require": "certain"}, ("certain",)),
    ):
        accepts = job(fixed=None, pairs=[], options=None, **options).accepts
        assert tuple(filter(accepts, ("certain", "ambiguous", "no match", None))) == moved, options


def test_groups_with_maps_are_refused(load):
    choice, inputs = load("choice"), load("inputs")
    fixed, group = Volume("f", (1,)), Model("g", (2,))
    one, two = Volume("a", (2, 1), group), Volume("b", (2, 2), group)
    for volume in (fixed, one, two):
        volume.data = Data((4, 4, 4))
    reference = inputs.MapInput(fixed)
    usage = r"g .#2. is a group of 2 models.*: botalign #2.1 to #1 move #2, or botalign #2.1#2.2 to #1$"
    with pytest.raises(UserError, match=usage):
        choice.moving_inputs(Objects([fixed, group, one, two]), reference, None)
    for models, to, chosen in (
        ([one, two], fixed, [one, two]),  # each is given by itself
        ([fixed, group, one, two], two, [fixed, one]),  # the reference is in the group
    ):
        found = choice.moving_inputs(Objects(models), inputs.MapInput(to), None)
        assert [each.model for each in found] == chosen
    inside = Volume("inside", (3, 1), Volume("outer", (3,)))
    inside.data = inside.parent.data = Data((4, 4, 4))  # a map with a map in it is not a group
    assert len(choice.moving_inputs(Objects([inside.parent, inside]), reference, None)) == 2


def test_json_has_no_infinite_numbers(load, monkeypatch):
    import sys

    values = load("json_values")
    monkeypatch.setattr(sys.modules["chimerax.core.commands"], "JSONResult", lambda *both: both, raising=False)
    text, finite = values.as_json({"fsc": float("inf"), "list": [1.5, float("nan")]})
    assert (text, finite) == ('{"fsc": null, "list": [1.5, null]}', {"fsc": None, "list": [1.5, None]})
