"""What was done with a layer, kept in ``layer.metadata["botalign"]``: its results, and the affines that it had before.

They outlive the widget, and are removed with the layer. A duplicate of a layer has the results, but no moves.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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


@dataclass(eq=False)
class History:
    """What was done with a layer.

    Attributes
    ----------
    owner : hashable
        Identifies the layer: napari gives the metadata to its duplicates.
    records : list of Record
        Its results.
    affines : list of tuple
        The affines before each action that moved it, with the number of the action.
    resampled : tuple or None
        Its resampled copy, and the layer whose grid that has.
    """

    owner: Hashable
    records: list[Record] = field(default_factory=list)
    affines: list[tuple[int, Matrix]] = field(default_factory=list)
    resampled: tuple[Layer, Layer] | None = None


def new_action() -> int:
    """Return the number of an action whose moves are reverted together."""
    return time.time_ns()


def add_record(layer: Layer, record: Record) -> None:
    """Keep a result with a layer."""
    history = history_of(layer)
    if record not in history.records:
        history.records.append(record)


def keep_transform(layer: Layer, moving_to_fixed: Matrix) -> None:
    """Keep the transform from moving to fixed coordinates that a layer was moved by, as lists of numbers."""
    history_of(layer)
    layer.metadata[KEY]["moving_to_fixed"] = moving_to_fixed.tolist()


def add_move(layer: Layer, action: int, affine: Matrix) -> None:
    """Keep the affine that a layer had before an action."""
    history_of(layer).affines.append((action, affine))


def records_of(layers: Iterable[Layer]) -> set[Record]:
    """Return the results of all layers."""
    return {record for layer in layers if _has_history(layer) for record in history_of(layer).records}


def layers_of(record: Record, layers: Iterable[Layer]) -> list[Layer]:
    """Return the layers that have a result."""
    return [layer for layer in layers if _has_history(layer) and record in history_of(layer).records]


def moved_layers(layers: Iterable[Layer]) -> list[Layer]:
    """Return the layers that can be reverted."""
    return [layer for layer in layers if _has_history(layer) and history_of(layer).affines]


def revert(layers: Iterable[Layer]) -> list[str]:
    """Revert the latest action on layers that can be reverted, and return the names of those that it moved."""
    histories = [(layer, history_of(layer).affines) for layer in layers]
    latest = max(affines[-1][0] for _, affines in histories)
    moved = [(layer, affines) for layer, affines in histories if affines[-1][0] == latest]
    for layer, affines in moved:
        _, layer.affine = affines.pop()
    return [str(layer.name) for layer, _ in moved]


def resampled_of(layer: Layer) -> tuple[Layer | None, Layer | None]:
    """Return the resampled copy of a layer, and the layer whose grid it has."""
    resampled = history_of(layer).resampled if _has_history(layer) else None
    return resampled or (None, None)


def history_of(layer: Layer) -> History:
    """Return the history of a layer, a new one if it has none."""
    history: History | None = kept(layer).get("history")
    if history is None or history.owner != layer.unique_id:
        history = History(layer.unique_id, [] if history is None else list(history.records))
        layer.metadata[KEY] = kept(layer) | {"history": history}
    return history


def _has_history(layer: Layer) -> bool:
    return "history" in kept(layer)
