"""A moved model that is written and read again: coordinates follow, and everything else stays."""

import gzip
import re
from pathlib import Path

import gemmi
import numpy as np
import pytest

import botalign
from botalign.geometry import apply_transform, inverse
from botalign.models import ModelWarning

from .conftest import MMCIF, PDB

pytestmark = pytest.mark.filterwarnings("ignore::botalign.models.ModelWarning")


def positions(structure: gemmi.Structure) -> np.ndarray:
    return np.array([each.atom.pos.tolist() for model in structure for each in model.all()])


def close(found: np.ndarray, expected: np.ndarray, tolerance: float = 2e-3) -> None:
    """Compare points, in any order."""
    assert found.shape == expected.shape
    distance = np.linalg.norm(found[:, None] - expected[None], axis=2)
    assert distance.min(axis=0).max() < tolerance
    assert distance.min(axis=1).max() < tolerance


@pytest.fixture(params=["pdb", "cif"])
def file(request: pytest.FixtureRequest, pdb_file: Path, cif_file: Path) -> Path:
    return pdb_file if request.param == "pdb" else cif_file


def test_a_model_that_is_not_moved_comes_back_byte_for_byte(file: Path) -> None:
    for ending in ("\n", "\r\n"):
        file.write_bytes(file.read_bytes().replace(b"\n", ending.encode()))
        out = file.with_stem("out")
        botalign.read_model(file).write(out, overwrite=True)
        assert out.read_bytes() == file.read_bytes()


def test_coordinates_follow_the_transform(file: Path, transform: np.ndarray) -> None:
    model = botalign.read_model(file)
    moved = model.moved(transform)
    np.testing.assert_allclose(moved.points, apply_transform(transform, model.points), atol=1e-12)
    moved.write(file.with_stem("out"))
    np.testing.assert_allclose(botalign.read_model(file.with_stem("out")).points, moved.points, atol=5.1e-4)
    np.testing.assert_allclose(moved.moved(inverse(transform)).points, model.points, atol=1e-9)


def test_only_what_depends_on_coordinates_changes_in_pdb(pdb_file: Path, transform: np.ndarray) -> None:
    botalign.read_model(pdb_file).moved(transform).write(pdb_file.with_stem("out"))
    gone = ("REMARK   3    ORIGIN", "REMARK 290", "CRYST1", "SCALE")
    before = [line for line in PDB.splitlines() if not line.startswith(gone)]
    after = pdb_file.with_stem("out").read_text().splitlines()
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        if old.startswith(("ATOM", "HETATM")):
            assert (old[:30], old[54:]) == (new[:30], new[54:])
        elif old.startswith("ANISOU"):
            assert (old[:28], old[70:]) == (new[:28], new[70:])
        elif old.startswith(("REMARK 350   BIOMT", "MTRIX", "ORIGX")):
            assert len(old) == len(new)
        else:
            assert old == new


def test_only_what_depends_on_coordinates_changes_in_mmcif(cif_file: Path, transform: np.ndarray) -> None:
    botalign.read_model(cif_file).moved(transform).write(cif_file.with_stem("out"))
    after = cif_file.with_stem("out").read_text()
    gone = re.compile(r"_cell|_symmetry|_atom_sites\.fract")
    moving = re.compile(r"(ATOM|HETATM|[123P]) ")
    before = [line for line in MMCIF.splitlines() if not gone.match(line)]
    for old, new in zip(before, after.splitlines(), strict=True):
        if moving.match(old):
            assert len(old.split()) == len(new.split())
            assert old.split()[0] == new.split()[0]
        else:
            assert old == new
    # ChimeraX finds the columns of such files by their position in the first line.
    rows = [line for line in after.splitlines() if line.startswith(("ATOM", "HETATM"))]
    starts = {tuple(match.start() for match in re.finditer(r"\S+", row)) for row in rows}
    assert len(starts) == 1


def test_tensors_are_rotated(file: Path, transform: np.ndarray) -> None:
    botalign.read_model(file).moved(transform).write(file.with_stem("out"))
    rotation = transform[:, :3]
    tensors = []
    for path in (file, file.with_stem("out")):
        structure = gemmi.read_structure(str(path))
        tensors.append(next(each.atom.aniso for each in structure[0].all() if each.atom.aniso.nonzero()))
    before, after = (np.array(tensor.as_mat33().tolist()) for tensor in tensors)
    np.testing.assert_allclose(after, rotation @ before @ rotation.T, atol=1.1e-4)
    assert np.abs(after - before).max() > 5e-3


