"""An alignment of layers: the work on its thread, and the layers that follow it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from napari.utils.progress import cancelable_progress

from botalign import AlignmentOptions, InputError, Progress
from napari_botalign.any_layer import AnyLayer, Move
from napari_botalign.background import start_worker
from napari_botalign.coordinates import Matrix
from napari_botalign.history import Record, new_action
from napari_botalign.layers import MapLayer, is_mirrored, moved_pose
from napari_botalign.option_labels import spelled
from napari_botalign.work import Pair, StopRequest, Update, alignments

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: Seconds after which an update is late.
_LATE = 0.2


class Watcher(Protocol):
    """Receives the events of a run, on the GUI thread."""

    def on_steps(self, name: str, steps: Sequence[Progress], fraction: float) -> None:
        """Receive steps of the work on a map, and the fraction of all work that is done."""

    def on_result(self, pair: Pair, record: Record, along: Sequence[AnyLayer]) -> None:
        """Receive the result of a map, and what moves along; they moved unless the verdict is "no match"."""

    def on_end(self, messages: Sequence[str]) -> None:
        """Receive the messages of the run."""


class _ActivityBar(cancelable_progress):  # type: ignore[misc]
    """A bar in napari's activity dock whose button cancels at once."""

    on_cancel: Callable[[], None]

    def cancel(self) -> None:
        """Cancel."""
        super().cancel()
        self.on_cancel()


