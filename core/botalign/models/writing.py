"""Writing of atomic models, moved, in the format that the extension names."""

from __future__ import annotations

import gzip
import os
import unicodedata
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from botalign.arrays import Matrix
from botalign.errors import InputError
from botalign.files import check_output, output_file
from botalign.geometry import identity
from botalign.models.mmcif import moved_mmcif
from botalign.models.parsing import Format, ModelText, ModelWarning, import_gemmi, parse_structure
from botalign.models.pdb import moved_pdb

if TYPE_CHECKING:
    import gemmi

_PDB, _MMCIF = (".pdb", ".ent"), (".cif", ".mmcif")
MMCIF_EXTENSIONS = tuple(kind + packed for packed in ("", ".gz") for kind in _MMCIF)
MODEL_EXTENSIONS = tuple(kind + packed for packed in ("", ".gz") for kind in (*_PDB, *_MMCIF))
_MOST_ATOMS = 99_999  # serial numbers have five digits
_MOST_RESIDUES = 9_999


def write_model(
    path: str | os.PathLike[str], source: ModelText, transform: Matrix, name: str, *, overwrite: bool = False
) -> None:
    """Write the text of a model with moved coordinates; see :meth:`botalign.Model.write`.

    Parameters
    ----------
    path : path-like
        File to write.
    source : ModelText
        The model as it was read.
    transform : ndarray, shape (3, 4)
        Transform to apply.
    name : str
        Name of the model in messages.
    overwrite : bool
        Whether to replace an existing file.

    Raises
    ------
    InputError
        As :meth:`botalign.Model.write`.
    """
    target = check_output(path, overwrite=overwrite, extensions=MODEL_EXTENSIONS)
    wanted: Format = "PDB" if target.name.lower().removesuffix(".gz").endswith(_PDB) else "mmCIF"
    if wanted == "PDB":
        _check_fits_pdb(source, name, target)
    if wanted != source.format:
        source = _converted(source, name)
    left_out: list[str] = []
    text = source.text
    if not np.allclose(transform, identity(), rtol=0, atol=1e-12):
        move = moved_pdb(text, transform, name, target) if wanted == "PDB" else moved_mmcif(text, transform)
        text, left_out = move
    content = text.encode("latin-1")
    with output_file(target, overwrite=overwrite) as temporary:
        # Without the time, so that two files of the same model are identical.
        temporary.write_bytes(gzip.compress(content, mtime=0) if target.suffix.lower() == ".gz" else content)
    if left_out:
        warnings.warn(
            ModelWarning(target, f": left out because they do not apply to the moved model: {', '.join(left_out)}."),
            stacklevel=3,
        )


def _check_fits_pdb(source: ModelText, name: str, target: Path) -> None:
    """Refuse what the PDB format cannot hold."""
    structure = parse_structure(source, name)
    reason = ""
    for model in structure:
        long_names = [chain.name for chain in model if len(chain.name) > 1]
        long_residues = [residue.name for chain in model for residue in chain if len(residue.name) > 3]
        last = max((residue.seqid.num or 0 for chain in model for residue in chain), default=0)
        count = model.count_atom_sites()
        if count > _MOST_ATOMS:
            reason = f"{count} atoms, at most {_MOST_ATOMS}"
        elif long_names:
            reason = f"the chain name {long_names[0]}, names of one letter"
        elif source.format != "PDB" and long_residues:
            reason = f"the residue name {long_residues[0]}, names of three letters"
        elif source.format != "PDB" and last > _MOST_RESIDUES:
            reason = f"the residue number {last}, at most {_MOST_RESIDUES}"
    if reason:
        found, _, expected = reason.partition(", ")
        raise InputError(
            target, f": the PDB format does not hold {found} of {name}, but {expected}; write mmCIF (.cif)."
        )


def _converted(source: ModelText, name: str) -> ModelText:
    """Return the model in the other format, as gemmi writes it."""
    to_pdb = source.format == "mmCIF"
    structure = parse_structure(in_utf8(source, ascii_only=to_pdb), name)
    structure.setup_entities()
    return ModelText(structure.make_pdb_string(), "PDB") if to_pdb else as_mmcif(structure)


def as_mmcif(structure: gemmi.Structure) -> ModelText:
    """Return a structure as mmCIF text with aligned columns."""
    options = import_gemmi().cif.WriteOptions()
    options.align_loops, options.align_pairs = 30, 33
    text = structure.make_mmcif_document().as_string(options)
    return ModelText(text.encode("utf-8").decode("latin-1"), "mmCIF")


def in_utf8(source: ModelText, *, ascii_only: bool) -> ModelText:
    """Return a model with its text in UTF-8, which gemmi needs, or in ASCII, the only characters of the PDB format."""
    if source.text.isascii():
        return source
    try:
        text = source.content.decode("utf-8")
    except UnicodeDecodeError:
        text = source.text
    if ascii_only:
        plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
        text = plain.encode("ascii", "replace").decode("ascii")
    return ModelText(text.encode("utf-8").decode("latin-1"), source.format)
