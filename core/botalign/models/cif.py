"""The text of a CIF file as tokens, so that single values change and every other byte stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Matrix

# CIF 1.1: a quoted string ends at a quote before white space; semicolons that begin lines enclose a text field.
_TOKEN = re.compile(
    r"^;.*?^;(?=\s|\Z)|#[^\n]*|'[^\n]*?'(?=\s|\Z)|\"[^\n]*?\"(?=\s|\Z)|\S+",
    re.MULTILINE | re.DOTALL,
)
_NUMBER = re.compile(r"[-+]?\d*\.?\d*(?:[eE][-+]?\d+)?")
_Span = tuple[int, int]


@dataclass
class Category:
    """One category: a loop of rows, or pairs of tags and values, which count as one row.

    Attributes
    ----------
    tags : list of str
        Names of the items without the category, in lower case.
    names : list of (int, int)
        Spans of these names in the text.
    values : list of (int, int)
        Spans of the values in the text, row by row.
    own : list of (int, int)
        Spans of everything that belongs to the category.
    """

    loop: bool
    tags: list[str] = field(default_factory=list)
    names: list[_Span] = field(default_factory=list)
    values: list[_Span] = field(default_factory=list)
    own: list[_Span] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.values) // max(1, len(self.tags))

    def column(self, tag: str) -> list[_Span]:
        """Return the spans of the values of an item."""
        return self.values[self.tags.index(tag) :: len(self.tags)]


class CifText:
    """The data block of a CIF file that holds the atoms, and the changes to it.

    Attributes
    ----------
    text : str
        The text of the whole file.
    categories : dict of Category
        Categories of the block, by name in lower case, without the underscore.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._changes: dict[int, tuple[int, str]] = {}  # by start: the end, and the new text
        self.categories: dict[str, Category] = {}
        for block in _blocks(text):
            if "atom_site" in block:
                self.categories = block
                break

    def strings(self, category: str, tag: str) -> list[str]:
        """Return the values of an item, without quotes; an empty list if the item is missing."""
        found = self.categories.get(category)
        if found is None or tag not in found.tags:
            return []
        texts = (self.text[start:end] for start, end in found.column(tag))
        return [text[1:-1] if text[0] in "'\"" and len(text) > 1 else text for text in texts]

    def numbers(self, category: str, tags: Sequence[str]) -> Matrix | None:
        """Return the values of items, shape (rows, items), NaN where one is missing; None without items or rows."""
        found = self.categories.get(category)
        if found is None or not found.rows or not set(tags) <= set(found.tags):
            return None
        return np.array([[_number(text) for text in self.strings(category, tag)] for tag in tags]).T

    def set_numbers(self, category: str, tags: Sequence[str], values: Matrix, decimals: int) -> None:
        """Replace the values of items by finite numbers, with at least as many decimals as they had.

        Columns of the same width stay so: ChimeraX reads the atoms of such files by the position in the line.
        """
        found = self.categories[category]
        for tag, column in zip(tags, np.asarray(values).T, strict=True):
            at = found.tags.index(tag)
            spans = found.column(tag)
            places = max(decimals, *(len(self.text[s:e].partition(".")[2]) for s, e in spans[:1000]))
            places = min(places, 12)
            texts = [
                f"{x + 0.0:.{places}f}" if np.isfinite(x) else self.text[s:e]
                for x, (s, e) in zip(np.round(column, places), spans, strict=True)
            ]
            ends = self._ends_of_cells(found, at)
            if ends is None:
                for (start, end), text in zip(spans, texts, strict=True):
                    self._changes[start] = (end, text)
            else:
                width = max(ends[0] - spans[0][0], 1 + max(map(len, texts)))
                for (start, _), end, text in zip(spans, ends, texts, strict=True):
                    self._changes[start] = (end, text.ljust(width))

    def _ends_of_cells(self, found: Category, at: int) -> list[int] | None:
        """Return where the next column begins in each row, if the column has one width; otherwise None."""
        if not found.loop or at + 1 == len(found.tags):
            return None
        spans, following = found.column(found.tags[at]), found.column(found.tags[at + 1])
        widths = {after[0] - span[0] for span, after in zip(spans, following, strict=True)}
        gap = self.text[spans[0][1] : following[0][0]]
        return [start for start, _ in following] if len(widths) == 1 and "\n" not in gap else None

    def remove_category(self, category: str) -> None:
        """Remove a category."""
        for start, end in self.categories[category].own:
            self._remove(start, end)

    def remove_pairs(self, category: str, tag_start: str) -> bool:
        """Remove the pairs of a category whose tag begins so; return whether there are any."""
        found = self.categories.get(category)
        if found is None or found.loop:
            return False
        matching = [own for tag, own in zip(found.tags, found.own, strict=True) if tag.startswith(tag_start)]
        for start, end in matching:
            self._remove(start, end)
        return bool(matching)

    def remove_items(self, category: str, pattern: re.Pattern[str]) -> bool:
        """Remove the items of a category whose whole name matches; return whether there are any."""
        found = self.categories.get(category)
        matching = [] if found is None else [i for i, tag in enumerate(found.tags) if pattern.fullmatch(tag)]
        for at in matching:
            assert found is not None
            if not found.loop:
                self._remove(*found.own[at])
                continue
            self._remove(*found.names[at])
            following = found.column(found.tags[at + 1]) if at + 1 < len(found.tags) else None
            for i, (start, end) in enumerate(found.column(found.tags[at])):
                after = end if following is None else following[i][0]
                self._changes[start] = (end if "\n" in self.text[end:after] else after, "")
        return bool(matching)

    def keep_rows(self, category: str, keep: NDArray[np.bool_]) -> None:
        """Remove the other rows of a category, or all of it if none is kept."""
        found = self.categories[category]
        if not keep.any():
            self.remove_category(category)
            return
        starts = [start for start, _ in found.values[:: len(found.tags)]]
        starts.append(self._line_end(found.values[-1][1]))
        for i in np.flatnonzero(~keep):
            self._changes[starts[i]] = (starts[i + 1], "")

    def _remove(self, start: int, end: int) -> None:
        self._changes[start] = (self._line_end(end), "")

    def _line_end(self, end: int) -> int:
        """Return the position after the line break that follows, or `end` if something else follows."""
        after = re.compile(r"[ \t\r]*(\n|\Z)").match(self.text, end)
        return after.end() if after else end

    def changed(self) -> str:
        """Return the text with all changes."""
        pieces, at = [], 0
        for start, (end, new) in sorted(self._changes.items()):
            pieces += [self.text[at:start], new]
            at = end
        return "".join([*pieces, self.text[at:]])


