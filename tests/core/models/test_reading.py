import gzip
import pickle
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.models import ModelWarning

from .conftest import MMCIF, PDB

ATOM = "ATOM      1  CA  ALA A   1       1.000   2.000   3.000  1.00 20.00           C  \n"


def test_a_pdb_file_gives_positions_and_masses(pdb_file: Path) -> None:
    model = botalign.read_model(pdb_file)
    assert model.chains == ("A", "B")
    assert model.points.dtype == model.weights.dtype == np.float64
    at = dict(zip(map(tuple, model.points.tolist()), model.weights.tolist(), strict=True))
    assert at == pytest.approx(
        {
            (11.104, 6.134, -6.504): 7,
            (11.639, 6.071, -5.147): 0.7 * 6,  # alternative positions
            (11.739, 6.271, -5.047): 0.3 * 6,
            (12.5, 6.7, -5.1): 1,  # hydrogen
            (14.0, 7.5, -3.0): 6,  # blank occupancy
            (20.0, 1.0, 2.0): 15,  # nucleic acid
            (9.0, 9.0, 9.0): 6,  # ligand
            (10.2, 9.0, 9.0): 8,
            (5.0, 4.0, 3.0): 8,  # water
        }
    )


def test_only_the_chains_of_a_file_can_be_written(pdb_file: Path) -> None:
    model = botalign.read_model(pdb_file)
    assert model.written_chains == ("A", "B")
    made = botalign.Model(model.points, model.weights, model.chains)
    assert made.written_chains == ()


def test_each_atom_of_a_polymer_has_its_chain(pdb_file: Path, cif_file: Path) -> None:
    model = botalign.read_model(pdb_file)
    assert model.atom_chains is not None
    owners = dict(zip(map(tuple, model.points.tolist()), model.atom_chains.tolist(), strict=True))
    assert owners[11.104, 6.134, -6.504] == 0  # amino acid of chain A
    assert owners[20.0, 1.0, 2.0] == 1  # nucleic acid of chain B
    assert {owners[9.0, 9.0, 9.0], owners[5.0, 4.0, 3.0]} == {-1}  # ligand and water
    second = botalign.read_model(pdb_file, chains="B")
    assert second.atom_chains is not None
    assert second.atom_chains.tolist() == [0, -1]
    shifted = second.moved([[1, 0, 0, 5], [0, 1, 0, 0], [0, 0, 1, 0]])
    assert shifted.atom_chains is second.atom_chains or shifted.atom_chains.tolist() == [0, -1]  # type: ignore[union-attr]
    by_author = botalign.read_model(cif_file)
    assert by_author.atom_chains is not None
    assert set(by_author.atom_chains.tolist()) <= {-1, 0, 1}


def test_an_mmcif_file_has_the_chains_of_its_authors(cif_file: Path) -> None:
    model = botalign.read_model(cif_file)
    assert model.chains == ("L", "H")
    assert sorted(model.weights.tolist()) == [6, 7, 7.5, 8]
    assert repr(model) == str(model) == "<Model small.cif: 4 atoms, chains L H>"


@pytest.mark.parametrize("extension", [".pdb", ".cif"])
def test_gzip_is_recognised_by_content(pdb_file: Path, cif_file: Path, extension: str) -> None:
    plain = pdb_file if extension == ".pdb" else cif_file
    packed = plain.with_name("packed" + extension)
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    np.testing.assert_array_equal(botalign.read_model(packed).points, botalign.read_model(plain).points)


def test_the_first_model_of_an_ensemble_counts(tmp_path: Path) -> None:
    path = tmp_path / "nmr.ent"
    second = ATOM.replace("1.000", "9.000")
    path.write_text(f"MODEL        1\n{ATOM}ENDMDL\nMODEL        2\n{second}ENDMDL\nEND\n")
    with pytest.warns(ModelWarning, match=r"nmr\.ent: 2 models, of which only the first one is used; a moved copy"):
        assert botalign.read_model(path).points.tolist() == [[1, 2, 3]]


def test_the_first_model_of_an_mmcif_ensemble_counts(tmp_path: Path) -> None:
    path = tmp_path / "nmr.cif"
    heading = "".join(f"_atom_site.{item}\n" for item in (
        "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id", "label_asym_id",
        "label_entity_id", "label_seq_id", "Cartn_x", "Cartn_y", "Cartn_z", "occupancy", "auth_seq_id", "auth_asym_id",
        "pdbx_PDB_model_num",
    ))  # fmt: skip
    rows = "".join(f"ATOM {n} C CA . ALA A 1 1 {n}.0 2.0 3.0 1.0 1 A {n}\n" for n in (4, 5, 6))
    block = f"loop_\n{heading}{rows}"
    path.write_text(f"data_nmr\n{block}")
    with pytest.warns(ModelWarning, match=r"nmr\.cif: 3 models, of which only the first one is used"):
        model = botalign.read_model(path)
    assert model.points.tolist() == [[4, 2, 3]]
    model.moved([[1, 0, 0, 10], [0, 1, 0, 0], [0, 0, 1, 0]]).write(tmp_path / "out.cif")
    moved = path.read_text()
    for n in (4, 5, 6):
        moved = moved.replace(f"{n}.0 2.0 3.0", f"{10 + n}.000 2.000 3.000")
    assert (tmp_path / "out.cif").read_text() == moved

    one = f"loop_\n{heading}{rows.splitlines()[0]}\n"
    path.write_text(f"data_first\n{one}data_second\n{one}")
    with pytest.warns(ModelWarning, match="2 data blocks with atoms, of which only the first one is used"):
        botalign.read_model(path)


