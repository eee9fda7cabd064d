"""Alignments of atomic models."""

import re

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


def _complex(cx):
    """Open a complex and two of its chains as one structure, in place; scatter it and return its right position."""
    fixed = cx.run(f"open {cx.data('fits/1tyq/1tyq_10.mrc')}")[0]
    for chain in "DE":
        cx.run(f"open {cx.data(f'fits/1tyq/1tyq.{chain}.pdb')} autoStyle false")
    cx.run("combine #2,3 modelId #4 close true")
    model = next(m for m in cx.session.models.list() if m.id == (4,))
    cx.scatter(model)
    return fixed, model


def _assert_in_complex(cx, model, fixed):
    left = fixed.scene_position.inverse() * model.scene_position
    rms = np.sqrt((((left * model.atoms.coords) - model.atoms.coords) ** 2).sum(axis=1).mean())
    cx.facts["rms distance"] = f"{rms:.2f} A"
    assert rms < 1.0, rms


def a_chain_is_fitted_and_the_whole_structure_moves(cx):
    fixed, model = _complex(cx)
    coordinates = model.atoms.coords
    cx.run("botalign #4/D to #1 resolution 10")
    _assert_in_complex(cx, model, fixed)
    np.testing.assert_array_equal(model.atoms.coords, coordinates)
    log = cx.log_so_far()
    assert "(#4/D) to map 1tyq_10.mrc (#1) using" in log
    assert "% of the volume of 1tyq_10.mrc (#1), was searched for as a part of it for that reason" in log


def selected_residues_are_fitted_and_the_whole_structure_moves(cx):
    fixed, model = _complex(cx)
    cx.run("select #4/D:20-220")
    number = len(model.atoms[model.atoms.selecteds])
    cx.run("botalign sel to #1 resolution 10")
    _assert_in_complex(cx, model, fixed)
    assert f"Aligned {number} atoms of " in cx.log_so_far()


def a_chain_in_place_stays(cx):
    fixed, model = _complex(cx)
    model.scene_position = fixed.scene_position
    cx.run("botalign #4/D to #1 resolution 10")
    _assert_in_complex(cx, model, fixed)
    shift, angle = model.scene_position.shift_and_angle(model.atoms.scene_coords.mean(axis=0))
    cx.facts["moved by"] = f"{shift:.2f} A, {angle:.2f} degrees"
    assert shift < 0.5, shift


def correlations_of_atoms_are_those_of_fit_in_map(cx):
    cx.phantom(transform(59)), cx.phantom_model()
    (alignment,) = cx.run("botalign #2 to #1 resolution 9 hand keep")
    logged = float(cx.log_so_far().split("after: correlation = ")[1].split(",")[0])
    simulated = cx.run("molmap #2 9")
    assert abs(cx.run(f"measure correlation #{simulated.id_string} inMap #1")[0] - logged) < 2e-3
    assert alignment.moving.model


def atoms_moved_while_it_runs(cx):
    _, model = cx.phantom(), cx.phantom_model()
    cx.meanwhile(lambda task: setattr(model.atoms, "coords", model.atoms.coords + 1.0))
    assert "the coordinates of" in cx.refused("botalign #2 to #1 resolution 9 partial true")


def _logged_atoms(log, when):
    """Return the numbers for atoms that the log gives for before or after, or of a comparison."""
    found = re.findall(rf"{when}average map value = (\S+), atoms outside contour = (\d+) of (\d+), "
                       r"fraction inside = (\S+), contour level = (\S+)", log)  # fmt: skip
    return tuple(float(value) for value in found[-1])


def _fitted(cx, command):
    """Return the numbers for atoms of Fit in Map, without a step of its fit, as the log of botalign has them."""
    (fit,) = cx.run(f"{command} maxSteps 0")
    stats = fit.stats
    outside, points = stats["atoms outside contour"], stats["points"]
    return stats["average map value"], outside, points, 1 - outside / points, stats["contour level"]


def numbers_for_atoms_are_those_of_fit_in_map(cx):
    fixed, model = cx.phantom(transform(220)), cx.phantom_model()
    cx.run("volume #1 level 5")
    cx.scatter(fixed)
    # Some of the atoms are outside the box of the map: Fit in Map does not average these.
    model.scene_position = fixed.scene_position * place(transform(221, reach=60.0))
    before = _fitted(cx, "fitmap #2 inMap #1")
    cx.run("botalign #2 to #1 resolution 9 hand keep")
    after = _fitted(cx, "fitmap #2 inMap #1")
    assert before[1] > 700 > 200 > after[1]
    for when, expected in (("before", before), ("after", after)):
        np.testing.assert_allclose(_logged_atoms(cx.log_so_far(), f"atoms {when}: "), expected, rtol=1e-3)
    cx.run("volume #1 level 6 step 2")
    cx.run("botalign score #2 to #1 resolution 9")
    np.testing.assert_allclose(
        _logged_atoms(cx.log_so_far(), "  "), _fitted(cx, "fitmap #2 inMap #1"), rtol=1e-3, atol=1e-3
    )


