"""k-means: seeding, then alternating assignment and averaging (Algorithm 1 of Rao et al. 2020)."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from botalign.arrays import Matrix, Volume
from botalign.classes.assignment import SharedImages, share_images
from botalign.classes.averaging import average_steps, refill
from botalign.classes.frame import Frame
from botalign.classes.history import History, State
from botalign.classes.metrics import Nearest
from botalign.classes.options import ClassifyOptions
from botalign.classes.posing import AFTER, BEFORE, image_splines
from botalign.classes.preparation import PreparedImages
from botalign.classes.resolution import resolution_steps
from botalign.classes.result import Iteration
from botalign.classes.seeding import seeding_steps
from botalign.classes.units import PIXELS, units
from botalign.jobs import Workers
from botalign.progress import Progress, map_steps

Steps = Generator[Progress, None, None]


@dataclass(frozen=True, eq=False)
class KMeans:
    """The images and settings of a classification.

    Attributes
    ----------
    ready : PreparedImages
        Images.
    classes : int
        Number of classes.
    options : ClassifyOptions
        Options.
    threads : int
        Number of threads of the averaging.
    """

    ready: PreparedImages
    classes: int
    options: ClassifyOptions
    threads: int
    _splines: list[Volume] = field(default_factory=list, init=False)

    @cached_property
    def frame(self) -> Frame:
        """Metric and poses."""
        return Frame.of(self.options, self.ready)

    def steps(self, history: History, workers: Workers) -> Steps:
        """Continue a history until it converges or the iterations are used up."""
        if history.finished(self.options.iterations):
            return
        images = yield from self._prepared(workers)
        while not history.ended(self.options.iterations):
            began = time.perf_counter()
            if not history.last:
                found = yield from self._seeded(images)
            else:
                found = yield from self._assigned(images, history.last[-1])
            history.add(self._state(found, history, began))
        history.finish((yield from self._measured(images, history.best)))

    def averages(self, state: State) -> Generator[Progress, None, Volume]:
        """Compute the averages of an iteration."""
        splines = yield from self._image_splines()
        return (yield from average_steps(self.frame, splines, state.chosen, self.classes, threads=self.threads))

    def resolutions(self, state: State) -> Generator[Progress, None, Matrix]:
        """Estimate the resolutions of the averages of an iteration."""
        splines = yield from self._image_splines()
        steps = resolution_steps(
            self.frame, splines, state.chosen, self.classes, self.ready.pixel_size_angstrom, threads=self.threads
        )
        return (yield from steps)

    def _image_splines(self) -> Generator[Progress, None, Volume]:
        """Compute the spline coefficients of the images, once."""
        if not self._splines:
            self._splines.append((yield from spline_steps(self.ready.images)))
        return self._splines[0]

    def _prepared(self, workers: Workers) -> Generator[Progress, None, SharedImages]:
        steps = share_images(self.frame, self.ready.images, workers)
        return (yield from map_steps(steps, lambda step: replace(step, stage="prepare")))

    def _seeded(self, images: SharedImages) -> Generator[Progress, None, Nearest]:
        splines = yield from map_steps(self._image_splines(), lambda step: replace(step, stage="prepare"))
        steps = seeding_steps(images, splines, self.classes, np.random.default_rng(self.options.seed))
        records = map_steps(steps, lambda drawn: Progress("seed", drawn, self.classes, iteration=1))
        return (yield from records).nearest

    def _assigned(self, images: SharedImages, before: State) -> Generator[Progress, None, Nearest]:
        loss, number = before.record.loss, before.record.number + 1
        averages = self._average_splines(before)
        splines = yield from map_steps(
            averages, lambda step: replace(step, stage="average", iteration=number, loss=loss)
        )
        steps = images.nearest(splines, Nearest(before.distance, before.chosen))
        return (yield from map_steps(steps, lambda step: replace(step, stage="assign", iteration=number, loss=loss)))

    def _measured(self, images: SharedImages, state: State) -> Generator[Progress, None, Matrix]:
        """Compute the distances from the averages of an iteration; its own distances are from the previous averages."""
        loss, number = state.record.loss, state.record.number

        def steps() -> Generator[Progress, None, Matrix]:
            splines = yield from self._average_splines(state)
            return (yield from images.distances(splines, state.chosen))

        return (yield from map_steps(steps(), lambda step: replace(step, stage="finish", iteration=number, loss=loss)))

    def _average_splines(self, state: State) -> Generator[Progress, None, Volume]:
        averages = yield from self.averages(state)
        return (yield from spline_steps(averages))

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


def spline_steps(images: Volume) -> Generator[Progress, None, Volume]:
    """Compute the spline coefficients of images, shape (n, side + 3, side + 3)."""
    n, side = len(images), images.shape[1] + BEFORE + AFTER
    splines = np.empty((n, side, side), dtype=np.float32)
    for unit in units(n, side**2, PIXELS):
        yield Progress("", unit.start, n)
        splines[unit] = image_splines(images[unit])
    return splines
