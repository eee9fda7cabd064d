"""The command with a GUI: it waits, or runs in the background. Each scenario yields the condition that it waits for."""

from chimerax.core.errors import CancelOperation
from helper import place, same, transform


def _recorded(cx):
    """Return lists to which the errors and the messages of the status line are added."""
    errors, messages = [], []
    logger = cx.session.logger
    logger.error = lambda text, *args, **options: errors.append(text)
    logger.status = lambda text, *args, **options: messages.append(text)
    return errors, messages


def _when_shown(action):
    """Call a function with the window that shows the progress, once it is shown."""
    from Qt.QtCore import QTimer
    from Qt.QtWidgets import QApplication, QProgressDialog

    timer = QTimer()

    def look():
        window = QApplication.activeModalWidget()
        if isinstance(window, QProgressDialog):
            timer.stop()
            action(window)

    timer.timeout.connect(look)
    timer.start(50)
    return timer


def commands_after_it_use_the_aligned_map(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(222))
    cx.scatter(moving)
    correlation = cx.run("botalign #2 to #1 hand keep; measure correlation #2 inMap #1")[1][0]
    assert correlation > 0.99
    cx.assert_in_place(moving, fixed, transform(222))
    yield lambda: True


def an_alias_waits_too(cx):
    cx.phantom(), cx.phantom(transform(223))
    cx.run("alias both botalign #2 to #1 hand keep; measure correlation #2 inMap #1")
    cx.run("both")
    assert "correlation = 0.99" in cx.log_so_far().split("measure correlation")[-1]
    cx.run("alias delete both")
    yield lambda: True


def a_window_shows_the_progress_and_cancels(cx):
    cx.phantom()
    moving = cx.phantom(transform(224))
    before = moving.scene_position
    seen = []

    def cancel(window):
        seen.append((window.labelText(), window.isModal()))
        window.grab().save(str(cx.folder / "progress.png"))
        window.cancel()

    timer = _when_shown(cancel)
    try:
        cx.run("botalign #2 to #1 evaluations 3000; close #2")
    except CancelOperation:
        pass
    else:
        raise AssertionError("it was not cancelled")
    timer.stop()
    cx.facts["window"] = seen
    assert seen[0][0].startswith("Aligning ")
    assert seen[0][1]
    assert not moving.deleted, "what follows the cancelled command was run"
    assert same(moving.scene_position, before)
    assert "cancelled; nothing was moved" in cx.log_so_far()
    yield lambda: True


def what_is_typed_does_not_cancel(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(225))
    from Qt.QtCore import QEvent, Qt
    from Qt.QtGui import QKeyEvent
    from Qt.QtWidgets import QApplication

    typed = []

    def type_keys(window):
        for key in (Qt.Key.Key_Space, Qt.Key.Key_Return):
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier)
                QApplication.sendEvent(window.focusWidget() or window, event)
        typed.append(window)

    timer = _when_shown(type_keys)
    cx.run("botalign #2 to #1 evaluations 1500")
    timer.stop()
    assert typed
    cx.assert_in_place(moving, fixed, transform(225))
    yield lambda: True


def without_waiting_the_command_returns_at_once_and_the_map_is_moved_later(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(200))
    cx.scatter(moving)
    old = moving.scene_position
    task = cx.run("botalign #2 to #1 evaluations 400 wait false")
    assert same(moving.scene_position, old)
    ticks = [0]

    def waiting():
        ticks[0] += 1
        return task.ended

    yield waiting
    cx.assert_in_place(moving, fixed, transform(200))
    cx.facts["events handled meanwhile"] = ticks[0]
    assert ticks[0] > 5, "the window did not respond"
    assert len(task.outcome) == 1
    cx.run("undo")
    assert same(moving.scene_position, old)
    cx.run("redo")
    cx.assert_in_place(moving, fixed, transform(200))


