"""Layers of any kind that are moved: points, labels, surfaces, shapes, tracks, and maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from botalign import InputError
from napari_botalign.coordinates import (
    Matrix,
    affine_of,
    set_spatial_affine,
    spatial_affine,
    units_in_angstrom,
    why_not_lengths,
)
from napari_botalign.history import add_move
from napari_botalign.kept import companions
from napari_botalign.layers import MapLayer

if TYPE_CHECKING:
    from napari.layers import Layer


@dataclass(frozen=True, eq=False)
class AnyLayer:
    """A layer whose pose is its affine, in angstrom: the coordinates of its file are those before the affine.

    Attributes
    ----------
    layer : napari.layers.Layer
        The layer.
    """

    layer: Layer

    @property
    def name(self) -> str:
        """Name of the layer."""
        return str(self.layer.name)

    def pose(self) -> Matrix:
        """Return the current pose in the world."""
        units = units_in_angstrom(self.layer)
        pose: Matrix = units @ spatial_affine(self.layer) @ np.linalg.inv(units)
        return pose

    def set_pose(self, pose: Matrix) -> None:
        """Set the affine of the layer, and nothing else, so that it has a pose."""
        units = units_in_angstrom(self.layer)
        set_spatial_affine(self.layer, np.linalg.inv(units) @ pose @ units)


def any_layer(layer: Layer, role: str) -> AnyLayer:
    """Return a layer of any kind that can be moved in three dimensions.

    Raises
    ------
    InputError
        If it cannot.
    """
    problem = why_not_movable(layer)
    if problem is not None:
        raise InputError(f"{role}: {problem}")
    return AnyLayer(layer)


def why_not_movable(layer: Layer) -> str | None:
    """Return the reason why a layer cannot be moved in three dimensions, or None if it can."""
    if layer.ndim < 3:
        return f"{layer.name} has {layer.ndim} dimensions, expected 3; choose another layer."
    return why_not_lengths(layer)


def layers_along(
    chosen: Sequence[Sequence[Layer]], moving: Sequence[Layer], fixed: Layer | None, layers: Sequence[Layer]
) -> list[list[AnyLayer]]:
    """Return what moves along with each of some moving layers: the chosen layers, and those of the same model.

    A layer moves along with one of them only, and not if it was deleted.

    Raises
    ------
    InputError
        If one of them cannot be moved.
    """
    taken, found = [fixed, *moving], []
    for each, own in zip(moving, chosen, strict=True):
        wanted = dict.fromkeys([*own, *companions(each, layers)])
        free = [layer for layer in wanted if layer in layers and layer not in taken]
        taken += free
        found.append([any_layer(layer, "along") for layer in free])
    return found


class Move:
    """A move of a layer and of those that move along, from where they are now.

    Parameters
    ----------
    moving : MapLayer or AnyLayer
        The layer.
    along : sequence of AnyLayer, optional
        Layers that keep their position relative to it.
    """

    def __init__(self, moving: MapLayer | AnyLayer, along: Sequence[AnyLayer] = ()) -> None:
        self.moving = moving
        self._start = moving.pose()
        self._along = [(one, one.pose()) for one in along]
        self._affines = [(one.layer, affine_of(one.layer)) for one in (moving, *along)]

    def to(self, pose: Matrix) -> None:
        """Move the layer to a pose, and the others along."""
        self.moving.set_pose(pose)
        displacement = pose @ np.linalg.inv(self._start)
        for one, start in self._along:
            one.set_pose(displacement @ start)

    def undo(self) -> None:
        """Move all of them back, exactly."""
        for layer, affine in self._affines:
            layer.affine = affine

    def keep(self, action: int) -> None:
        """Keep with each layer where it was before, so that the action can be reverted."""
        for layer, affine in self._affines:
            add_move(layer, action, affine)
