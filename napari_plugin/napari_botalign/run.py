"""One press of Align: the work on its thread, and the layers that follow it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from napari.qt.threading import thread_worker
from napari.utils.progress import cancelable_progress

from botalign import Alignment, InputError, Progress, Scores
from napari_botalign.layers import MapLayer, Matrix, displayed_motion, mirrors, pose_after
from napari_botalign.moves import Moves, affine_of
from napari_botalign.work import Mask, Pair, Stop, Told, alignments

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: Seconds after which news is late.
_LATE = 0.2


class Watcher(Protocol):
    """What wants to know of a run; all of it happens on the GUI thread."""

    def on_steps(self, name: str, steps: Sequence[Progress], fraction: float) -> None:
        """Take steps of the work on a map, and which part of all the work is done."""

    def on_aligned(self, fixed: MapLayer, moving: MapLayer, result: Alignment, before: Scores) -> None:
        """Take the result of a map that was put in place."""

    def on_end(self, messages: Sequence[str]) -> None:
        """Take what there is to say in the end."""


class _ActivityBar(cancelable_progress):  # type: ignore[misc]
    """A bar in napari's activity dock whose button cancels at once."""

    on_cancel: Callable[[], None]

    def cancel(self) -> None:
        """Cancel."""
        super().cancel()
        self.on_cancel()


