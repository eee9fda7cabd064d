from pathlib import Path

import numpy as np
import pytest

from botalign import InputError
from botalign.embeddings import plain_name, read_column

NAMES = ("a/vol_1.mrc", "a/vol_2.mrc", "a/vol_3.mrc")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text("file,angle,kind\nvol_3.mrc,30,up\nvol_1.mrc,10,down\nvol_0.mrc,0,up\nvol_2.mrc,,up\n")
    return path


def test_rows_are_joined_by_the_names_of_the_maps(table: Path) -> None:
    column = read_column(table, "angle", NAMES)
    assert (column.name, column.joined_by) == ("angle", "file")
    np.testing.assert_array_equal(column.values, [10, np.nan, 30])
    assert read_column(table, "kind", NAMES).values.tolist() == ["down", "up", "up"]


def test_exact_names_precede_names_without_folders(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("short,long,x\nb,a/b.mrc,1\nc,b/b.mrc,2\n")
    assert read_column(path, "x", ("b/b.mrc", "a/b.mrc")).values.tolist() == [2, 1]


def test_without_names_rows_are_in_the_order_of_the_maps(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("x\ty\n1\t4\n2\t5\n3\t6\n")
    column = read_column(path, "y", NAMES)
    assert column.joined_by is None
    assert column.values.tolist() == [4, 5, 6]


def test_numbered_maps_are_joined_in_order(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("rank,x\n3,7\n1,8\n2,9\n")
    assert read_column(path, "x", ("1", "2", "3")).values.tolist() == [7, 8, 9]


def test_numeric_names_are_joined_only_if_all_are_found(tmp_path: Path) -> None:
    path, names = tmp_path / "t.csv", ("1.mrc", "2.mrc", "3.mrc")
    path.write_text("rank,x\n9,7\n1,8\n2,9\n")
    assert read_column(path, "x", names).joined_by is None
    path.write_text("file,x\n3,7\n1,8\n2,9\n")
    assert read_column(path, "x", names).values.tolist() == [8, 9, 7]


def test_the_only_column_need_not_be_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\ufeffangle\n1\n2\n3\n", encoding="utf-8")
    assert read_column(path, None, NAMES).name == "angle"
    path.write_text("angle,map\n1,vol_2\n2,vol_3\n3,vol_1\n")
    assert read_column(path, None, NAMES).values.tolist() == [3, 1, 2]


def test_bad_tables_are_refused(table: Path, tmp_path: Path) -> None:
    def refused(column: str | None = None, names: tuple[str, ...] = NAMES, text: str | None = None) -> str:
        if text is not None:
            table.write_text(text)
        with pytest.raises(InputError) as caught:
            read_column(table, column, names)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "no column 'size', expected one of file, angle, kind" in refused("size")
    assert "no column was named; choose one of file, angle, kind, for example" in refused()
    # As many rows as maps, but for other maps.
    assert "no row for vol_9, expected one for each of 4 maps" in refused("angle", (*NAMES, "vol_9"))
    assert "no row for each of two maps with the same name" in refused("angle", ("a/vol_1.mrc", "b/vol_1.mrc"))
    assert "got 4 rows and no column with the names" in refused("angle", ("x", "y", "z"))
    assert "row 3 has 1 field, expected 2" in refused("x", text="x,y\n1,2\n3\n")
    assert "got 1 row, expected column names" in refused("x", text="x,y\n")
    table.write_bytes(b"\xff\xfe\x00x")
    assert "not a table" in refused("x")
    with pytest.raises(InputError, match="no such file"):
        read_column(tmp_path / "no.csv", "x", NAMES)


def test_plain_names() -> None:
    assert plain_name("/data/run.1/vol_001.mrc.gz") == "vol_001"
    assert plain_name("C:\\maps\\a.b.map") == "a.b"
    assert plain_name("12") == "12"
