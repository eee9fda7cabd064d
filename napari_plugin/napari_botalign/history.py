"""What was done with a layer, kept in its metadata: its results, and the affines that it had before.

They outlive the widget, and are removed with the layer.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from botalign import Alignment, Scores
from napari_botalign.layers import Matrix

if TYPE_CHECKING:
    from napari.layers import Layer

_KEY = "botalign"


@dataclass(frozen=True)
class Record:
    """A result, and the scores of the layer before.

    Attributes
    ----------
    result : Alignment
        The result.
    before : Scores
        Scores of the layer as it was displayed before.
    number : int
        Number that increases with time. It identifies the record, also in a copy of the layer.
    """

    result: Alignment = field(compare=False)
    before: Scores = field(compare=False)
    number: int = field(default_factory=time.time_ns)


@dataclass(eq=False)
class History:
    """Results of a layer, and the affines before each action that moved it, with the number of the action."""

    records: list[Record] = field(default_factory=list)
    affines: list[tuple[int, Matrix]] = field(default_factory=list)


def affine_of(layer: Layer) -> Matrix:
    """Return a copy of the affine of a layer."""
    return np.array(layer.affine.affine_matrix)


def new_action() -> int:
    """Return the number of an action whose moves are reverted together."""
    return time.time_ns()


def add_record(layer: Layer, record: Record) -> None:
    """Keep a result with a layer."""
    records = _history(layer).records
    if record not in records:
        records.append(record)


def add_move(layer: Layer, action: int, affine: Matrix) -> None:
    """Keep the affine that a layer had before an action."""
    _history(layer).affines.append((action, affine))


def records_of(layers: Iterable[Layer]) -> set[Record]:
    """Return the results of all layers."""
    return {record for layer in layers if _KEY in layer.metadata for record in _history(layer).records}


def moved_layers(layers: Iterable[Layer]) -> list[Layer]:
    """Return the layers that can be reverted."""
    return [layer for layer in layers if _KEY in layer.metadata and _history(layer).affines]


def revert(layers: Iterable[Layer]) -> list[str]:
    """Revert the latest action on layers that can be reverted, and return the names of those that it moved."""
    histories = [(layer, _history(layer).affines) for layer in layers]
    latest = max(affines[-1][0] for _, affines in histories)
    moved = [(layer, affines) for layer, affines in histories if affines[-1][0] == latest]
    for layer, affines in moved:
        _, layer.affine = affines.pop()
    return [str(layer.name) for layer, _ in moved]


def _history(layer: Layer) -> History:
    history: History = layer.metadata.setdefault(_KEY, History())
    return history
