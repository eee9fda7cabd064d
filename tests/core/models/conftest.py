from pathlib import Path

import numpy as np
import pytest

from botalign.geometry import random_rotations

pytest.importorskip("gemmi", reason="gemmi is not installed (pip install gemmi)")

PDB = """\
HEADER    A MODEL OF EVERYTHING                   01-JAN-26   1ABC
REMARK   2 RESOLUTION.    2.00 ANGSTROMS.
REMARK   3    ORIGIN FOR THE GROUP (A):   1.0000   2.0000   3.0000
REMARK 290   SMTRY1   1  1.000000  0.000000  0.000000        0.00000
REMARK 350 BIOMOLECULE: 1
REMARK 350 APPLY THE FOLLOWING TO CHAINS: A, B
REMARK 350   BIOMT1   1  1.000000  0.000000  0.000000        0.00000
REMARK 350   BIOMT2   1  0.000000  1.000000  0.000000        0.00000
REMARK 350   BIOMT3   1  0.000000  0.000000  1.000000        0.00000
REMARK 350   BIOMT1   2 -1.000000  0.000000  0.000000       40.00000
REMARK 350   BIOMT2   2  0.000000 -1.000000  0.000000       10.00000
REMARK 350   BIOMT3   2  0.000000  0.000000  1.000000        0.00000
SEQRES   1 A    2  ALA GLY
SEQRES   1 B    1   DA
HELIX    1   1 ALA A    1  GLY A    2  1                                   2
CRYST1   50.000   60.000   70.000  90.00  90.00  90.00 P 21 21 21    4
ORIGX1      1.000000  0.000000  0.000000        0.00000
ORIGX2      0.000000  1.000000  0.000000        0.00000
ORIGX3      0.000000  0.000000  1.000000        0.00000
SCALE1      0.020000  0.000000  0.000000        0.00000
SCALE2      0.000000  0.016667  0.000000        0.00000
SCALE3      0.000000  0.000000  0.014286        0.00000
MTRIX1   1  0.000000 -1.000000  0.000000        5.00000    1
MTRIX2   1  1.000000  0.000000  0.000000        6.00000    1
MTRIX3   1  0.000000  0.000000  1.000000        7.00000    1
ATOM      1  N   ALA A   1      11.104   6.134  -6.504  1.00 20.00           N
ANISOU    1  N   ALA A   1      500    300    200     50    -20     10       N
ATOM      2  CA AALA A   1      11.639   6.071  -5.147  0.70 20.50           C
ATOM      3  CA BALA A   1      11.739   6.271  -5.047  0.30 20.50           C
ATOM      4  HA  ALA A   1      12.500   6.700  -5.100  1.00 21.00           H
ATOM      5  CA  GLY A   2      14.000   7.500  -3.000                       C
TER       6      GLY A   2
ATOM      7  P    DA B   1      20.000   1.000   2.000  1.00 30.00           P
TER       8       DA B   1
HETATM    9  C1  LIG A 101       9.000   9.000   9.000  1.00 15.00           C
HETATM   10  O1  LIG A 101      10.200   9.000   9.000  1.00 15.00           O
HETATM   11  O   HOH B 201       5.000   4.000   3.000  1.00 40.00           O
CONECT    9   10
CONECT   10    9   11
MASTER        0    0    0    0    0    0    0    6    9    2    1    1
END
"""

