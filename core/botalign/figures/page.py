"""Pages of HTML with everything in them, to be kept or sent."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; background: #fff; max-width: 1000px; margin: 2em auto;
  padding: 0 1em; }
h1 { font-size: 1.5em; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15em; margin: 0 0 .5em; overflow-wrap: anywhere; }
.about { color: #666; margin: .2em 0 1.5em; }
section { border: 1px solid #ddd; border-radius: 6px; padding: 1em; margin: 1.5em 0; break-inside: avoid; }
img { max-width: 100%; height: auto; } table + img { display: block; margin-top: 1em; }
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


def as_png(figure: Figure) -> bytes:
    """Return a figure as a PNG image."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def page(
    title: str, about: str, body: Sequence[str], *, reading: str, command: str, versions: Mapping[str, str]
) -> str:
    """Return a page of HTML that refers to no other file and no address.

    Parameters
    ----------
    title : str
        Its title, as plain text.
    about : str
        What was done, as plain text; the date is added.
    body : sequence of str
        Its parts, as HTML. Empty ones are left out.
    reading : str
        How to read it, as HTML.
    command : str
        The command that was typed, or nothing.
    versions : mapping
        Versions of the libraries.
    """
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="about">{escape(f"{about} · report of {date.today().isoformat()}")}</p>',
        *body,
        f"<h2>How to read this</h2>\n{reading.strip()}",
        f"<h2>Command</h2><pre>{escape(command)}</pre>" if command else "",
        f"<h2>Versions</h2><p>{escape(', '.join(f'{name} {number}' for name, number in versions.items()))}</p>",
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>\n<body>\n'
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def image(png: bytes, description: str, *, width: int | None = None) -> str:
    """Return a picture as part of a page; its width in pixels is that of the page by default."""
    size = 'style="width: 100%"' if width is None else f'width="{width}"'
    data = base64.b64encode(png).decode("ascii")
    return f'<img alt="{escape(description)}" {size} src="data:image/png;base64,{data}">'


def facts_table(facts: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Return a table of facts, each with one or several lines of plain text."""
    rows = (f"<tr><th>{escape(label)}</th><td>{'<br>'.join(map(escape, lines))}</td></tr>" for label, lines in facts)
    return f"<table>{''.join(rows)}</table>"


def overview(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with a header; its cells are HTML."""
    titles = "".join(f"<th>{escape(each)}</th>" for each in header)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table class="all"><tr>{titles}</tr>{lines}</table>'