def _blocks(text: str) -> list[dict[str, Category]]:
    """Return the categories of each data block."""
    blocks: list[dict[str, Category]] = []
    current: Category | None = None
    tag_start = 0
    in_header = False  # between loop_ and the first value
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        first = text[start]
        if first == "#":
            continue
        word = text[start : min(end, start + 5)].lower() if first in "dDlLsS" else ""
        if first == "_":
            category, _, tag = text[start + 1 : end].lower().partition(".")
            if in_header and current is not None:
                if not current.tags:
                    blocks[-1][category] = current
            else:
                current = blocks[-1].setdefault(category, Category(loop=False))
            current.tags.append(tag)
            current.names.append((start, end))
            tag_start = start
            if current.loop:  # which may have no rows
                current.own[0] = (current.own[0][0], end)
        elif word == "data_" or (word == "save_" and text[start:end].lower().startswith("save_")):
            blocks.append({})
            current, in_header = None, False
        elif word == "loop_" and end - start == 5:
            current, in_header = Category(loop=True, own=[(start, end)]), True
        elif current is not None:
            in_header = False
            current.values.append((start, end))
            if current.loop:
                current.own[0] = (current.own[0][0], end)
            else:
                current.own.append((tag_start, end))
    return blocks


def _number(text: str) -> float:
    found = _NUMBER.match(text)
    try:
        return float(found.group()) if found else float("nan")
    except ValueError:
        return float("nan")
