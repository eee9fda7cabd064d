"""Results as HTML, for the widgets."""

from __future__ import annotations

from html import escape

import numpy as np

from botalign import Alignment, Comparison, Scores
from napari_botalign.option_labels import choice_text


def alignment_table(result: Alignment, before: Scores) -> str:
    """Return a summary of an alignment as HTML.

    Parameters
    ----------
    result : Alignment
        Result of the alignment.
    before : Scores
        Scores of the layer before.
    """
    after = result.after
    shift = float(np.linalg.norm(result.shift_angstrom))
    rows = [
        ("correlation", f"{before.correlation:.4f} → <b>{after.correlation:.4f}</b>"),
        ("FSC 0.5", f"{_angstrom(before.fsc_resolution_angstrom)} → <b>{_angstrom(after.fsc_resolution_angstrom)}</b>"),
        *([] if result.part_text is None else [("part", escape(result.part_text))]),
        ("rotation", f"{result.angle_degrees:.2f}°" + (", after mirroring" if result.mirrored else "")),
        ("shift", f"{shift:.2f} Å"),
        ("hand", _hand(result)),
        ("verdict", f"<b>{escape(result.verdict_text)}</b>"),
        ("time", f"{result.seconds:.1f} s"),
    ]
    return _table(rows)


def outcome(name: str, result: Alignment) -> str:
    """Return what was done with the layer of a result, and the verdict, as one line."""
    if result.verdict == "no match":
        return f"{name}: not moved, {result.verdict_text}. To move it anyway, choose it alone and press Apply."
    hand = " Its mirror image fits better." if result.other_hand_fits_better else ""
    return f"{name}: aligned, {result.verdict_text}.{hand}"


def comparison_table(comparison: Comparison) -> str:
    """Return the scores of two maps as HTML."""
    scores = comparison.scores
    return _table(
        [
            ("correlation", f"<b>{scores.correlation:.4f}</b>"),
            ("correlation about the mean", f"{scores.correlation_about_mean:.4f}"),
            ("FSC 0.5", f"<b>{_angstrom(scores.fsc_resolution_angstrom)}</b>"),
            ("FSC 0.143", _angstrom(comparison.shells.resolution(0.143))),
            ("WEMD", f"{scores.wemd_angstrom:.3g} Å"),
        ]
    )


def title(result: Alignment) -> str:
    """Return the names of the two maps of a result."""
    return f"{result.moving.name} onto {result.fixed.name}"


def _hand(result: Alignment) -> str:
    hand = result.hand
    if hand is None:
        return "not tested"
    text = (
        f"<b>{escape(hand.decision)}</b>"
        f"<br>as given {hand.correlation_as_given:.3f}, mirrored {hand.correlation_mirrored:.3f}"
    )
    if result.other_hand_fits_better:
        text += f"<br>to mirror it, choose <i>{choice_text('hand', 'auto')}</i>"
    return text


def _angstrom(value: float) -> str:
    return f"{value:.2f} Å" if np.isfinite(value) else "none"


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td style='padding-right: 8px'>{name}</td><td>{text}</td></tr>" for name, text in rows)
    return f"<table>{cells}</table>"
