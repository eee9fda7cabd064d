"""Input files that are density maps, atomic models, or particle lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import botalign
from botalign.errors import InputError, Setting
from botalign.models import holds_model


def chains_of(names: Sequence[str] | None, *files: Path) -> tuple[str, ...] | None:
    """Return the names of chains that ``--chain`` gives, None for all.

    Raises
    ------
    InputError
        If none of the files is an atomic model.
    """
    if names is None:
        return None
    if not any(map(holds_model, files)):
        which = f"{files[0]} is not an atomic model" if len(files) == 1 else "none of the inputs is an atomic model"
        raise InputError(Setting("chains"), f": {which}; omit it.")
    return tuple(name for each in names for name in each.split(","))


def check(path: Path, chains: Sequence[str] | None = None) -> None:
    """Check that a map or model can be read; of a map, only the header."""
    if holds_model(path):
        botalign.read_model(path, chains=chains)
    else:
        botalign.read_header(path)


def load(path: Path, chains: Sequence[str] | None = None) -> botalign.DensityMap | botalign.Model:
    """Read a map, or an atomic model with all its chains or some."""
    return botalign.read_model(path, chains=chains) if holds_model(path) else botalign.read(path)
