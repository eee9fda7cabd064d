"""The fit list of the panel. Each scenario yields the condition that it waits for."""

import json

from helper import same, transform


def _panel(cx):
    cx.run("ui tool show BOTalign")
    from chimerax.botalign.tool import panel

    return panel(cx.session)


def _aligned(cx, seed):
    """Align a phantom; return it and the panel with its fit list."""
    cx.phantom()
    moving = cx.phantom(transform(seed))
    panel = _panel(cx)
    cx.run("botalign #2 to #1 hand keep")
    return moving, panel


def _row(panel, number):
    return panel.fits.tree.topLevelItem(number - 1)


def _marked(panel):
    """Return the numbers of the fits whose rows are chosen."""
    return [fits[0].number for fits in panel.fits.chosen()]


def a_click_in_the_fit_list_moves_the_map(cx):
    from chimerax.botalign.fits import fit_lists

    moving, panel = _aligned(cx, 260)
    fits = fit_lists(cx.session)[-1]
    yield lambda: panel.fits.count == len(fits.fits) > 1
    assert panel.pages.tabText(2) == f"Fits ({len(fits.fits)})"
    yield lambda: _marked(panel) == [1]
    first = moving.scene_position
    panel.fits.tree.setCurrentItem(_row(panel, 2))
    assert "botalign fits 2 of #2" in cx.log_so_far()
    assert fits.current() == 2
    assert not same(moving.scene_position, first, 1, 1)
    steps = len(cx.session.undo.undo_stack)
    for _ in range(10):
        yield lambda: True
    assert len(cx.session.undo.undo_stack) == steps, "marking the row ran a command"
    cx.run("undo")
    yield lambda: _marked(panel) == [1]
    assert same(moving.scene_position, first)
    cx.run("move x 5 models #2")
    yield lambda: _marked(panel) == []
    assert not panel.fits.buttons["Place copy"].isEnabled()


def copies_and_files_from_the_fit_list(cx):
    from Qt.QtWidgets import QFileDialog

    _, panel = _aligned(cx, 261)
    yield lambda: _marked(panel) == [1]
    opened = len(cx.session.models)
    panel.fits.tree.setCurrentItem(_row(panel, 2))
    yield panel.fits.buttons["Place copy"].isEnabled
    panel.fits.buttons["Place copy"].click()
    assert "botalign fits 2 of #2 copy true" in cx.log_so_far()
    assert len(cx.session.models) > opened
    path, ask = cx.folder / "second fit.json", QFileDialog.getSaveFileName
    QFileDialog.getSaveFileName = lambda *_: (str(path), "")
    try:
        panel.fits.buttons["Save…"].click()
    finally:
        QFileDialog.getSaveFileName = ask
    assert json.loads(path.read_text())["format"] == "botalign-alignment"
    cx.run("undo")
    yield lambda: len(cx.session.models) == opened


def equivalent_places_are_rows_below_their_group(cx):
    cx.run(f"open {cx.data('maps/emd_1080_groel_11.5A.mrc')}")
    cx.run(f"open {cx.data('structures/1oel_A.pdb')}")
    panel = _panel(cx)
    yield lambda: panel.command() == "botalign #2 to #1 resolution 8.1"
    panel.models.resolution.setValue(11.5)
    cx.run("botalign #2 to #1 resolution 11.5 hand keep")
    yield lambda: panel.fits.count > 0
    group = _row(panel, 1)
    assert group.text(0) == "1-14"
    assert group.childCount() == 14
    group.setExpanded(True)
    panel.fits.tree.setCurrentItem(group.child(4))
    yield lambda: _marked(panel) == [5]
    assert "botalign fits 5 of #2" in cx.log_so_far()
    assert "of the atoms inside the contour" in panel._current.text()
    panel.fits.tree.setCurrentItem(group)
    yield lambda: _marked(panel) == [1]
    opened = len(cx.session.models)
    panel.fits.buttons["Place copy"].click()
    assert "botalign fits 2-14 of #2 copy true" in cx.log_so_far()
    assert len(cx.session.models) >= opened + 13


def the_fits_of_several_maps_are_chosen_by_a_menu(cx):
    cx.phantom(), cx.phantom(transform(262)), cx.phantom(transform(263))
    panel = _panel(cx)
    cx.run("botalign #2-3 to #1 hand keep")
    yield lambda: panel.fits._menu.count() == 2
    assert panel.fits._shown.moving.spec == "#3"
    panel.fits._menu.setCurrentIndex(0)
    assert panel.fits._shown.moving.spec == "#2"
    panel.fits.tree.setCurrentItem(_row(panel, 2))
    assert "botalign fits 2 of #2" in cx.log_so_far()
    cx.run("close #2")
    yield lambda: panel.fits._menu.count() == 1
    cx.run("close #3")
    yield lambda: panel.fits.count == 0


def the_score_button_compares_without_moving(cx):
    cx.phantom()
    moving = cx.phantom(transform(264))
    before = moving.scene_position
    panel = _panel(cx)
    yield panel._buttons["Score"].isEnabled
    panel._buttons["Score"].click()
    assert "botalign score #2 to #1" in cx.log_so_far()
    assert panel.status.message.text().startswith("Correlation 0.")
    assert "FSC" in panel.status.message.text()
    assert same(moving.scene_position, before)
    panel.models.moving.value = cx.phantom_model()
    yield lambda: panel._current.text().startswith("average map value")
    panel._buttons["Score"].click()
    assert "botalign score #3 to #1 resolution 9" in cx.log_so_far()
    assert panel.status.message.text().startswith("Average map value")
