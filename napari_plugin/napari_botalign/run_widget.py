"""The base class of dock widgets that do long work."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from magicgui.widgets import Container, ProgressBar, PushButton
from qtpy.QtWidgets import QDockWidget

from napari_botalign.layout import fill, row, wrapped_label


class RunWidget(Container[Any]):
    """A form, buttons that start and cancel the work, a progress bar, and a line for messages.

    Parameters
    ----------
    form : Container
        Input of the work.
    start : str
        Text of the button that starts the work.
    lines : int
        Least height of the message in lines.
    below : sequence
        Widgets below the message.
    """

    def __init__(self, form: Container[Any], start: str, *, lines: int, below: Sequence[Any] = ()) -> None:
        self.form = form
        self.start, self.cancel = PushButton(text=start), PushButton(text="Cancel", enabled=False)
        self.progress, self.status = ProgressBar(value=0, min=0, max=1000), wrapped_label(lines=lines)
        super().__init__(labels=False)
        self._buttons = row(self.start, self.cancel)
        fill(self, [form, self._buttons, self.progress, self.status, *below])
        self.start.changed.connect(self._on_start)
        self.cancel.changed.connect(self._on_cancel)
        self.native.destroyed.connect(self._on_closed)
        self._dock: QDockWidget | None = None

    def reset_choices(self, *args: object) -> None:
        """Update the offered layers."""
        self.form.reset_choices()

    @abstractmethod
    def _on_start(self) -> None:
        """Start the work, or show why it cannot start."""

    @abstractmethod
    def _on_cancel(self) -> None:
        """Stop the work."""

    @abstractmethod
    def _on_closed(self) -> None:
        """Stop the work without showing anything, because the dock was closed."""

    def _set_running(self, running: bool) -> None:
        self._watch_dock()
        self.start.enabled = self.form.enabled = not running
        self.cancel.enabled = running
        self.progress.value = 0

    def _watch_dock(self) -> None:
        """Notice when the dock is closed: napari then deletes it, but not this widget, which the work refers to."""
        dock = self.native.parent()
        if isinstance(dock, QDockWidget) and dock is not self._dock:
            dock.destroyed.connect(self._on_closed)
            self._dock = dock

    def _show_message(self, text: str) -> None:
        self.status.value = text
