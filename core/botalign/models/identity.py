"""Identifiers of maps and models in memory, for the description of a work folder."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from botalign.maps.density_map import DensityMap
from botalign.models.model import Model


def content_identity(given: DensityMap | Model) -> list[Any]:
    """Return an identifier of a map or an atomic model, JSON-compatible, that changes if its content changes.

    It depends on the name; for a map also on the grid, and for a model on the names of its chains and the atoms of
    each.
    """
    if isinstance(given, DensityMap):
        grid, content = given.grid, given.data.tobytes()
        described = [[list(grid.shape), list(grid.voxel_size_angstrom), list(grid.origin_angstrom)]]
    else:
        owners = b"" if given.atom_chains is None else given.atom_chains.tobytes()
        described, content = [list(given.chains)], given.points.tobytes() + given.weights.tobytes() + owners
    return [given.name, *described, blake2b(content, digest_size=16).hexdigest()]
