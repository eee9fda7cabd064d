"""Reading of atomic models in PDB and mmCIF format."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

from botalign.errors import InputError, Setting
from botalign.file_warnings import warn
from botalign.files import cannot_be_read
from botalign.maps import EXTENSIONS
from botalign.models.mmcif import selected_mmcif
from botalign.models.model import Model
from botalign.models.parsing import ModelText, ModelWarning, atoms_of, import_gemmi, parse_structure
from botalign.models.pdb import pdb_points, selected_pdb
from botalign.models.writing import MODEL_EXTENSIONS

_LOOKED_AT = 4096  # bytes in which a format is recognised
_CIF_START = re.compile(r"(\s|#[^\n]*\n)*data_", re.IGNORECASE)
_CIF_ATOMS = re.compile(r"^\s*_atom_site\.Cartn_x\b", re.MULTILINE | re.IGNORECASE)
_PDB_RECORD = re.compile(r"^(ATOM  |HETATM|HEADER|CRYST1|REMARK|MODEL |TITLE |COMPND)", re.MULTILINE | re.IGNORECASE)


def read_model(path: str | os.PathLike[str], *, chains: str | Sequence[str] | None = None) -> Model:
    r"""Read an atomic model in PDB or mmCIF format, uncompressed or compressed by gzip.

    The format is recognised by the content of the file. All atoms count: also hydrogens, waters, ligands and nucleic
    acids, as in ChimeraX. Alternative positions count by their occupancies. Of several models (an NMR ensemble), the
    first one counts, with a warning, but :meth:`Model.write` moves and writes them all.

    Parameters
    ----------
    path : path-like
        File to read.
    chains : str or sequence of str, optional
        Names of the chains to read, as ChimeraX shows them (in mmCIF, those of the authors): ``"A,B"`` or
        ``("A", "B")``. By default all. The coordinates of the other chains are left out, with most of
        the records about them; REMARK and SITE records of a PDB file stay.

    Returns
    -------
    Model
        The model, with the name of the file.

    Raises
    ------
    InputError
        If gemmi is not installed; if the file is missing, cannot be read, is neither PDB nor mmCIF, or is damaged; if
        it has no atoms or coordinates that are not finite; if a chain is unknown.

    Warns
    -----
    ModelWarning
        If the file has several models or, in mmCIF, several data blocks with atoms, of which the first one is used; if
        all occupancies are zero, so that every atom counts fully.

    See Also
    --------
    simulate : Simulate the density map of a model.
    Model.moved : Move a model.

    Examples
    --------
    >>> from pathlib import Path
    >>> import botalign
    >>> lines = [
    ...     "ATOM      1  CA  ALA A   1       1.000   2.000   3.000  1.00 20.00           C  ",
    ...     "ATOM      2  CA  ALA B   1       4.000   5.000   6.000  1.00 20.00           C  ",
    ... ]
    >>> _ = Path("two.pdb").write_text("\n".join(lines))
    >>> botalign.read_model("two.pdb")
    <Model two.pdb: 2 atoms, chains A B>
    >>> botalign.read_model("two.pdb", chains="B").points.tolist()
    [[4.0, 5.0, 6.0]]
    """
    name = os.fspath(path)
    import_gemmi()
    source = _recognised(_content(name), name)
    if source.format == "PDB":
        pdb_points(source.text.split("\n"), name)  # gemmi takes what is not a number for 0
    atoms = atoms_of(parse_structure(source, name))
    _warn_of_several(source, atoms.models, name)
    if chains is not None:
        wanted = _wanted(chains, atoms.chains, name)
        if set(wanted) != set(atoms.chains):
            select = selected_pdb if source.format == "PDB" else selected_mmcif
            source = ModelText(select(source.text, wanted), source.format)
            atoms = atoms_of(parse_structure(source, name))
    weights = atoms.numbers * atoms.occupancies
    if len(weights) and not atoms.occupancies.any():
        warn(ModelWarning(f"{name}: all occupancies are 0; every atom counts fully."))
        weights = atoms.numbers
    return Model(atoms.points, weights, atoms.chains, name, source, atom_chains=atoms.atom_chains)


def holds_model(path: str | os.PathLike[str]) -> bool:
    """Return whether a file holds an atomic model: according to its extension or, if that is unknown, its content.

    A file that cannot be read counts as none.
    """
    name = os.fspath(path).lower()
    if name.endswith(MODEL_EXTENSIONS + EXTENSIONS):
        return name.endswith(MODEL_EXTENSIONS)
    try:
        with Path(path).open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            start = gzip.GzipFile(fileobj=file).read(_LOOKED_AT) if packed else file.read(_LOOKED_AT)
    except (OSError, EOFError, zlib.error):
        return False
    text = _decoded(start)
    return b"\0" not in start and bool(_CIF_START.match(text) or _PDB_RECORD.search(text))


def _warn_of_several(source: ModelText, models: int, name: str) -> None:
    """Warn that a file has more than the model that is used."""
    if models > 1:
        rest = "a moved copy of the file contains all of them, moved together"
        warn(ModelWarning(f"{name}: {models} models, of which only the first one is used; {rest}."), stacklevel=3)
    blocks = len(_CIF_ATOMS.findall(source.text)) if source.format == "mmCIF" else 1
    if blocks > 1:
        warn(
            ModelWarning(
                f"{name}: {blocks} data blocks with atoms, of which only the first one is used and moved; write the "
                "others to files of their own."
            ),
            stacklevel=3,
        )


def _content(name: str) -> bytes:
    """Read a file and decompress it."""
    try:
        content = Path(name).read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{name}: the compressed data are cut off or damaged ({error}); download it again.") from error
    except OSError as error:
        raise cannot_be_read(name, error, "an atomic model") from error


def _decoded(content: bytes) -> str:
    """Decode text so that every byte is kept, except for a byte order mark, which would hide the first record."""
    return content.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _recognised(content: bytes, name: str) -> ModelText:
    """Recognise the format by the content."""
    if not content.strip():
        raise InputError(f"{name}: the file is empty, expected an atomic model; download or write it again.")
    if content[208:211] == b"MAP":
        raise InputError(f"{name}: got a density map, expected an atomic model (PDB or mmCIF); give another file.")
    text = _decoded(content)
    if b"\0" not in content:
        if _CIF_START.match(text):
            return ModelText(text, "mmCIF")
        if _PDB_RECORD.search(text):
            return ModelText(text, "PDB")
    raise InputError(f"{name}: not an atomic model in PDB or mmCIF format; give another file.")


def _wanted(chains: str | Sequence[str], present: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return the names of the chains to read."""
    wanted = tuple(each.strip() for each in (chains.split(",") if isinstance(chains, str) else chains))
    unknown = [each for each in wanted if each not in present]
    listed = ", ".join(each or "''" for each in present) or "none"
    if unknown:
        raise InputError(f"{name}: no chain {unknown[0] or repr('')}; it has {listed}.")
    if not wanted:
        raise InputError(Setting("chains"), f": got no chain; {name} has {listed}.")
    return wanted
