"""Writing in the other format, and what the PDB format cannot hold."""

from pathlib import Path

import gemmi
import numpy as np
import pytest

import botalign
from botalign.geometry import apply_transform

pytestmark = pytest.mark.filterwarnings("ignore::botalign.models.ModelWarning")
ATOM = "ATOM      1  CA  ALA A   1       1.000   2.000   3.000  1.00 20.00           C  \n"


def atoms(path: Path) -> list[tuple[object, ...]]:
    return sorted(
        (each.chain.name, str(each.residue.seqid), each.residue.name, each.atom.name, each.atom.altloc, each.atom.occ)
        for each in gemmi.read_structure(str(path))[0].all()
    )


def shift(x: float) -> np.ndarray:
    return np.column_stack([np.eye(3), [x, 0, 0]])


def test_pdb_is_converted_to_mmcif(pdb_file: Path, transform: np.ndarray) -> None:
    pdb_file.write_text(pdb_file.read_text().replace("-3.000            ", "-3.000  1.00 20.00"))
    model = botalign.read_model(pdb_file)
    model.moved(transform).write(pdb_file.with_suffix(".cif"))
    assert atoms(pdb_file.with_suffix(".cif")) == atoms(pdb_file)
    moved = botalign.read_model(pdb_file.with_suffix(".cif")).points
    expected = apply_transform(transform, model.points)
    assert max(np.linalg.norm(moved - point, axis=1).min() for point in expected) < 1e-3


def test_mmcif_is_converted_to_pdb(cif_file: Path, transform: np.ndarray) -> None:
    model = botalign.read_model(cif_file)
    model.moved(transform).write(cif_file.with_suffix(".pdb"))
    assert atoms(cif_file.with_suffix(".pdb")) == atoms(cif_file)
    moved = botalign.read_model(cif_file.with_suffix(".pdb")).points
    expected = apply_transform(transform, model.points)
    assert max(np.linalg.norm(moved - point, axis=1).min() for point in expected) < 1e-3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("201 L 1", "201 LX 1", "the chain name LX of .*small.cif, but names of one letter"),
        (" HOH ", " A1ABC ", "the residue name A1ABC"),
        ("201 L 1", "12345 L 1", "the residue number 12345"),
    ],
)
def test_what_pdb_cannot_hold_is_refused(cif_file: Path, old: str, new: str, message: str) -> None:
    cif_file.write_text(cif_file.read_text().replace(old, new))
    model = botalign.read_model(cif_file)
    with pytest.raises(botalign.InputError, match=message + r".*write mmCIF \(.cif\)"):
        model.write(cif_file.with_suffix(".pdb"))
    assert not cif_file.with_suffix(".pdb").exists()
    model.moved(shift(1)).write(cif_file.with_stem("out"))


def test_more_atoms_than_serial_numbers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "large.pdb").write_text(ATOM * 100_000)
    model = botalign.read_model(tmp_path / "large.pdb")
    with pytest.raises(botalign.InputError, match=r"does not hold 100000 atoms .* at most 99999; write mmCIF"):
        model.write(tmp_path / "out.pdb")


def test_coordinates_that_do_not_fit_their_columns_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pdb").write_text(ATOM)
    model = botalign.read_model(tmp_path / "a.pdb")
    model.moved(shift(9990)).write(tmp_path / "far.pdb")
    assert botalign.read_model(tmp_path / "far.pdb").points[0, 0] == 9991
    for x in (9999, -1001):
        with pytest.raises(botalign.InputError, match=r"do not fit into the columns of the PDB format; write mmCIF"):
            model.moved(shift(x)).write(tmp_path / "out.pdb")
        model.moved(shift(x)).write(tmp_path / "out.cif", overwrite=True)
        assert botalign.read_model(tmp_path / "out.cif").points[0, 0] == 1 + x
    assert not (tmp_path / "out.pdb").exists()


def test_files_are_not_overwritten_unasked(pdb_file: Path) -> None:
    model = botalign.read_model(pdb_file)
    with pytest.raises(botalign.InputError, match="the file exists"):
        model.write(pdb_file)
    with pytest.raises(botalign.InputError, match=r"unknown extension; use one of .pdb, .ent, .cif"):
        model.write(pdb_file.with_suffix(".mrc"))
    before = pdb_file.read_bytes()
    model.write(pdb_file, overwrite=True)
    assert pdb_file.read_bytes() == before


def test_a_model_from_arrays_cannot_be_written(tmp_path: Path) -> None:
    model = botalign.Model(np.zeros((1, 3)), np.ones(1))
    with pytest.raises(botalign.InputError, match="was not read from a file"):
        model.write(tmp_path / "out.pdb")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_text_that_is_not_ascii_survives_a_conversion(
    pdb_file: Path, cif_file: Path, transform: np.ndarray, encoding: str
) -> None:
    titled = "TITLE     CAF\u00c9 M\u00dcLLER\n" + pdb_file.read_text()
    pdb_file.write_bytes(titled.encode(encoding))
    botalign.read_model(pdb_file).moved(transform).write(pdb_file.with_suffix(".cif.gz"))
    botalign.read_model(pdb_file).write(pdb_file.with_name("out.cif"))
    assert "CAF\u00c9 M\u00dcLLER" in pdb_file.with_name("out.cif").read_text(encoding="utf-8")
    # Only ASCII is allowed in PDB, and gemmi would cut characters of several bytes at the end of a line.
    accented = cif_file.read_text().replace(";A title in", ";A" + 60 * "\u00e9" + " title in")
    cif_file.write_bytes(accented.encode(encoding))
    botalign.read_model(cif_file).moved(transform).write(cif_file.with_name("out.pdb"))
    text = cif_file.with_name("out.pdb").read_text(encoding="ascii")
    assert 20 * "e" in text.lower()
    assert len(botalign.read_model(cif_file.with_name("out.pdb")).points) == 4
