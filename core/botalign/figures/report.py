"""A report of alignments: one page of HTML with everything in it, to be kept or sent."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from botalign.alignment.wording import resolution_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from botalign import Alignment

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; background: #fff; max-width: 1000px; margin: 2em auto;
  padding: 0 1em; }
h1 { font-size: 1.5em; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15em; margin: 0 0 .5em; overflow-wrap: anywhere; }
.about { color: #666; margin: .2em 0 1.5em; }
section { border: 1px solid #ddd; border-radius: 6px; padding: 1em; margin: 1.5em 0; break-inside: avoid; }
img { width: 100%; height: auto; }
table { border-collapse: collapse; }
th { text-align: left; font-weight: 600; vertical-align: top; padding: .15em 1em .15em 0; white-space: nowrap; }
td { vertical-align: top; padding: .15em 1em .15em 0; overflow-wrap: anywhere; }
.all th, .all td { border-bottom: 1px solid #ddd; padding: .35em .8em .35em 0; }
.all td:not(:first-child) { white-space: nowrap; }
.verdict { display: inline-block; border-radius: 4px; padding: 0 .5em; font-weight: 600; font-size: .85em; color: #fff;
  background: #707070; white-space: nowrap; }
.certain { background: #1a7f37; } .ambiguous { background: #9a6700; } .no-match { background: #cf222e; }
.note { border-left: 4px solid #9a6700; padding: .1em .8em; margin: .6em 0; }
pre { background: #f6f6f6; border-radius: 4px; padding: .6em .8em; white-space: pre-wrap; overflow-wrap: anywhere;
  font-size: .87em; }
details { margin-top: .6em; } summary { cursor: pointer; }
@media print { body { max-width: none; margin: 0; } details > * { display: block; } }
"""


_READING = """
<h2>How to read this</h2>
<p>The pictures are projections of both maps, the fixed one orange and the moving one blue; where they agree, they add
up to white. <b>Certain</b>: the pose stands out from all others. <b>Ambiguous</b>: another pose fits as well, or the
maps agree too little. <b>No match</b>: the pose must not be trusted. FSC 0.5 is the resolution at which the Fourier
shell correlation falls below 0.5; the errors are standard errors.</p>
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
    """

    alignment: Alignment
    picture: bytes
    notes: tuple[str, ...] = ()


def as_png(figure: Figure) -> bytes:
    """Return a figure as a PNG image."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


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
    about = f"Aligned by BOTalign {first.versions.get('botalign', '')} · report of {date.today().isoformat()}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="about">{escape(about)}</p>',
        _table(entries) if several else "",
        *(f'<p class="note">Not aligned: {escape(message)}</p>' for message in failures),
        *(_section(number, entry, several=several) for number, entry in enumerate(entries, start=1)),
        _READING.strip(),
        f"<h2>Command</h2><pre>{escape(command)}</pre>" if command else "",
        f"<h2>Versions</h2><p>{escape(', '.join(f'{name} {number}' for name, number in first.versions.items()))}</p>",
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>\n<body>\n'
        + "\n".join(part for part in body if part)
        + "\n</body></html>\n"
    )


def _table(entries: Sequence[ReportEntry]) -> str:
    """Return an overview with a row for each alignment."""
    header = ("map", "verdict", "rotation", "shift", "correlation", "FSC 0.5", "hand")
    rows = []
    for number, entry in enumerate(entries, start=1):
        found = entry.alignment
        shift = float(np.linalg.norm(found.shift_angstrom))
        cells = (
            f"{found.angle_degrees:.2f}°",
            f"{shift:.2f} Å",
            f"{found.before.correlation:z.4f} → {found.after.correlation:z.4f}",
            resolution_text(found.after.fsc_resolution_angstrom).replace(" A", " Å"),
            "not tested" if found.hand is None else found.hand.decision,
        )
        link = f'<a href="#{number}">{escape(_name(found.moving.name))}</a>'
        rows.append("".join(f"<td>{cell}</td>" for cell in (link, _badge(found), *map(escape, cells))))
    titles = "".join(f"<th>{each}</th>" for each in header)
    return f'<table class="all"><tr>{titles}</tr>{"".join(f"<tr>{row}</tr>" for row in rows)}</table>'


def _section(number: int, entry: ReportEntry, *, several: bool) -> str:
    """Return the part of the page about one alignment."""
    found = entry.alignment
    rows = "".join(
        f"<tr><th>{escape(label)}</th><td>{'<br>'.join(map(escape, texts))}</td></tr>" for label, texts in found.facts
    )
    image = base64.b64encode(entry.picture).decode("ascii")
    heading = f"{escape(_title(found))} " if several else ""
    matrix = "\n".join("".join(f"{value:14.6f}" for value in row) for row in found.moving_to_fixed)
    return (
        f'<section id="{number}"><h2>{heading}{_badge(found)}</h2>'
        + "".join(f'<p class="note">{escape(note)}</p>' for note in entry.notes)
        + f'<img alt="projections of both maps before and after, and curves" src="data:image/png;base64,{image}">'
        + f"<table>{rows}</table>"
        + "<details><summary>Transform</summary><p>From the moving to the fixed map, x y z in angstrom:</p>"
        + f"<pre>{matrix}</pre>{_in_chimerax(found)}</details></section>"
    )


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
