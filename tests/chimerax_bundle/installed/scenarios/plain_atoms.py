"""Alignments of atomic models."""

import numpy as np
from helper import place, same, transform


def _assert_fitted(cx, model, fixed, wanted, degrees=1.0, angstrom=0.5):
    """Check that a model is where the reference shows it."""
    left = wanted.inverse() * fixed.scene_position.inverse() * model.scene_position
    shift, angle = left.shift_and_angle((0, 0, 0))
    cx.facts["off by"] = f"{angle:.3f} degrees, {shift:.3f} A"
    assert angle < degrees, angle
    assert shift < angstrom, shift


def an_atomic_model_is_fitted_from_any_pose(cx):
    fixed, model = cx.phantom(transform(50)), cx.phantom_model()
    cx.scatter(fixed, model)
    old, number = model.scene_position, len(cx.session.models.list())
    cx.run("botalign #2 to #1 resolution 9")
    _assert_fitted(cx, model, fixed, place(transform(50)))
    assert "Aligned model" in cx.log_so_far()
    assert len(cx.session.models.list()) == number, "a simulated map was left"
    cx.run("undo")
    assert same(model.scene_position, old)


def a_real_model_in_its_map(cx):
    path = cx.data("structures/1ake_A.pdb")
    source = cx.run(f"open {path} autoStyle false")[0]
    model = cx.run(f"open {path} autoStyle false")[0]
    # The atoms themselves are moved, so that the two have different coordinates.
    source.atoms.coords = place(transform(51)) * source.atoms.coords
    fixed = cx.run("molmap #1 6 gridSpacing 2")
    cx.run("close #1")
    cx.scatter(fixed, model)
    cx.run(f"botalign #2 to #{fixed.id_string} resolution 6 hand keep")
    _assert_fitted(cx, model, fixed, place(transform(51)))


def structures_of_one_group_are_aligned_as_one(cx):
    from chimerax.core.models import Model

    fixed, one, two = cx.phantom(transform(52)), cx.phantom_model(), cx.phantom_model()
    one.residues[len(one.residues) // 2 :].delete()
    two.residues[: len(two.residues) // 2].delete()
    group = Model("assembly", cx.session)
    cx.session.models.add([group])
    for part in (one, two):
        cx.session.models.add([part], parent=group)
    other = cx.phantom()
    cx.scatter(fixed, group, other)
    parts = [m.position for m in (one, two)]
    relation = group.scene_position.inverse() * other.scene_position
    cx.run(f"botalign #{group.id_string} to #1 resolution 9 hand keep move #{other.id_string}")
    _assert_fitted(cx, group, fixed, place(transform(52)))
    assert same(group.scene_position.inverse() * other.scene_position, relation)
    assert all(same(m.position, p) for m, p in zip((one, two), parts, strict=True))


def maps_and_models_together(cx):
    fixed, moving, model = cx.phantom(transform(53)), cx.phantom(transform(54)), cx.phantom_model()
    cx.scatter(moving, model)
    assert len(cx.run("botalign #2-3 to #1 resolution 9 hand keep")) == 2
    _assert_fitted(cx, model, fixed, place(transform(53)))
    cx.assert_in_place(moving, fixed, (place(transform(54)) * place(transform(53)).inverse()).matrix)
    assert "Aligned 2 of 2" in cx.log_so_far()


def without_a_resolution_only_maps_are_aligned(cx):
    fixed, moving, model = cx.phantom(), cx.phantom(transform(55)), cx.phantom_model()
    before = model.scene_position
    assert len(cx.run("botalign all to #1 hand keep")) == 1
    cx.assert_in_place(moving, fixed, transform(55))
    assert same(model.scene_position, before)


def a_map_with_the_other_hand_than_the_model_is_reported_and_can_be_mirrored(cx):
    fixed, model = cx.phantom(transform(56, mirror=True)), cx.phantom_model()
    cx.run("botalign #2 to #1 resolution 9")
    log = cx.log_so_far()
    assert "(#1) has the wrong hand; align to the mirrored copy that this makes: volume flip #1" in log
    assert np.isclose(model.scene_position.determinant(), 1)
    assert fixed.display
    flipped = cx.run("volume flip #1")
    (alignment,) = cx.run(f"botalign #2 to #{flipped.id_string} resolution 9")
    assert alignment.verdict == "certain"
    assert alignment.hand.decision == "as given"


def a_structure_as_the_reference(cx):
    moving, model = cx.phantom(transform(57)), cx.phantom_model()
    cx.scatter(moving, model)
    old = model.scene_position
    (alignment,) = cx.run("botalign #1 to #2 resolution 9")
    _assert_fitted(cx, model, moving, place(transform(57)))
    assert same(model.scene_position, old)
    assert alignment.fixed.model
    assert "to model" in cx.log_so_far()


def a_mirrored_copy_is_aligned_to_a_structure(cx):
    moving, model = cx.phantom(transform(58, mirror=True)), cx.phantom_model()
    cx.run("botalign #1 to #2 resolution 9")
    assert "(#1) has the wrong hand; botalign #1 to #2 resolution 9 hand auto aligns a mirrored copy" in cx.log_so_far()
    (alignment,) = cx.run("botalign #1 to #2 resolution 9 hand auto")
    assert alignment.mirrored
    assert not moving.display
    copy = next(m for m in cx.session.models.list() if m.name.endswith(" z flip"))
    cx.run("molmap #2 9")
    simulated = next(m for m in cx.session.models.list() if m.name.endswith("map 9"))
    assert cx.run(f"measure correlation #{copy.id_string} inMap #{simulated.id_string}")[0] > 0.95
    assert np.isclose(model.scene_position.determinant(), 1)


def a_structure_is_aligned_to_a_structure(cx):
    fixed, moving = cx.phantom_model(), cx.phantom_model()
    cx.scatter(fixed, moving)
    cx.run("botalign #2 to #1 resolution 9")
    _assert_fitted(cx, moving, fixed, place(np.eye(3, 4)), degrees=0.1, angstrom=0.1)


def atoms_moved_while_it_runs(cx):
    _, model = cx.phantom(), cx.phantom_model()
    cx.meanwhile(lambda task: setattr(model.atoms, "coords", model.atoms.coords + 1.0))
    assert "the coordinates of" in cx.refused("botalign #2 to #1 resolution 9 partial true")
