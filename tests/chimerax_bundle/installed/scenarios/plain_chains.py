"""Chains and residues that are fitted: what moves."""

import numpy as np
from helper import same


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


def a_chain_that_the_map_does_not_show_is_reported(cx):
    cx.run(f"open {cx.data('fits/1tyq/1tyq_10.mrc')}")
    for chain in "ABCDEFG":
        cx.run(f"open {cx.data(f'fits/1tyq/1tyq.{chain}.pdb')} autoStyle false")
    cx.run("combine #2-8 modelId #9 close true")
    cx.run("botalign #9 to #1 resolution 10")
    assert "low density:" not in cx.log_so_far()
    cx.run("move x 38 coordinateSystem #9 models #9/B atoms #9/B")
    cx.run("botalign #9 to #1 resolution 10")
    reported = "for chain B; move it in the model, or leave it out"
    assert cx.log_so_far().count(reported) == 2  # in the report, and as a warning
    cx.run("botalign score #9 to #1 resolution 10")
    assert cx.log_so_far().count(reported) == 3
