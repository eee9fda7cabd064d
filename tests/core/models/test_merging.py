"""Several placed models as one: every chain has its own name, and what belongs to the chains is kept."""

import gemmi
import numpy as np
import pytest

from botalign.geometry import identity
from botalign.models.merging import PlacedText, merged_models, unique_names
from botalign.models.parsing import ModelText, ModelWarning

PDB = """\
SEQRES   1 A    3  CYS GLY CYS
HELIX    1   1 CYS A    1  CYS A    3  1                                   3
SHEET    1   S 2 CYS A   1  GLY A   2  0
SHEET    2   S 2 GLY A   2  CYS A   3 -1
SSBOND   1 CYS A    1    CYS A    3                          1555   1555  2.00
CISPEP   1 CYS A    1    GLY A    2          0         5.00
CRYST1   50.000   60.000   70.000  90.00  90.00  90.00 P 21 21 21    4
ATOM      1  N   CYS A   1       1.000   2.000   3.000  1.00 20.00           N
ANISOU    1  N   CYS A   1     1000   2000   3000      0      0      0       N
ATOM      2  SG  CYS A   1       2.000   2.000   3.000  1.00 20.00           S
ATOM      3  CA AGLY A   2       3.000   2.000   3.000  0.70 20.00           C
ATOM      4  CA BGLY A   2       3.500   2.000   3.000  0.30 20.00           C
ATOM      5  SG  CYS A   3       4.000   2.000   3.000  1.00 20.00           S
HETATM    6 ZN    ZN A 100       9.000   2.000   3.000  1.00 20.00          ZN2+
ATOM      7  CA  ALA B   1      20.000   2.000   3.000  1.00 30.00           C
END
"""
QUARTER = np.array([[0.0, -1, 0, 10], [1, 0, 0, 0], [0, 0, 1, 0]])


@pytest.fixture(scope="module")
def merged() -> tuple[gemmi.Structure, list[dict[str, str]]]:
    """A model, and a copy of it after a quarter turn about z and a shift of 10 A."""
    source = ModelText(PDB, "PDB")
    text, names = merged_models([PlacedText(source, identity(), "first"), PlacedText(source, QUARTER, "second")])
    return gemmi.make_structure_from_block(gemmi.cif.read_string(text.content)[0]), names


def test_copies_of_chains_get_new_names(merged: tuple[gemmi.Structure, list[dict[str, str]]]) -> None:
    structure, names = merged
    assert names == [{"A": "A", "B": "B"}, {"A": "C", "B": "D"}]
    structure.merge_chain_parts()
    assert [chain.name for chain in structure[0]] == ["A", "B", "C", "D"]
    labels = {residue.subchain for chain in structure[0] for residue in chain}
    assert len(labels) == 6  # two polymers and one ion, twice


def test_atoms_are_kept_and_moved(merged: tuple[gemmi.Structure, list[dict[str, str]]]) -> None:
    structure, _ = merged
    first, second = structure[0]["A"]["1"][0]["N"][0], structure[0]["C"]["1"][0]["N"][0]
    assert first.pos.tolist() == [1, 2, 3]
    assert np.allclose(second.pos.tolist(), [10 - 2, 1, 3])
    assert np.allclose([first.aniso.u11, first.aniso.u22], [0.1, 0.2])
    assert np.allclose([second.aniso.u11, second.aniso.u22], [0.2, 0.1])  # x and y exchanged
    assert [(a.altloc, round(a.occ, 2)) for a in structure[0]["C"]["2"][0]] == [("A", 0.7), ("B", 0.3)]
    zinc = structure[0]["C"]["100"][0][0]
    assert zinc.element.name == "Zn"
    assert zinc.charge == 2


def test_what_belongs_to_the_chains_is_kept(merged: tuple[gemmi.Structure, list[dict[str, str]]]) -> None:
    structure, _ = merged
    links = [(each.partner1.chain_name, each.partner2.chain_name) for each in structure.connections]
    assert links == [("A", "A"), ("C", "C")]
    assert [each.start.chain_name for each in structure.helices] == ["A", "C"]
    assert [each.strands[0].start.chain_name for each in structure.sheets] == ["A", "C"]
    assert [each.partner_c.chain_name for each in structure.cispeps] == ["A", "C"]
    assert len({each.name for each in (*structure.connections, *structure.sheets)}) == 4
    assert [structure[0][name]["3"][0].label_seq for name in "AC"] == [3, 3]
    sequences = [entity.full_sequence for entity in structure.entities if entity.full_sequence]
    assert sequences == [["CYS", "GLY", "CYS"]]