def cancelled_by_taskman(cx):
    cx.phantom()
    moving = cx.phantom(transform(201))
    before = moving.scene_position
    task = cx.run("botalign #2 to #1 evaluations 1000 wait false")
    yield lambda: task.fraction > 0.1
    cx.run("taskman list")
    assert "BOTalign #2 to #1" in cx.log_so_far()
    cx.run(f"taskman kill {task.id}")
    yield lambda: task.ended
    assert same(moving.scene_position, before)
    assert "cancelled; nothing was moved" in cx.log_so_far()


def shown_by_the_task_manager(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(207))
    cx.run('ui tool show "Task Manager"')
    yield lambda: True
    task = cx.run("botalign #2 to #1 hand keep evaluations 300 wait false")
    yield lambda: task.ended
    cx.assert_in_place(moving, fixed, transform(207))
    assert "Traceback" not in cx.log_so_far()
    cx.run('ui tool hide "Task Manager"')


def a_session_saved_while_it_runs(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(208))
    path = cx.path(".cxs")
    task = cx.run("botalign #2 to #1 hand keep evaluations 600 wait false")
    yield lambda: task.fraction > 0.1
    cx.run(f"save {path}")
    yield lambda: task.ended
    cx.assert_in_place(moving, fixed, transform(208))
    cx.run("close session")
    models = cx.run(f"open {path}")
    assert models is not None
    assert "Traceback" not in cx.log_so_far()


def closed_while_it_runs(cx):
    cx.phantom()
    moving = cx.phantom(transform(202))
    errors, messages = _recorded(cx)
    task = cx.run("botalign #2 to #1 evaluations 1000 wait false")
    yield lambda: task.fraction > 0.1
    cx.run("close #2")
    yield lambda: task.ended
    assert moving.deleted
    assert "was closed while the alignment ran" in task.problem
    assert "Usage" not in task.problem
    assert "Traceback" not in cx.log_so_far()
    assert not errors, "a dialog about what the user did"
    assert messages[-1] == "botalign #2 to #1: nothing was aligned"


def the_session_closed_while_it_runs(cx):
    cx.phantom(), cx.phantom(transform(221))
    errors, messages = _recorded(cx)
    task = cx.run("botalign #2 to #1 evaluations 1000 wait false")
    yield lambda: task.fraction > 0.1
    cx.run("close session")
    yield lambda: task.ended
    assert not errors
    assert "nothing was aligned" in messages[-1]


def moved_while_it_runs(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(203))
    task = cx.run("botalign #2 to #1 hand keep evaluations 600 wait false")
    yield lambda: task.fraction > 0.1
    cx.run("turn y 77 models #1")
    cx.run("move x 40 models #2")
    yield lambda: task.ended
    cx.assert_in_place(moving, fixed, transform(203))
    assert "(#1) was moved while the alignment ran" in cx.log_so_far()
    assert "(#2) was moved while the alignment ran" in cx.log_so_far()


def several_in_the_background(cx):
    fixed = cx.phantom()
    others = [cx.phantom(transform(seed)) for seed in (204, 205)]
    task = cx.run("botalign #2-3 to #1 hand keep wait false")
    yield lambda: task.ended
    for seed, moving in zip((204, 205), others, strict=True):
        cx.assert_in_place(moving, fixed, transform(seed))
    cx.run("undo")
    assert all(same(m.scene_position, place(transform(0)) * place(transform(0)).inverse()) for m in others)


def a_script_waits(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(206))
    path = cx.path(".cxc")
    path.write_text("botalign #2 to #1 hand keep\nmeasure correlation #2 inMap #1\n")
    cx.run(f"open {path}")
    cx.assert_in_place(moving, fixed, transform(206))
    yield lambda: True


def errors_are_reported_without_a_traceback(cx):
    cx.phantom()
    cx.run("volume new flat size 20,20,20")
    task = cx.run("botalign #2 to #1 wait false")
    yield lambda: task.ended
    assert "all densities are zero" in task.problem
    assert "Usage" not in task.problem
    assert "Usage: botalign" in cx.log_so_far()
    assert "Traceback" not in cx.log_so_far()
