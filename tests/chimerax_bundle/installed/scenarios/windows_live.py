"""What the panel shows while models move. Each scenario yields the condition that it waits for."""

from contextlib import suppress

from chimerax.core.errors import CancelOperation
from helper import same, transform


def _panel(cx):
    cx.run("ui tool show BOTalign")
    from chimerax.botalign.tool import panel

    return panel(cx.session)


def _live(panel):
    """Return the first correlation that is shown."""
    return panel._current.text().partition(",")[0].removeprefix("correlation ")


def the_correlation_follows_a_map_that_is_moved(cx):
    cx.phantom(), cx.phantom(transform(250))
    panel = _panel(cx)
    yield lambda: panel._current.text() != ""

    def measured():
        return f"{cx.run('measure correlation #2 inMap #1')[0]:.4f}"

    before = measured()
    yield lambda: _live(panel) == before
    cx.run("move x 9 models #2")
    after = measured()
    assert after != before
    yield lambda: _live(panel) == after
    cx.run("volume #2 level 0.9")
    yield lambda: _live(panel) == measured()
    panel.live.setChecked(False)
    cx.run("move x 9 models #2")
    for _ in range(20):
        yield lambda: True
    assert panel._current.text() == ""
    panel.live.setChecked(True)
    yield lambda: _live(panel) == measured()


def the_moving_map_follows_the_search_and_undo_is_one_step(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(251))
    cx.scatter(moving)
    before = moving.scene_position
    panel = _panel(cx)
    panel.fields["evaluations"].setText("600")
    yield lambda: panel._buttons["Align"].isEnabled()
    panel._buttons["Align"].click()
    yield lambda: panel._task is not None and not same(moving.scene_position, before, 1, 1)
    steps = len(cx.session.undo.undo_stack)
    yield lambda: panel._task is None
    cx.assert_in_place(moving, fixed, transform(251))
    assert len(cx.session.undo.undo_stack) == steps + 1
    assert "was moved while" not in cx.log_so_far()
    cx.run("undo")
    assert same(moving.scene_position, before)


def after_cancel_the_moving_map_is_back(cx):
    cx.phantom()
    moving, half = cx.phantom(transform(252)), cx.phantom(transform(252))
    cx.scatter(moving, half)
    before = moving.scene_position, half.scene_position
    panel = _panel(cx)
    yield lambda: panel._buttons["Align"].isEnabled()
    task = cx.run("botalign #2 to #1 move #3 evaluations 3000 wait false")
    yield lambda: not same(moving.scene_position, before[0], 1, 1)
    assert not same(half.scene_position, before[1], 1, 1)
    panel._buttons["Cancel"].click()
    assert same(moving.scene_position, before[0])
    yield lambda: task.ended
    assert same(moving.scene_position, before[0])
    assert same(half.scene_position, before[1])


def the_search_can_run_without_moving_the_map(cx):
    cx.phantom()
    moving = cx.phantom(transform(253))
    before = moving.scene_position
    panel = _panel(cx)
    panel.options.follow.setChecked(False)
    panel.fields["evaluations"].setText("600")
    yield lambda: panel._buttons["Align"].isEnabled()
    panel._buttons["Align"].click()
    yield lambda: panel.status.bar.value() > 20
    assert same(moving.scene_position, before)
    panel.options.follow.setChecked(True)
    yield lambda: not same(moving.scene_position, before, 1, 1)
    panel.options.follow.setChecked(False)
    yield lambda: same(moving.scene_position, before)
    panel._buttons["Cancel"].click()
    yield lambda: panel._task is None


def a_map_that_the_user_moves_stays_there(cx):
    cx.phantom()
    moving = cx.phantom(transform(254))
    before = moving.scene_position
    panel = _panel(cx)
    panel.fields["evaluations"].setText("3000")
    yield lambda: panel._buttons["Align"].isEnabled()
    panel._buttons["Align"].click()
    yield lambda: not same(moving.scene_position, before, 1, 1)
    cx.run("move x 40 models #2")
    there = moving.scene_position
    for _ in range(20):
        yield lambda: True
    assert same(moving.scene_position, there)
    panel._buttons["Cancel"].click()
    yield lambda: panel._task is None
    assert same(moving.scene_position, there)


