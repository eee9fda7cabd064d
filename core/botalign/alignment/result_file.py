"""The result file: JSON with every number exact."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from botalign.alignment.copy_records import Copies
from botalign.alignment.hand import HandDecision
from botalign.alignment.records import Candidate, MapReference, Part, TracePoint
from botalign.alignment.scale import Scale
from botalign.alignment.scoring import Scores
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.uncertainty import Uncertainty
from botalign.arrays import Matrix
from botalign.errors import InputError
from botalign.files import cannot_be_read
from botalign.geometry import is_mirror, is_similarity, scale_factor
from botalign.maps.grid import Grid
from botalign.scores import ChainFit, ShellCorrelation

if TYPE_CHECKING:
    from os import PathLike

FORMAT = "botalign-alignment"
VERSION = 1


def contents(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the content of the result file, given the fields of a result: the inverse of :func:`fields_from`."""
    hand, symmetry, uncertainty, scale = (fields[name] for name in ("hand", "symmetry", "uncertainty", "scale"))
    return {
        "format": FORMAT,
        "version": VERSION,
        "method": fields["method"],
        "moving_to_fixed": fields["moving_to_fixed"].tolist(),
        "mirrored": fields["mirrored"],
        "fixed": asdict(fields["fixed"]),
        "moving": asdict(fields["moving"]),
        "scores": {when: asdict(fields[when]) for when in ("before", "after")},
        "shells": {when: _curve(fields[f"shells_{when}"]) for when in ("before", "after")},
        "part": None if fields["part"] is None else asdict(fields["part"]),
        "hand": None if hand is None else asdict(hand),
        "verdict": fields["verdict"],
        "probability": fields["probability"],
        "at_limit": fields["at_limit"],
        "symmetry": None if symmetry is None else symmetry.to_dict(),
        "uncertainty": None if uncertainty is None else uncertainty.to_dict(),
        "scale": None if scale is None else asdict(scale),
        "copies": None if fields["copies"] is None else fields["copies"].to_dict(),
        "chain_fits": [each.to_dict() for each in fields["chain_fits"]],
        "candidates": [asdict(c) | {"moving_to_fixed": c.moving_to_fixed.tolist()} for c in fields["candidates"]],
        "trace": [asdict(point) for point in fields["trace"]],
        **{name: fields[name] for name in ("parameters", "seed", "versions", "seconds")},
    }


def read(path: str | PathLike[str]) -> dict[str, Any]:
    """Return the fields of the result in a file.

    Raises
    ------
    InputError
        If the file is missing, is not a result file, is damaged, or is from a newer version.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise cannot_be_read(path, error, "a result file of an alignment") from error
    except UnicodeDecodeError:
        raise InputError(f"{path}: not text, expected a result file of an alignment.") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: not JSON (line {error.lineno}), expected a result file of an alignment.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{path}: not a result file of an alignment (its format is not {FORMAT!r}).")
    if content.get("version") != VERSION:
        newer = isinstance(content.get("version"), int) and content["version"] > VERSION
        advice = "upgrade botalign" if newer else "align again"
        found = content.get("version")
        raise InputError(f"{path}: result file of version {found}, expected version {VERSION}; {advice}.")
    try:
        return fields_from(content)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"{path}: damaged result file ({type(error).__name__}: {error}); align again.") from None


def fields_from(content: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a result from the contents of its file."""
    matrix = np.array(content["moving_to_fixed"], dtype=np.float64)
    scale = _scale(content.get("scale"))
    applied = scale.value if scale is not None and scale.applied else 1.0
    if not _is_transform(matrix, applied) or is_mirror(matrix) != content["mirrored"]:
        raise ValueError("moving_to_fixed is not a transform of this scale, or its hand contradicts 'mirrored'")
    hand = content["hand"]
    shells = {
        when: ShellCorrelation(np.array(curve["frequency_per_angstrom"]), np.array(curve["correlation"]))
        for when, curve in content["shells"].items()
    }
    return {
        "method": str(content["method"]),
        "moving_to_fixed": matrix,
        "mirrored": bool(content["mirrored"]),
        "fixed": _reference(content["fixed"]),
        "moving": _reference(content["moving"]),
        "before": _scores(content["scores"]["before"]),
        "after": _scores(content["scores"]["after"]),
        "shells_before": shells["before"],
        "shells_after": shells["after"],
        "part": _part(content.get("part")),
        "hand": None if hand is None else HandDecision(**(hand | {"standard_error": _number(hand["standard_error"])})),
        "verdict": content["verdict"],
        "probability": content.get("probability"),
        "at_limit": bool(content.get("at_limit", False)),
        "symmetry": None if content["symmetry"] is None else Symmetry.from_dict(content["symmetry"]),
        "uncertainty": None if content["uncertainty"] is None else Uncertainty.from_dict(content["uncertainty"]),
        "scale": scale,
        "copies": None if content.get("copies") is None else Copies.from_dict(content["copies"]),
        "chain_fits": tuple(map(ChainFit.from_dict, content.get("chain_fits", ()))),
        "candidates": tuple(
            Candidate(
                np.array(c["moving_to_fixed"]), c["mirrored"], c["loss"], c["correlation"], c["as_good"], c["share"]
            )
            for c in content["candidates"]
        ),
        "trace": tuple(TracePoint(**point) for point in content["trace"]),
        "parameters": dict(content["parameters"]),
        "seed": int(content["seed"]),
        "versions": dict(content["versions"]),
        "seconds": float(content["seconds"]),
    }


def _curve(shells: ShellCorrelation) -> dict[str, Any]:
    return {
        "frequency_per_angstrom": shells.frequency_per_angstrom.tolist(),
        "correlation": shells.correlation.tolist(),
    }


def _reference(content: dict[str, Any]) -> MapReference:
    known = {name: content.get(name) for name in ("contour_level", "mask")}
    mean_of, chains = (tuple(map(str, content.get(name, ()))) for name in ("mean_of", "chains"))
    is_model = bool(content.get("model", False))
    return MapReference(
        str(content["name"]), Grid(**content["grid"]), mean_of=mean_of, model=is_model, chains=chains, **known
    )


def _part(content: dict[str, Any] | None) -> Part | None:
    if content is None:
        return None
    x, y, z = map(float, content["centre_angstrom"])
    return Part(str(content["role"]), float(content["fraction"]), str(content["reason"]), (x, y, z))


def _scale(content: dict[str, Any] | None) -> Scale | None:
    if content is None:
        return None
    return Scale(float(content["value"]), float(content["standard_error"]), bool(content["applied"]))


def _is_transform(matrix: Matrix, factor: float) -> bool:
    """Whether a matrix is a similarity transform with a scale factor."""
    return is_similarity(matrix) and math.isclose(scale_factor(matrix), factor, rel_tol=1e-6)


def _number(value: float | None) -> float:
    return math.inf if value is None else float(value)


def _scores(content: dict[str, Any]) -> Scores:
    return Scores(**{name: _number(value) for name, value in content.items()})
