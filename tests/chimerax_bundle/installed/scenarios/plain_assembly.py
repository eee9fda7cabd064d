"""Complexes assembled from their parts: where these are placed, undo, what is refused."""

import json
import re

import numpy as np
from helper import place, same

import botalign
from botalign.geometry import apply_transform, random_rotations

RESOLUTION = 10


def _globule(seed, atoms=220):
    """Return the points of an invented model: a random walk that turns back at the surface of an ellipsoid."""
    rng = np.random.default_rng(seed)
    axes = rng.uniform(14, 26, 3)
    points = [np.zeros(3)]
    while len(points) < atoms:
        step = rng.normal(size=3)
        new = points[-1] + 3.8 * step / np.linalg.norm(step)
        if ((new / axes) ** 2).sum() < 1:
            points.append(new)
    return np.array(points) - np.mean(points, axis=0)


def _pose(seed, shift):
    return np.column_stack([random_rotations(1, np.random.default_rng(seed))[0], shift])


#: The places of two parts, of which the second is there twice.
PLACES = [[_pose(1, (0, 0, 0))], [_pose(2, (38, 0, 0)), _pose(3, (0, 38, 5))]]


def _model(cx, seed, name):
    lines = [
        f"ATOM  {i:5d}  CA  GLY A{i:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00           C"
        for i, (x, y, z) in enumerate(_globule(seed), start=1)
    ]
    path = cx.path(".pdb")
    path.write_text("\n".join([*lines, "END", ""]))
    model = cx.run(f"open {path} autoStyle false")[0]
    model.name = name
    return model


def _opened(cx, *seeds, mirrored=False):
    """Open the map of the complex, or its mirror image, and models of parts, in random poses."""
    points = [apply_transform(pose, _globule(seed)) for seed, own in zip((1, 2), PLACES, strict=True) for pose in own]
    together = botalign.Model(np.concatenate(points), np.full(sum(map(len, points)), 6.0))
    density = botalign.simulate(together, RESOLUTION, voxel_size_angstrom=4.0)
    fixed = cx.open(density.with_data(density.data[::-1]) if mirrored else density)
    models = [_model(cx, seed, f"part {seed}") for seed in seeds]
    cx.scatter(fixed, *models)
    return fixed, models


def _misfit(model, fixed, pose):
    """Return the distance of a model from a place, in angstrom."""
    points = model.atoms.coords
    back = fixed.scene_position.inverse() * model.scene_position
    return np.sqrt(((back * points - place(pose) * points) ** 2).sum(axis=1).mean())


def the_parts_are_placed_in_one_step(cx):
    fixed, (first, second, wrong) = _opened(cx, 1, 2, 9)
    before = [m.scene_position for m in (first, second, wrong)]
    number = len(cx.session.models.list())
    assembly = cx.run(f"botalign assemble #2-4 to #1 resolution {RESOLUTION} counts 1,2,1")
    assert [(each.part, each.copy) for each in assembly.placed] == [(0, 1), (1, 1), (1, 2)]
    (group,) = (m for m in cx.session.models.list() if m.name == "copies of part 2")
    (copy,) = group.child_models()
    assert copy.name == "part 2 copy 2"
    errors = [_misfit(first, fixed, PLACES[0][0])]
    errors += [min(_misfit(model, fixed, pose) for pose in PLACES[1]) for model in (second, copy)]
    cx.facts["errors"] = [f"{error:.2f} A" for error in errors]
    assert max(errors) < 1
    assert not same(second.scene_position, copy.scene_position, 1, 5)
    assert copy.chains[0].chain_id == second.chains[0].chain_id == "A"  # copies are models of their own
    assert same(wrong.scene_position, before[2])
    log = cx.log_so_far()
    for text in (
        "3 parts of 4 placed in",
        "part 2 copy 2 (#5.1)",
        "part 9 (#4): no match",
        "not placed: part 9 (#4)",
        "1 in ",
    ):
        assert text in log, text
    assert "wrong hand" not in log
    assert "\nchains" not in log  # no file is written in which they are renamed
    cx.run("undo")
    assert all(same(m.scene_position, p) for m, p in zip((first, second, wrong), before, strict=True))
    assert len(cx.session.models.list()) == number
    cx.run("redo")
    assert _misfit(first, fixed, PLACES[0][0]) < 1
    (group,) = (m for m in cx.session.models.list() if m.name == "copies of part 2")
    assert [model.name for model in group.child_models()] == ["part 2 copy 2"]


