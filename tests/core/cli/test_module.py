import runpy

import pytest

import botalign


def test_python_runs_the_package(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["botalign", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("botalign", run_name="__main__")
    assert not ended.value.code
    assert botalign.__version__ in capsys.readouterr().out