def a_session_saved_meanwhile_has_the_map_in_its_own_pose(cx):
    cx.phantom()
    moving = cx.phantom(transform(255))
    cx.scatter(moving)
    before = moving.scene_position
    panel = _panel(cx)
    panel.fields["evaluations"].setText("3000")
    yield lambda: panel._buttons["Align"].isEnabled()
    panel._buttons["Align"].click()
    yield lambda: not same(moving.scene_position, before, 1, 1)
    path = cx.path(".cxs")
    cx.run(f"save {path}")
    yield lambda: not same(moving.scene_position, before, 1, 1)
    panel._buttons["Cancel"].click()
    yield lambda: panel._task is None
    cx.run("close session")
    cx.run(f"open {path}")
    assert same(_second(cx).scene_position, before)


def _second(cx):
    return next(m for m in cx.session.models.list() if m.id == (2,))


def typed_alignments_appear_in_an_open_panel(cx):
    cx.phantom(), cx.phantom(transform(256))
    panel = _panel(cx)
    yield lambda: panel._buttons["Align"].isEnabled()
    cx.run("botalign #2 to #1 hand keep")
    yield lambda: "Certain" in panel.status.message.text()
    assert "verdict: certain" in panel.result.text.text()
    assert panel._buttons["Undo"].isEnabled()
    task = cx.run("botalign #2 to #1 evaluations 3000 wait false")
    yield lambda: panel.status.bar.isVisible() and panel.status.bar.value() > 2
    assert not panel._buttons["Align"].isEnabled()
    panel._buttons["Cancel"].click()
    yield lambda: task.ended and panel._task is None
    assert "Cancelled" in panel.status.message.text()


def a_panel_opened_during_an_alignment_shows_it(cx):
    cx.phantom(), cx.phantom(transform(257))
    task = cx.run("botalign #2 to #1 evaluations 3000 wait false")
    yield lambda: task.fraction > 0.02
    panel = _panel(cx)
    yield lambda: panel.status.bar.isVisible() and panel.status.bar.value() > 2
    panel.delete()
    task.terminate()
    yield lambda: task.ended


def a_typed_alignment_that_is_cancelled_in_its_window(cx):
    from Qt.QtCore import QTimer
    from Qt.QtWidgets import QApplication, QProgressDialog

    cx.phantom()
    moving = cx.phantom(transform(258))
    before = moving.scene_position
    panel = _panel(cx)
    yield lambda: panel._buttons["Align"].isEnabled()
    followed = []

    def look():
        window = QApplication.activeModalWidget()
        if isinstance(window, QProgressDialog) and not same(moving.scene_position, before, 1, 1):
            followed.append(True)
            timer.stop()
            window.cancel()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(50)
    with suppress(CancelOperation):
        cx.run("botalign #2 to #1 evaluations 3000")
    timer.stop()
    assert followed
    assert same(moving.scene_position, before)
    yield lambda: panel._task is None


def the_values_follow_atoms_that_move_within_their_model(cx):
    cx.phantom()
    model = cx.phantom_model()
    panel = _panel(cx)
    yield lambda: panel._current.text().startswith("average map value")
    before = panel._current.text()
    model.atoms.coords += 9
    yield lambda: panel._current.text() != before
    model.atoms.coords -= 9
    yield lambda: panel._current.text() == before


def an_alignment_undone_in_the_same_line(cx):
    cx.phantom()
    moving = cx.phantom(transform(259))
    before = moving.scene_position
    panel = _panel(cx)
    yield lambda: panel._buttons["Align"].isEnabled()
    cx.run("botalign #2 to #1 hand keep evaluations 20; undo")
    yield lambda: panel._task is None and panel.status.message.text().startswith("Undone")
    assert same(moving.scene_position, before)
