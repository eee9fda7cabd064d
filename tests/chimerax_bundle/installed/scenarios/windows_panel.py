"""The panel. Each scenario yields the condition that it waits for."""

from pathlib import Path

from helper import half_of, part_of, same, transform


def _panel(cx):
    """Show the panel as its menu entry does."""
    cx.run("ui tool show BOTalign")
    from chimerax.botalign.tool import panel

    return panel(cx.session)


def _shown(panel):
    return panel.tool_window.ui_area.isVisible()


def an_alignment_by_the_panel(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(210))
    old = moving.scene_position
    panel = _panel(cx)
    yield lambda: _shown(panel) and panel.command() is not None
    assert panel.command() == "botalign #2 to #1"
    assert not panel._buttons["Undo"].isEnabled()
    panel._buttons["Align"].click()
    yield lambda: panel._task is not None and panel.status.bar.value() > 5
    assert panel._buttons["Cancel"].isEnabled()
    assert not panel._buttons["Align"].isEnabled()
    assert panel.result.plot._trace
    yield lambda: panel._task is None
    cx.assert_in_place(moving, fixed, transform(210))
    assert "correlation" in panel.result.text.text()
    assert "that unrelated maps fit as well" in panel.result.text.text()
    assert panel.result.plot._below.startswith("evaluations (certain after "), panel.result.plot._below
    assert panel.status.message.isVisible()
    assert not panel.status.bar.isVisible()
    yield lambda: panel._buttons["Undo"].isEnabled()
    panel._buttons["Undo"].click()
    assert same(moving.scene_position, old)
    yield lambda: not panel._buttons["Undo"].isEnabled()
    assert panel.status.message.text().startswith("Undone")
    assert panel._buttons["Redo"].isEnabled()
    panel._buttons["Redo"].click()
    cx.assert_in_place(moving, fixed, transform(210))
    yield lambda: not panel._buttons["Redo"].isEnabled()
    assert "correlation" in panel.status.message.text()
    cx.run("undo")
    yield lambda: panel.status.message.text().startswith("Undone")
    cx.run("redo")
    yield lambda: panel.status.message.text().startswith("Certain")


def without_a_match_the_panel_moves_only_on_request(cx):
    cx.phantom()
    moving = cx.blobs()
    before = moving.scene_position
    panel = _panel(cx)
    panel.fields["hand"].setCurrentIndex(2)
    button = panel.result.force
    yield lambda: panel.command() == "botalign #2 to #1 hand keep"
    assert not button.isVisible()
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    lines = panel.result.text.text().split("<br>")
    assert "no match" in lines[1]
    assert lines[2].startswith("Nothing was moved")
    assert same(moving.scene_position, before)
    assert button.isVisible()
    button.click()
    assert not same(moving.scene_position, before, 1, 1)
    assert "botalign fits 1 of #2" in cx.log_so_far()
    yield lambda: not button.isVisible()
    yield lambda: panel._buttons["Undo"].isEnabled()


def cancelled_by_the_panel(cx):
    cx.phantom()
    moving = cx.phantom(transform(211))
    before = moving.scene_position
    panel = _panel(cx)
    panel.fields["evaluations"].setText("1000")
    yield lambda: panel.command() is not None
    assert panel.command() == "botalign #2 to #1 evaluations 1000"
    panel._buttons["Align"].click()
    yield lambda: panel.status.bar.value() > 2
    panel._buttons["Cancel"].click()
    yield lambda: panel._task is None
    assert same(moving.scene_position, before)
    assert "nothing was moved" in panel.status.message.text()
    assert panel._buttons["Align"].isEnabled()


def the_panel_follows_models_opened_and_closed(cx):
    panel = _panel(cx)
    yield lambda: _shown(panel)
    assert panel.command() is None
    assert not panel._buttons["Align"].isEnabled()
    first, second = cx.phantom(), cx.phantom(transform(212))
    yield lambda: panel.command() == "botalign #2 to #1"
    panel.models.moving.value = cx.phantom_model()
    yield lambda: panel.command() == "botalign #3 to #1 resolution 9"  # three voxels
    yield lambda: panel.models.resolution.isVisible()
    panel.fields["hand"].setCurrentIndex(1)
    yield lambda: panel.fields["hand"].currentData() == "check"  # an atomic model is never mirrored
    panel.models.moving.value = second
    yield lambda: panel.command() == "botalign #2 to #1"
    panel.models.fixed.value = second
    yield lambda: panel.command() == "botalign #1 to #2"  # one map chosen twice: the two are exchanged
    assert panel.models.moving.value is first
    panel.models.moving.value = second
    yield lambda: panel.command() == "botalign #2 to #1"
    cx.run("close #3")
    yield lambda: panel.command() == "botalign #2 to #1"
    cx.run("close #1")
    yield lambda: not panel._buttons["Align"].isEnabled()
    third = cx.phantom()
    yield lambda: panel.command() == f"botalign {third.atomspec} to #2"


def a_map_closed_while_the_panel_waits(cx):
    cx.phantom(), cx.phantom(transform(213))
    panel = _panel(cx)
    panel.fields["evaluations"].setText("1000")
    yield lambda: panel._buttons["Align"].isEnabled()
    panel._buttons["Align"].click()
    yield lambda: panel.status.bar.value() > 2
    cx.run("close #2")
    yield lambda: panel._task is None
    assert "was closed" in panel.status.message.toolTip()