def test_one_numbered_model_is_no_ensemble(tmp_path: Path) -> None:
    path = tmp_path / "one.pdb"
    path.write_text(f"MODEL        1\n{ATOM}ENDMDL\nMODEL        2\nENDMDL\nEND\n")
    assert botalign.read_model(path).points.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("chains", ["B", ("B",), ["B"], " B "])
def test_chains_are_selected(pdb_file: Path, chains: object) -> None:
    model = botalign.read_model(pdb_file, chains=chains)  # type: ignore[arg-type]
    assert model.chains == ("B",)
    assert model.points.tolist() == [[20, 1, 2], [5, 4, 3]]


def test_several_chains_are_given_with_a_comma(pdb_file: Path) -> None:
    assert botalign.read_model(pdb_file, chains="B,A").chains == ("A", "B")


def test_an_unknown_chain_is_refused_with_those_that_exist(cif_file: Path) -> None:
    with pytest.raises(botalign.InputError, match=re.escape(f"{cif_file}: no chain A; it has L, H.")):
        botalign.read_model(cif_file, chains="L,A")
    with pytest.raises(botalign.InputError, match=r"chains: got no chain; .*small\.cif has L, H") as info:
        botalign.read_model(cif_file, chains=())
    assert info.value.option == "chains"


def test_occupancies_of_zero_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "zero.pdb"
    path.write_text(ATOM.replace("  1.00 20", "  0.00 20"))
    with pytest.warns(ModelWarning, match="all occupancies are 0"):
        assert botalign.read_model(path).weights.tolist() == [6]


def test_a_model_survives_pickling(pdb_file: Path, tmp_path: Path, transform: np.ndarray) -> None:
    model = botalign.read_model(pdb_file).moved(transform)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.points, model.points)
    assert copy.source == model.source


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello\n", "not an atomic model"),
        (b"\0" * 300, "not an atomic model"),
        (b"REMARK nothing\n", "no atoms"),
        (b"data_x\n_cell.length_a 10\n", "no atoms"),
        (ATOM[:40].encode(), "are not numbers; correct"),
        (ATOM[:54].encode() + b"\nATOM  2\n", "are not numbers; correct"),
        (ATOM.replace("2.000", "  nan").encode(), "coordinates or occupancies of 1 atom are not finite"),
        (ATOM.replace("   2.000", "********").encode(), r"line 1 are not numbers"),
        (ATOM.replace("           C", "           X").replace(" CA ", " X  ").encode(), "have no mass"),
        (
            b"data_x\nloop_\n_atom_site.id\n_atom_site.Cartn_x\n1 2 3\n",
            "as mmCIF .gemmi: .*Wrong number",
        ),
        (gzip.compress(b"ATOM" * 100, mtime=0)[:-9], "cut off or damaged"),
    ],
    ids=range(12),
)
def test_files_that_are_not_models_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.pdb"
    path.write_bytes(content)
    with pytest.raises(botalign.InputError, match=message) as info:
        botalign.read_model(path)
    assert str(info.value).startswith(str(path))
    assert "\n" not in str(info.value)


def test_coordinates_of_mmcif_that_are_missing_are_refused(cif_file: Path) -> None:
    cif_file.write_text(cif_file.read_text().replace("5.000  4.000", "?      4.000"))
    with pytest.raises(botalign.InputError, match="coordinates or occupancies of 1 atom are not finite"):
        botalign.read_model(cif_file)


def test_a_map_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.mrc"
    botalign.phantom(16, voxel_size_angstrom=8.0).write(path)
    with pytest.raises(botalign.InputError, match="got a density map, expected an atomic model"):
        botalign.read_model(path)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(botalign.InputError, match="no such file"):
        botalign.read_model(tmp_path / "missing.pdb")
    with pytest.raises(botalign.InputError, match="got a folder"):
        botalign.read_model(tmp_path)


def test_without_gemmi_the_message_says_how_to_install_it(pdb_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gemmi", None)
    with pytest.raises(botalign.InputError, match=re.escape("pip install 'botalign[models]'")):
        botalign.read_model(pdb_file)


@pytest.mark.filterwarnings("ignore::botalign.models.ModelWarning")
@pytest.mark.parametrize("text", [PDB[PDB.index("ATOM") :], MMCIF])
def test_a_byte_order_mark_is_left_out(tmp_path: Path, text: str, transform: np.ndarray) -> None:
    (tmp_path / "plain").write_text(text)
    (tmp_path / "marked").write_text(text, encoding="utf-8-sig")
    plain, marked = (botalign.read_model(tmp_path / name) for name in ("plain", "marked"))
    np.testing.assert_array_equal(marked.points, plain.points)
    extension = ".cif" if text == MMCIF else ".pdb"
    for model, name in ((plain, "a"), (marked, "b")):
        model.moved(transform).write(tmp_path / (name + extension))
    assert (tmp_path / f"a{extension}").read_bytes() == (tmp_path / f"b{extension}").read_bytes()


def test_only_the_chains_of_a_file_are_written(pdb_file: Path) -> None:
    model = botalign.read_model(pdb_file)
    assert model.written_chains == ("A", "B")
    assert replace(model, source=None).written_chains == ()
