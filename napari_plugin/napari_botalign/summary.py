"""A result in words, for the widgets."""

from __future__ import annotations

from html import escape

import numpy as np

from botalign import Alignment, Comparison, Scores


def alignment_table(result: Alignment, before: Scores) -> str:
    """Return a summary of an alignment as HTML.

    Parameters
    ----------
    result : Alignment
        The result.
    before : Scores
        Scores where the layer was before.
    """
    after = result.after
    shift = float(np.linalg.norm(result.shift_angstrom))
    rows = [
        ("correlation", f"{before.correlation:.4f} → <b>{after.correlation:.4f}</b>"),
        ("FSC 0.5", f"{_angstrom(before.fsc_resolution_angstrom)} → <b>{_angstrom(after.fsc_resolution_angstrom)}</b>"),
        *([] if result.part_text is None else [("part", escape(result.part_text))]),
        ("turned by", f"{result.angle_degrees:.2f}°" + (", after a mirror" if result.mirrored else "")),
        ("shifted by", f"{shift:.2f} Å"),
        ("hand", _hand(result)),
        ("verdict", _verdict(result)),
        ("time", f"{result.seconds:.1f} s"),
    ]
    return _table(rows)


def comparison_table(comparison: Comparison) -> str:
    """Return the scores of two maps as HTML."""
    scores = comparison.scores
    return _table(
        [
            ("correlation", f"<b>{scores.correlation:.4f}</b>"),
            ("about the mean", f"{scores.correlation_about_mean:.4f}"),
            ("FSC 0.5", f"<b>{_angstrom(scores.fsc_resolution_angstrom)}</b>"),
            ("FSC 0.143", _angstrom(comparison.shells.resolution(0.143))),
            ("WEMD", f"{scores.wemd_angstrom:.3g} Å"),
        ]
    )


def title(result: Alignment) -> str:
    """Return which map was put onto which."""
    return f"{result.moving.name} onto {result.fixed.name}"


def _hand(result: Alignment) -> str:
    hand = result.hand
    if hand is None:
        return "not looked at"
    text = (
        f"<b>{escape(hand.decision)}</b>"
        f"<br>as given {hand.correlation_as_given:.3f}, mirrored {hand.correlation_mirrored:.3f}"
    )
    if hand.decision == ("as given" if result.mirrored else "mirrored"):
        text += "<br>to turn it to that, choose <i>take the better one</i>"
    return text


def _verdict(result: Alignment) -> str:
    """Return the words that every front end has for it, the first of them bold."""
    word, colon, why = escape(result.verdict_text).partition(":")
    return f"<b>{word}</b>{colon}{why}"


def _angstrom(value: float) -> str:
    return f"{value:.2f} Å" if np.isfinite(value) else "none"


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td style='padding-right: 8px'>{name}</td><td>{text}</td></tr>" for name, text in rows)
    return f"<table>{cells}</table>"
