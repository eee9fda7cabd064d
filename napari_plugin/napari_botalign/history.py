"""What was done with a layer, kept in ``layer.metadata["botalign"]``: its results, and where it was before.

They outlive the widget, and are removed with the layer. A duplicate of a layer has the results, but no moves.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botalign import Alignment, Scores
from napari_botalign.coordinates import Matrix
from napari_botalign.kept import KEY, kept

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_botalign.layers import MapLayer
    from napari_botalign.work import Pair


@dataclass(frozen=True)
class Record:
    """A result, and the scores of the layer before.

    Attributes
    ----------
    result : Alignment
        The result.
    before : Scores
        Scores of the layer as it was displayed before.
    maps : tuple or None
        The fixed map, and the moving one with its masks; None for a result that was loaded.
    number : int
        Number that increases with time. It identifies the record, also in a copy of the layer.
    """

    result: Alignment = field(compare=False)
    before: Scores = field(compare=False)
    maps: tuple[MapLayer, Pair] | None = field(default=None, compare=False)
    number: int = field(default_factory=time.time_ns)


@dataclass(frozen=True, eq=False)
class Before:
    """A layer before an action that moved it.

    Attributes
    ----------
    action : int
        Number of the action.
    affine : ndarray
        Its affine.
    placed : tuple or None
        As in :class:`History`.
    moving_to_fixed : list or None
        What its metadata had of this name.
    """

    action: int
    affine: Matrix
    placed: tuple[Record, int] | None
    moving_to_fixed: Any


@dataclass(eq=False)
class History:
    """What was done with a layer.

    Attributes
    ----------
    owner : hashable
        Identifies the layer: napari gives the metadata to its duplicates.
    records : list of Record
        Its results.
    along : dict
        The layers that were moved along, by result.
    placed : tuple or None
        The result that it was moved by, and the number of the pose that it is at; None if it was not moved.
    moves : list of Before
        Where it was before each action that moved it.
    resampled : tuple or None
        Its resampled copy, and the layer whose grid that has.
    """

    owner: Hashable
    records: list[Record] = field(default_factory=list)
    along: dict[Record, list[Layer]] = field(default_factory=dict)
    placed: tuple[Record, int] | None = None
    moves: list[Before] = field(default_factory=list)
    resampled: tuple[Layer, Layer] | None = None


def new_action() -> int:
    """Return the number of an action whose moves are reverted together."""
    return time.time_ns()


def add_record(layer: Layer, record: Record, along: Iterable[Layer]) -> None:
    """Keep a result with a layer, and which layers move along."""
    history = history_of(layer)
    if record not in history.records:
        history.records.append(record)
    history.along[record] = list(along)


def keep_place(layer: Layer, placed: tuple[Record, int] | None, moving_to_fixed: Matrix) -> None:
    """Keep the matrix that a layer was moved by, as lists in its metadata, and the result and pose, if it has them."""
    history_of(layer).placed = placed
    layer.metadata[KEY]["moving_to_fixed"] = moving_to_fixed.tolist()


def add_move(layer: Layer, action: int, affine: Matrix) -> None:
    """Keep where a layer was before an action, whose result is not kept yet."""
    history = history_of(layer)
    history.moves.append(Before(action, affine, history.placed, kept(layer).get("moving_to_fixed")))


def poses_of(layers: Iterable[Layer]) -> dict[Record, int]:
    """Return the results that layers were moved by, with the number of the pose that they are at."""
    return dict(placed for layer in layers if _has_history(layer) and (placed := history_of(layer).placed))


def along_of(record: Record, layer: Layer) -> list[Layer]:
    """Return the layers that moved along when a layer was moved by a result."""
    return history_of(layer).along.get(record, [])


def records_of(layers: Iterable[Layer]) -> set[Record]:
    """Return the results of all layers."""
    return {record for layer in layers if _has_history(layer) for record in history_of(layer).records}


def layers_of(record: Record, layers: Iterable[Layer]) -> list[Layer]:
    """Return the layers that have a result."""
    return [layer for layer in layers if _has_history(layer) and record in history_of(layer).records]


def moved_layers(layers: Iterable[Layer]) -> list[Layer]:
    """Return the layers that can be reverted."""
    return [layer for layer in layers if _has_history(layer) and history_of(layer).moves]


def revert(layers: Iterable[Layer]) -> list[Layer]:
    """Revert the latest action on layers that can be reverted, and return those that it moved."""
    moves = [(layer, history_of(layer).moves) for layer in layers]
    latest = max(each[-1].action for _, each in moves)
    moved = [(layer, each) for layer, each in moves if each[-1].action == latest]
    for layer, each in moved:
        before = each.pop()
        layer.affine, history_of(layer).placed = before.affine, before.placed
        layer.metadata[KEY]["moving_to_fixed"] = before.moving_to_fixed
        if before.moving_to_fixed is None:
            del layer.metadata[KEY]["moving_to_fixed"]
    return [layer for layer, _ in moved]


def resampled_of(layer: Layer) -> tuple[Layer | None, Layer | None]:
    """Return the resampled copy of a layer, and the layer whose grid it has."""
    resampled = history_of(layer).resampled if _has_history(layer) else None
    return resampled or (None, None)


def history_of(layer: Layer) -> History:
    """Return the history of a layer, a new one if it has none."""
    history: History | None = kept(layer).get("history")
    if history is None or history.owner != layer.unique_id:
        old = history
        history = History(layer.unique_id)
        if old is not None:
            history.records, history.placed = list(old.records), old.placed
        layer.metadata[KEY] = kept(layer) | {"history": history}
    return history


def _has_history(layer: Layer) -> bool:
    return "history" in kept(layer)
