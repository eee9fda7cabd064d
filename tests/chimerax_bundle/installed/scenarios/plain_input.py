"""Input that is refused, in one line that shows the syntax."""

import numpy as np
from helper import same, transform


def missing_and_wrong_models(cx):
    cx.phantom(), cx.phantom(transform(100)), cx.phantom_model()
    for command, reason in (
        ("botalign", "The reference is missing"),
        ("botalign #2", "The reference is missing"),
        ("botalign to #1", "Nothing to align"),
        ("botalign #9 to #1", "#9 matches nothing that is open"),
        ("botalign #3/Z to #1 resolution 8", "#3/Z matches nothing that is open"),
        ("botalign #2 to #9", "to: #9 matches nothing that is open"),
        ("botalign #2 inMap #9", "to: #9 matches nothing that is open"),
        ("botalign #2 to #1 inMap #1", "mean the same"),
        ("botalign #2 to #1-2", "must be one map or structure, got"),
        ("botalign #1 to #1", "is the reference itself"),
        ("botalign #3/A:1-9 to #3 resolution 8", "is the reference itself"),
        ("botalign #2 to #1 resolution 8", "none was specified"),
        ("botalign #2-3 to #1 resolution 8 move #3", "single moving model"),
        ("botalign #2 to #1 mask #3", "mask must be one map, got"),
        ("botalign #2 to #1 toMask #9", "toMask must be one map, but no such model is open"),
        ("botalign score #2", "to is missing"),
        ("botalign score #2 to #3", "is an atomic model, which is compared by its simulated map"),
        ("botalign score #2 to #1 resolution 8", "none was specified"),
        ("botalign score #3 to #1 resolution 2", "resolution: got 2 A, expected at least 6 A"),
        ("botalign score #9 to #1", "The first: #9 matches nothing that is open"),
        ("botalign score #1-2 to #1", "The first must be one map or structure, got"),
        ("botalign #2 to #1 force true require match", "force true cannot be combined with require match"),
        ("botalign apply #2", "result file is missing"),
        (f"botalign apply #9 file {__file__}", "No open model"),
    ):
        assert reason in cx.refused(command), command


def other_words_for_to(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(110))
    for word in ("inMap", "in", "onto"):
        cx.scatter(moving)
        cx.run(f"botalign #2 {word} #1 hand keep")
        cx.assert_in_place(moving, fixed, transform(110))


def a_resolution_is_suggested_and_checked(cx):
    cx.phantom(), cx.phantom_model(), cx.phantom_model()
    for command, reason in (
        ("botalign #2 to #1", "(if it is unknown, try 9 A, three voxels of"),
        ("botalign #2 to #1", "Usage: botalign #2 to #1 resolution 9"),
        ("botalign #1 to #2", "Usage: botalign #1 to #2 resolution 9"),
        ("botalign #2 to #3", "Usage: botalign #2 to #3 resolution 8"),
        ("botalign #2 to #1 resolution 5.9", "resolution: got 5.9 A, expected at least 6 A, two voxels of"),
        ("botalign #1 to #2 resolution 5.9", "resolution: got 5.9 A, expected at least 6 A, two voxels of"),
        ("botalign #2 to #1 resolution 0.9", "resolution: got 0.9, expected a number from 1 to 100 A"),
        ("botalign #2 to #3 resolution 101", "resolution: got 101"),
    ):
        assert reason in cx.refused(command), command


def options_out_of_range(cx):
    cx.phantom(), cx.phantom(transform(101))
    for options, reason in (
        ("size 4", "size: got 4, expected a whole number from 8 to 128 voxels"),
        ("evaluations 0", "evaluations: got 0, expected a whole number from 1 to 5000"),
        ("seed -1", "seed: got -1"),
        ("partial true refine false", "refine false cannot be combined with partial true"),
        ("partial true loss l2", "loss l2 cannot be combined with partial true"),
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
    assert "Usage: volume resample #2 onGrid #1" in cx.refused("botalign #1 to #2")
    assert "skewed cell" in cx.refused("botalign score #1 to #2")
    assert same(moving.scene_position, before)
    assert same(fixed.scene_position, before)


def a_skewed_map_can_be_resampled_as_the_error_says(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(109))
    fixed.data.set_cell_angles((90, 90, 120))
    cx.run(cx.refused("botalign #2 to #1").split("Usage: ")[1])
    cx.run("botalign #2 to #3 hand keep")
    assert moving.scene_position.determinant() > 0


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


def models_that_cannot_move_along(cx):
    cx.phantom()
    moving = cx.phantom(transform(107))
    before = moving.scene_position
    for models, reason in (
        ("#9", "move: no such model is open"),
        ("#1", "(#1) is the reference, expected a model that moves along"),
        ("#2", "(#2) is aligned itself"),
    ):
        assert reason in cx.refused(f"botalign #2 to #1 move {models}"), models
    assert same(moving.scene_position, before)


def results_that_cannot_be_written(cx):
    cx.phantom()
    moving = cx.phantom(transform(108))
    before = moving.scene_position
    folder = cx.folder / "closed"
    folder.mkdir()
    (folder / "inside").mkdir()
    for mode, path in ((0o500, folder / "r.json"), (0o000, folder / "r.json"), (0o000, folder / "inside" / "r.json")):
        folder.chmod(mode)
        try:
            assert "cannot be written" in cx.refused(f"botalign #2 to #1 result {path}"), path
        finally:
            folder.chmod(0o700)
    assert same(moving.scene_position, before)