def test_assemblies_move_with_the_model(file: Path, transform: np.ndarray) -> None:
    botalign.read_model(file).moved(transform).write(file.with_stem("out"))
    whole = []
    for path in (file, file.with_stem("out")):
        structure = gemmi.read_structure(str(path))
        structure.transform_to_assembly("1", gemmi.HowToNameCopiedChain.AddNumber)
        whole.append(positions(structure))
    close(whole[1], apply_transform(transform, whole[0]))
    assert len(whole[0]) == 2 * len(botalign.read_model(file).points)


def test_ncs_operators_move_with_the_model(pdb_file: Path, transform: np.ndarray) -> None:
    pdb_file.write_text(PDB.replace("    1\n", "\n"))  # copies that the file does not contain
    botalign.read_model(pdb_file).moved(transform).write(pdb_file.with_stem("out"))
    whole = []
    for path in (pdb_file, pdb_file.with_stem("out")):
        structure = gemmi.read_structure(str(path))
        structure.expand_ncs(gemmi.HowToNameCopiedChain.AddNumber)
        whole.append(positions(structure))
    assert len(whole[0]) == 18
    close(whole[1], apply_transform(transform, whole[0]))


def test_origx_still_leads_to_the_submitted_coordinates(pdb_file: Path, transform: np.ndarray) -> None:
    botalign.read_model(pdb_file).moved(transform).write(pdb_file.with_stem("out"))
    structure = gemmi.read_structure(str(pdb_file.with_stem("out")))
    origx = structure.origx
    back = np.column_stack([origx.mat.tolist(), origx.vec.tolist()])
    np.testing.assert_allclose(back, inverse(transform), atol=1e-5)


def test_an_operator_to_another_frame_keeps_its_target(cif_file: Path, transform: np.ndarray) -> None:
    botalign.read_model(cif_file).moved(transform).write(cif_file.with_stem("out"))
    block = gemmi.cif.read(str(cif_file.with_stem("out"))).sole_block()
    tags = [f"matrix[{i}][{j}]" for i in (1, 2, 3) for j in (1, 2, 3)] + [f"vector[{i}]" for i in (1, 2, 3)]
    row = block.find("_pdbx_struct_oper_list.", tags)[2]
    values = np.array([float(value) for value in row])
    found = np.column_stack([values[:9].reshape(3, 3), values[9:]])
    point = np.array([3.0, 4.0, 5.0])
    np.testing.assert_allclose(apply_transform(found, apply_transform(transform, point)), point - [20, 5, 0], atol=1e-3)


def test_what_no_longer_applies_is_left_out_with_one_warning(file: Path, transform: np.ndarray) -> None:
    with pytest.warns(ModelWarning) as warned:
        botalign.read_model(file).moved(transform).write(file.with_stem("out"))
    assert len(warned) == 1
    message = str(warned[0].message)
    assert message.startswith(f"{file.with_stem('out')}: left out because they do not apply to the moved model: unit")
    assert ("TLS groups" in message) == (file.suffix == ".pdb")
    assert not gemmi.read_structure(str(file.with_stem("out"))).cell.is_crystal()


@pytest.mark.filterwarnings("error")
def test_the_cell_of_a_model_that_is_not_a_crystal_stays(pdb_file: Path, transform: np.ndarray) -> None:
    cell = "CRYST1    1.000    1.000    1.000  90.00  90.00  90.00 P 1           1\n"
    atoms = "".join(line for line in PDB.splitlines(keepends=True) if line.startswith("ATOM"))
    pdb_file.write_text(cell + atoms)
    botalign.read_model(pdb_file).moved(transform).write(pdb_file.with_stem("out"))
    assert pdb_file.with_stem("out").read_text().startswith(cell)


def test_every_model_of_an_ensemble_is_moved(tmp_path: Path, transform: np.ndarray) -> None:
    atom = next(line for line in PDB.splitlines() if line.startswith("ATOM"))
    lines = ["MODEL        1", atom, "ENDMDL", "MODEL        2", atom.replace("6.134", "7.134"), "ENDMDL", "END", ""]
    (tmp_path / "nmr.pdb").write_text("\n".join(lines))
    with pytest.warns(ModelWarning, match="2 models, of which only the first one is used"):
        model = botalign.read_model(tmp_path / "nmr.pdb")
    model.moved(transform).write(tmp_path / "out.pdb")
    moved = (tmp_path / "out.pdb").read_text().splitlines()
    assert [line[:30] + line[54:] for line in moved] == [line[:30] + line[54:] for line in lines[:-1]]
    before, after = (positions(gemmi.read_structure(str(tmp_path / name))) for name in ("nmr.pdb", "out.pdb"))
    np.testing.assert_allclose(after, apply_transform(transform, before), atol=5.1e-4)


