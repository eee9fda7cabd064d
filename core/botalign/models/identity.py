"""Identifiers of maps and models in memory, for the description of a work folder."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from botalign.maps.density_map import DensityMap
from botalign.models.model import Model


def content_identity(given: DensityMap | Model) -> list[Any]:
    """Return an identifier of a map or an atomic model, JSON-compatible, that changes if its content changes.

    For a map it also depends on the grid, and for both on the name.
    """
    if isinstance(given, DensityMap):
        grid, content = given.grid, given.data.tobytes()
        lattice = [[list(grid.shape), list(grid.voxel_size_angstrom), list(grid.origin_angstrom)]]
    else:
        lattice, content = [], given.points.tobytes() + given.weights.tobytes()
    return [given.name, *lattice, blake2b(content, digest_size=16).hexdigest()]
