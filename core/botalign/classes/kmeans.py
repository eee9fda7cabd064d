"""k-means: seeding, then alternating assignment and averaging (Algorithm 1 of Rao et al. 2020)."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Volume
from botalign.classes.assignment import Nearest, Part, chosen_distance_steps, nearest_steps, vector_steps
from botalign.classes.averaging import averages, refill
from botalign.classes.frame import Frame
from botalign.classes.history import History, State
from botalign.classes.posing import image_splines
from botalign.classes.result import Iteration
from botalign.classes.seeding import seeding_steps
from botalign.jobs import Workers
from botalign.progress import Progress, map_steps

Steps = Generator[Progress, None, None]


@dataclass(frozen=True, eq=False)
class KMeans:
    """The images and settings of a classification.

    Attributes
    ----------
    frame : Frame
        Metric and poses.
    images : ndarray of float32, shape (n, side, side)
        Prepared images.
    splines : ndarray of float32, shape (n, side + 3, side + 3)
        Spline coefficients of the images.
    classes, iterations, seed, threads : int
        Options of :func:`botalign.classify`.
    """

    frame: Frame
    images: Volume
    splines: Volume
    classes: int
    iterations: int
    seed: int
    threads: int

    def steps(self, history: History, workers: Workers) -> Steps:
        """Continue a history until it converges or the iterations are used up."""
        if history.finished(self.iterations):
            return
        parts = yield from self._prepared(workers)
        while not history.ended(self.iterations):
            began = time.perf_counter()
            if not history.last:
                found = yield from self._seeded(parts, workers)
            else:
                found = yield from self._assigned(parts, history.last[-1], workers)
            history.add(self._state(found, history, began))
        history.finish((yield from self._measured(parts, history.best, workers)))

    def averages(self, state: State) -> Volume:
        """Return the averages of an iteration."""
        return averages(self.frame, self.splines, state.chosen, self.classes, threads=self.threads)

    def _prepared(self, workers: Workers) -> Generator[Progress, None, list[Part]]:
        steps = vector_steps(self.frame, self.images, workers)
        return (yield from map_steps(steps, lambda step: replace(step, stage="prepare")))

    def _seeded(self, parts: list[Part], workers: Workers) -> Generator[Progress, None, Nearest]:
        rng = np.random.default_rng(self.seed)
        steps = seeding_steps(self.frame, parts, self.splines, self.classes, rng, workers)
        records = map_steps(steps, lambda drawn: Progress("seed", drawn, self.classes, iteration=1))
        return (yield from records).nearest

    def _assigned(self, parts: list[Part], before: State, workers: Workers) -> Generator[Progress, None, Nearest]:
        loss, number = before.record.loss, before.record.number + 1
        yield Progress("average", 0, 1, iteration=number, loss=loss)
        guess = Nearest(before.distance, before.chosen, 0)
        splines = image_splines(self.averages(before))
        steps = nearest_steps(self.frame, parts, splines, guess, workers)
        return (yield from map_steps(steps, lambda step: replace(step, stage="assign", iteration=number, loss=loss)))

    def _measured(
        self, parts: list[Part], state: State, workers: Workers
    ) -> Generator[Progress, None, NDArray[np.float64]]:
        """Compute the distances from the averages of an iteration; its own distances are from the previous averages."""
        loss, number = state.record.loss, state.record.number
        yield Progress("finish", 0, 1, iteration=number, loss=loss)
        steps = chosen_distance_steps(self.frame, parts, image_splines(self.averages(state)), state.chosen, workers)
        return (yield from map_steps(steps, lambda step: replace(step, stage="finish", iteration=number, loss=loss)))

    def _state(self, found: Nearest, history: History, began: float) -> State:
        poses = len(self.frame.poses)
        chosen, distance, refilled = refill(found.chosen, found.distance, self.classes, poses)
        before = history.last[-1].chosen if history.last else np.full(len(chosen), -1)
        record = Iteration(
            number=len(history.records) + 1,
            loss=float(np.square(distance).sum()),
            changed=int(np.count_nonzero(chosen // poses != before // poses)),
            refilled=len(refilled),
            work=found.work / (float(len(chosen)) * self.classes * poses * self.frame.metric.length),
            seconds=time.perf_counter() - began,
        )
        return State(chosen, distance, record)
