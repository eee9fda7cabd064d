"""The symmetry axes of a map, put onto the axes of the scene."""

import numpy as np
from helper import place, read, same, transform


def _ring(cx, symmetry="C5"):
    return cx.phantom(transform(260), symmetry=symmetry)


def _axis_in_scene(volume):
    return (volume.scene_position * place(transform(260))).matrix[:, :3] @ np.array([0.0, 0.0, 1.0])


def a_ring_is_put_upright(cx):
    volume, other = _ring(cx), cx.phantom()
    cx.scatter(volume)
    before, beside = volume.scene_position, other.scene_position
    found = cx.run("botalign orient #1 move #2")
    assert found.symmetry.group == "C5"
    assert abs(abs(_axis_in_scene(volume)[2]) - 1) < 1e-5
    assert same(other.scene_position, volume.scene_position * before.inverse() * beside)
    log = cx.log_so_far()
    assert "symmetry     C5" in log
    linear = (volume.scene_position * before.inverse()).matrix[:, :3]
    moved = np.degrees(np.arccos(np.clip((np.trace(linear) - 1) / 2, -1, 1)))
    assert f"rotated      {moved:.2f} degrees in the scene" in log
    cx.run("undo")
    assert same(volume.scene_position, before)
    assert same(other.scene_position, beside)


def a_grid_that_is_rotated_in_its_model(cx):
    volume = _ring(cx)
    turn = place(np.column_stack([transform(261)[:, :3], np.zeros(3)]))
    volume.data.set_rotation(transform(261)[:, :3])
    cx.scatter(volume)
    cx.run("botalign orient #1")
    along = volume.scene_position * turn * place(transform(260))
    assert abs(abs(along.matrix[2, 2]) - 1) < 1e-5


def without_symmetry_nothing_is_moved(cx):
    volume = cx.phantom()
    cx.scatter(volume)
    before = volume.scene_position
    assert cx.run("botalign orient #1").symmetry.group == "C1"
    assert same(volume.scene_position, before)
    assert "nothing was moved" in cx.log_so_far()


def files_are_those_of_python(cx):
    import botalign

    _ring(cx)
    result, operations, records, average = (cx.path(each) for each in (".json", ".json", ".txt", ".mrc"))
    found = cx.run(f"botalign orient #1 result {result} operations {operations} symmetrised {average}")
    np.testing.assert_allclose(botalign.Alignment.read(result).moving_to_fixed, found.transform, atol=1e-6)
    assert read(operations)["group"] == "C5"
    np.testing.assert_allclose(read(operations)["operations"], found.operations, atol=1e-9)
    map_of_average = botalign.read(average)
    turned = botalign.resample(map_of_average, found.operations[1], map_of_average.grid)
    assert botalign.score(map_of_average, turned).scores.correlation > 0.999
    again = cx.run(f"botalign orient #1 operations {records}")
    assert records.read_text() == again.biomt()
    assert f"Wrote operations to {records}" in cx.log_so_far()


def files_that_cannot_be_written(cx):
    _ring(cx)
    before, good = cx.session.models.list()[0].scene_position, cx.path(".json")
    refused = cx.refused(f"botalign orient #1 result {good} operations {cx.path('.pdb')}")
    assert "operations: " in refused
    assert "unknown extension, expected .json, .txt" in refused
    assert "name one file" in cx.refused(f"botalign orient #1 result {good} operations {good}")
    assert not good.exists()
    assert same(cx.session.models.list()[0].scene_position, before)


def without_symmetry_no_file_is_written(cx):
    cx.phantom()
    path = cx.path(".mrc")
    cx.run(f"botalign orient #1 symmetrised {path}")
    assert not path.exists()
    assert "nothing was moved or written" in cx.log_so_far()


def a_group_that_is_unknown(cx):
    _ring(cx)
    assert "expected Cn or Dn" in cx.refused("botalign orient #1 symmetry Q4")
    assert "must be one map" in cx.refused("botalign orient #7")
