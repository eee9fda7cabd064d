"""What scripts use: errors for verdicts that do not suffice, and results as JSON."""

import json

import numpy as np
from helper import read, same, transform


def a_required_verdict(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(240))
    (alignment,) = cx.run("botalign #2 to #1 hand keep require certain")
    assert alignment.verdict == "certain"
    cx.assert_in_place(moving, fixed, transform(240))


def a_verdict_that_does_not_suffice_is_an_error_after_the_result_is_written(cx):
    cx.phantom()
    other, unrelated = cx.phantom(transform(241, mirror=True)), cx.blobs()
    for model, required, verdict, expected in (
        (other, "certain", "ambiguous", "certain"),
        (unrelated, "match", "no match", "certain or ambiguous"),
    ):
        cx.scatter(model)
        before, path = model.scene_position, cx.path(".json")
        command = f"botalign {model.atomspec} to #1 require {required} result {path}"
        assert f"the verdict is {verdict}, expected {expected}; it was not moved" in cx.refused(f"{command}; close #1")
        assert same(model.scene_position, before)
        assert read(path)["verdict"] == verdict
        assert len(cx.session.models.list(model_id=(1,))) == 1, "what follows was run"
        report = cx.log_so_far().rpartition(": map ")[0]
        assert report.endswith("Not moved" if verdict == "ambiguous" else "No match found")
        cx.run(f"botalign fits 1 of {model.atomspec}")
        assert not same(model.scene_position, before, 1, 1)
    (alignment,) = cx.run("botalign #2 to #1 require match")
    assert alignment.verdict == "ambiguous"


def of_several_models_those_that_suffice_are_moved(cx):
    fixed, moving, other = cx.phantom(), cx.phantom(transform(241)), cx.blobs()
    before = other.scene_position
    error = cx.refused("botalign #2-3 to #1 hand keep require match")
    assert "(#3): the verdict is no match" in error
    assert "(#2)" not in error
    cx.assert_in_place(moving, fixed, transform(241))
    assert same(other.scene_position, before)


def a_model_that_cannot_be_aligned_is_an_error_if_a_match_is_required(cx):
    cx.phantom(), cx.phantom(transform(242))
    cx.run("volume new flat size 20,20,20")
    assert "all densities are zero" in cx.refused("botalign #2-3 to #1 hand keep require match")


def _json(cx, command):
    """Run a command as ChimeraX's REST server does."""
    from chimerax.core.commands import run
    from chimerax.rest_server.server import make_json_friendly

    result = run(cx.session, command, return_json=True)
    json.dumps(make_json_friendly([result.python_value]))  # if this failed, the server would never answer
    return json.loads(result.json_value)


def an_alignment_as_json(cx):
    fixed, moving = cx.phantom(symmetry="C3"), cx.phantom(transform(243), symmetry="C3")
    cx.scatter(fixed)
    (values,) = _json(cx, "botalign #2 to #1 hand keep")
    assert (values["model"], values["reference"], values["moved"]) == ("#2", "#1", "#2")
    assert values["verdict"] == "certain"
    relative = fixed.scene_position.inverse() * moving.scene_position
    np.testing.assert_allclose(values["moving_to_fixed"], relative.matrix, atol=1e-6)
    assert np.isclose(values["after"]["correlation"], cx.run("measure correlation #2 inMap #1")[0], atol=1e-4)
    assert [fit["equivalent"] for fit in values["fits"][:3]] == [False, True, True]
    assert _json(cx, "botalign fits") == values["fits"]
    np.testing.assert_allclose(relative.matrix, values["fits"][0]["moving_to_fixed"], atol=1e-6)
    assert _json(cx, "botalign fits 2 copy true") == ["#3"]


def an_alignment_that_found_no_match_as_json(cx):
    cx.phantom(), cx.blobs()
    (values,) = _json(cx, "botalign #2 to #1 hand keep")
    assert (values["verdict"], values["moved"]) == ("no match", None)


def scores_as_json(cx):
    cx.phantom(transform(244)), cx.phantom_model(), cx.phantom()
    values = _json(cx, "botalign score #2 to #1 resolution 9")
    found = cx.run("botalign score #2 to #1 resolution 9")
    assert values["atoms"]["count"] == 822
    assert np.isclose(values["fsc_resolution_angstrom"], found.fsc_resolution_angstrom)
    assert values["wemd_angstrom"] is None
    values, found = _json(cx, "botalign score #3 to #1"), cx.run("botalign score #3 to #1")
    assert np.isclose(values["wemd_angstrom"], found.scores.wemd_angstrom)
    assert values["atoms"] is None
