"""What is kept with a layer in ``layer.metadata["botalign"]``: the file of an atomic model, and the history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.layers import Layer

KEY = "botalign"


def kept(layer: Layer) -> dict[str, Any]:
    """Return what is kept with a layer; it is not changed."""
    found = layer.metadata.get(KEY)
    return found if isinstance(found, dict) else {}


def model_path(layer: Layer) -> str | None:
    """Return the file of the atomic model that a layer shows, or None."""
    path: str | None = kept(layer).get("model")
    return path


def model_resolution(layer: Layer) -> float | None:
    """Return the resolution of the simulated map of an atomic model in angstrom, or None."""
    resolution: float | None = kept(layer).get("resolution")
    return resolution


def companions(layer: Layer, layers: Iterable[Layer]) -> list[Layer]:
    """Return the other layers of the same atomic model."""
    path = model_path(layer)
    return [] if path is None else [other for other in layers if other != layer and model_path(other) == path]
