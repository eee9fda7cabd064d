"""Input that is refused, in one line that shows the syntax."""

import numpy as np
from helper import same, transform


def missing_and_wrong_models(cx):
    cx.phantom(), cx.phantom(transform(100)), cx.phantom_model()
    for command, reason in (
        ("botalign", "to must be one map"),
        ("botalign #2", "to must be one map, got none"),
        ("botalign to #1", "Nothing to align"),
        ("botalign #9 to #1", "no open map was specified"),
        ("botalign #2 to #9", "got none"),
        ("botalign #2 to #3", "got none"),
        ("botalign #2 to #1-2", "must be one map"),
        ("botalign #1 to #1", "is the reference itself"),
        ("botalign #3 to #1", "botalign #3 to #1 resolution 8"),
        ("botalign #2 to #1 resolution 8", "none was specified"),
        ("botalign #2-3 to #1 resolution 8 move #3", "single moving map"),
        ("botalign score #2", "to must be one map"),
        ("botalign score #2 to #3", "got none"),
        ("botalign score #1-2 to #1", "must be one map"),
        ("botalign apply #2", "result file is missing"),
        (f"botalign apply #9 file {__file__}", "No open model"),
    ):
        assert reason in cx.refused(command), command


def options_out_of_range(cx):
    cx.phantom(), cx.phantom(transform(101))
    for options, reason in (
        ("size 4", "size: got 4, expected a whole number from 8 to 128 voxels"),
        ("evaluations 0", "evaluations: got 0, expected a whole number from 1 to 5000"),
        ("seed -1", "seed: got -1"),
        ("partial true refine false", "refine false cannot be combined with partial true"),
        ("loss l2 toMask #2", "loss l2 cannot be combined with toMask"),
        ("level 1e9", "is suggested"),
        ("toLevel 1e9", "is suggested"),
        ("result /no/such/folder/r.json", "does not exist"),
        (f"result {cx.folder}", "is a folder"),
    ):
        assert reason in cx.refused(f"botalign #2 to #1 {options}"), options


def unknown_keywords_and_values(cx):
    from chimerax.core.errors import UserError

    cx.phantom(), cx.phantom(transform(102))
    for options in ("hand left", "loss l1", "search near", "refine perhaps", "size large", "resolution -1", "bogus 1"):
        error = None
        try:
            cx.run(f"botalign #2 to #1 {options}")
        except UserError as refusal:
            error = str(refusal)
        assert error is not None, f"not refused: {options}"
        assert "\n" not in error.strip(), error


def empty_maps(cx):
    cx.phantom()
    cx.run("volume new flat size 20,20,20")
    assert "all densities are zero" in cx.refused("botalign #2 to #1")
    assert "all densities are zero" in cx.refused("botalign #1 to #2")
    assert "all densities are zero" in cx.refused("botalign score #1 to #2")


def maps_with_nan(cx):
    cx.phantom()
    bad = cx.phantom(transform(103))
    copy = bad.writable_copy()
    copy.data.full_matrix()[3, 3, 3] = np.nan
    copy.data.values_changed()
    assert "NaN" in cx.refused(f"botalign #{copy.id_string} to #1")


def skewed_cells(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(104))
    before = moving.scene_position
    moving.data.set_cell_angles((90, 90, 120))
    assert "skewed cell" in cx.refused("botalign #2 to #1")
    assert "skewed cell" in cx.refused("botalign #1 to #2")
    assert "skewed cell" in cx.refused("botalign score #1 to #2")
    assert same(moving.scene_position, before)
    assert same(fixed.scene_position, before)


def models_that_contain_the_reference(cx):
    outer, fixed, other = cx.phantom(), cx.phantom(), cx.phantom(transform(105))
    cx.session.models.add([fixed], parent=outer)
    assert "is inside" in cx.refused(f"botalign #{outer.id_string} to #{fixed.id_string}")
    command = f"botalign #{other.id_string} to #{fixed.id_string} move #{outer.id_string}"
    assert "is inside" in cx.refused(command)


def files_that_are_not_results(cx):
    cx.phantom()
    path = cx.path(".json")
    path.write_text('{"format": "recipe"}')
    assert "not a result" in cx.refused(f"botalign apply #1 file {path}")


def maps_of_very_different_size(cx):
    cx.phantom()
    cx.phantom(transform(106), size=24, voxel_size_angstrom=6.0)
    cx.run("volume #2 voxelSize 90")
    assert "voxel size" in cx.refused("botalign #2 to #1")
