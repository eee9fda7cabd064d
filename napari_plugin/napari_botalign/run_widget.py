"""What the dock widgets that do long work have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from magicgui.widgets import Container, ProgressBar, PushButton

from napari_botalign.arranging import fill, row, wrapped_label


class RunWidget(Container[Any]):
    """A form, a button that starts work on what it says, one that cancels it, a bar, and a line about how it goes.

    Parameters
    ----------
    form : Container
        What is to be chosen before.
    start : str
        What the button says that starts the work.
    lines : int
        How many lines to keep room for.
    below : sequence
        Widgets below all that.
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
        self.native.destroyed.connect(self._on_destroyed)

    def reset_choices(self, *args: object) -> None:
        """Look at the layers of the viewer again."""
        self.form.reset_choices()

    @abstractmethod
    def _on_start(self) -> None:
        """Start the work, or say why not."""

    @abstractmethod
    def _on_cancel(self) -> None:
        """Stop the work."""

    @abstractmethod
    def _on_destroyed(self) -> None:
        """Stop the work, and show nothing any more."""

    def _set_running(self, running: bool) -> None:
        self.start.enabled = self.form.enabled = not running
        self.cancel.enabled = running
        self.progress.value = 0

    def _say(self, text: str) -> None:
        self.status.value = text