class AlignmentRun:
    """Aligns layers to a fixed one, `fixed`, one after the other.

    Parameters
    ----------
    viewer : napari.Viewer
        Viewer of the layers.
    fixed : MapLayer
        The fixed map.
    pairs : sequence of Pair
        The moving maps.
    options : AlignmentOptions
        Options without masks.
    along : sequence of sequences of AnyLayer
        For each moving map the layers that move along.
    follows : callable
        Whether the moving layers show the best pose during the search.
    watcher : Watcher
        Receives the events.
    """

    def __init__(
        self,
        viewer: Viewer,
        fixed: MapLayer,
        pairs: Sequence[Pair],
        options: AlignmentOptions,
        *,
        along: Sequence[Sequence[AnyLayer]],
        follows: Callable[[], bool],
        watcher: Watcher,
    ) -> None:
        self._viewer, self.fixed, self._pairs = viewer, fixed, tuple(pairs)
        self._options, self._follows, self._watcher = options, follows, watcher
        self._moving = tuple(pair.moving for pair in pairs)
        self._along = tuple(along)
        self._moves = tuple(Move(one, others) for one, others in zip(self._moving, along, strict=True))
        self._action = new_action()
        self._followed: set[int] = set()
        self._done: set[int] = set()
        self._lowest: dict[int, float] = {}
        self._not_shown: dict[int, Matrix] = {}
        self._messages: list[str] = []
        self._stop = StopRequest()
        self._over = False
        self._bar: Any = None
        self._inbox: deque[Update | None] = deque()
        self._busy = False
        self._next_follow = 0.0

    def start(self) -> None:
        """Start the thread."""
        self._bar = _ActivityBar(total=100 * len(self._moving), desc="BOTalign: prepare")
        self._bar.on_cancel = self.cancel
        self._viewer.layers.events.removed.connect(self._on_removed)
        updates = alignments(self.fixed, self._pairs, self._options, self._stop)
        start_worker(updates, self._receive, lambda: self._receive(None))

    def cancel(self, message: str = "Cancelled.") -> None:
        """Stop now, and revert the layers that have no result yet.

        The thread ends after its current step; this does not wait for it.
        """
        if self._over:
            return
        for number in range(len(self._moving)):
            self._revert(number)
        self._messages.append(message)
        self._finish()

    def stop_silently(self) -> None:
        """Stop without a message, as the widget no longer exists, and revert the layers that have no result yet."""
        self._stop.everything.set()
        if not self._over:
            self._over = True
            for number in range(len(self._moving)):
                self._revert(number)
            self._bar.close()

    def _receive(self, update: Update | None) -> None:
        """Process the updates of the thread in order; None is its end.

        napari's progress bars let Qt process events, so this may be entered again before it returns.
        """
        self._inbox.append(update)
        if self._busy:
            return
        self._busy = True
        try:
            while self._inbox:
                update = self._inbox.popleft()
                if self._over:
                    return
                if update is None:
                    self._finish()
                elif not self._stop.applies_to(update.number):
                    self._process(update)
        except Exception as error:  # a bug, which napari shows: the widget must stay usable
            self.cancel(f"Stopped: {error}")
            raise
        finally:
            self._busy = False

    def _process(self, update: Update) -> None:
        moving = self._moving[update.number]
        if update.error is not None:
            self._fail(update.number, update.error)
            return
        try:
            fixed_pose = self.fixed.pose()
            moving.pose()
            if update.steps:
                self._show(update, fixed_pose)
            if update.result is not None and update.before is not None and not self._stop.applies_to(update.number):
                if update.result.verdict == "no match":
                    self._revert(update.number)
                else:
                    self._moves[update.number].to(moved_pose(update.result.moving_to_fixed, fixed_pose))
                    self._moves[update.number].keep(self._action)
                self._done.add(update.number)
                pair = self._pairs[update.number]
                record = Record(update.result, update.before, (self.fixed, pair))
                self._watcher.on_result(pair, record, self._along[update.number])
        except InputError as error:  # a layer was changed
            self._stop.numbers.add(update.number)
            self._fail(update.number, error)

    def _show(self, update: Update, fixed_pose: Matrix) -> None:
        moving = self._moving[update.number]
        best = next((step for step in reversed(update.steps) if self._is_best(update.number, step)), None)
        now = time.perf_counter()
        if best is not None and best.moving_to_fixed is not None:
            self._not_shown[update.number] = best.moving_to_fixed
        # Updates are late if drawing is slow. Then draw less often, or the search would wait for it.
        if now - update.when > _LATE:
            self._next_follow = max(self._next_follow, now + 3 * (now - update.when))
        elif update.number in self._not_shown and self._follows() and now >= self._next_follow:
            self._moves[update.number].to(moved_pose(self._not_shown.pop(update.number), fixed_pose))
            self._followed.add(update.number)
        last = update.steps[-1]
        done = update.number + last.done / last.total
        self._watcher.on_steps(moving.name, update.steps, done / len(self._moving))
        self._bar.set_description(f"{moving.name}: {last.label}")
        self._bar.update(max(0, round(100 * done) - self._bar.n))  # PyQt accepts integers only

    def _is_best(self, number: int, step: Progress) -> bool:
        """Whether to show a pose: one of the other hand only if the result may have it and it is better."""
        pose = step.moving_to_fixed
        keeps_hand = self._options.hand == "check"
        if pose is None or (keeps_hand and is_mirrored(pose) != is_mirrored(self._pairs[number].displayed)):
            return False
        if step.best_loss is None:
            return True
        lowest = self._lowest.setdefault(number, step.best_loss)
        self._lowest[number] = min(lowest, step.best_loss)
        return step.best_loss <= lowest

    def _fail(self, number: int, error: Exception) -> None:
        self._revert(number)
        if not isinstance(error, InputError):
            raise error
        self._messages.append(spelled(error))

    def _revert(self, number: int) -> None:
        """Revert a layer that followed the search and has no result."""
        if number in self._followed - self._done:
            self._moves[number].undo()

    def _on_removed(self, event: Any) -> None:
        if event.value == self.fixed.layer:
            self.cancel(f"The fixed layer {self.fixed.name} was deleted, so nothing more was moved.")
        for number, moving in enumerate(self._moving):
            if event.value == moving.layer and number not in self._done and not self._over:
                self._revert(number)
                self._stop.numbers.add(number)
                self._messages.append(f"{moving.name} was deleted, so it was not aligned.")

    def _finish(self) -> None:
        self._over = True
        self._stop.everything.set()
        self._bar.close()
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._watcher.on_end(self._messages)
