"""Changes to the text of a PDB file: the coordinates of a moved model, and a selection of chains.

The format is that of the wwPDB, version 3.3: https://www.wwpdb.org/documentation/file-format
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from botalign.arrays import Matrix
from botalign.errors import InputError
from botalign.geometry import apply_transform, compose, inverse
from botalign.models.operators import conjugate, rotated_tensors

_ATOMS = ("ATOM  ", "HETATM")
#: Lines of three that hold an operator: the prefix, which is kept, its width, and whether it ends in these coordinates.
_OPERATORS = (
    (re.compile(r"REMARK 350   BIOMT([123])"), 23, True),
    (re.compile(r"MTRIX([123])"), 10, True),
    (re.compile(r"ORIGX([123])"), 10, False),
)
#: What no longer applies to a moved model, in words and as a pattern of its lines.
_CRYSTAL = ("unit cell and symmetry", re.compile(r"CRYST1|SCALE[123]|REMARK 290"))
_DROPPED = (
    ("TLS groups", re.compile(r"REMARK   3 .*(ORIGIN FOR THE GROUP|\b[TLS][123][123]\s*:)")),
    ("standard deviations of coordinates", re.compile(r"SIGATM|SIGUIJ")),
    ("translation vectors", re.compile(r"TVECT")),
)
#: Columns, from 0, of the chains that a record is about.
_CHAIN_COLUMNS = {
    **dict.fromkeys(("ATOM  ", "HETATM", "ANISOU", "SIGATM", "SIGUIJ", "TER   "), (21,)),
    **dict.fromkeys(("DBREF ", "DBREF1", "DBREF2", "HET   "), (12,)),
    **dict.fromkeys(("SEQADV", "MODRES"), (16,)),
    **dict.fromkeys(("LINK  ", "LINKR "), (21, 51)),
    "SEQRES": (11,),
    "HELIX ": (19,),
    "SHEET ": (21,),
    "SSBOND": (15, 29),
    "CISPEP": (15, 29),
}


def pdb_points(lines: list[str], name: str) -> tuple[list[int], Matrix]:
    """Return the line numbers, from 0, and the coordinates of the atoms of all models.

    Raises
    ------
    InputError
        If a coordinate is not a number.
    """
    where = [i for i, line in enumerate(lines) if line[:6].upper() in _ATOMS]
    fields = [(line[30:38], line[38:46], line[46:54]) for line in map(lines.__getitem__, where)]
    try:
        return where, np.array(fields, dtype=np.float64).reshape(-1, 3)
    except ValueError:
        bad = next(i for i, texts in zip(where, fields, strict=True) if not all(map(_is_number, texts)))
        found = lines[bad][30:54].strip()
        raise InputError(
            f"{name}: the coordinates {found!r} in line {bad + 1} are not numbers; correct or remove this atom."
        ) from None


def moved_pdb(text: str, transform: Matrix, name: str, target: Path) -> tuple[str, list[str]]:
    """Return the text of a moved model, and in words what was left out because it no longer applies.

    Raises
    ------
    InputError
        If a coordinate does not fit into its columns.
    """
    lines: list[str | None] = list(text.split("\n"))
    where, points = pdb_points(text.split("\n"), name)
    for i, point in zip(where, np.round(apply_transform(transform, points), 3) + 0.0, strict=True):
        old, new = lines[i] or "", "".join(f"{x:8.3f}" for x in point)
        if len(new) > 24:
            raise InputError(
                target,
                f": the moved coordinates {new.strip()} do not fit into the columns of the PDB format; write "
                "mmCIF (.cif).",
            )
        lines[i] = old[:30] + new + old[54:]
    _rotate_anisotropy(lines, transform)
    left_out = _move_operators(lines, transform)
    cell = [number for line in lines if line and line.startswith("CRYST1") for number in (line[6:15],)]
    crystal = any(_is_number(a) and float(a) > 1 for a in cell)
    for words, pattern in (_CRYSTAL, *_DROPPED) if crystal else _DROPPED:
        matching = [i for i, line in enumerate(lines) if line and pattern.match(line)]
        for i in matching:
            lines[i] = None
        left_out += [words] if matching else []
    return "\n".join(line for line in lines if line is not None), left_out


def selected_pdb(text: str, chains: tuple[str, ...]) -> str:
    """Return the text without the atoms of other chains and the records about them."""
    kept: list[str] = []
    removed: set[str] = set()
    for line in text.split("\n"):
        record = line[:6].rstrip("\r\n").ljust(6).upper()
        columns = _CHAIN_COLUMNS.get(record, ())
        # gemmi reads names of two letters, which begin one column before.
        names = [line[c - 1 : c + 1].strip() if record in _ATOMS else line[c : c + 1].strip() for c in columns]
        if record == "TER   " and len(line.rstrip()) < 22:
            names = []
        if any(name not in chains for name in names):
            if record in _ATOMS:
                removed.add(line[6:11])
        elif record != "MASTER":  # its counts would be wrong
            kept.append(line)
    return "\n".join(_without_bonds(kept, removed))


def _without_bonds(lines: list[str], removed: set[str]) -> list[str]:
    """Leave bonds to atoms that were removed out of the CONECT records."""
    result = []
    for line in lines:
        if line.startswith("CONECT") and removed:
            end = "\r" if line.endswith("\r") else ""
            serials = [line[at : at + 5] for at in range(6, len(line.rstrip()), 5)]
            if serials[0] in removed:
                continue
            if any(serial in removed for serial in serials):
                serials = [serial for serial in serials if serial not in removed]
                if len(serials) < 2:
                    continue
                line = "CONECT" + "".join(serials) + end
        result.append(line)
    return result


def _rotate_anisotropy(lines: list[str | None], transform: Matrix) -> None:
    """Rotate the tensors of the ANISOU records, which are in units of 1e-4 square angstrom."""
    where = [i for i, line in enumerate(lines) if line and line.startswith("ANISOU")]
    fields = [[(lines[i] or "")[at : at + 7] for at in range(28, 70, 7)] for i in where]
    usable = [all(map(_is_number, each)) for each in fields]
    tensors = np.array([each for each, use in zip(fields, usable, strict=True) if use], dtype=np.float64)
    rotated = iter(rotated_tensors(tensors.reshape(-1, 6), transform))
    for i, use in zip(where, usable, strict=True):
        if use:
            old = lines[i] or ""
            lines[i] = old[:28] + "".join(f"{round(u):7d}" for u in next(rotated)) + old[70:]


def _move_operators(lines: list[str | None], transform: Matrix) -> list[str]:
    """Transform assemblies, NCS operators and ORIGX in place; return what cannot be transformed."""
    unreadable = False
    for pattern, width, conjugated in _OPERATORS:
        where = [i for i, line in enumerate(lines) if line and pattern.match(line)]
        for at in range(0, len(where), 3):
            group = where[at : at + 3]
            rows = [(lines[i] or "")[width:].ljust(45) for i in group]
            fields = [[row[0:10], row[10:20], row[20:30], row[30:45]] for row in rows]
            if len(group) < 3 or not all(_is_number(text) for row in fields for text in row):
                unreadable = True
                for i in group:
                    lines[i] = None
                continue
            operator = np.array(fields, dtype=np.float64)
            new = conjugate(operator, transform) if conjugated else compose(operator, inverse(transform))
            for i, row in zip(group, new + 0.0, strict=True):
                old = lines[i] or ""
                numbers = "".join(f"{x:10.6f}" for x in np.round(row[:3], 6) + 0.0) + f"{round(row[3], 5) + 0.0:15.5f}"
                lines[i] = old[:width] + numbers + old[width + 45 :]
    return ["operators that cannot be read"] if unreadable else []


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
