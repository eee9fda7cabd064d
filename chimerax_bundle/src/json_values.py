"""Results as JSON, which ChimeraX's REST server asks commands for (``return_json``)."""

import json
import math
from dataclasses import asdict


def as_json(values):
    """Return values as JSON. The value in Python is the same: the server hangs if it gets other objects."""
    from chimerax.core.commands import JSONResult

    finite = _finite(values)
    return JSONResult(json.dumps(finite), finite)


def alignments_as_json(outcomes):
    """Return the outcomes of alignments as JSON: a list with an object for each moving model."""
    return as_json([_alignment(outcome) for outcome in outcomes])


def _alignment(outcome):
    alignment = outcome.alignment
    model = outcome.fits.model
    return {
        "model": outcome.fits.moving.spec,
        "reference": outcome.fits.fixed.spec,
        "moved": f"#{model.id_string}" if outcome.moved else None,
        "verdict": alignment.verdict,
        "verdict_text": alignment.verdict_text,
        "probability": alignment.probability,
        "hand": alignment.hand and alignment.hand.decision,
        "mirrored": alignment.mirrored,
        "scale": alignment.scale and asdict(alignment.scale),
        "moving_to_fixed": alignment.moving_to_fixed.tolist(),
        "before": measured(outcome.before, outcome.atoms_before),
        "after": measured(outcome.after, outcome.atoms_after),
        "shift": outcome.shift,
        "angle": outcome.angle,
        "copies": _copies(outcome),
        "fits": fits_as_values(outcome.fits.fits),
        "notes": outcome.notes,
        "seconds": alignment.seconds,
    }


def _copies(outcome):
    copies = outcome.alignment.copies
    return copies and copies.to_dict() | {"models": specs(model for _, model in outcome.placed)}


def specs(models):
    """Return the specification of each model for commands; None for None."""
    return [None if model is None else f"#{model.id_string}" for model in models]


def fits_as_values(fits):
    """Return fits as numbers, text, lists and dictionaries."""
    return [
        {
            "number": fit.number,
            "equivalent": fit.equivalent,
            "as_good": fit.as_good,
            "quality": fit.quality,
            "shift": fit.shift,
            "angle": fit.angle,
            "moving_to_fixed": fit.transform.matrix.tolist(),
            **measured(fit.measured, fit.atoms),
        }
        for fit in fits
    ]


def measured(correlation, atoms):
    """Return a correlation and the values of a map at atoms, either of which may be None, as a dictionary."""
    values = {name: correlation and getattr(correlation, name) for name in ("correlation", "correlation_about_mean")}
    return values | {"atoms": atoms and asdict(atoms)}


def _finite(value):
    """Return a value with None for infinite numbers, which JSON lacks."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
