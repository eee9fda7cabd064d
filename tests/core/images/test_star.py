from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botalign.errors import InputError
from botalign.images.star import StarFile, star_text
from botalign.images.star_tables import StarTable
from botalign.images.star_values import number_text, quoted

#: Everything that a program, an editor or a user may have written.
ODD = (
    b"\xef\xbb\xbf# version 30001 written by M\xfcller\r\n"
    b"data_optics\r\n\r\n"
    b"_rlnOpticsGroup   009 # only one\r\n_rlnOpticsGroupName 'my group'\r\n\r\n"
    b"data_notes\r\n_text\r\n;loop_\r\n_rlnImageName\r\n data_x\r\n;\r\n"
    b"data_particles\r\n# a comment\r\n\r\nloop_ \r\n"
    b"_rlnImageName #1 [name] \r\n  _rlnA #2\r\n_rlnA #3 \r\n# before the rows\r\n"
    b"  000001@it's/#1/a.mrcs   -7.04404e-04\t9e2\r\n"
    b"\r\n"
    b"'2@with blank.mrcs' 0012   \"\" # remark\r\n"
    b"3@caf\xe9.mrcs 1.5e-07 '5'' \r\n"
    b"# at the end \xe9\r\n"
)


def odd() -> StarFile:
    return StarFile(ODD, "odd.star")


def table_of(file: StarFile, label: str) -> StarTable:
    return next(table for table in file.tables if label in table)


def test_every_value_is_found() -> None:
    file = odd()
    assert [(table.block, table.loop) for table in file.tables] == [
        ("optics", False), ("notes", False), ("particles", True),
    ]  # fmt: skip
    optics, notes, particles = file.tables
    assert file.texts(optics, "rlnOpticsGroup") == ["009"]
    assert file.texts(optics, "rlnOpticsGroupName") == ["my group"]
    assert file.texts(notes, "text") == ["loop_\r\n_rlnImageName\r\n data_x"]
    assert file.texts(particles, "rlnImageName") == ["000001@it's/#1/a.mrcs", "2@with blank.mrcs", "3@caf\udce9.mrcs"]
    with pytest.raises(
        InputError, match=r"odd\.star: the column _rlnA occurs 2 times, with different values; remove all but"
    ):
        file.texts(particles, "rlnA")


def test_only_the_changed_values_change() -> None:
    file = odd()
    particles = table_of(file, "rlnImageName")
    same = {label: file.texts(particles, label) for label in ("rlnImageName",)}
    assert file.changed(particles, same).content == ODD
    changed = file.changed(particles, {"rlnA": ["1", "", "a b"]})
    expected = (
        ODD.replace(b"-7.04404e-04\t9e2", b"1\t1")
        .replace(b'0012   ""', b'""   ""')
        .replace(b"1.5e-07 '5''", b'"a b" "a b"')
    )
    assert changed.content == expected
    optics = table_of(file, "rlnOpticsGroup")
    assert file.changed(optics, {"rlnOpticsGroup": ["3"]}).content == ODD.replace(b"009", b"3")


def test_columns_are_added_in_the_style_of_the_table() -> None:
    file = odd()
    changed = file.changed(table_of(file, "rlnImageName"), {"rlnB": ["1", "20", "x y"], "rlnC": ["a", "b", "c"]})
    assert changed.content == (
        ODD.replace(b"_rlnA #3 \r\n", b"_rlnA #3 \r\n_rlnB #4 \r\n_rlnC #5 \r\n")
        .replace(b"\t9e2", b"\t9e2     1 a")
        .replace(b'0012   ""', b'0012   ""    20 b')
        .replace(b"'5''", b"'5'' \"x y\" c")
    )
    changed = file.changed(table_of(file, "rlnOpticsGroup"), {"rlnVoltage": ["300"]})
    assert changed.content == ODD.replace(b"'my group'\r\n", b"'my group'\r\n_rlnVoltage 300\r\n")
    plain = StarFile(b"data_\nloop_\n_a\n1\n2", "x")
    assert plain.changed(plain.tables[0], {"b": ["3", "4"]}).content == b"data_\nloop_\n_a\n_b\n1 3\n2 4"


