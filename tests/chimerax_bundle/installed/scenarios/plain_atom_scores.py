"""Numbers for atomic models in maps, as Fit in Map computes them."""

import re

import numpy as np
from helper import place, same, transform

import botalign


def correlations_of_atoms_are_those_of_fit_in_map(cx):
    cx.phantom(transform(59)), cx.phantom_model()
    (alignment,) = cx.run("botalign #2 to #1 resolution 9 hand keep")
    logged = float(cx.log_so_far().split("after: correlation = ")[1].split(",")[0])
    simulated = cx.run("molmap #2 9")
    assert abs(cx.run(f"measure correlation #{simulated.id_string} inMap #1")[0] - logged) < 2e-3
    assert alignment.moving.model


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
