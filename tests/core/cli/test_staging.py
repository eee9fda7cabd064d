from pathlib import Path

import pytest

from botalign.cli.staging import Staging
from botalign.errors import InputError

from .conftest import listing


def test_files_appear_together(tmp_path: Path) -> None:
    with Staging(overwrite=False) as staging:
        for name in ("a.json", "b.map.gz"):
            hidden = staging.path(tmp_path / name)
            assert hidden.name.endswith(name[1:])
            hidden.write_text(name)
            assert not (tmp_path / name).exists()
    assert listing(tmp_path) == {"a.json": b"a.json", "b.map.gz": b"b.map.gz"}


def test_an_error_removes_all_files(tmp_path: Path) -> None:
    def fail() -> None:
        with Staging(overwrite=False) as staging:
            hidden = staging.path(tmp_path / "new" / "a.json")
            hidden.write_text("half")
            raise InputError(hidden, ": no")

    with pytest.raises(InputError, match=f"^{tmp_path}/new/a.json: no$"):
        fail()
    assert listing(tmp_path) == {}


def test_a_file_that_appears_in_the_meantime(tmp_path: Path) -> None:
    def race() -> None:
        with Staging(overwrite=False) as staging:
            for name in ("a.json", "b.json"):
                staging.path(tmp_path / name).write_text("new")
            (tmp_path / "b.json").write_text("another program's")

    with pytest.raises(InputError, match=r"b\.json: the file exists"):
        race()
    assert listing(tmp_path) == {"b.json": b"another program's"}


def test_written_files_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at the second of two files: --overwrite has replaced the first by then, else it is taken away again."""
    paths = [tmp_path / name for name in ("a.json", "b.json")]
    replace = Path.replace

    def stopped(path: Path, target: Path) -> Path:
        if path.read_text() == "b.json":
            raise KeyboardInterrupt
        return replace(path, target)

    def write(written: list[Path], *, overwrite: bool) -> None:
        with Staging(overwrite=overwrite, written=written) as staging:
            for path in paths:
                staging.path(path).write_text(path.name)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stopped)
        for overwrite, noted in ((False, []), (True, paths[:1])):
            written: list[Path] = []
            with pytest.raises(KeyboardInterrupt):
                write(written, overwrite=overwrite)
            assert written == noted
            assert sorted(listing(tmp_path)) == [path.name for path in noted]
    written = []
    write(written, overwrite=True)
    assert written == paths


def test_overwrite(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old")
    with Staging(overwrite=True) as staging:
        staging.path(tmp_path / "a.json").write_text("new")
    assert listing(tmp_path) == {"a.json": b"new"}
