"""Parsing of atomic models by gemmi, the only module that imports it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from botalign.arrays import Counts, Matrix
from botalign.errors import InputError, Message

if TYPE_CHECKING:
    import gemmi

Format = Literal["PDB", "mmCIF"]

_BLANK_OCCUPANCY = re.compile(rb"^((?:ATOM  |HETATM).{48})      ", re.MULTILINE)


class ModelWarning(Message, UserWarning):
    """Warns about a part of an atomic model that is not used as it is, or not written.

    Examples
    --------
    >>> import warnings
    >>> import botalign.models
    >>> warnings.simplefilter("error", botalign.models.ModelWarning)  # refuse such models
    """


@dataclass(frozen=True)
class ModelText:
    """The text of a model file, which keeps all of its content.

    Attributes
    ----------
    text : str
        The bytes of the file, decompressed, decoded as Latin-1 so that every byte is kept.
    format : str
        ``"PDB"`` or ``"mmCIF"``.
    """

    text: str
    format: Format

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return self.text.encode("latin-1")


@dataclass(frozen=True, eq=False)
class Atoms:
    """Atoms of the first model of a file, chain by chain.

    Attributes
    ----------
    points : ndarray, shape (n, 3)
        Positions ``(x, y, z)`` in angstrom.
    numbers, occupancies : ndarray, shape (n,)
        Atomic numbers, 0 for unknown elements, and occupancies.
    chains : tuple of str
        Author names of the chains, in the order of the file.
    atom_chains : ndarray of int, shape (n,)
        Index in `chains` of the chain of each atom; -1 for atoms that are not part of a polymer, such as waters.
    models : int
        Number of models with atoms in the file.
    """

    points: Matrix
    numbers: Matrix
    occupancies: Matrix
    chains: tuple[str, ...]
    atom_chains: Counts
    models: int


def import_gemmi() -> Any:
    """Return the package gemmi, or explain how to install it."""
    try:
        import gemmi
    except ImportError:
        raise InputError(
            "atomic models need the package gemmi, which is not installed; install it with: "
            "pip install 'botalign[models]'"
        ) from None
    return gemmi


def parse_structure(source: ModelText, name: str) -> gemmi.Structure:
    """Parse a model file.

    Raises
    ------
    InputError
        If gemmi is not installed, or cannot parse the file.
    """
    library = import_gemmi()
    structure: gemmi.Structure
    try:
        if source.format == "PDB":
            # gemmi takes a blank occupancy for 0.
            structure = library.read_pdb_string(_BLANK_OCCUPANCY.sub(rb"\g<1>  1.00", source.content))
        else:
            document = library.cif.read_string(source.content)
            blocks = [block for block in document if block.find_values("_atom_site.Cartn_x")]
            if not blocks:
                raise InputError(f"{name}: no atoms (category _atom_site); give the file of an atomic model.")
            structure = library.make_structure_from_block(blocks[0])
            structure.merge_chain_parts()
    except InputError:
        raise
    except Exception as error:  # gemmi raises exceptions of several types
        reason = " ".join(str(error).split()).removeprefix("data:")
        raise InputError(
            f"{name}: the file cannot be read as {source.format} (gemmi: {reason}); repair it, or download it again."
        ) from error
    structure.name = structure.name or "model"
    return structure


def atoms_of(structure: gemmi.Structure) -> Atoms:
    """Return the atoms of the first model of a structure."""
    library = import_gemmi()
    structure.setup_entities()
    chains = list(structure[0]) if len(structure) else []
    names = {name: number for number, name in enumerate(dict.fromkeys(chain.name for chain in chains))}
    rows = [
        (
            *atom.pos.tolist(), atom.element.atomic_number, atom.occ,
            names[chain.name] if residue.entity_type == library.EntityType.Polymer else -1,
        )
        for chain in chains
        for residue in chain
        for atom in residue
    ]  # fmt: skip
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    return Atoms(
        np.ascontiguousarray(table[:, :3]), table[:, 3], table[:, 4], tuple(names), table[:, 5].astype(np.int64),
        models=sum(model.count_atom_sites() > 0 for model in structure),
    )  # fmt: skip
