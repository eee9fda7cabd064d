"""The command with a GUI, where it runs in the background. Each scenario yields the condition that it waits for."""

from helper import place, same, transform


def the_command_returns_at_once_and_the_map_is_moved_later(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(200))
    cx.scatter(moving)
    old = moving.scene_position
    task = cx.run("botalign #2 to #1 evaluations 400")
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
    task = cx.run("botalign #2 to #1 evaluations 1000")
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
    task = cx.run("botalign #2 to #1 hand keep evaluations 300")
    yield lambda: task.ended
    cx.assert_in_place(moving, fixed, transform(207))
    assert "Traceback" not in cx.log_so_far()
    cx.run('ui tool hide "Task Manager"')


def a_session_saved_while_it_runs(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(208))
    path = cx.path(".cxs")
    task = cx.run("botalign #2 to #1 hand keep evaluations 600")
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
    task = cx.run("botalign #2 to #1 evaluations 1000")
    yield lambda: task.fraction > 0.1
    cx.run("close #2")
    yield lambda: task.ended
    assert moving.deleted
    assert "was closed while the alignment ran" in task.problem
    assert "Traceback" not in cx.log_so_far()


def moved_while_it_runs(cx):
    fixed, moving = cx.phantom(), cx.phantom(transform(203))
    task = cx.run("botalign #2 to #1 hand keep evaluations 600")
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
    task = cx.run("botalign #2-3 to #1 hand keep")
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
    task = cx.run("botalign #2 to #1")
    yield lambda: task.ended
    assert "all densities are zero" in task.problem
    assert "Usage: botalign" in task.problem
    assert "Traceback" not in cx.log_so_far()
