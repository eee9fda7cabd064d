import pytest


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    """Let other processes find the functions of the tests: they are given this one's path."""
    monkeypatch.syspath_prepend(pytestconfig.rootpath)
