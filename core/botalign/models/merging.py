"""Several placed atomic models as one: chains get new names where two are equal, everything about them is kept."""

from __future__ import annotations

import itertools
import string
import warnings
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botalign.arrays import Matrix
from botalign.models.parsing import ModelText, ModelWarning, import_gemmi, parse_structure
from botalign.models.writing import as_mmcif, in_utf8

if TYPE_CHECKING:
    import gemmi

#: Single characters first, as the PDB names chains.
_CHARACTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits


@dataclass(frozen=True, eq=False)
class PlacedText:
    """A model file, the transform from its coordinates to those of the complex, and its name in messages."""

    source: ModelText
    transform: Matrix
    name: str


def merged_models(placed: Sequence[PlacedText]) -> tuple[ModelText, list[dict[str, str]]]:
    """Return one mmCIF model of several placed ones.

    Atoms, tensors, sequences, links, helices, sheets and cis peptides are kept. Of an ensemble, the first model counts.
    Identical chains share one entity.
    Unit cells, crystal symmetry and assemblies, which belong to the single files, are left out.

    Parameters
    ----------
    placed : sequence of PlacedText
        The models, at least one.

    Returns
    -------
    text : ModelText
        The complex. A chain keeps its name if no chain before it has the same one.
    names : list of dict
        For each model, the new names of its chains by the old ones.
    """
    gemmi = import_gemmi()
    structures = [_structure(each) for each in placed]
    names = unique_names([[chain.name for chain in structure[0]] for structure in structures])
    labels = _all_names()
    whole = gemmi.Structure()
    whole.name = "complex"
    whole.add_model(gemmi.Model(1))
    entities: dict[Hashable, Any] = {}
    for number, (structure, chains) in enumerate(zip(structures, names, strict=True), start=1):
        _rename(structure, chains, {old: next(labels) for old in _subchains(structure)})
        _share_entities(structure, entities, number)
        _add(whole, structure, f"-{number}" if len(structures) > 1 else "")
    for number, entity in enumerate(entities.values(), start=1):
        entity.name = str(number)
        whole.entities.append(entity)
    whole.assign_serial_numbers()
    return as_mmcif(whole), names


def unique_names(given: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """Return a new name for each name of several lists, so that all differ.

    A name stays as it is in the first list that has it. The others get the first free ones of A to Z, a to z, 0 to 9,
    AA, AB and so on.

    Examples
    --------
    >>> unique_names([["A", "B"], ["A", "C"]])
    [{'A': 'A', 'B': 'B'}, {'A': 'D', 'C': 'C'}]
    """
    taken = {name for names in given for name in names}
    free = (name for name in _all_names() if name not in taken)
    used = {""}  # of PDB files without names, which mmCIF does not allow
    renamed: list[dict[str, str]] = []
    for names in given:
        own = {name: name if name not in used else next(free) for name in names}
        used.update(names)
        renamed.append(own)
    return renamed


def _all_names() -> Iterator[str]:
    for length in itertools.count(1):
        yield from map("".join, itertools.product(_CHARACTERS, repeat=length))


def _structure(each: PlacedText) -> gemmi.Structure:
    """Return the first model of a file, placed, with its entities."""
    gemmi = import_gemmi()
    structure = parse_structure(in_utf8(each.source, ascii_only=False), each.name)
    structure.setup_entities()
    structure.assign_label_seq_id()
    if len(structure) > 1:
        warnings.warn(
            ModelWarning(f"{each.name}: {len(structure)} models, of which only the first one is written."), stacklevel=5
        )
    while len(structure) > 1:
        del structure[1]
    rotation = gemmi.Mat33(each.transform[:, :3].tolist())
    structure[0].transform_pos_and_adp(gemmi.Transform(rotation, gemmi.Vec3(*each.transform[:, 3])))
    return structure


def _subchains(structure: gemmi.Structure) -> list[str]:
    return list(dict.fromkeys(residue.subchain for chain in structure[0] for residue in chain))


def _rename(structure: gemmi.Structure, chains: dict[str, str], subchains: dict[str, str]) -> None:
    """Rename the chains of a structure, and its subchains, the internal names of mmCIF."""
    steps = {old: f"\t{number}" for number, old in enumerate(chains)}  # no new name is an old one in between
    for old, between in steps.items():
        structure.rename_chain(old, between)
    for old, between in steps.items():
        structure.rename_chain(between, chains[old])
    for chain in structure[0]:
        for residue in chain:
            residue.subchain = subchains[residue.subchain]
    for entity in structure.entities:
        entity.subchains = [subchains[name] for name in entity.subchains if name in subchains]


def _share_entities(structure: gemmi.Structure, entities: dict[Hashable, Any], number: int) -> None:
    """Add the entities of a structure to those of the structures before it; the same molecules have one entity."""
    residues: dict[str, list[str]] = {}
    for chain in structure[0]:
        for residue in chain:
            residues.setdefault(residue.subchain, []).append(residue.name)
    for entity in structure.entities:
        if not entity.subchains:
            continue
        names = tuple(entity.full_sequence or residues[entity.subchains[0]])
        # The residues of a branched molecule do not determine its links, so its entity is that of its file.
        own = (number, entity.name) if entity.entity_type.name == "Branched" else None
        if entity.entity_type.name == "Water":
            names = names[:1]
        key = (entity.entity_type.name, entity.polymer_type.name, own, names)
        if key in entities:
            entities[key].subchains = [*entities[key].subchains, *entity.subchains]
        else:
            entities[key] = entity


def _add(whole: gemmi.Structure, structure: gemmi.Structure, suffix: str) -> None:
    """Add a structure to another one; names of links and sheets, which must be unique, get a suffix."""
    for chain in structure[0]:
        whole[0].add_chain(chain)
    for each in (*structure.connections, *structure.sheets):
        each.name += suffix
    # Assigned, because some of these lists are copies.
    for name in ("connections", "sheets", "helices", "cispeps", "mod_residues"):
        setattr(whole, name, [*getattr(whole, name), *getattr(structure, name)])
