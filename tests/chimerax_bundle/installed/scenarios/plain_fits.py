"""The fits of an alignment: listed, moved to, copied and saved."""

import numpy as np
from helper import place, read, same, transform

import botalign


def _models(cx):
    """Return the open models that have data of their own, by number."""
    from chimerax.atomic import Structure
    from chimerax.map import Volume

    return {m.id_string: m for m in cx.session.models.list() if isinstance(m, Volume | Structure)}


def _ring(cx):
    """Open a map with threefold symmetry twice, align them, and return both and the fits."""
    fixed, moving = cx.phantom(symmetry="C3"), cx.phantom(transform(200), symmetry="C3")
    cx.scatter(fixed, moving)
    cx.run("botalign #2 to #1 hand keep")
    return fixed, moving, cx.run("botalign fits")


def equivalent_poses_are_one_row_and_each_can_be_chosen(cx):
    fixed, moving, fits = _ring(cx)
    first = moving.scene_position
    assert [fit.equivalent for fit in fits[:3]] == [False, True, True]
    assert "[1-3]" in cx.log_so_far()
    assert "3 equivalent poses" in cx.log_so_far()
    for number, turn in ((2, None), (3, None), (1, 0)):
        cx.run(f"botalign fits {number}")
        around = fixed.scene_position.inverse() * moving.scene_position * first.inverse() * fixed.scene_position
        axis, angle = around.rotation_axis_and_angle()
        assert abs(abs(axis[2] * angle) - (120 if turn is None else 0)) < 0.5, (number, axis, angle)
        assert cx.run("measure correlation #2 inMap #1")[0] > 0.99
    assert same(moving.scene_position, first)


def moving_to_a_fit_is_undone_and_redone(cx):
    _, moving, _ = _ring(cx)
    poses = [moving.scene_position]
    cx.run("botalign fits 2")
    poses.append(moving.scene_position)
    assert not same(*poses, 1, 1)
    for command, expected in (("undo", 0), ("redo", 1), ("undo", 0)):
        cx.run(command)
        assert same(moving.scene_position, poses[expected]), command
    assert f"Moved {moving.name} (#2) to fit 2 of" in cx.log_so_far()


def a_fit_is_relative_to_the_reference_wherever_it_is(cx):
    fixed, moving, fits = _ring(cx)
    cx.scatter(fixed, moving, seed=3)
    cx.run("botalign fits 2")
    assert same(fixed.scene_position.inverse() * moving.scene_position, fits[1].transform)


def numbers_of_a_fit_are_those_of_measure_correlation(cx):
    _ring(cx)
    for fit in cx.run("botalign fits"):
        cx.run(f"botalign fits {fit.number}")
        measured = cx.run("measure correlation #2 inMap #1")
        # Those of poses that symmetry makes equivalent are not measured again.
        logged = (fit.measured.correlation, fit.measured.correlation_about_mean)
        np.testing.assert_allclose(logged, measured, atol=5e-3 if fit.equivalent else 1e-4)


def copies_of_a_map(cx):
    fixed, moving, fits = _ring(cx)
    before = moving.scene_position
    copies = cx.run("botalign fits 2-3 copy true")
    assert len(copies) == 2
    for copy, fit in zip(copies, fits[1:], strict=False):
        assert same(fixed.scene_position.inverse() * copy.scene_position, fit.transform)
        assert copy.name == f"{moving.name} fit {fit.number}"
        assert cx.run(f"measure correlation #{copy.id_string} inMap #1")[0] > 0.99
    assert same(moving.scene_position, before)
    cx.run("undo")
    assert len(_models(cx)) == 2
    cx.run("redo")
    assert len(_models(cx)) == 4


def every_place_of_a_subunit_gets_a_copy(cx):
    cx.run(f"open {cx.data('maps/emd_1080_groel_11.5A.mrc')}")
    model = cx.run(f"open {cx.data('structures/1oel_A.pdb')} autoStyle false")[0]
    cx.scatter(model)
    (alignment,) = cx.run("botalign #2 to #1 resolution 11.5 hand keep")
    log = cx.log_so_far()
    cx.facts["verdict"] = alignment.verdict_text
    assert "14 equivalent places" in log
    assert "cxcmd:botalign fits 1 of #2" in log
    assert "botalign fits 2-14 of #2 copy true places copies" in " ".join(log.split())
    copies = [model, *cx.run("botalign fits 2-14 of #2 copy true")]
    centres = np.array([each.atoms.scene_coords.mean(axis=0) for each in copies])
    apart = np.linalg.norm(centres[:, None] - centres, axis=2)[~np.eye(14, dtype=bool)]
    cx.facts["distance of neighbours"] = f"{apart.min():.1f} A"
    assert apart.min() > 20
    assert np.allclose(np.sort(np.linalg.norm(centres - centres.mean(axis=0), axis=1)), 60, atol=10)
    for fit in cx.run("botalign fits"):
        assert fit.measured.correlation > 0.94
        assert fit.atoms.count == model.num_atoms


