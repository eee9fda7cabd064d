from pathlib import Path

import numpy as np
import pytest

from botalign import InputError, read_embedding
from botalign.embeddings import Column, embedding_text


def test_a_written_embedding_is_read_back(tmp_path: Path) -> None:
    coordinates = np.random.default_rng(0).standard_normal((3, 2))
    column = Column("state", np.array(["up", "a, b", "down"]), None)
    (tmp_path / "e.csv").write_text(embedding_text(["a.mrc", "b,c.mrc", "d.mrc"], coordinates, column))
    table = read_embedding(tmp_path / "e.csv")
    assert table.names == ("a.mrc", "b,c.mrc", "d.mrc")
    assert list(table.columns) == ["coordinate_1", "coordinate_2", "state"]
    np.testing.assert_array_equal(np.column_stack(list(table.columns.values())[:2]), coordinates)
    assert table.columns["state"].tolist() == ["up", "a, b", "down"]
    assert repr(table) == "<EmbeddingTable: 3 maps, coordinate_1, coordinate_2, state>"


def test_tables_of_other_programs_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "umap.tsv").write_text("x\ty\n1\t2\n3\t4\n")
    assert read_embedding(tmp_path / "umap.tsv").names == ("1", "2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run" / "out").mkdir(parents=True)
    (tmp_path / "run" / "maps").mkdir()
    (tmp_path / "run" / "maps" / "a.mrc").touch()
    (tmp_path / "run" / "out" / "b.map.gz").touch()
    (tmp_path / "run" / "out" / "e.csv").write_text("map,x,y\nmaps/a.mrc,0,0\nelsewhere/b,1,1\nc.mrc,2,2\n")
    return tmp_path / "run"


def test_the_files_of_the_maps_are_found(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = read_embedding(folder / "out" / "e.csv")
    # Relative to a parent of the folder of the embedding; in this folder, by the last part; in a given folder.
    assert table.file(0) == folder / "maps" / "a.mrc"
    assert table.file(1) == folder / "out" / "b.map.gz"
    assert table.file(0, folder / "maps") == folder / "maps" / "a.mrc"
    with pytest.raises(
        InputError, match=r"c.mrc: no such file in the current folder, .*out or a folder above it; give"
    ):
        table.file(2)
    with pytest.raises(InputError, match=r"maps/a.mrc: no such file in .*out; give"):
        table.file(0, folder / "out")
    # Relative to the current folder, which comes first.
    (tmp_path / "here" / "maps").mkdir(parents=True)
    (tmp_path / "here" / "maps" / "a.mrc").touch()
    monkeypatch.chdir(tmp_path / "here")
    assert table.file(0) == Path("maps/a.mrc")


def test_other_tables_are_refused(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("map,x,kind\na,1,up\n")
    with pytest.raises(InputError, match="got the columns map, x, kind, expected at least two numeric columns"):
        read_embedding(tmp_path / "e.csv")
    with pytest.raises(InputError, match="no such file"):
        read_embedding(tmp_path / "no.csv")
