"""Dialogs for files, which start in the folder that was used last, in napari's dialogs or these."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.utils.history import get_open_history, get_save_history, update_open_history, update_save_history
from qtpy.QtWidgets import QFileDialog


def file_to_open(parent: Any, title: str, kinds: str) -> str:
    """Return the file that the user chooses, or an empty text.

    Parameters
    ----------
    parent : QWidget
        Parent of the dialog.
    title : str
        Its title.
    kinds : str
        Kinds of files as Qt takes them, such as ``"Table (*.csv)"``.
    """
    path, _ = QFileDialog.getOpenFileName(parent, title, get_open_history()[0], kinds)
    if path:
        update_open_history(path)
    return str(path)


def file_to_save(parent: Any, title: str, name: str, kinds: str) -> str:
    """Return the file that the user chooses to write, or an empty text; `name` is the suggestion."""
    path, _ = QFileDialog.getSaveFileName(parent, title, str(Path(get_save_history()[0]) / name), kinds)
    if path:
        update_save_history(path)
    return str(path)
