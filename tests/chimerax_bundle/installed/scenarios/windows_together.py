"""Copies, and several parts together, by the panel. Each scenario yields the condition that it waits for."""

from helper import read, same

from scenarios.plain_assembly import _opened
from scenarios.plain_copies import _part_model, _places, _whole
from scenarios.windows_models import _choose, _panel


def copies_by_the_panel(cx):
    fixed, model = _whole(cx, _places()), _part_model(cx)
    cx.scatter(fixed, model)
    old, count = model.scene_position, len(cx.session.models.list())
    panel = _panel(cx)
    panel.models.resolution.setValue(10)
    panel.fields["hand"].setCurrentIndex(2)
    copies = panel.options.copies
    yield lambda: panel.command() == "botalign #2 to #1 resolution 10 hand keep"
    assert not copies.number.isVisible()
    copies.choice.setCurrentIndex(1)
    assert panel.command() == "botalign #2 to #1 resolution 10 copies auto hand keep"
    copies.choice.setCurrentIndex(2)
    copies.number.setValue(4)
    assert panel.command() == "botalign #2 to #1 resolution 10 copies 4 hand keep"
    yield lambda: copies.number.isVisible()
    yield lambda: not panel.options.along.isEnabled()
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    assert panel.status.message.text() == "Certain: 4 copies placed, D2"
    assert "4 copies, D2" in panel.result.text.text()
    new = model.scene_position
    assert not same(new, old, 1, 1)
    panel._buttons["Undo"].click()
    assert same(model.scene_position, old)
    assert len(cx.session.models.list()) == count
    yield lambda: panel.status.message.text().startswith("Undone")
    panel._buttons["Redo"].click()
    assert same(model.scene_position, new)
    yield lambda: panel.status.message.text().startswith("Certain: 4 copies")


def _several(cx, *seeds, mirrored=False):
    """Open the map of a complex, or its mirror image, and choose all models of parts in the panel."""
    from chimerax.botalign.choosers import SEVERAL

    fixed, models = _opened(cx, *seeds, mirrored=mirrored)
    panel = _panel(cx)
    panel.models.moving.value = SEVERAL
    yield lambda: panel.models.several.isVisible()
    _choose(panel.models.several, models)
    panel.models.resolution.setValue(10)
    yield lambda: panel.models.placed.choice.isVisible()
    return fixed, models, panel


def an_assembly_by_the_panel(cx):
    _, models, panel = yield from _several(cx, 1, 2, 9)
    before, number = [m.scene_position for m in models], len(cx.session.models.list())
    placed, path = panel.models.placed, cx.path(".json")
    assert panel.command() == "botalign #2-4 to #1 resolution 10"
    yield lambda: not panel.live.isVisible()  # nothing to measure
    assert not placed.counts.isVisible()
    placed.choice.setCurrentIndex(1)
    yield lambda: placed.counts.isVisible() and panel._buttons["Align"].text() == "Assemble"
    fields, options = panel.fields, panel.options
    yield lambda: fields["contour_level_fixed"].isEnabled() and not fields["hand"].isEnabled()
    assert not any(each.isEnabled() for each in (options.copies.choice, options.along, options.whole, options.follow))
    placed.counts.setText("1, 2,1")
    options.result.setText(str(path))
    assert panel.command() == f"botalign assemble #2-4 to #1 resolution 10 counts 1,2,1 result {path}"
    panel._buttons["Align"].click()
    yield lambda: panel._task is not None and panel.status.bar.value() > 5
    assert panel._buttons["Cancel"].isEnabled()
    assert not panel._buttons["Align"].isEnabled()
    yield lambda: panel._task is None
    assert panel.status.message.text().startswith("3 parts of 4 placed in")
    for text in ("part 2 copy 2", "part 9 (#4) was not placed: no match", "unexplained: "):
        assert text in panel.result.text.text(), text
    assert len(read(path)["placed"]) == 3
    assert not same(models[0].scene_position, before[0], 1, 1)
    yield lambda: panel._buttons["Undo"].isEnabled()
    panel._buttons["Undo"].click()
    assert all(same(m.scene_position, p) for m, p in zip(models, before, strict=True))
    assert len(cx.session.models.list()) == number
    yield lambda: panel.status.message.text().startswith("Undone")
    panel._buttons["Redo"].click()
    yield lambda: panel.status.message.text().startswith("3 parts of 4")


def a_map_of_the_wrong_hand_by_the_panel(cx):
    _, _, panel = yield from _several(cx, 1, 2, mirrored=True)
    panel.models.placed.choice.setCurrentIndex(1)
    panel._buttons["Align"].click()
    yield lambda: panel._task is None
    assert panel.status.message.text().startswith("0 parts of 2 placed in")
    for text in ("may have the wrong hand, because the mirror image of part", "volume flip #1"):
        assert text in panel.result.text.text(), text


def a_cancelled_assembly_by_the_panel(cx):
    _, models, panel = yield from _several(cx, 1, 2)
    before = [m.scene_position for m in models]
    panel.models.placed.choice.setCurrentIndex(1)
    panel._buttons["Align"].click()
    yield lambda: panel._task is not None and panel._task.fraction > 0.02
    panel._buttons["Cancel"].click()
    yield lambda: panel._task is None
    assert panel.status.message.text() == "Cancelled; nothing was moved."
    assert all(same(m.scene_position, p) for m, p in zip(models, before, strict=True))


def wrong_numbers_of_copies_are_shown_in_the_panel(cx):
    _, _, panel = yield from _several(cx, 1, 2)
    placed = panel.models.placed
    placed.choice.setCurrentIndex(1)
    for text, problem in (
        ("1,x", "counts: got '1,x', expected a whole number for each part"),
        ("1", "counts: got 1 number, expected 2, one for each part"),
        ("1,0", "counts: got 0, expected a whole number from 1"),
    ):
        placed.counts.setText(text)
        panel._buttons["Align"].click()
        yield lambda: panel._task is None
        assert panel.status.message.toolTip().startswith(problem), panel.status.message.toolTip()


def members_of_a_group_are_not_one_part(cx):
    _, models, panel = yield from _several(cx, 1, 2)
    cx.run("rename #2,3 id #5")
    yield lambda: panel.models.several.isVisible()
    _choose(panel.models.several, models)
    yield lambda: panel.command() == "botalign #5.1-2 to #1 resolution 10"
    panel.models.placed.choice.setCurrentIndex(1)
    assert panel.command() == "botalign assemble #5.1-2 to #1 resolution 10"


def models_are_placed_together_in_a_map_only(cx):
    _, models, panel = yield from _several(cx, 1, 2)
    placed = panel.models.placed
    placed.choice.setCurrentIndex(1)
    yield lambda: panel._buttons["Align"].text() == "Assemble"
    panel.models.fixed.value = models[0]
    yield lambda: panel._buttons["Align"].text() == "Align"
    assert not placed.together
    cx.run("select #2,3")
    panel.models.fixed.value = next(m for m in cx.session.models.list() if m.id == (1,))
    from chimerax.botalign.choosers import SELECTION

    panel.models.moving.value = SELECTION
    placed.choice.setCurrentIndex(1)
    yield lambda: placed.together
    assert panel.command() == "botalign assemble sel to #1 resolution 10"
    cx.run("select #2")
    yield lambda: panel.command() == "botalign sel to #1 resolution 10"
    assert not placed.choice.isVisible()
