import pytest


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    """Let other processes import the test modules."""
    monkeypatch.syspath_prepend(pytestconfig.rootpath)
