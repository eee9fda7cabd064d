"""Results of an earlier run that was stopped: which of them can be kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botalign.errors import InputError

if TYPE_CHECKING:
    from botalign import Alignment, Grid


def kept_result(
    result: Path, files: Sequence[Path], fixed: Path, moving: Path, options: dict[str, Any]
) -> Alignment | None:
    """Return the result that an earlier run has left for a pair, or None if there is none, or it isn't whole.

    Parameters
    ----------
    result : Path
        Where the result file is, if there is one.
    files : sequence of Path
        All files that belong to the pair.
    fixed, moving : Path
        The maps. If one of them, or another map that the options hold, has been written after the result, that is made
        anew; so it is if the result is of another version.
    options : dict
        Options of :func:`botalign.align`.

    Raises
    ------
    InputError
        If the result was made with other options or of other maps.
    """
    import botalign

    if not result.exists():
        return None
    found = botalign.Alignment.read(result)
    expected = _pair(fixed, moving, options)
    actual = {
        "fixed map": _named(found.fixed.name, found.fixed.grid),
        "moving map": _named(found.moving.name, found.moving.grid),
        "seed": found.seed,
        **found.parameters,
    }
    differing = sorted(name for name in expected if _plain(expected[name]) != _plain(actual.get(name)))
    if differing:
        raise InputError(
            f"{result}: was made with other {', '.join(differing)}; repeat what made it to go on, give another folder, "
            "or make it anew with --overwrite."
        )
    made = result.stat().st_mtime_ns
    newer = any(path.stat().st_mtime_ns > made for path in (fixed, moving, *_others(options)))
    outdated = newer or found.versions.get("botalign") != botalign.__version__
    return None if outdated or not all(path.exists() for path in files) else found


def _others(options: dict[str, Any]) -> list[Path]:
    """Return the files of the other maps that an alignment depends on."""
    masks = [options[name] for name in ("mask_fixed", "mask_moving")]
    halves = [half for name in ("half_maps_fixed", "half_maps_moving") for half in options[name] or ()]
    return [Path(each.name) for each in (*masks, *halves) if each is not None]


def _pair(fixed: Path, moving: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return what a result of this pair says of itself."""
    import botalign
    from botalign import AlignmentOptions

    maps = {
        role: _named(str(path), botalign.read_header(path).grid)
        for role, path in (("fixed map", fixed), ("moving map", moving))
    }
    return {**maps, "seed": options["seed"], **AlignmentOptions(**options).as_parameters()}


def _named(name: str, grid: Grid) -> tuple[str, Grid]:
    """Return what tells a map from another, wherever the folder is seen from."""
    return Path(name).name, grid


def _plain(value: Any) -> Any:
    """Return a value as it is after it has been in a result file."""
    return json.loads(json.dumps(value)) if isinstance(value, dict | list) else value
