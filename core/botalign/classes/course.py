"""The course of a classification, kept on disk so that it can be gone on with."""

from __future__ import annotations

import hashlib
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
    """Where all images belong after an iteration; what is averaged from it is the same each time.

    Attributes
    ----------
    chosen : ndarray of int64, shape (n,)
        Class and pose of each image; see :class:`botalign.classes.assignment.Nearest`.
    distance : ndarray, shape (n,)
        Their distances.
    record : Iteration
        What there is to tell about the iteration.
    """

    chosen: NDArray[np.int64]
    distance: NDArray[np.float64]
    record: Iteration


@dataclass(eq=False)
class Course:
    """The iterations so far.

    Attributes
    ----------
    store : BlockStore or None
        Where they are kept, if they are.
    records : list of Iteration
        All of them.
    last : list of State
        The last two, in full.
    distances : ndarray, shape (n,)
        How far each image is from its average of the best of them; empty until that is known.
    made : bool
        Whether the folder was made for it.
    """

    store: BlockStore | None = None
    records: list[Iteration] = field(default_factory=list)
    last: list[State] = field(default_factory=list)
    distances: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    made: bool = False

    @classmethod
    def in_folder(cls, folder: str | PathLike[str], images: NDArray[np.float32], most: int, **options: Any) -> Course:
        """Take up what is kept in a folder, of the same images and options, or begin there.

        At most `most` iterations are taken up: what comes out doesn't depend on how far an earlier run went.

        Raises
        ------
        InputError
            If the folder holds other work, or can't be used.
        """
        described: dict[str, Any] = {name: str(value) for name, value in options.items()}
        images_hash = hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()
        described |= {"work": "classes", "images": images_hash, "versions": versions()}
        made = not Path(folder).exists()
        course = cls(BlockStore(folder, described), made=made)
        while len(course.records) < most and (kept := course._kept(len(course.records) + 1)) is not None:
            course._append(kept)
        return course

    def close(self) -> None:
        """Let others work in the folder; remove it if it was made in vain."""
        if self.store is None:
            return
        if self.made and not self.records:
            self.store.remove()
        else:
            with self.store:  # which lets go of it
                pass

    def add(self, state: State) -> None:
        """Add an iteration, and keep it."""
        self._append(state)
        if self.store is not None:
            record = state.record
            numbers = [record.loss, record.changed, record.refilled, record.work, record.seconds]
            arrays = {"chosen": state.chosen, "distance": state.distance, "numbers": np.array(numbers)}
            self.store.put(_key(record.number), arrays)

    def finish(self, distances: NDArray[np.float64]) -> None:
        """Take the distances from the final averages, and keep them."""
        self.distances = distances
        if self.store is not None:
            self.store.put(_final_key(self.best), {"distance": distances})

    def ended(self, most: int) -> bool:
        """Whether all iterations are done, if there are to be so many at most."""
        return len(self.records) >= most or self.converged

    def finished(self, most: int) -> bool:
        """Whether there is nothing left to do: the iterations are done, and the distances known."""
        if not self.ended(most):
            return False
        kept = None if self.store is None else self.store.get(_final_key(self.best))
        if kept is not None:
            self.distances = kept["distance"]
        return kept is not None

    @property
    def converged(self) -> bool:
        """Whether the loss no longer decreases, or the last iteration changed nothing."""
        if len(self.last) < 2:
            return False
        before, now = self.last
        return now.record.loss >= before.record.loss or np.array_equal(now.chosen, before.chosen)

    @property
    def best(self) -> State:
        """The last iteration, or the one before if its loss is lower."""
        return min(reversed(self.last), key=lambda state: state.record.loss)

    def _append(self, state: State) -> None:
        self.records.append(state.record)
        self.last = [*self.last[-1:], state]

    def _kept(self, number: int) -> State | None:
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