def copies_of_a_group_of_structures(cx):
    from chimerax.core.models import Model

    cx.phantom(transform(201))
    one, two = cx.phantom_model(), cx.phantom_model()
    one.residues[len(one.residues) // 2 :].delete()
    two.residues[: len(two.residues) // 2].delete()
    group = Model("assembly", cx.session)
    cx.session.models.add([group])
    for part in (one, two):
        cx.session.models.add([part], parent=group)
    two.position = place(transform(202))
    two.atoms.coords = two.position.inverse() * two.atoms.coords
    cx.run(f"botalign #{group.id_string} to #1 resolution 9 hand keep")
    (copy,) = cx.run("botalign fits 1 copy true")
    assert same(copy.scene_position, group.scene_position)
    for made, part in zip(copy.child_models(), (one, two), strict=True):
        np.testing.assert_allclose(made.atoms.scene_coords, part.atoms.scene_coords, atol=1e-3)


def a_fit_is_saved_as_a_result(cx):
    fixed, moving, fits = _ring(cx)
    half = cx.phantom(transform(200), symmetry="C3")
    path = cx.path(".json")
    before = moving.scene_position
    cx.run(f"botalign fits 2 result {path}")
    assert same(moving.scene_position, before)
    np.testing.assert_allclose(read(path)["moving_to_fixed"], fits[1].transform.matrix)
    cx.run(f"botalign apply #3 file {path} to #1")
    assert same(fixed.scene_position.inverse() * half.scene_position, fits[1].transform)
    saved = botalign.Alignment.read(path)
    assert saved.verdict == "certain"
    assert saved.after.correlation > 0.99
    cx.run(f"botalign fits 1-3 result {path}")
    assert [read(path.with_name(f"{path.stem}_{n}.json"))["verdict"] for n in (1, 2, 3)] == ["certain"] * 3


def a_worse_fit_is_not_saved_as_certain(cx):
    cx.phantom(), cx.phantom(transform(209))
    cx.run("botalign #2 to #1 hand keep evaluations 20")
    fits = cx.run("botalign fits")
    worse = next(fit for fit in fits if not fit.as_good)
    path = cx.path(".json")
    cx.run(f"botalign fits {worse.number} result {path}")
    saved = botalign.Alignment.read(path)
    assert saved.verdict == "ambiguous"
    assert saved.after.correlation < 0.95
    assert saved.candidates[1].as_good
    assert saved.uncertainty is None


def without_a_match_the_fits_are_kept_too(cx):
    cx.phantom()
    moving, half = cx.blobs(), cx.blobs()
    cx.scatter(moving)
    before = moving.scene_position
    cx.run("botalign #2 to #1 hand keep move #3")
    assert same(moving.scene_position, before)
    fits = cx.run("botalign fits 1")
    assert same(moving.scene_position, fits[0].transform)
    assert same(half.scene_position, moving.scene_position * before.inverse())
    cx.run("undo")
    assert same(moving.scene_position, before)
    path = cx.path(".json")
    cx.run(f"botalign fits {len(fits := cx.run('botalign fits'))} result {path}")
    assert len(fits) > 1
    assert read(path)["verdict"] == "no match"


def models_that_moved_along_move_to_a_fit_too(cx):
    fixed, moving, half = cx.phantom(symmetry="C3"), *(cx.phantom(transform(203), symmetry="C3") for _ in "ab")
    cx.scatter(moving)
    half.scene_position = moving.scene_position
    cx.run("botalign #2 to #1 hand keep move #3")
    cx.run("botalign fits 2")
    assert same(half.scene_position, moving.scene_position)
    cx.run("botalign fits 1")
    cx.assert_in_place(half, fixed, (moving.scene_position.inverse() * fixed.scene_position).matrix)


def fits_of_a_mirrored_copy(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(204, mirror=True))
    cx.scatter(moving)
    cx.run("botalign #2 to #1 hand auto")
    copy = next(m for m in cx.session.models.list() if m.name.endswith(" z flip"))
    best = copy.scene_position
    fits = cx.run("botalign fits of #2")
    assert "cxcmd:botalign fits 2 of #3" in cx.log_so_far()
    assert fits[0].transform.determinant() < 0
    cx.run("turn x 30 models #3")
    cx.run("botalign fits 1")
    assert same(copy.scene_position, best)
    assert len(_models(cx)) == 3
    (another,) = cx.run("botalign fits 1 copy true")
    assert same(another.scene_position, best)
    # After undo the copy is closed, and the map itself is moved, which makes another one.
    for _ in range(4):
        cx.run("undo")
    assert len(_models(cx)) == 2
    cx.run("botalign fits 1")
    copy = next(m for m in cx.session.models.list() if m.name.endswith(" z flip"))
    assert not moving.display
    assert cx.run(f"measure correlation #{copy.id_string} inMap #1")[0] > 0.99
    assert fixed.display
    # The hidden map is no longer needed.
    cx.run(f"close #2; turn y 30 models {copy.atomspec}; botalign fits 1 of {copy.atomspec}")
    assert same(copy.scene_position, best)


def a_model_is_named_if_several_were_aligned(cx):
    cx.phantom(symmetry="C3"), cx.phantom(transform(205), symmetry="C3"), cx.phantom(transform(206), symmetry="C3")
    cx.run("botalign #2-3 to #1 hand keep")
    assert "cxcmd:botalign fits 1 of #2" in cx.log_so_far()
    for number in (2, 3):
        cx.run(f"botalign fits 2 of #{number}")
        assert f"(#{number}) to fit 2 of" in cx.log_so_far()


def fits_that_are_refused(cx):
    assert "There are no fits" in cx.refused("botalign fits")
    _, moving, fits = _ring(cx)
    pose = moving.scene_position
    for command, reason in (
        ("botalign fits 0", f"got fit 0, expected 1 to {len(fits)}"),
        ("botalign fits 1-99", f"got fit {len(fits) + 1}"),
        ("botalign fits 3-1", "got fit 3-1"),
        ("botalign fits 1,2", "got 2 fits, expected one to move to, or copy true"),
        ("botalign fits copy true", "the number of a fit is missing"),
        ("botalign fits 1 of #1", "no alignment of this model"),
        ("botalign fits 1 of #9", "no such model is open"),
        ("botalign fits 1 result /no/such/folder/r.json", "does not exist"),
    ):
        assert reason in cx.refused(command), command
    assert same(moving.scene_position, pose)
    cx.run("volume #2 voxelSize 4")
    assert "There are no fits" in cx.refused("botalign fits 1")
    cx.run("volume #2 voxelSize 3")
    cx.run("botalign fits 2")
    cx.run("close #1")
    assert "There are no fits" in cx.refused("botalign fits 1")


def undo_and_redo_of_a_mirrored_alignment_keep_its_copy(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(207, mirror=True))
    cx.scatter(moving)
    cx.run("botalign #2 to #1 hand auto")
    cx.run("undo; redo; botalign fits 1")
    assert len(_models(cx)) == 3, "a second mirrored copy was made"
    cx.run("botalign fits 2")
    (copy,) = [m for m in cx.session.models.list() if m.name.endswith(" z flip")]
    (another,) = cx.run("botalign fits 1 copy true")
    poses = {m.id_string: m.scene_position for m in (copy, another)}
    # Redo makes the copy again, and what was done to the first one is done to it.
    for command, number in (("undo", 4), ("redo", 4)):
        for _ in range(number):
            cx.run(command)
    models = _models(cx)
    assert len(models) == 4
    assert all(same(models[number].scene_position, pose) for number, pose in poses.items())
    assert fixed.display


def a_fit_of_many_numbers_is_refused_at_once(cx):
    cx.phantom(), cx.phantom(transform(208))
    cx.run("botalign #2 to #1 hand keep evaluations 20")
    number = len(cx.run("botalign fits"))
    assert f"got fit {number + 1}, expected 1 to {number}" in cx.refused("botalign fits 1-999999999999")
    assert "got fit 999999999999," in cx.refused("botalign fits 1,999999999999-9999999999999")


def the_command_for_a_fit_quotes_the_result_file(cx):
    from chimerax.botalign.fits import fit_lists

    cx.phantom(), cx.phantom(transform(209))
    cx.run("botalign #2 to #1 hand keep evaluations 20")
    for name in ('a "fit" of it.json', "it's a fit.json", "a;fit.json"):
        path = cx.folder / name
        cx.run(fit_lists(cx.session)[-1].command(1, result=str(path)))
        assert read(path)["format"] == "botalign-alignment"