def a_new_panel_has_the_defaults(cx):
    panel = _panel(cx)
    panel.fields["size"].setValue(64)
    panel.fields["hand"].setCurrentIndex(2)
    panel.delete()
    cx.phantom(), cx.phantom(transform(214))
    panel = _panel(cx)
    yield lambda: panel.command() is not None
    assert panel.command() == "botalign #2 to #1"


def the_options_of_the_panel_are_keywords_of_the_command(cx):
    cx.phantom(), cx.phantom(transform(215))
    panel = _panel(cx)
    fields = panel.fields
    fields["local_degrees"].setCurrentIndex(1)
    fields["loss"].setCurrentIndex(1)
    fields["size"].setValue(24)
    fields["evaluations"].setText("20")
    fields["seed"].setValue(5)
    fields["refine"].setChecked(False)
    fields["contour_level_moving"].setText("0.2")
    fields["contour_level_fixed"].setText("0.3")
    fields["hand"].setCurrentIndex(2)
    yield lambda: panel.command() is not None
    words = "hand keep level 0.2 toLevel 0.3 search local loss l2 size 24 evaluations 20 seed 5 refine false"
    assert panel.command() == f"botalign #2 to #1 {words}"
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    assert "correlation" in panel.result.text.text()


def two_conformations_by_the_panel(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(216), hinge_degrees=25)
    cx.scatter(fixed, moving)
    panel = _panel(cx)
    panel.fields["loss"].setCurrentIndex(2)
    panel.fields["hand"].setCurrentIndex(2)
    yield lambda: panel.command() == "botalign #2 to #1 hand keep loss core"
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    cx.assert_in_place(moving, fixed, transform(216), degrees=1.0, voxels=0.5)
    verdict = panel.result.text.text().split("<br>")[1].replace("<b>", "").replace("</b>", "")
    assert verdict in cx.log_so_far().replace("\n", " ")


def a_part_and_a_mask_by_the_panel(cx):
    fixed = cx.phantom()
    part, mask = cx.open(part_of(fixed, transform(217))), cx.open(half_of(fixed))
    cx.scatter(fixed, part)
    mask.scene_position = fixed.scene_position
    panel = _panel(cx)
    panel.models.moving.value = part
    partial, to_mask = panel.fields["partial"], panel.fields["mask_fixed"]
    partial.setCurrentIndex(1)
    assert panel.fields["mask_moving"].value is to_mask.value is None  # never chosen automatically
    panel.fields["hand"].setCurrentIndex(2)
    yield lambda: panel.command() == "botalign #2 to #1 hand keep partial true"
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    cx.assert_in_place(part, fixed, transform(217), degrees=2.0, voxels=1.0)
    partial.setCurrentIndex(0)
    next(a for a in to_mask.menu().actions() if "#3" in a.text()).trigger()
    yield lambda: panel.command() == "botalign #2 to #1 hand keep toMask #3"
    cx.run("undo")
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    cx.assert_in_place(part, fixed, transform(217), degrees=2.0, voxels=1.0)
    cx.run("close #3")
    yield lambda: panel.command() == "botalign #2 to #1 hand keep"
    assert to_mask.text() == "no mask"


def a_map_that_is_not_a_mask_is_refused_by_the_panel(cx):
    _, moving = cx.phantom(), cx.phantom(transform(218))
    panel = _panel(cx)
    panel.fields["mask_moving"].value = moving
    yield lambda: panel.command() == "botalign #2 to #1 mask #2"
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    assert "is it a mask" in panel.status.message.toolTip()


def the_toolbar_button_and_the_menu_entry_show_the_panel(cx):
    from chimerax.botalign import bundle_api
    from chimerax.botalign.tool import Panel
    from chimerax.core.tools import get_singleton

    toolbar = cx.session.toolbar._toolbar["Map"]["Calculations"]
    name, bundle, (_, icon, _), description, _ = toolbar["BOTalign"]
    assert icon.endswith("botalign.png")
    assert description
    bundle.run_provider(cx.session, name, cx.session.toolbar)
    panel = get_singleton(cx.session, Panel, "BOTalign", create=False)
    assert panel is not None
    assert bundle_api.api_version == 1
    actions = cx.session.ui.main_window.menuBar().actions()
    tools = next(a for a in actions if a.text().replace("&", "") == "Tools").menu()
    volume = next(a for a in tools.actions() if a.text() == "Volume Data").menu()
    assert "BOTalign" in [a.text() for a in volume.actions()]
    yield lambda: _shown(panel)


def help_pages_are_found(cx):
    from chimerax.core import toolshed
    from chimerax.core.commands.cli import command_url

    folders = toolshed.get_help_directories()
    for page in ("user/commands/botalign.html", "user/tools/botalign.html"):
        assert any((Path(folder) / page).exists() for folder in folders), page
    assert command_url("botalign").startswith("help:user/commands/botalign.html")
    assert command_url("botalign score").startswith("help:user/commands/botalign.html")
    yield lambda: True