def test_rows_are_removed_with_their_lines() -> None:
    file = odd()
    kept = file.with_rows(table_of(file, "rlnImageName"), np.array([False, True, True]))
    # The empty line belongs to the row before it.
    assert kept.content == ODD.replace(b"  000001@it's/#1/a.mrcs   -7.04404e-04\t9e2\r\n\r\n", b"")


@pytest.mark.parametrize(
    ("rows", "line", "count"),
    [("1 2\n3\n4 5\n", 6, 1), ("1 2\n3 4 5\n6\n", 6, 3), ("1 2 3\n4\n", 5, 3), ("1 2\n'a b c' \n", 6, 1)],
)
def test_rows_that_do_not_fit_the_labels_are_refused(rows: str, line: int, count: int) -> None:
    file = StarFile(f"data_p\nloop_\n_a\n_b\n{rows}".encode(), "x.star")
    with pytest.raises(
        InputError, match=rf"^x\.star: line {line} has {count} values?, expected 2 as the table p has labels"
    ):
        file.texts(file.tables[0], "a")


def test_words_with_a_meaning_are_values_inside_a_line() -> None:
    file = StarFile(b"data_p\nloop_\n_a\n_b\n1 data_1\n2 loop_\n3 _x\n\ndata_q\n_c 5\n", "x")
    assert file.texts(file.tables[0], "b") == ["data_1", "loop_", "_x"]
    assert file.texts(file.tables[1], "c") == ["5"]


def test_missing_numbers_are_nan() -> None:
    file = StarFile(b'data_\nloop_\n_a\n1.5\nNone\nnan\n<NA>\n""\n2e3\n', "x")
    np.testing.assert_array_equal(file.numbers(file.tables[0], "a"), [1.5, *[np.nan] * 4, 2000])


def test_an_empty_loop_gets_labels_only() -> None:
    file = StarFile(b"data_\nloop_\n_a #1\n\ndata_x\n", "x")
    assert file.changed(file.tables[0], {"b": []}).content == b"data_\nloop_\n_a #1\n_b #2\n\ndata_x\n"


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        StarFile.read(tmp_path / "none.star")
    with pytest.raises(InputError, match="got a folder, expected a star file"):
        StarFile.read(tmp_path)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (-0.0, "0.000000"),
        (12.3456789, "12.345679"),
        (1.5e-7, "1.500000e-07"),
        (123456789.25, "123456789.250000"),
    ],
)
def test_numbers_keep_their_digits(value: float, text: str) -> None:
    assert number_text(value) == text


#: Words and texts without line breaks and control characters, which a star file cannot hold everywhere.
TEXTS = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=8).filter(
    lambda text: not ("'" in text and '"' in text)
)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5), st.data())
def test_what_is_written_is_read(rows: list[tuple[str, str]], data: st.DataObject) -> None:
    first, second = map(list, zip(*rows, strict=True))
    file = StarFile(star_text({"t": {"a": first, "b": second}}), "x")
    table = file.tables[0]
    assert (file.texts(table, "a"), file.texts(table, "b")) == (first, second)
    new = data.draw(st.lists(TEXTS, min_size=len(rows), max_size=len(rows)))
    changed = file.changed(table, {"b": new, "c": first})
    table = changed.tables[0]
    assert [changed.texts(table, label) for label in "abc"] == [first, new, first]


def test_quotes_only_where_they_are_needed() -> None:
    assert [quoted(text) for text in ("a'b", "[0,1]", "a#b", "-1.5", "", "a b", 'a "b"', "_x", "#x", "data_x")] == [
        b"a'b", b"[0,1]", b"a#b", b"-1.5", b'""', b'"a b"', b"'a \"b\"'", b'"_x"', b'"#x"', b'"data_x"',
    ]  # fmt: skip
