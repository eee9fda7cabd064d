"""What can be chosen in the panel. Each scenario yields the condition that it waits for."""

import json

from helper import same, transform


def _panel(cx):
    cx.run("ui tool show BOTalign")
    from chimerax.botalign.tool import panel

    return panel(cx.session)


def _choose(widget, models):
    """Choose several models in a list as clicks do."""
    for row in range(widget.count()):
        item = widget.item(row)
        item.setSelected(widget.item_map[item.text()] in models)


def several_models_by_the_panel(cx):
    from chimerax.botalign.choosers import SEVERAL

    fixed, first, second = cx.phantom(), cx.phantom(transform(240)), cx.phantom(transform(241))
    panel = _panel(cx)
    panel.models.moving.value = SEVERAL
    panel.fields["hand"].setCurrentIndex(2)
    yield lambda: panel.models.several.isVisible()
    assert panel.command() is None
    assert fixed not in panel.models.several.all_values
    _choose(panel.models.several, [first, second])
    yield lambda: panel.command() == "botalign #2-3 to #1 hand keep"
    yield lambda: not panel.options.along.isEnabled()
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    for seed, moving in ((240, first), (241, second)):
        cx.assert_in_place(moving, fixed, transform(seed))
    assert panel.status.message.text().startswith("Aligned 2 of 2")
    assert panel.result.text.text().count("verdict") == 2
    panel._buttons["Undo"].click()
    assert same(first.scene_position, fixed.scene_position)


def a_structure_is_fitted_into_a_map_whatever_was_opened_first(cx):
    model = cx.phantom_model()
    panel = _panel(cx)
    yield lambda: panel.models.moving.value is model
    assert panel.command() is None
    fixed = cx.phantom()
    yield lambda: panel.models.fixed.value is fixed
    assert panel.command() == "botalign #1 to #2 resolution 9"
    assert panel.models.resolution.isVisible()
    panel.models.resolution.setValue(12)
    panel.models.fixed.value = model
    yield lambda: panel.command() == "botalign #2 to #1 resolution 12"  # a map to a structure
    assert panel.models.resolution.isVisible()
    panel.fields["hand"].setCurrentIndex(2)
    cx.scatter(fixed)
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    cx.assert_in_place(fixed, model, degrees=2.0, voxels=1.0)


def the_suggested_resolution_follows_the_map_also_after_a_very_coarse_one(cx):
    model, coarse = cx.phantom_model(), cx.phantom(size=8, voxel_size_angstrom=40.0)
    panel = _panel(cx)
    yield lambda: panel.command() == "botalign #1 to #2 resolution 100"  # the largest of the field
    fine = cx.phantom()
    panel.models.fixed.value = fine
    yield lambda: panel.command() == "botalign #1 to #3 resolution 9"
    assert panel.models.moving.value is model
    assert coarse in panel.models.fixed.all_values


def selected_atoms_by_the_panel(cx):
    from chimerax.botalign.choosers import SELECTION

    cx.phantom()
    model = cx.phantom_model()
    panel = _panel(cx)
    panel.models.moving.value = SELECTION
    yield lambda: panel.models.moving.isVisible()
    assert panel.command() is None
    yield lambda: not panel._buttons["Align"].isEnabled()
    cx.run("select #2/A")
    panel.fields["hand"].setCurrentIndex(2)
    yield lambda: panel.command() == "botalign sel to #1 resolution 9 hand keep"
    yield panel.options.whole.isEnabled
    panel.options.whole.setChecked(False)
    assert panel.command() == "botalign sel to #1 resolution 9 hand keep moveWholeMolecules false"
    panel.options.whole.setChecked(True)
    cx.scatter(model)
    yield panel._buttons["Align"].isEnabled
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    cx.assert_in_place(model, cx.session.models.list()[0], degrees=2.0, voxels=1.0)


def models_move_along_and_the_result_is_saved_by_the_panel(cx):
    fixed, moving, half = cx.phantom(), cx.phantom(transform(242)), cx.phantom(transform(242))
    panel = _panel(cx)
    panel.models.moving.value = moving
    path = cx.folder / "panel result.json"
    yield lambda: panel.command() == "botalign #2 to #1" and panel.options.along.isEnabled()
    panel.pages.setCurrentWidget(panel.options.widget)
    yield lambda: panel.options.along.all_values == [half]
    _choose(panel.options.along, [half])
    panel.options.result.setText(str(path))
    yield lambda: panel.command() == f'botalign #2 to #1 move #3 result "{path}"'
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    cx.assert_in_place(moving, fixed, transform(242))
    cx.assert_in_place(half, fixed, transform(242))
    assert json.loads(path.read_text())["format"] == "botalign-alignment"


def a_local_search_with_degrees_by_the_panel(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(243))
    panel = _panel(cx)
    yield lambda: panel.command() == "botalign #2 to #1"
    panel.pages.setCurrentWidget(panel.options.widget)
    assert not panel.options.degrees.isVisible()
    panel.fields["local_degrees"].setCurrentIndex(1)
    assert panel.command() == "botalign #2 to #1 search local"
    yield lambda: panel.options.degrees.isVisible()
    panel.options.degrees.setValue(15)
    assert panel.command() == "botalign #2 to #1 search 15"
    cx.run("botalign #2 to #1")
    cx.run("turn y 10 models #2")
    # The panel notes a little later that the alignment that was typed has ended.
    yield lambda: panel._task is None and panel._buttons["Align"].isEnabled()
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    cx.assert_in_place(moving, fixed, transform(243))