def test_the_same_molecules_share_an_entity(merged: tuple[gemmi.Structure, list[dict[str, str]]]) -> None:
    structure, _ = merged
    kinds = {entity.name: (entity.entity_type.name, len(entity.subchains)) for entity in structure.entities}
    assert kinds == {"1": ("Polymer", 2), "2": ("NonPolymer", 2), "3": ("Polymer", 2)}
    by_chain = {chain.name: [residue.entity_id for residue in chain] for chain in structure[0]}
    assert by_chain["A"] == by_chain["C"]


def test_other_molecules_have_their_own_entities() -> None:
    other = PDB.replace("SEQRES   1 A    3  CYS GLY CYS", "SEQRES   1 A    3  CYS GLY ALA").replace(" ZN ", " MG ")
    text, _ = merged_models([PlacedText(ModelText(each, "PDB"), identity(), "a") for each in (PDB, other)])
    structure = gemmi.make_structure_from_block(gemmi.cif.read_string(text.content)[0])
    kinds = [(entity.entity_type.name, len(entity.subchains)) for entity in structure.entities]
    assert sorted(kinds) == [("NonPolymer", 1)] * 2 + [("Polymer", 1)] * 2 + [("Polymer", 2)]


def test_sugars_of_the_same_residues_keep_the_entities_of_their_file() -> None:
    """Their links may differ, so the names of the residues do not show whether two of them are the same molecule."""
    columns = (
        "group_PDB id type_symbol label_atom_id label_alt_id label_comp_id label_asym_id label_entity_id label_seq_id "
        "auth_seq_id auth_asym_id Cartn_x Cartn_y Cartn_z occupancy B_iso_or_equiv pdbx_PDB_model_num"
    )
    atoms = [f"HETATM {n} C C1 . NAG {chain} {n} . 1 {chain} {n} 0 0 1 20 1" for n, chain in ((1, "A"), (2, "B"))]
    lines = ["data_x", "loop_", "_entity.id", "_entity.type", "1 branched", "2 branched"]
    content = "\n".join([*lines, "loop_", *(f"_atom_site.{name}" for name in columns.split()), *atoms, ""])
    text, _ = merged_models([PlacedText(ModelText(content, "mmCIF"), identity(), "a")] * 2)
    structure = gemmi.make_structure_from_block(gemmi.cif.read_string(text.content)[0])
    kinds = [(entity.entity_type.name, len(entity.subchains)) for entity in structure.entities]
    assert kinds == [("Branched", 1)] * 4


def test_the_unit_cell_of_a_file_is_not_that_of_the_complex(
    merged: tuple[gemmi.Structure, list[dict[str, str]]],
) -> None:
    assert not merged[0].cell.is_crystal()


def test_names_stay_where_they_are_free() -> None:
    assert unique_names([["A"], ["B"], ["A"]]) == [{"A": "A"}, {"B": "B"}, {"A": "C"}]
    assert unique_names([[""], ["AA"]]) == [{"": "A"}, {"AA": "AA"}]
    many = unique_names([["A"]] * 64)
    assert [own["A"] for own in many[60:]] == ["8", "9", "AA", "AB"]


def test_of_several_models_the_first_is_written_with_a_warning() -> None:
    atom = "ATOM      1  CA  ALA A   1       1.000   2.000   3.000  1.00 20.00           C  \n"
    source = ModelText("".join(f"MODEL     {n:4}\n{atom}ENDMDL\n" for n in (1, 2, 3)), "PDB")
    with pytest.warns(ModelWarning, match=r"^nmr\.pdb: 3 models, of which only the first one is written\.$"):
        text, _ = merged_models([PlacedText(source, identity(), "nmr.pdb")])
    structure = gemmi.make_structure_from_block(gemmi.cif.read_string(text.content)[0])
    assert [len(list(model.all())) for model in structure] == [1]
