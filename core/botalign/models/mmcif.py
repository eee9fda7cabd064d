"""Changes to the text of an mmCIF file: the coordinates of a moved model, and a selection of chains.

The categories are those of the PDBx/mmCIF dictionary: https://mmcif.wwpdb.org
"""

from __future__ import annotations

import re

import numpy as np

from botalign.arrays import Matrix
from botalign.geometry import apply_transform, compose, inverse
from botalign.models.cif import CifText
from botalign.models.operators import conjugate, rotated_tensors

_POINT = ("cartn_x", "cartn_y", "cartn_z")
_ROWS = range(1, 4)
_TENSOR = ("[1][1]", "[2][2]", "[3][3]", "[1][2]", "[1][3]", "[2][3]")
#: Categories of operators, and the names of their matrix and vector.
_OPERATORS = (
    ("pdbx_struct_oper_list", "matrix", "vector"),
    ("pdbx_struct_legacy_oper_list", "matrix", "vector"),
    ("struct_ncs_oper", "matrix", "vector"),
    ("database_pdb_matrix", "origx", "origx_vector"),
)
_CRYSTAL = ("cell", "symmetry", "symmetry_equiv", "space_group", "space_group_symop")
_TLS = ("pdbx_refine_tls", "pdbx_refine_tls_group")
#: Items of atoms that no longer apply to a moved model, in words and as a pattern of their names.
_DROPPED = (
    ("fractional coordinates", re.compile(r"fract_[xyz](_esd)?")),
    ("standard deviations of coordinates", re.compile(r"cartn_[xyz]_esd|(aniso_)?[ub]\[\d\]\[\d\]_esd")),
)
#: Items that name a chain as the file does internally, not as its authors do.
_CHAIN_ITEM = re.compile(r"(.*_)?label_asym_id|asym_id")


def moved_mmcif(text: str, transform: Matrix) -> tuple[str, list[str]]:
    """Return the text of a moved model, and in words what was left out because it no longer applies."""
    cif = CifText(text)
    left_out = []
    for category in cif.categories:
        points = cif.numbers(category, _POINT)
        if points is not None:
            cif.set_numbers(category, _POINT, apply_transform(transform, points), 3)
    for category in ("atom_site", "atom_site_anisotrop"):
        for prefix in ("u", "b", "aniso_u", "aniso_b"):
            tags = [prefix + index for index in _TENSOR]
            tensors = cif.numbers(category, tags)
            if tensors is not None:
                cif.set_numbers(category, tags, rotated_tensors(tensors, transform), 4)
    for category, matrix, vector in _OPERATORS:
        _move_operators(cif, category, matrix, vector, transform)
    length = cif.numbers("cell", ["length_a"])
    if length is not None and (length > 1).any():
        left_out.append("unit cell and symmetry")
        for category in set(_CRYSTAL) & cif.categories.keys():
            cif.remove_category(category)
        cif.remove_pairs("atom_sites", "fract_transf")
    if _TLS[0] in cif.categories:
        left_out.append("TLS groups")
        for category in set(_TLS) & cif.categories.keys():
            cif.remove_category(category)
    for words, pattern in _DROPPED:
        removed = [cif.remove_items(category, pattern) for category in ("atom_site", "atom_site_anisotrop")]
        left_out += [words] if any(removed) else []
    return cif.changed(), left_out


def _move_operators(cif: CifText, category: str, matrix: str, vector: str, transform: Matrix) -> None:
    tags = [f"{matrix}[{i}][{j}]" for i in _ROWS for j in _ROWS] + [f"{vector}[{i}]" for i in _ROWS]
    values = cif.numbers(category, tags)
    if values is None:
        return
    kinds = cif.strings(category, "type") or [""] * len(values)
    back = inverse(transform)
    moved = []
    for row, kind in zip(values, kinds, strict=True):
        operator = np.column_stack([row[:9].reshape(3, 3), row[9:]])
        # Some operators lead from these coordinates to a frame that stays where it is.
        leaves = category == "database_pdb_matrix" or kind.startswith("transform to")
        new = compose(operator, back) if leaves else conjugate(operator, transform)
        moved.append([*new[:, :3].ravel(), *new[:, 3]])
    cif.set_numbers(category, tags[:9], np.array(moved)[:, :9], 6)
    cif.set_numbers(category, tags[9:], np.array(moved)[:, 9:], 5)


def selected_mmcif(text: str, chains: tuple[str, ...]) -> str:
    """Return the text without the atoms of other chains and the rows about them; `chains` are author names."""
    cif = CifText(text)
    labels = cif.strings("atom_site", "label_asym_id")
    names = cif.strings("atom_site", "auth_asym_id") or labels
    labels = labels or names
    keep = np.array([name in chains for name in names])
    present, kept = set(labels), {label for label, use in zip(labels, keep, strict=True) if use}
    gone = present - kept
    identifiers = cif.strings("atom_site", "id")
    atoms = {identifier for identifier, use in zip(identifiers, keep, strict=True) if use} if identifiers else set()
    for category, found in cif.categories.items():
        if category == "atom_site":
            cif.keep_rows(category, keep)
            continue
        rows = np.ones(found.rows, dtype=bool)
        for tag in found.tags:
            if _CHAIN_ITEM.fullmatch(tag) or (category, tag) == ("struct_asym", "id"):
                rows &= [value not in gone for value in cif.strings(category, tag)]
        if category == "atom_site_anisotrop" and identifiers and "id" in found.tags:
            rows &= [value in atoms for value in cif.strings(category, "id")]
        if not rows.all():
            cif.keep_rows(category, rows)
    return cif.changed()