def numbers_for_atoms_of_a_reference(cx):
    moving, _ = cx.phantom(transform(222)), cx.phantom_model()
    cx.scatter(moving)
    before = _fitted(cx, "fitmap #2 inMap #1")
    cx.run("botalign #1 to #2 resolution 9 hand keep")
    after = _fitted(cx, "fitmap #2 inMap #1")
    for when, expected in (("before", before), ("after", after)):
        np.testing.assert_allclose(_logged_atoms(cx.log_so_far(), f"atoms {when}: "), expected, rtol=1e-3)
    assert moving.scene_position.determinant() > 0


def the_scores_of_a_structure_do_not_move_it(cx):
    import botalign

    fixed, model = cx.phantom(transform(223)), cx.phantom_model()
    cx.scatter(fixed)
    model.scene_position = fixed.scene_position * place(transform(223))
    pose = model.scene_position
    found = cx.run("botalign score #2 to #1 resolution 9")
    assert isinstance(found, botalign.ModelFit)
    assert found.correlation > 0.9
    assert same(model.scene_position, pose)
    log = cx.log_so_far()
    simulated = cx.run("molmap #2 9")
    spec = f"#{simulated.id_string}"
    assert abs(_correlation(log) - cx.run(f"measure correlation {spec} inMap #1")[0]) < 2e-3
    cx.run("botalign score #1 to #2 resolution 9")
    assert abs(_correlation(cx.log_so_far()) - cx.run(f"measure correlation #1 inMap {spec}")[0]) < 2e-3
    assert len(cx.session.models.list(type=type(fixed))) == 2, "a simulated map was left"
    # botalign computes the same, at the level that is displayed.
    average, outside, *_ = _fitted(cx, "fitmap #2 inMap #1")
    np.testing.assert_allclose(found.mean_density, average, rtol=1e-4)
    np.testing.assert_allclose(found.fraction_above_contour, 1 - outside / model.num_atoms)
    cx.run("turn x 40 models #2")
    assert cx.run("botalign score #2 to #1 resolution 9").correlation < found.correlation - 0.05


def the_scores_of_a_chain_and_of_two_structures(cx):
    one, two = cx.phantom_model(), cx.phantom_model()
    cx.scatter(one)
    two.scene_position = one.scene_position
    assert cx.run("botalign score #2/A to #1 resolution 9").scores.correlation > 0.999
    assert "wavelet earth mover" in cx.log_so_far()


def _correlation(log):
    return float(re.findall(r"\n  correlation = ([-0-9.e]+),", log)[-1])


def only_the_specified_atoms_move_if_so_wished(cx):
    fixed, model = _complex(cx)
    chain, other = (model.atoms[model.atoms.chain_ids == name] for name in "DE")
    wanted = fixed.scene_position * model.atoms.coords
    old, pose, right = model.atoms.scene_coords, model.scene_position, wanted[model.atoms.chain_ids == "D"]
    stay = other.scene_coords
    cx.run("botalign #4/D to #1 resolution 10 moveWholeMolecules false")

    def off():
        return np.sqrt(((chain.scene_coords - right) ** 2).sum(axis=1).mean())

    cx.facts["rms distance"] = f"{off():.2f} A"
    assert off() < 1.0
    assert same(model.scene_position, pose)
    np.testing.assert_array_equal(other.scene_coords, stay)
    new = model.atoms.scene_coords
    cx.run("undo")
    np.testing.assert_allclose(model.atoms.scene_coords, old, atol=1e-4)
    cx.run("redo")
    np.testing.assert_allclose(model.atoms.scene_coords, new, atol=1e-4)
    cx.run("undo")
    cx.run("botalign fits 1")
    assert off() < 1.0
    assert "moveWholeMolecules true" in cx.refused("botalign fits 1 copy true")


def by_default_whole_molecules_move(cx):
    _, model = _complex(cx)
    coordinates = model.atoms.coords
    cx.run("botalign #4/D to #1 resolution 10 moveWholeMolecules true")
    np.testing.assert_array_equal(model.atoms.coords, coordinates)