MMCIF = """\
# a comment; with 'a quote
data_1ABC
_entry.id 1ABC
_audit_conform.dict_name mmcif_pdbx.dic
_audit_conform.dict_version 5.387
_struct.title
;A title in
a text field with loop_ and _tags
;
_cell.entry_id  1ABC
_cell.length_a  50.0
_cell.length_b  60.0
_cell.length_c  70.0
_cell.angle_alpha 90
_cell.angle_beta 90
_cell.angle_gamma 90
_symmetry.space_group_name_H-M 'P 21 21 21'
#
loop_
_struct_asym.id
_struct_asym.entity_id
A 1
B 2
C 3
#
loop_
_struct_conn.id
_struct_conn.conn_type_id
_struct_conn.ptnr1_label_asym_id
_struct_conn.ptnr2_label_asym_id
covale1 covale A A
metalc1 metalc A B
#
_pdbx_struct_assembly.id 1
_pdbx_struct_assembly.details ?
_pdbx_struct_assembly.method_details ?
_pdbx_struct_assembly.oligomeric_details ?
_pdbx_struct_assembly.oligomeric_count 2
#
loop_
_pdbx_struct_assembly_gen.assembly_id
_pdbx_struct_assembly_gen.oper_expression
_pdbx_struct_assembly_gen.asym_id_list
1 1,2 A,B,C
#
loop_
_pdbx_struct_oper_list.id
_pdbx_struct_oper_list.type
_pdbx_struct_oper_list.matrix[1][1]
_pdbx_struct_oper_list.matrix[1][2]
_pdbx_struct_oper_list.matrix[1][3]
_pdbx_struct_oper_list.vector[1]
_pdbx_struct_oper_list.matrix[2][1]
_pdbx_struct_oper_list.matrix[2][2]
_pdbx_struct_oper_list.matrix[2][3]
_pdbx_struct_oper_list.vector[2]
_pdbx_struct_oper_list.matrix[3][1]
_pdbx_struct_oper_list.matrix[3][2]
_pdbx_struct_oper_list.matrix[3][3]
_pdbx_struct_oper_list.vector[3]
1 'identity operation' 1.0 0.0 0.0 0.0 0.0 1.0 0.0 0.0 0.0 0.0 1.0 0.0
2 'point symmetry operation' -1.0 0.0 0.0 40.0 0.0 -1.0 0.0 10.0 0.0 0.0 1.0 0.0
P 'transform to point frame' 1.0 0.0 0.0 -20.0 0.0 1.0 0.0 -5.0 0.0 0.0 1.0 0.0
#
_atom_sites.entry_id 1ABC
_atom_sites.fract_transf_matrix[1][1] 0.02
_atom_sites.fract_transf_vector[1] 0.0
#
loop_
_atom_site_anisotrop.id
_atom_site_anisotrop.U[1][1]
_atom_site_anisotrop.U[2][2]
_atom_site_anisotrop.U[3][3]
_atom_site_anisotrop.U[1][2]
_atom_site_anisotrop.U[1][3]
_atom_site_anisotrop.U[2][3]
1 0.0500 0.0300 0.0200 0.0050 -0.0020 0.0010
3 0.0500 0.0300 0.0200 0.0050 -0.0020 0.0010
#
loop_
_atom_site.group_PDB
_atom_site.id
_atom_site.type_symbol
_atom_site.label_atom_id
_atom_site.label_alt_id
_atom_site.label_comp_id
_atom_site.label_asym_id
_atom_site.label_entity_id
_atom_site.label_seq_id
_atom_site.Cartn_x
_atom_site.Cartn_y
_atom_site.Cartn_z
_atom_site.occupancy
_atom_site.B_iso_or_equiv
_atom_site.auth_seq_id
_atom_site.auth_asym_id
_atom_site.pdbx_PDB_model_num
ATOM   1 N N     . ALA A 1 1 11.104 6.134  -6.504 1.00 20.00 1   L 1
ATOM   2 C CA    . ALA A 1 1 11.639 6.071  -5.147 1.00 20.50 1   L 1
ATOM   3 P "P'"  . DA  B 2 1 20.000 1.000  2.000  0.50 30.00 1   H 1
HETATM 4 O O     . HOH C 3 . 5.000  4.000  3.000  1.00 40.00 201 L 1
#
"""


@pytest.fixture
def pdb_file(tmp_path: Path) -> Path:
    """Return a small PDB file with every record that depends on the coordinates."""
    path = tmp_path / "small.pdb"
    path.write_text(PDB)
    return path


@pytest.fixture
def cif_file(tmp_path: Path) -> Path:
    """Return a small mmCIF file, whose chains have other names for its authors (L and H) than inside (A, B and C)."""
    path = tmp_path / "small.cif"
    path.write_text(MMCIF)
    return path


@pytest.fixture
def transform() -> np.ndarray:
    """Return a transform far from the identity."""
    return np.column_stack([random_rotations(1, np.random.default_rng(3))[0], [120.0, -45.5, 30.25]])
