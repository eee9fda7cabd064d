"""A STAR file, in which single values can be changed while every other byte stays the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Matrix
from botalign.errors import InputError, counted
from botalign.files import cannot_be_read
from botalign.images.star_tables import StarTable, find_tables, words
from botalign.images.star_values import quoted, unquoted

_Edit = tuple[int, int, bytes]
_Spans = NDArray[np.int64]

_NUMBERED = re.compile(rb"([ \t]*)#(\d+)([ \t]*)")
_MISSING = {"", "none", "null", "nan", "<na>", "?", "."}


@dataclass(frozen=True, eq=False)
class StarFile:
    """A STAR file.

    Attributes
    ----------
    content : bytes
        The text of the file.
    name : str
        Name of the file in messages.
    tables : tuple of StarTable
        Its tables.
    """

    content: bytes
    name: str
    tables: tuple[StarTable, ...] = field(init=False)
    _cells: dict[int, _Spans] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Find the tables."""
        object.__setattr__(self, "tables", tuple(find_tables(self.content)))

    @classmethod
    def read(cls, path: Path) -> StarFile:
        """Read a file."""
        try:
            return cls(path.read_bytes(), str(path))
        except OSError as error:
            raise cannot_be_read(path, error, "a star file") from error

    def cells(self, table: StarTable) -> _Spans:
        """Return the position of each value of a table, shape (rows, labels, 2)."""
        number = self.tables.index(table)
        if number not in self._cells:
            if table.loop:
                self._cells[number] = self._rows(table)
            else:
                self._cells[number] = np.array(table.pairs, dtype=np.int64).reshape(1, -1, 2)
        return self._cells[number]

    def texts(self, table: StarTable, label: str) -> list[str]:
        """Return the values of a column without quotes; bytes that are not UTF-8 become surrogates.

        Raises
        ------
        InputError
            If the table has the column twice, with different values.
        """
        cells, content = self.cells(table), self.content
        columns = [
            [unquoted(content[start:end]) for start, end in cells[:, at].tolist()]
            for at, each in enumerate(table.labels)
            if each == label
        ]
        if any(other != columns[0] for other in columns[1:]):
            raise InputError(
                f"{self.name}: the column _{label} occurs {len(columns)} times, with different values; remove all "
                "but one."
            )
        return columns[0]

    def numbers(self, table: StarTable, label: str) -> Matrix:
        """Return the values of a column as numbers; missing values, such as ``None``, are NaN."""
        texts = self.texts(table, label)
        try:
            return np.array(texts, dtype=np.float64) if texts else np.empty(0)
        except ValueError:
            return np.array([self._number(text, label, row) for row, text in enumerate(texts)])

    def changed(self, table: StarTable, columns: Mapping[str, Sequence[str]]) -> StarFile:
        """Return the file with columns of a table replaced, or added after the last one, row by row."""
        cells = self.cells(table)
        edits: list[_Edit] = []
        added: dict[str, list[bytes]] = {}
        for label, texts in columns.items():
            at = [i for i, each in enumerate(table.labels) if each == label]
            if not at:
                added[label] = [quoted(text) for text in texts]
            for i in at:
                edits += [
                    (start, end, quoted(text))
                    for (start, end), text in zip(cells[:, i].tolist(), texts, strict=True)
                    if unquoted(self.content[start:end]) != text
                ]
        if added:
            edits += self._additions(table, cells, added)
        return self._edited(edits)

    def with_rows(self, table: StarTable, keep: NDArray[np.bool_]) -> StarFile:
        """Return the file with only some rows of a loop; the lines of the others are removed."""
        cells = self.cells(table)
        line_of = [self.content.rfind(b"\n", 0, start) + 1 for start in cells[:, 0, 0].tolist()]
        last = self.content.find(b"\n", int(cells[-1, -1, 1]))
        ends = [*line_of[1:], len(self.content) if last < 0 else last + 1]
        return self._edited(
            [(start, end, b"") for start, end, kept in zip(line_of, ends, keep, strict=True) if not kept]
        )

    def _edited(self, edits: list[_Edit]) -> StarFile:
        pieces, position = [], 0
        for start, end, new in sorted(edits):
            pieces += [self.content[position:start], new]
            position = end
        return StarFile(b"".join([*pieces, self.content[position:]]), self.name)

    def _additions(self, table: StarTable, cells: _Spans, added: Mapping[str, list[bytes]]) -> list[_Edit]:
        """Return the changes that append columns, in the style of the last label."""
        start, end = table.label_spans[-1]
        before = self.content[self.content.rfind(b"\n", 0, start) + 1 : start]
        if not table.loop:
            end = table.pairs[-1][1]
        line_end = self.content.find(b"\n", end)
        line_end = len(self.content) if line_end < 0 else line_end
        rest = self.content[end:line_end]
        newline = b"\r\n" if rest.endswith(b"\r") else b"\n"
        line_end -= rest.endswith(b"\r")
        numbered = _NUMBERED.match(rest)
        lines = []
        for number, (label, values) in enumerate(added.items(), start=len(table.labels) + 1):
            text = b"_" + label.encode()
            if not table.loop:
                text += b" " + values[0]
            elif numbered is not None:
                text += numbered[1] + b"#%d" % number + numbered[3]
            lines.append(newline + before.removeprefix(b"\xef\xbb\xbf") + text)
        edits: list[_Edit] = [(line_end, line_end, b"".join(lines))]
        if table.loop:
            widths = [max(map(len, values), default=0) for values in added.values()]
            for (_, stop), *row in zip(cells[:, -1].tolist(), *added.values(), strict=True):
                new = b"".join(b" " + value.rjust(width) for value, width in zip(row, widths, strict=True))
                edits.append((stop, stop, new))
        return edits

    def _rows(self, table: StarTable) -> _Spans:
        """Return the positions of the values of a loop; each row must end with its line."""
        start, end = table.body
        body, columns = self.content[start:end], len(table.labels)
        spans = words(body)
        breaks = np.flatnonzero(np.frombuffer(body, dtype=np.uint8) == ord("\n"))
        first, last = (np.searchsorted(breaks, spans[:, i]) for i in (0, 1))  # the lines of each value
        whole = len(spans) % columns == 0
        if not whole or (first[columns::columns] == last[columns - 1 : -1 : columns]).any():
            per_line = np.bincount(first)
            line = int(np.flatnonzero((per_line > 0) & (per_line != columns))[0])
            where = self.content.count(b"\n", 0, start) + line + 1
            raise InputError(
                f"{self.name}: line {where} has {counted(int(per_line[line]), 'value')}, expected {columns} as the "
                f"table {table.block or '(without a name)'} has labels; check the file."
            )
        return spans.reshape(-1, columns, 2) + start

    def _number(self, text: str, label: str, row: int) -> float:
        if text.lower() in _MISSING:
            return float("nan")
        try:
            return float(text)
        except ValueError:
            raise InputError(
                f"{self.name}: the column _{label} has {text!r} in row {row + 1}, expected a number; correct the file."
            ) from None


def star_text(tables: Mapping[str, Mapping[str, Sequence[str]]]) -> bytes:
    """Return the text of a new STAR file, from the columns of its tables."""
    pieces = []
    for block, columns in tables.items():
        labels = "".join(f"_{label} #{number}\n" for number, label in enumerate(columns, start=1))
        rows = zip(*([quoted(text) for text in texts] for texts in columns.values()), strict=True)
        pieces.append(f"\ndata_{block}\n\nloop_\n{labels}".encode() + b"".join(b" ".join(row) + b"\n" for row in rows))
    return b"\n".join(pieces)
