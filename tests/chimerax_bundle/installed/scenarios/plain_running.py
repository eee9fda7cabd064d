"""Events while an alignment runs in a script, where the command waits for it."""

import signal

from chimerax.core.errors import CancelOperation, UserError
from helper import place, same, transform

#: Long enough for something to happen before it ends.
_LONG = "evaluations 1000"


def cancelled(cx):
    cx.phantom()
    moving = cx.phantom(transform(80))
    before = moving.scene_position
    cx.meanwhile(lambda task: cx.run(f"taskman kill {task.id}"))
    try:
        cx.run(f"botalign #2 to #1 {_LONG}; close #2")
    except CancelOperation:
        pass
    else:
        raise AssertionError("what follows the cancelled command was run")
    assert not moving.deleted
    assert same(moving.scene_position, before)
    assert "cancelled; nothing was moved" in cx.log_so_far()
    assert cx.session.undo.top_undo_name() != "botalign"


def interrupted_at_the_keyboard(cx):
    cx.phantom()
    moving = cx.phantom(transform(81))
    before = moving.scene_position
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
    cx.meanwhile(lambda task: signal.raise_signal(signal.SIGINT))
    try:
        cx.run(f"botalign #2 to #1 {_LONG}")
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError("the interruption was ignored")
    assert same(moving.scene_position, before)
    assert not any(task.state == "running" for task in cx.session.tasks.list()), "the task still runs"


def the_moving_map_closed(cx):
    fixed = cx.phantom()
    moving = cx.phantom(transform(82))
    before = fixed.scene_position
    cx.meanwhile(lambda task: cx.session.models.close([moving]))
    assert "(#2) was closed while the alignment ran" in cx.refused(f"botalign #2 to #1 {_LONG}")
    assert same(fixed.scene_position, before)


def the_reference_closed(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(83))
    before = moving.scene_position
    cx.meanwhile(lambda task: cx.session.models.close([fixed]))
    assert "(#1) was closed while the alignment ran" in cx.refused(f"botalign #2 to #1 {_LONG}")
    assert same(moving.scene_position, before)


def the_session_closed(cx):
    cx.phantom(), cx.phantom(transform(84))
    cx.meanwhile(lambda task: cx.run("close session"))
    assert "was closed while the alignment ran" in cx.refused(f"botalign #2 to #1 {_LONG}")


def one_of_several_closed(cx):
    fixed, first, second = cx.phantom(), cx.phantom(transform(85)), cx.phantom(transform(86))
    cx.meanwhile(lambda task: cx.session.models.close([first]))
    assert len(cx.run("botalign #2-3 to #1 evaluations 400 hand keep")) == 1
    cx.assert_in_place(second, fixed, transform(86))
    assert "was closed while the alignment ran" in cx.log_so_far()


def one_closed_before_it_is_aligned(cx):
    fixed, first, second = cx.phantom(), cx.phantom(transform(95)), cx.phantom(transform(96))
    cx.meanwhile(lambda task: cx.session.models.close([second]))
    assert len(cx.run("botalign #2-3 to #1 evaluations 400 hand keep")) == 1
    cx.assert_in_place(first, fixed, transform(95))
    assert "was closed while the alignment ran" in cx.log_so_far()


def the_moving_map_moved(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(87))
    there = place(transform(88))
    cx.meanwhile(lambda task: setattr(moving, "scene_position", there))
    cx.run("botalign #2 to #1 hand keep evaluations 500")
    cx.assert_in_place(moving, fixed, transform(87))
    assert "(#2) was moved while the alignment ran" in cx.log_so_far()
    cx.run("undo")
    assert same(moving.scene_position, there)


def the_reference_moved(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(89))
    there = place(transform(90))
    cx.meanwhile(lambda task: setattr(fixed, "scene_position", there))
    cx.run("botalign #2 to #1 hand keep evaluations 500")
    cx.assert_in_place(moving, fixed, transform(89))
    assert same(fixed.scene_position, there)
    assert "(#1) was moved while the alignment ran" in cx.log_so_far()


def a_grid_changed(cx):
    cx.phantom()
    moving = cx.phantom(transform(91))
    before = moving.scene_position
    cx.meanwhile(lambda task: cx.run("volume #2 voxelSize 4"))
    assert "the grid of" in cx.refused(f"botalign #2 to #1 {_LONG}")
    assert same(moving.scene_position, before)