def a_cancelled_assembly_moves_nothing(cx):
    from chimerax.core.errors import CancelOperation

    _, models = _opened(cx, 1, 2)
    before = [m.scene_position for m in models]
    cx.meanwhile(lambda task: task.terminate(), after=0.05)
    try:
        cx.run(f"botalign assemble #2,3 to #1 resolution {RESOLUTION}")
    except CancelOperation:
        pass
    else:
        raise AssertionError("not cancelled")
    assert all(same(m.scene_position, p) for m, p in zip(models, before, strict=True))
    assert "nothing was moved" in cx.log_so_far()


def the_result_as_json(cx):
    from chimerax.core.commands import run
    from chimerax.rest_server.server import make_json_friendly

    _opened(cx, 1)
    value = run(cx.session, f"botalign assemble #2 to #1 resolution {RESOLUTION}", return_json=True).python_value
    json.dumps(make_json_friendly([value]))  # if this failed, the server would never answer
    assert [each["name"] for each in value["placed"]] == ["part 1 (#2)"]
    assert value["models"] == ["#2"]
    assert value["unexplained_fraction"] > 0.3


def a_part_that_is_not_there_stays(cx):
    _, (wrong,) = _opened(cx, 9)
    before = wrong.scene_position
    assembly = cx.run(f"botalign assemble #2 to #1 resolution {RESOLUTION}")
    assert assembly.placed == ()
    assert same(wrong.scene_position, before)
    assert "0 parts of 1 placed in" in cx.log_so_far()
    assert "part 9 (#2): no match" in cx.log_so_far()
    assert "not placed: part 9 (#2)" in cx.log_so_far()


def a_map_of_the_wrong_hand(cx):
    _, models = _opened(cx, 1, 2, mirrored=True)
    before = [m.scene_position for m in models]
    assembly = cx.run(f"botalign assemble #2,3 to #1 resolution {RESOLUTION} counts 1,2")
    assert (assembly.placed, assembly.missing) == ((), 3)
    assert assembly.matches_mirrored in ("part 1 (#2)", "part 2 (#3)")
    assert cx.log_so_far().count("not placed: part 1 (#2), 2 of 2 copies of part 2 (#3)") == 1  # in one warning
    assert all(same(m.scene_position, p) for m, p in zip(models, before, strict=True))
    log = " ".join(cx.log_so_far().split())
    assert f"may have the wrong hand, because the mirror image of {assembly.matches_mirrored} fits into it" in log
    assert "in the mirrored copy that this makes: volume flip #1" in log
    flipped = cx.run("volume flip #1")
    assembly = cx.run(f"botalign assemble #2,3 to {flipped.atomspec} resolution {RESOLUTION} counts 1,2")
    assert (len(assembly.placed), assembly.missing) == (3, 0)
    assert assembly.matches_mirrored is None


def the_status_line_shows_the_stages(cx):
    from chimerax.botalign import work

    _opened(cx, 1, mirrored=True)
    messages, usual = [], work.STATUS_SECONDS
    cx.session.logger.status = lambda text, *args, **options: messages.append(text)
    work.STATUS_SECONDS = (0.0, 0.0)
    try:
        cx.run(f"botalign assemble #2 to #1 resolution {RESOLUTION}")
    finally:
        work.STATUS_SECONDS = usual
    shown = [re.fullmatch(r"Assembling 1 part to #1: (\d+)%, (.*)", text) for text in messages]
    fractions = [int(match[1]) for match in shown if match]
    stages = [match[2] for match in shown if match]
    assert fractions == sorted(fractions)
    assert (stages[0], stages[-1]) == ("searching parts", "mirror image")


def a_part_that_is_closed_meanwhile(cx):
    _, models = _opened(cx, 1, 2)
    before = models[1].scene_position
    cx.meanwhile(lambda task: cx.run("close #2"), after=0.02)
    error = cx.refused(f"botalign assemble #2,3 to #1 resolution {RESOLUTION}")
    assert "part 1 (#2) was closed while it ran; nothing was moved" in error
    assert same(models[1].scene_position, before)


