import threading
from collections.abc import Generator

import pytest

from botalign.cancellation import check_cancelled
from botalign.progress import WHOLE, Progress, exhaust, in_background, map_steps, part_of_work, run_until


def counted(closed: list[bool]) -> Generator[int, None, str]:
    try:
        yield 1
        yield 2
        return "done"
    finally:
        closed.append(True)


def test_steps_are_told_otherwise_and_the_result_is_the_same() -> None:
    assert list(map_steps(counted([]), str)) == ["1", "2"]
    assert exhaust(map_steps(counted([]), str)) == "done"


def test_closed_midway_the_other_generator_is_closed_at_once() -> None:
    closed: list[bool] = []
    inner = counted(closed)
    steps = map_steps(inner, str)
    next(steps)
    steps.close()
    assert closed == [True]


def test_a_part_of_work_ends_where_the_next_one_starts() -> None:
    def both() -> Generator[Progress, None, None]:
        yield from part_of_work((Progress("a", done, 4) for done in range(5)), 0, 400)
        # These count one of several stages, and know the fraction of all.
        yield from part_of_work((Progress("b", 1, 1, overall=part) for part in (0, 0.5, 1)), 400, WHOLE)

    assert [step.fraction for step in both()] == [0, 0.1, 0.2, 0.3, 0.4, 0.4, 0.7, 1]


def test_an_interruption_between_two_steps_closes_the_work() -> None:
    class Interrupted:
        closed = False

        def __next__(self) -> None:
            raise KeyboardInterrupt

        def close(self) -> None:
            self.closed = True

    steps = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        exhaust(steps)
    assert steps.closed


def test_closing_cancels_a_step_on_another_thread() -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless() -> Generator[int, None, None]:
        try:
            begun.set()
            while True:
                check_cancelled()
            yield 1
        finally:
            ended.set()

    steps = in_background(endless())
    assert begun.wait(60)
    steps.close()  # otherwise this would wait for ever
    assert ended.is_set()


def test_run_until_the_end() -> None:
    closed: list[bool] = []
    assert exhaust(run_until(counted(closed), lambda: False)) == "done"
    assert list(run_until(counted(closed), lambda: False)) == [1, 2]
    assert closed == [True, True]


def test_run_until_a_condition_between_steps() -> None:
    closed: list[bool] = []
    seen: list[int] = []
    assert exhaust(map_steps(run_until(counted(closed), lambda: bool(seen)), seen.append)) is None
    assert (seen, closed) == ([1], [True])


@pytest.mark.parametrize("on_a_thread", [False, True])
def test_run_until_a_condition_during_a_step(on_a_thread: bool) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def endless() -> Generator[int, None, str]:
        begun.set()
        while True:
            check_cancelled()
        yield 1
        return "done"

    steps = in_background(endless()) if on_a_thread else endless()
    thread = threading.Thread(target=lambda: begun.wait(60) and stopped.set())
    thread.start()
    assert exhaust(run_until(steps, stopped.is_set)) is None  # otherwise this would never return
    thread.join()
    check_cancelled()  # nothing is watched any longer