def undo_works_after_a_map_is_closed(cx):
    fixed, first, second = cx.phantom(), cx.phantom(transform(92)), cx.phantom(transform(93))
    before = second.scene_position
    cx.run("botalign #2-3 to #1 hand keep")
    cx.session.models.close([first])
    cx.run("undo")
    assert same(second.scene_position, before)
    cx.run("redo")
    cx.assert_in_place(second, fixed, transform(93))


def progress_is_shown_in_the_status_line(cx):
    cx.phantom(), cx.phantom(transform(94))
    messages = []
    status = cx.session.logger.status
    cx.session.logger.status = lambda text, *args, **options: messages.append(text)
    try:
        cx.run(f"botalign #2 to #1 {_LONG}")
    finally:
        cx.session.logger.status = status
    assert any("%" in text and "lowest loss" in text for text in messages), messages


def finished_alignments_leave_the_list_of_tasks(cx):
    cx.phantom(), cx.phantom(transform(97)), cx.phantom(transform(98))
    running = []
    cx.meanwhile(lambda task: running.extend(cx.session.tasks.list()))
    cx.run("botalign #2 to #1")
    assert [str(task).split(",")[0] for task in running] == ["BOTalign #2 to #1"]
    assert not cx.session.tasks.list()
    cx.run("botalign #2-3 to #1 hand keep")
    cx.refused("botalign #2 to #1 level 1e9")
    assert not cx.session.tasks.list()
    cx.run("taskman list")
    assert "No tasks running" in cx.log_so_far()


def commands_meanwhile_use_the_poses_of_the_models(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(75))
    cx.scatter(moving)
    path, before, shown = cx.path(".json"), moving.scene_position, place(transform(76))
    cx.run(f"botalign #2 to #1 hand keep result {path}")
    aligned = moving.scene_position
    cx.run("undo")
    scores = []

    def meanwhile(task):
        pair = task.job.pairs[0]
        for command in ("botalign score #2 to #1", f"botalign apply #2 file {path} to #1"):
            task.follower.show(pair, [], shown.matrix)
            assert not same(moving.scene_position, before, 1, 1)
            scores.append(cx.run(command))
        task.follower.show(pair, [], shown.matrix)
        cx.run("undo")
        assert same(moving.scene_position, before)
        cx.run("redo")

    expected = cx.run("botalign score #2 to #1").scores.correlation
    cx.meanwhile(meanwhile)
    cx.run(f"botalign #2 to #1 hand keep {_LONG}")
    assert scores[0].scores.correlation == expected
    cx.run("undo")
    assert same(moving.scene_position, aligned)
    cx.run("undo")
    assert same(moving.scene_position, before)
    assert fixed.display


def cancelled_and_closed_during_a_long_step(cx):
    import time

    import botalign
    from botalign.cancellation import check_cancelled

    _, moving = cx.phantom(), cx.phantom(transform(77))
    align_steps, ends, action = botalign.align_steps, [], None

    def one_step(*given):
        steps = align_steps(*given)
        yield next(steps)
        (task,) = cx.session.tasks.list()
        task._post(lambda: action(task))
        end = time.monotonic() + 20
        try:
            while time.monotonic() < end:
                check_cancelled()
            ends.append("late")
        finally:
            steps.close()
        yield None

    botalign.align_steps = one_step
    try:
        for each in (lambda task: task.terminate(), lambda task: cx.session.models.close([moving])):
            action = each
            try:
                cx.run("botalign #2 to #1")
            except (CancelOperation, UserError) as error:
                ends.append(str(error))
    finally:
        botalign.align_steps = align_steps
    assert "was cancelled" in ends[0]
    assert "was closed while the alignment ran" in ends[1]


def a_result_file_that_cannot_be_written_at_the_end(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(78))
    path = cx.path(".json")
    messages = []
    cx.meanwhile(lambda task: path.mkdir())
    status = cx.session.logger.status
    cx.session.logger.status = lambda text, *args, **options: messages.append(text)
    try:
        cx.run(f"botalign #2 to #1 hand keep result {path}")
    except UserError as error:
        messages.append(str(error))
    finally:
        cx.session.logger.status = status
    assert "The alignment is complete, but the result file was not written" in messages[-1]
    cx.assert_in_place(moving, fixed, transform(78))
    assert not any("nothing was aligned" in text for text in messages), messages
