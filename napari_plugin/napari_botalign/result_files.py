"""The result as a file, as text, and as a moved atomic model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from magicgui.widgets import Container, PushButton
from qtpy.QtWidgets import QApplication

from botalign import Alignment, InputError, read_model
from napari_botalign.dialogs import file_to_open, file_to_save
from napari_botalign.layers import MapLayer, displayed_transform
from napari_botalign.layout import row
from napari_botalign.summary import matrix_text, short_name
from napari_botalign.writing import with_extension

_RESULTS = "Result of BOTalign (*.json)"
_MODELS = "Atomic model (*.cif *.pdb *.mmcif *.ent *.cif.gz *.pdb.gz)"


class ResultFiles(Container[Any]):
    """Buttons that save, load and copy a result, and save the moved atomic model.

    Parameters
    ----------
    result : callable
        Returns the result.
    loaded : callable
        Receives a result that was loaded.
    models : callable
        Returns the fixed map and the moving maps of atomic models.
    do : callable
        Does an action, and shows the message that it returns or the error.
    """

    def __init__(
        self,
        result: Callable[[], Alignment | None],
        loaded: Callable[[Alignment], None],
        models: Callable[[], tuple[MapLayer, list[MapLayer]]],
        do: Callable[[Callable[[], str]], None],
    ) -> None:
        self._result, self._loaded, self._models = result, loaded, models
        self.save = PushButton(text="Save…", tooltip="Write the result to a file.")
        self.load = PushButton(text="Load…", tooltip="Read a result of this widget or of `botalign align`.")
        self.model = PushButton(text="Save model…", tooltip="Write the moved atomic model as mmCIF or PDB.")
        self.report = PushButton(text="Copy report", tooltip="Copy the result as `botalign align` prints it.")
        self.matrix = PushButton(
            text="Copy matrix", tooltip="Copy the 3x4 matrix from moving to fixed coordinates (x, y, z) in angstrom."
        )
        super().__init__(widgets=[row(self.save, self.load, self.model), row(self.report, self.matrix)], labels=False)
        self.margins = (0, 0, 0, 0)
        for button, action in (
            (self.save, self._write), (self.load, self._read), (self.model, self._write_model),
            (self.report, self._copy_report), (self.matrix, self._copy_matrix),
        ):  # fmt: skip
            button.changed.connect(lambda _, action=action: do(action))

    def enable_buttons(self, *, exists: bool, running: bool) -> None:
        """Enable the buttons that have an effect now."""
        for button in (self.save, self.report, self.matrix):
            button.enabled = exists and not running
        self.load.enabled = self.model.enabled = not running

    def _shown(self) -> Alignment:
        result = self._result()
        assert result is not None  # otherwise the buttons are disabled
        return result

    def _write(self) -> str:
        path = file_to_save(self.native, "Save the result", "alignment.json", _RESULTS)
        if not path:
            return ""
        path = with_extension(path, ".json")
        self._shown().write(path, overwrite=True)  # the dialog has asked the user
        return f"Written: {path}."

    def _read(self) -> str:
        path = file_to_open(self.native, "Load a result", _RESULTS)
        if not path:
            return ""
        result = Alignment.read(path)
        if result.is_scaled:
            raise InputError(
                f"{path}: the transform scales the moving map, but layers are moved here only; write the scaled map "
                "with `botalign apply`, and open it."
            )
        self._loaded(result)
        return f"Loaded. Apply moves the moving layers by the transform of {short_name(result.moving.name)}."

    def _write_model(self) -> str:
        fixed, models = self._models()
        written = []
        for moving in models:
            model = read_model(str(moving.model_path)).moved(displayed_transform(fixed, moving))
            source = Path(str(moving.model_path).removesuffix(".gz"))
            name = f"{source.stem}_moved{source.suffix}"
            path = file_to_save(self.native, f"Save {moving.name}", name, _MODELS)
            if path:
                path = with_extension(path, source.suffix)
                model.write(path, overwrite=True)  # the dialog has asked the user
                written.append(path)
        return f"Written: {', '.join(written)}." if written else ""

    def _copy_report(self) -> str:
        _copy(self._shown().to_text())
        return "The report is in the clipboard."

    def _copy_matrix(self) -> str:
        _copy(matrix_text(self._shown(), digits=6))
        return "The matrix is in the clipboard."


def _copy(text: str) -> None:
    QApplication.clipboard().setText(text)
