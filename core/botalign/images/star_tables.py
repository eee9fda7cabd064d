"""Where the tables and values of a STAR file are in its text.

Keywords and labels count at the beginning of a line only, as in RELION, so that a value may be any word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Span = tuple[int, int]

#: What ends a table: a block, a loop, a label. A text field, between lines that begin with a semicolon, does not.
_STRUCTURE = re.compile(
    rb"^(?:\xef\xbb\xbf)?[ \t]*(?:data_(?P<block>\S*)[ \t\r]*(?:#[^\n]*)?$|(?P<loop>loop_)[ \t\r]*(?:#[^\n]*)?$"
    rb"|_(?P<label>[^\s#]+))|^(?P<text>;)",
    re.MULTILINE | re.IGNORECASE,
)
_TEXT_END = re.compile(rb"^;(?=\s|\Z)", re.MULTILINE)
# A quoted string ends at a quote before white space; a comment begins at the beginning of a word.
_TOKEN = re.compile(rb"^;.*?^;(?=\s|\Z)|#[^\n]*|'[^\n]*?'(?=\s|\Z)|\"[^\n]*?\"(?=\s|\Z)|\S+", re.MULTILINE | re.DOTALL)
_BETWEEN_LABELS = re.compile(rb"(?:\s|#[^\n]*(?=\n|\Z))*")
_LABEL = re.compile(rb"_([^\s#]+)[ \t]*(?:#[^\n]*)?")


@dataclass(frozen=True)
class StarTable:
    """A table of a STAR file: a loop of rows, or pairs of labels and values, which are one row.

    Attributes
    ----------
    block : str
        Name of its data block, without ``data_``.
    loop : bool
        Whether it is a loop.
    labels : tuple of str
        Labels without the leading underscore. A label may occur twice.
    label_spans : tuple of (int, int)
        Positions of the labels in the text, with the underscore.
    body : (int, int)
        Part of the text that holds the rows of a loop.
    pairs : tuple of (int, int)
        Positions of the values of pairs.
    """

    block: str
    loop: bool
    labels: tuple[str, ...]
    label_spans: tuple[_Span, ...]
    body: _Span = (0, 0)
    pairs: tuple[_Span, ...] = ()

    def __contains__(self, label: str) -> bool:
        """Return whether the table has a label."""
        return label in self.labels


def find_tables(content: bytes) -> list[StarTable]:
    """Return the tables of a file."""
    found: list[StarTable] = []
    block, position = "", 0
    labels: list[str] = []
    label_spans: list[_Span] = []
    pairs: list[_Span] = []

    def end_pairs() -> None:
        if labels:
            found.append(StarTable(block, False, tuple(labels), tuple(label_spans), pairs=tuple(pairs)))
        for each in (labels, label_spans, pairs):
            each.clear()

    while match := _STRUCTURE.search(content, position):
        position = match.end()
        if match["text"]:
            position = _after_text(content, position)
        elif match["label"]:
            label_start = match.start("label") - 1
            value = _value_after(content, position)
            if value is not None:
                labels.append(match["label"].decode(errors="surrogateescape"))
                label_spans.append((label_start, match.end("label")))
                pairs.append(value)
                position = value[1]
        elif match["loop"]:
            end_pairs()
            table = _loop(content, block, position)
            found += [table] if table.labels else []
            position = table.body[1]
        else:
            end_pairs()
            block = (match["block"] or b"").decode(errors="surrogateescape")
    end_pairs()
    return found


def _loop(content: bytes, block: str, position: int) -> StarTable:
    """Return the table of a loop whose labels begin at a position."""
    labels, spans = [], []
    while True:
        at = _BETWEEN_LABELS.match(content, position).end()  # type: ignore[union-attr]  # matches the empty text
        match = _LABEL.match(content, at)
        if match is None:
            break
        labels.append(match[1].decode(errors="surrogateescape"))
        spans.append((at, at + 1 + len(match[1])))
        position = match.end()
    start = position
    while match := _STRUCTURE.search(content, position):
        if not match["text"]:
            break
        position = _after_text(content, match.end())
    return StarTable(block, True, tuple(labels), tuple(spans), (start, match.start() if match else len(content)))


def _after_text(content: bytes, position: int) -> int:
    """Return the position after a text field, or the given one if the field has no end."""
    match = _TEXT_END.search(content, position)
    return match.end() if match else position


def _value_after(content: bytes, position: int) -> _Span | None:
    for match in _TOKEN.finditer(content, position):
        if content[match.start()] != ord("#"):
            return match.span()
    return None


def words(body: bytes) -> NDArray[np.int64]:
    """Return the positions of all values in a part of the text."""
    if b"\n;" in body or any(special in body for special in (b"'", b'"', b"#")):
        found = [match.span() for match in _TOKEN.finditer(body) if body[match.start()] != ord("#")]
        return np.array(found, dtype=np.int64).reshape(-1, 2)
    # Only words and white space: the same, twenty times as fast.
    inside = np.concatenate([[False], np.frombuffer(body, dtype=np.uint8) > ord(" "), [False]])
    return np.flatnonzero(inside[1:] != inside[:-1]).reshape(-1, 2)
