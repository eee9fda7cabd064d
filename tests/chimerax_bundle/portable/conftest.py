"""The bundle's modules without ChimeraX, with stand-ins for what they import from it."""

import importlib
import os
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .standins import Model, Place, Structure, UndoAction, UserError, Volume, concatenate, rotation, translation

ROOT = Path(__file__).parents[3]
BUNDLE = ROOT / "chimerax_bundle"


@pytest.fixture(scope="session")
def bundle() -> Path:
    """Folder of the bundle, which a checkout has and a wheel does not."""
    if not (BUNDLE / "pyproject.toml").is_file():
        pytest.skip(f"no bundle in {BUNDLE}")
    return BUNDLE


def _module(name: str, **contents: object) -> types.ModuleType:
    module = types.ModuleType(name)
    vars(module).update(contents)
    module.__path__ = []  # type: ignore[attr-defined]
    return module


class Recorder:
    """Stands for ``chimerax.core.commands``: keeps the descriptions of registered commands."""

    def __init__(self) -> None:
        self.commands: dict[str, dict[str, Any]] = {}

    def description(self, *, optional: list[Any] = (), keyword: list[Any] = (), **others: Any) -> dict[str, Any]:  # type: ignore[assignment]
        return {"optional": dict(optional), "keyword": dict(keyword), **others}

    def register(self, name: str, description: dict[str, Any], function: Any, logger: Any = None) -> None:
        self.commands[name] = description | {"function": function}


@pytest.fixture
def recorder() -> Recorder:
    """The registered commands."""
    return Recorder()


@pytest.fixture
def widgets(load: Callable[[str], types.ModuleType], request: pytest.FixtureRequest) -> None:
    """Qt under its name in ChimeraX, on a virtual screen."""
    pytest.importorskip("pytestqt")
    pytest.importorskip("qtpy.QtWidgets", exc_type=ImportError)
    from .widgets import ModelMenuButton

    if sys.platform == "linux":
        os.environ["DISPLAY"] = request.getfixturevalue("display")
        os.environ["QT_QPA_PLATFORM"] = "xcb"
    request.getfixturevalue("qapp")
    sys.modules["Qt"] = importlib.import_module("qtpy")
    sys.modules["Qt.QtWidgets"] = importlib.import_module("qtpy.QtWidgets")
    sys.modules["chimerax.ui"] = _module("chimerax.ui")
    sys.modules["chimerax.ui.widgets"] = _module("chimerax.ui.widgets", ModelMenuButton=ModelMenuButton)


@pytest.fixture
def load(bundle: Path, recorder: Recorder) -> Iterator[Callable[[str], types.ModuleType]]:
    """Return a function that imports a module of the bundle."""
    kinds = {name: name for name in ("BoolArg", "FloatArg", "IntArg", "IntsArg", "ModelsArg", "ObjectsArg",
                                     "OpenFileNameArg", "PositiveFloatArg", "SaveFileNameArg",
                                     "StringArg")}  # fmt: skip
    commands = _module(
        "chimerax.core.commands", CmdDesc=recorder.description, register=recorder.register,
        EnumOf=lambda values: tuple(values), Or=lambda *kinds: kinds,
        Bounded=lambda kind, **names: (kind, names["name"]), Annotation=object, AnnotationError=ValueError,
        next_token=lambda text: (text.partition(" ")[0], *text.partition(" ")[::2]), **kinds,
    )  # fmt: skip
    standins = [
        _module("chimerax"),
        _module("chimerax.core"),
        commands,
        _module("chimerax.core.errors", UserError=UserError, CancelOperation=type("CancelOperation", (Exception,), {})),
        _module("chimerax.atomic", Structure=Structure, concatenate=concatenate),
        _module("chimerax.core.undo", UndoAction=UndoAction),
        _module("chimerax.core.models", REMOVE_MODELS="remove models", Model=Model),
        _module("chimerax.core.tasks", Task=object),
        _module("chimerax.geometry", Place=Place, rotation=rotation, translation=translation),
        _module("chimerax.map", Volume=Volume),
    ]
    package = types.ModuleType("botalign_in_chimerax")
    package.__path__ = [str(bundle / "src")]  # its __init__ needs ChimeraX
    before = dict(sys.modules)
    sys.modules.update({module.__name__: module for module in standins} | {package.__name__: package})
    yield lambda name: importlib.import_module(f"{package.__name__}.{name}")
    for name in set(sys.modules) - set(before):
        if name.split(".")[0] in ("chimerax", "Qt", package.__name__):
            del sys.modules[name]
