"""The affines that layers had before they were moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_botalign.layers import Matrix

if TYPE_CHECKING:
    from napari.layers import Layer


def affine_of(layer: Layer) -> Matrix:
    """Return a copy of the affine of a layer."""
    return np.array(layer.affine.affine_matrix)


class Moves:
    """Earlier affines of layers, in groups that are reverted together, the latest group last."""

    def __init__(self) -> None:
        self._groups: list[list[tuple[Layer, Matrix]]] = []

    def __bool__(self) -> bool:
        return any(self._groups)

    def start_group(self) -> None:
        """Start a new group."""
        self._groups.append([])

    def add(self, affines: Iterable[tuple[Layer, Matrix]]) -> None:
        """Add layers and their affines to the group."""
        self._groups[-1].extend(affines)

    def revert(self, present: Sequence[Layer]) -> list[str]:
        """Revert the latest group of which a layer still exists, and return the names of the layers."""
        while self._groups:
            group = [(layer, affine) for layer, affine in self._groups.pop() if layer in present]
            for layer, affine in group:
                layer.affine = affine
            if group:
                return [str(layer.name) for layer, _ in group]
        return []
