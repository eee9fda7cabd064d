"""Where layers were before they were moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_botalign.layers import Matrix

if TYPE_CHECKING:
    from napari.layers import Layer


def affine_of(layer: Layer) -> Matrix:
    """Return a copy of a layer's affine, to the last bit."""
    return np.array(layer.affine.affine_matrix)


class Moves:
    """The affines that layers had, the latest last."""

    def __init__(self) -> None:
        self._past: list[list[tuple[Layer, Matrix]]] = []

    def __bool__(self) -> bool:
        return any(self._past)

    def begin(self) -> None:
        """Begin anew: what is remembered from now on is reverted together."""
        self._past.append([])

    def remember(self, affines: Iterable[tuple[Layer, Matrix]]) -> None:
        """Remember where layers were."""
        self._past[-1].extend(affines)

    def revert(self, present: Sequence[Layer]) -> list[str]:
        """Put the layers that were moved last, if they are still there, where they were; return their names."""
        while self._past:
            back = [(layer, affine) for layer, affine in self._past.pop() if layer in present]
            for layer, affine in back:
                layer.affine = affine
            if back:
                return [str(layer.name) for layer, _ in back]
        return []
