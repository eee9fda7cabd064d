"""The iterations of a classification, stored in a work folder so that it can be resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.classes.result import Iteration
from botalign.jobs import BlockStore, block_names, versions

_ITERATION = "iteration_"


@dataclass(frozen=True, eq=False)
class State:
    """The assignment of all images after an iteration, which determines the averages.

    Attributes
    ----------
    chosen : ndarray of int64, shape (n,)
        Class and pose of each image; see :class:`botalign.classes.metrics.Nearest`.
    distance : ndarray, shape (n,)
        Distance of each image.
    record : Iteration
        Statistics of the iteration.
    """

    chosen: NDArray[np.int64]
    distance: NDArray[np.float64]
    record: Iteration


@dataclass(eq=False)
class History:
    """The iterations so far.

    Attributes
    ----------
    store : BlockStore or None
        Work folder.
    records : list of Iteration
        Statistics of all iterations.
    last : list of State
        Assignments of the last two iterations.
    distances : ndarray, shape (n,)
        Distance of each image from its final average; empty until it is computed.
    made : bool
        Whether the work folder was created by this run.
    """

    store: BlockStore | None = None
    records: list[Iteration] = field(default_factory=list)
    last: list[State] = field(default_factory=list)
    distances: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    made: bool = False

    @classmethod
    def in_folder(
        cls, folder: str | PathLike[str], images: NDArray[np.float32], most: int, described: Mapping[str, Any]
    ) -> History:
        """Resume the work in a folder, of the same images and options, or start new work there.

        At most `most` iterations are read, so that the result does not depend on the length of an earlier run.
        `described` are the options and numbers that the iterations depend on, apart from the images.

        Raises
        ------
        InputError
            If the folder holds other work, or cannot be used.
        """
        images_hash = hashlib.sha256()
        for image in images:  # one by one, so that Ctrl-C is not delayed
            images_hash.update(np.ascontiguousarray(image).data)
        inputs = {"work": "classes", "images": images_hash.hexdigest(), "versions": versions()}
        made = not Path(folder).exists()
        history = cls(BlockStore(folder, {**described, **inputs}), made=made)
        while len(history.records) < most and (stored := history._stored(len(history.records) + 1)) is not None:
            history._append(stored)
        return history

    def close(self) -> None:
        """Release the folder for other programs; remove it if this run created it and stored nothing."""
        if self.store is None:
            return
        if self.made and not self.records:
            self.store.remove()
        else:
            with self.store:  # leaving the context releases it
                pass

    def add(self, state: State) -> None:
        """Add and store an iteration."""
        self._append(state)
        if self.store is not None:
            record = state.record
            numbers = [record.loss, record.changed, record.refilled, record.work, record.seconds]
            arrays = {"chosen": state.chosen, "distance": state.distance, "numbers": np.array(numbers)}
            self.store.put(_key(record.number), arrays)

    def finish(self, distances: NDArray[np.float64]) -> None:
        """Set and store the distances from the final averages."""
        self.distances = distances
        if self.store is not None:
            self.store.put(_final_key(self.best), {"distance": distances})

    def ended(self, most: int) -> bool:
        """Return whether all iterations are done, of at most `most`."""
        return len(self.records) >= most or self.converged

    def finished(self, most: int) -> bool:
        """Return whether all iterations are done and the final distances are stored."""
        if not self.ended(most):
            return False
        stored = None if self.store is None else self.store.get(_final_key(self.best))
        if stored is not None:
            self.distances = stored["distance"]
        return stored is not None

    @property
    def converged(self) -> bool:
        """Whether the loss did not decrease, or the assignment did not change, in the last iteration."""
        if len(self.last) < 2:
            return False
        before, now = self.last
        return now.record.loss >= before.record.loss or np.array_equal(now.chosen, before.chosen)

    @property
    def best(self) -> State:
        """The last iteration, or the previous one if its loss is lower."""
        return min(reversed(self.last), key=lambda state: state.record.loss)

    def _append(self, state: State) -> None:
        self.records.append(state.record)
        self.last = [*self.last[-1:], state]

    def _stored(self, number: int) -> State | None:
        arrays = None if self.store is None else self.store.get(_key(number))
        if arrays is None:
            return None
        loss, changed, refilled, work, seconds = map(float, arrays["numbers"])
        record = Iteration(number, loss, int(changed), int(refilled), work, seconds)
        return State(arrays["chosen"], arrays["distance"], record)


def _final_key(state: State) -> str:
    return f"distances_{state.record.number:04d}"


def _key(number: int) -> str:
    return f"{_ITERATION}{number:04d}"


def kept_iterations(folder: Path) -> int:
    """Return the number of iterations that are kept in a folder."""
    return sum(name.startswith(_ITERATION) for name in block_names(folder))
