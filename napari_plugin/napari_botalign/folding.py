"""Fields that are hidden until a button is pressed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from magicgui.widgets import Container, PushButton

from napari_botalign.layout import even_labels


class FoldedFields(Container[Any]):
    """A button that shows and hides labelled fields, which are hidden at first.

    Parameters
    ----------
    fields : sequence
        The fields.

    Attributes
    ----------
    fields : Container
        The fields.
    unfold : PushButton
        The button.
    """

    def __init__(self, fields: Sequence[Any]) -> None:
        self.unfold = PushButton(text="▸ more options")
        self.fields: Container[Any] = Container(widgets=list(fields), labels=True, visible=False)
        super().__init__(widgets=[self.unfold, self.fields], labels=False)
        for part in (self, self.fields):
            part.margins = (0, 0, 0, 0)
        even_labels(self.fields)
        self._folded = True
        self.unfold.changed.connect(self._on_unfold)

    def _on_unfold(self) -> None:
        self._folded = not self._folded
        self.fields.visible = not self._folded
        self.unfold.text = "▸ more options" if self._folded else "▾ fewer options"