class AlignmentRun:
    """Aligns layers to one, one by one.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the layers are.
    fixed, moving : MapLayer
        The maps.
    options : dict
        Options of :func:`botalign.align`.
    masks : dict of MapLayer, optional
        The masks of the ``"fixed"`` and of the ``"moving"`` maps, where there are some.
    follows : callable
        Whether the moving layers are to show the best pose while the search runs.
    moves : Moves
        Remembers where the layers were.
    watcher : Watcher
        Is told.
    """

    def __init__(
        self,
        viewer: Viewer,
        fixed: MapLayer,
        moving: Sequence[MapLayer],
        options: dict[str, Any],
        *,
        masks: dict[str, MapLayer] | None = None,
        follows: Callable[[], bool],
        moves: Moves,
        watcher: Watcher,
    ) -> None:
        self._viewer, self._fixed, self._moving = viewer, fixed, tuple(moving)
        self._options, self._follows, self._moves, self._watcher = options, follows, moves, watcher
        masks = masks or {}

        def mask(role: str, of: MapLayer) -> Mask | None:
            return Mask(masks[role], displayed_motion(of, masks[role])) if role in masks else None

        self._pairs = tuple(
            Pair(one, displayed_motion(fixed, one), mask("fixed", fixed), mask("moving", one)) for one in moving
        )
        self._before = tuple(affine_of(one.layer) for one in moving)
        self._followed: set[int] = set()
        self._placed: set[int] = set()
        self._lowest: dict[int, float] = {}
        self._not_shown: dict[int, Matrix] = {}
        self._messages: list[str] = []
        self._stop = Stop()
        self._over = False
        self._bar: Any = None
        self._inbox: deque[Told | None] = deque()
        self._busy = False
        self._next_follow = 0.0

    def start(self) -> None:
        """Begin."""
        self._bar = _ActivityBar(total=100 * len(self._moving), desc="BOTalign: prepare")
        self._bar.on_cancel = self.cancel
        self._viewer.layers.events.removed.connect(self._on_removed)
        self._worker = thread_worker(alignments)(self._fixed, self._pairs, self._options, self._stop)
        self._worker.yielded.connect(self._take)
        self._worker.finished.connect(lambda: self._take(None))
        self._worker.start()

    def cancel(self, message: str = "Cancelled.") -> None:
        """Stop now, with the layers that aren't done where they were.

        The thread ends with the step that it is in; nobody waits for it.
        """
        if self._over:
            return
        for number in range(len(self._moving)):
            self._put_back(number)
        self._messages.append(message)
        self._finish()

    def abandon(self) -> None:
        """Stop without a word: there is no widget any more."""
        self._stop.everything.set()
        if not self._over:
            self._over = True
            self._bar.close()

    def _take(self, told: Told | None) -> None:
        """Deal with what the thread tells, in order; None is its end.

        napari's progress bars let Qt handle events in between, so this may be entered again before it is left.
        """
        self._inbox.append(told)
        if self._busy:
            return
        self._busy = True
        try:
            while self._inbox:
                news = self._inbox.popleft()
                if self._over:
                    return
                if news is None:
                    self._finish()
                elif not self._stop.asked(news.number):
                    self._heed(news)
        except Exception as error:  # a fault, which napari shows to be reported: the widget must stay usable
            self.cancel(f"Stopped: {error}")
            raise
        finally:
            self._busy = False

    def _heed(self, told: Told) -> None:
        moving = self._moving[told.number]
        if told.error is not None:
            self._fail(told.number, told.error)
            return
        try:
            fixed_pose = self._fixed.pose()
            moving.pose()
            if told.steps:
                self._show(told, fixed_pose)
            if told.result is not None and told.before is not None and not self._stop.asked(told.number):
                moving.place(pose_after(told.result.moving_to_fixed, fixed_pose))
                self._placed.add(told.number)
                self._moves.remember([(moving.layer, self._before[told.number])])
                self._watcher.on_aligned(self._fixed, moving, told.result, told.before)
        except InputError as error:  # a layer is not what it was
            self._stop.numbers.add(told.number)
            self._fail(told.number, error)

    def _show(self, told: Told, fixed_pose: Matrix) -> None:
        moving = self._moving[told.number]
        best = next((step for step in reversed(told.steps) if self._is_best(told.number, step)), None)
        now = time.perf_counter()
        if best is not None and best.moving_to_fixed is not None:
            self._not_shown[told.number] = best.moving_to_fixed
        # News comes late where drawing is slow. Then it is drawn less often, or the search would wait for it.
        if now - told.when > _LATE:
            self._next_follow = max(self._next_follow, now + 3 * (now - told.when))
        elif told.number in self._not_shown and self._follows() and now >= self._next_follow:
            moving.place(pose_after(self._not_shown.pop(told.number), fixed_pose))
            self._followed.add(told.number)
        last = told.steps[-1]
        done = told.number + last.done / last.total
        self._watcher.on_steps(moving.name, told.steps, done / len(self._moving))
        self._bar.set_description(f"{moving.name}: {last.label}")
        self._bar.update(max(0, round(100 * done) - self._bar.n))  # whole numbers: PyQt takes nothing else

    def _is_best(self, number: int, step: Progress) -> bool:
        """Whether a pose is to be shown: of the other hand only if that may be kept, and is better."""
        pose = step.moving_to_fixed
        if pose is None or (self._options["hand"] == "check" and mirrors(pose) != mirrors(self._pairs[number].shown)):
            return False
        if step.best_loss is None:
            return True
        lowest = self._lowest.setdefault(number, step.best_loss)
        self._lowest[number] = min(lowest, step.best_loss)
        return step.best_loss <= lowest

    def _fail(self, number: int, error: Exception) -> None:
        self._put_back(number)
        if not isinstance(error, InputError):
            raise error
        self._messages.append(str(error))

    def _put_back(self, number: int) -> None:
        """Undo what following the search did."""
        if number in self._followed - self._placed:
            self._moving[number].layer.affine = self._before[number]

    def _on_removed(self, event: Any) -> None:
        if event.value == self._fixed.layer:
            self.cancel(f"The fixed layer {self._fixed.name} was deleted, so nothing more was moved.")
        for number, moving in enumerate(self._moving):
            if event.value == moving.layer and number not in self._placed and not self._over:
                self._put_back(number)
                self._stop.numbers.add(number)
                self._messages.append(f"{moving.name} was deleted, so it wasn't aligned.")

    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        self._stop.everything.set()
        self._bar.close()
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._watcher.on_end(self._messages)
