"""The report of alignments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from botalign.alignment.wording import resolution_text
from botalign.figures.page import facts_table, image, overview, page

if TYPE_CHECKING:
    from botalign import Alignment
    from botalign.scores import ShellCurves

_READING = """
<p>The pictures are projections of both maps, the fixed one orange and the moving one blue; where they agree, they add
up to white. <b>Certain</b>: the pose stands out from all others. <b>Ambiguous</b>: another pose or the other hand fits
as well. <b>No match</b>: unrelated maps would fit as well, so the pose must not be trusted. FSC 0.5 is the resolution
at which the Fourier shell correlation falls below 0.5; the errors are standard errors.</p>
"""


@dataclass(frozen=True, eq=False)
class ReportEntry:
    """An alignment in a report.

    Attributes
    ----------
    alignment : Alignment
        The result.
    picture : bytes
        Its figure as PNG; see :func:`as_png`.
    notes : tuple of str
        What the reader should know.
    curves : ShellCurves or None
        The Fourier shell correlations after the alignment, at the full sampling; see :func:`botalign.aligned_curves`.
    """

    alignment: Alignment
    picture: bytes
    notes: tuple[str, ...] = ()
    curves: ShellCurves | None = None


def alignment_report(entries: Sequence[ReportEntry], *, command: str = "", failures: Sequence[str] = ()) -> str:
    """Return a page of HTML about one or several alignments to the same map.

    Parameters
    ----------
    entries : sequence of ReportEntry
        The alignments, at least one.
    command : str, optional
        The command that made them.
    failures : sequence of str, optional
        Messages about maps that could not be aligned.

    Returns
    -------
    str
        The page. It contains its pictures, and refers to no other file and no address.

    Examples
    --------
    >>> import botalign
    >>> from botalign.figures import ReportEntry, alignment_figure, alignment_report, as_png
    >>> fixed = botalign.phantom(24, voxel_size_angstrom=5.0)
    >>> result = botalign.align(fixed, fixed, evaluations=20, hand="keep")
    >>> picture = as_png(alignment_figure(result, fixed, fixed))
    >>> page = alignment_report([ReportEntry(result, picture)])
    >>> page.startswith("<!DOCTYPE html>")
    True
    """
    first = entries[0].alignment
    several = len(entries) > 1
    title = f"{len(entries)} maps onto {_name(first.fixed.name)}" if several else _title(first)
    return page(
        title,
        f"Aligned by BOTalign {first.versions.get('botalign', '')}",
        [
            _table(entries) if several else "",
            *(f'<p class="note">Not aligned: {escape(message)}</p>' for message in failures),
            *(_section(number, entry, several=several) for number, entry in enumerate(entries, start=1)),
        ],
        reading=_READING,
        command=command,
        versions=first.versions,
    )


def _table(entries: Sequence[ReportEntry]) -> str:
    """Return an overview with a row for each alignment."""
    header = ("map", "verdict", "chance", "rotation", "shift", "correlation", "FSC 0.5", "hand")
    rows = []
    for number, entry in enumerate(entries, start=1):
        found = entry.alignment
        shift = float(np.linalg.norm(found.shift_angstrom))
        cells = (
            found.chance or "unknown",
            f"{found.angle_degrees:.2f}°",
            f"{shift:.2f} Å",
            f"{found.before.correlation:z.4f} → {found.after.correlation:z.4f}",
            resolution_text(found.after.fsc_resolution_angstrom).replace(" A", " Å"),
            "not tested" if found.hand is None else found.hand.decision,
        )
        link = f'<a href="#{number}">{escape(_name(found.moving.name))}</a>'
        rows.append((link, _badge(found), *map(escape, cells)))
    return overview(header, rows)


def _section(number: int, entry: ReportEntry, *, several: bool) -> str:
    """Return the part of the page about one alignment."""
    found = entry.alignment
    heading = f"{escape(_title(found))} " if several else ""
    matrix = "\n".join("".join(f"{value:14.6f}" for value in row) for row in found.moving_to_fixed)
    return (
        f'<section id="{number}"><h2>{heading}{_badge(found)}</h2>'
        + "".join(f'<p class="note">{escape(note)}</p>' for note in entry.notes)
        + image(entry.picture, "projections of both maps before and after, and curves")
        + facts_table([*found.facts, *_curve_facts(entry)])
        + "<details><summary>Transform</summary><p>From the moving to the fixed map, x y z in angstrom:</p>"
        + f"<pre>{matrix}</pre>{_in_chimerax(found)}</details></section>"
    )


def _curve_facts(entry: ReportEntry) -> list[tuple[str, Sequence[str]]]:
    return [] if entry.curves is None else [("curves", [f"{label}: {text}" for label, text in entry.curves.facts])]


def _in_chimerax(found: Alignment) -> str:
    if found.mirrored:  # the position of a model cannot mirror
        return ""
    return f"<p>In ChimeraX, with the moving map as #2:</p><pre>{escape(found.to_chimerax())}</pre>"


def _badge(found: Alignment) -> str:
    verdict = found.verdict or "no verdict"
    return f'<span class="verdict {verdict.replace(" ", "-")}">{escape(verdict)}</span>'


def _title(found: Alignment) -> str:
    return f"{_name(found.moving.name)} onto {_name(found.fixed.name)}"


def _name(path: str) -> str:
    return Path(path).name