def a_model_that_is_closed_before_it_is_read(cx):
    from chimerax.core.tasks import ADD_TASK
    from chimerax.core.triggerset import DEREGISTER

    def close(spec):
        cx.run(f"close {spec}")
        return DEREGISTER

    for spec, name in (("#2", "part 1 (#2)"), ("#1", "(#1)")):
        _, models = _opened(cx, 1, 2)
        before = models[1].scene_position
        cx.session.triggers.add_handler(ADD_TASK, lambda *_, spec=spec: close(spec))
        error = cx.refused(f"botalign assemble #2,3 to #1 resolution {RESOLUTION}")
        assert f"{name} was closed while it ran; nothing was moved" in error
        assert same(models[1].scene_position, before)
        cx.run("close session")


def input_that_is_refused(cx):
    _, models = _opened(cx, 1, 2, 1)
    before = [m.scene_position for m in models]
    for command, reason in (
        ("botalign assemble", "The map of the complex is missing"),
        ("botalign assemble #2,3", "The map of the complex is missing"),
        ("botalign assemble to #1", "The parts are missing"),
        ("botalign assemble #2,3 to #2", "must be one map, got"),
        ("botalign assemble #8-9 to #1 resolution 10", "#8-9 matches nothing that is open"),
        ("botalign assemble #2,3 to #1", "give the resolution of the map"),
        ("botalign assemble #2,3 to #1 resolution 0.5", "resolution: got 0.5, expected a number from 1 to 100 A"),
        ("botalign assemble #2,3 to #1 resolution 10 counts 1", "counts: got 1 number, expected 2, one for each part"),
        ("botalign assemble #2,3 to #1 resolution 10 counts 1,0", "counts: got 0, expected"),
        ("botalign assemble #2,4 to #1 resolution 10", "the same molecule as part 1"),
        ("botalign assemble #2/A:1-50 to #1 resolution 10", "part 1 (#2), a part of a model, expected whole models"),
        (
            "botalign assemble #2/A:1-50 to #1 resolution 10",
            "Usage: split #2 atoms #2/A:1-50; botalign assemble #2.1-2 to",
        ),
        ("botalign assemble #7 to #1 resolution 10", "Nothing to place: #7 matches nothing"),
        ("botalign assemble #2,3 to #1 resolution 3", "resolution 12"),
    ):
        assert reason in cx.refused(command), command
    assert all(same(m.scene_position, p) for m, p in zip(models, before, strict=True))


def groups_are_refused(cx):
    _, (first, _) = _opened(cx, 1, 2)
    cx.run("rename #2,3 id #5")
    group = first.parent
    error = cx.refused("botalign assemble #5 to #1 resolution 10")
    assert f"(#{group.id_string}) is a group of 2 models, which would move as one part" in error
    assert error.endswith(f"Usage: botalign assemble #{group.id_string}.1-2 to #1 resolution 10")
    flat = cx.run("volume new flat size 20,20,20")
    cx.run(f"rename {flat.atomspec} id {group.atomspec}.9")
    error = cx.refused(f"botalign assemble {group.atomspec} to #1 resolution 10")
    assert "is a group of 3 models; give the members as parts" in error
    assert "botalign assemble" in error.partition("Usage")[2]


def a_map_without_density_is_refused(cx):
    _opened(cx, 1)
    flat = cx.run("volume new flat size 20,20,20")
    assert "flat" in cx.refused(f"botalign assemble {flat.atomspec} to #1")
    error = cx.refused(f"botalign assemble {flat.atomspec} to #1 resolution 10")
    assert error == "resolution is for atomic models, and none was specified. Usage: botalign assemble #2-4 to #1"
    assert "flat" in cx.refused(f"botalign assemble #2 to {flat.atomspec} resolution 10")


def the_chains_of_3sfd(cx):
    fixed = cx.run(f"open {cx.data('fits/3sfd/3sfd_15.mrc')}")[0]
    chains = [cx.run(f"open {cx.data(f'fits/3sfd/3sfd.{name}.pdb')} autoStyle false")[0] for name in "ABCD"]
    cx.scatter(*chains)
    assembly = cx.run("botalign assemble #2-5 to #1 resolution 15")
    errors = [_misfit(chain, fixed, np.eye(3, 4)) for chain in chains]
    cx.facts["errors"] = [f"{error:.2f} A" for error in errors]
    cx.facts["placed"] = len(assembly.placed)
    assert len(assembly.placed) == 4
    assert max(errors) < 1
