import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from botalign.errors import InputError
from botalign.files import cannot_be_read, check_output, json_text, no_such_file, output_file


def write_text(path: Path, text: str, *, overwrite: bool = False, then: Callable[[Path], object] = bool) -> None:
    """Write a text, doing something else before it is finished."""
    with output_file(path, overwrite=overwrite) as temporary:
        assert temporary.parent == path.parent
        assert temporary.suffix == path.suffix
        temporary.write_text(text)
        assert overwrite or not path.exists()
        then(temporary)


def failing(error: BaseException) -> Callable[[Path], object]:
    def fail(_: Path) -> None:
        raise error

    return fail


def test_the_file_appears_when_complete(tmp_path: Path) -> None:
    write_text(tmp_path / "a.json", "new")
    assert (tmp_path / "a.json").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_it_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").write_text("")
    write_text(tmp_path / "a.json", "new")
    assert (tmp_path / "a.json").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_is_left_after_an_error(tmp_path: Path, error: type[BaseException], overwrite: bool) -> None:
    path = tmp_path / "a.json"
    if overwrite:
        path.write_text("old")
    with pytest.raises(error):
        write_text(path, "half", overwrite=overwrite, then=failing(error()))
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == ([("a.json", "old")] if overwrite else [])


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk(tmp_path: Path, code: int) -> None:
    message = "cannot be written" if code == errno.EIO else "no space left"
    with pytest.raises(InputError, match=message) as caught:
        write_text(tmp_path / "a.json", "half", then=failing(OSError(code, os.strerror(code))))
    assert str(tmp_path / "a.json") in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:

    def fill(temporary: Path) -> None:
        temporary.unlink()
        temporary.symlink_to("/dev/full")
        temporary.write_text("does not fit")

    with pytest.raises(InputError, match="no space left"):
        write_text(tmp_path / "a.json", "", then=fill)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_replaced_only_if_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    for refuse in (check_output, lambda p: write_text(p, "new")):
        with pytest.raises(InputError, match=r"the file exists.*overwrite=True"):
            refuse(path)
    assert path.read_text() == "old"
    assert check_output(path, overwrite=True) == path
    write_text(path, "new", overwrite=True)
    assert path.read_text() == "new"


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_during_the_work_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        without_hard_links(monkeypatch)
    path = tmp_path / "a.json"
    with pytest.raises(InputError, match="the file exists"):
        write_text(path, "mine", then=lambda _: path.write_text("another's"))
    assert path.read_text() == "another's"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def without_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr("botalign.files.os.link", refuse)


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_hard_links(monkeypatch)
    write_text(tmp_path / "a.json", "new")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.json", "new")]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    with pytest.raises(InputError, match="the file exists"):
        write_text(tmp_path / "link.json", "new")
    with output_file(tmp_path / "link.json", overwrite=True) as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "new"


def test_places_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    for path, message in (
        (tmp_path / "missing" / "a.json", "folder .*missing does not exist"),
        (tmp_path / "file" / "a.json", "file is a file, expected a folder"),
        (tmp_path, "got a folder"),
        (tmp_path / ("x" * 300), "cannot be written"),
        (Path("/dev/null"), "not a regular file"),
    ):
        for overwrite in (False, True):
            with pytest.raises(InputError, match=message) as caught:
                check_output(path, overwrite=overwrite)
            assert str(path) in str(caught.value)
            assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"unknown extension; use one of \.json, \.png"):
        check_output(tmp_path / "a.txt", extensions=(".json", ".png"))

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("botalign.files.tempfile.TemporaryFile", refuse)
    with pytest.raises(InputError, match=r"cannot be written \(Permission denied"):
        check_output(tmp_path / "a.json")


def test_checking_leaves_nothing(tmp_path: Path) -> None:
    check_output(tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []


def test_a_name_without_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with output_file("a.json") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "a.json").read_text() == "new"


def test_an_empty_file_is_not_left_where_links_and_renames_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    without_hard_links(monkeypatch)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match="no space left"):
        write_text(tmp_path / "a.json", "new")
    assert list(tmp_path.iterdir()) == []


def test_json_has_null_for_infinite_numbers() -> None:
    content = {"a": [np.float32(0.5), np.int64(2), np.bool_(True), np.inf], "b": {"c": (float("nan"), "text", None)}}
    assert json.loads(json_text(content)) == {"a": [0.5, 2, True, None], "b": {"c": [None, "text", None]}}


def test_chains_after_the_name_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.cif"
    missing = f"{file}:A,B: no such file; "
    assert str(no_such_file(f"{file}:A,B")) == f"{missing}check the name."
    file.touch()
    assert str(no_such_file(f"{file}:A,B")) == f"{missing}to use chain A,B of {file}, use chains='A,B'."


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (FileNotFoundError(2, "missing"), "no such file; check the name."),
        (IsADirectoryError(21, "folder"), "got a folder, expected a star file; give a file in it."),
        (PermissionError(13, "denied"), "the file cannot be read (permission denied); change its permissions."),
        (OSError(5, "disk"), "the file cannot be read (disk), expected a star file; check the file."),
        (OSError("bad data"), "the file cannot be read (bad data), expected a star file; check the file."),
    ],
)
def test_why_a_file_cannot_be_read_is_said_in_one_way(error: OSError, message: str) -> None:
    assert str(cannot_be_read("a.star", error, "a star file")) == f"a.star: {message}"