def test_records_about_other_chains_are_left_out_of_pdb(pdb_file: Path) -> None:
    botalign.read_model(pdb_file, chains="A").write(pdb_file.with_stem("out"))
    after = pdb_file.with_stem("out").read_text().splitlines()
    dropped = [line for line in PDB.splitlines() if line not in after]
    assert [line[:6].strip() for line in dropped] == ["SEQRES", "ATOM", "TER", "HETATM", "CONECT", "MASTER"]
    assert "CONECT   10    9" in after


def test_rows_about_other_chains_are_left_out_of_mmcif(cif_file: Path) -> None:
    botalign.read_model(cif_file, chains="L").write(cif_file.with_stem("out"))
    block = gemmi.cif.read(str(cif_file.with_stem("out"))).sole_block()
    assert list(block.find_values("_atom_site.id")) == ["1", "2", "4"]
    assert list(block.find_values("_atom_site_anisotrop.id")) == ["1"]
    assert list(block.find_values("_struct_asym.id")) == ["A", "C"]
    assert list(block.find_values("_struct_conn.id")) == ["covale1"]
    assert "a text field with loop_ and _tags" in block.find_value("_struct.title")


def test_a_mirror_is_refused(pdb_file: Path) -> None:
    with pytest.raises(botalign.InputError, match="a model is never mirrored") as info:
        botalign.read_model(pdb_file).moved(np.diag([1.0, 1.0, -1.0, 1.0])[:3])
    assert info.value.option == "transform"
    with pytest.raises(botalign.InputError, match="not rigid"):
        botalign.read_model(pdb_file).moved(np.eye(3, 4) * 2)


def test_gzip_is_written_for_its_extension(file: Path, transform: np.ndarray) -> None:
    moved = botalign.read_model(file).moved(transform)
    packed, plain = file.with_name(f"out{file.suffix}.gz"), file.with_stem("out")
    moved.write(packed)
    moved.write(plain)
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    np.testing.assert_array_equal(botalign.read_model(packed).points, botalign.read_model(plain).points)


def test_loops_without_rows_are_kept(cif_file: Path, transform: np.ndarray) -> None:
    operators = "".join(f"_struct_ncs_oper.matrix[{i}][{j}]\n" for i in (1, 2, 3) for j in (1, 2, 3))
    empty = "loop_\n_struct_ncs_oper.id\n" + operators + "".join(f"_struct_ncs_oper.vector[{i}]\n" for i in (1, 2, 3))
    dropped = "loop_\n_symmetry_equiv.id\n_symmetry_equiv.pos_as_xyz\n"
    cif_file.write_text(MMCIF.replace("loop_\n_struct_asym", empty + dropped + "loop_\n_struct_asym"))
    model = botalign.read_model(cif_file).moved(transform)
    model.write(cif_file.with_stem("out"))
    after = cif_file.with_stem("out").read_text()
    assert empty in after
    assert "_symmetry_equiv" not in after
    np.testing.assert_allclose(botalign.read_model(cif_file.with_stem("out")).points, model.points, atol=5.1e-4)


@pytest.mark.parametrize("last", [False, True])
def test_items_of_atoms_that_do_not_move_are_left_out(cif_file: Path, transform: np.ndarray, last: bool) -> None:
    items = [f"_atom_site.fract_{axis}" for axis in "xyz"] + ["_atom_site.Cartn_x_esd"]
    names, values = "\n".join(items) + "\n", "0.1 0.2 0.3 0.01"
    before = "_atom_site.pdbx_PDB_model_num\n" if last else "_atom_site.occupancy\n"
    text = MMCIF.replace(before, before + names if last else names + before)
    lines = [
        (f"{line} {values}" if last else re.sub(r"( [01]\.[05]0 [1-4]\S+ +\S+ +[LH] 1)$", rf" {values}\1", line))
        if line.startswith(("ATOM", "HETATM"))
        else line
        for line in text.splitlines()
    ]
    cif_file.write_text("\n".join(lines) + "\n")
    model = botalign.read_model(cif_file).moved(transform)
    with pytest.warns(ModelWarning, match=r"fractional coordinates, standard deviations of coordinates\.$"):
        model.write(cif_file.with_stem("out"))
    block = gemmi.cif.read(str(cif_file.with_stem("out"))).sole_block()
    tags = list(block.find_values("_atom_site.id").get_loop().tags)
    assert tags == [line for line in MMCIF.splitlines() if line.startswith("_atom_site.")]
    assert list(block.find_values("_atom_site.occupancy")) == ["1.00", "1.00", "0.50", "1.00"]
    np.testing.assert_allclose(botalign.read_model(cif_file.with_stem("out")).points, model.points, atol=5.1e-4)
