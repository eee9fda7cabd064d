"""A list of class averages as thumbnails with their sizes, to select classes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from numpy import ptp, uint8
from qtpy.QtCore import QSize
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QListView, QListWidget, QListWidgetItem

#: Sides of a thumbnail and of its place in pixels; four are beside each other in a dock of the usual width.
_SIDE, _CELL = 60, QSize(80, 100)
_LEAST_HEIGHT = 2 * _CELL.height() + 14


class ClassList:
    """Thumbnails of class averages, several of which can be selected.

    Parameters
    ----------
    changed : callable
        Called when other classes are selected.

    Attributes
    ----------
    native : QListWidget
        The widget of Qt.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.native = QListWidget()
        self.native.setViewMode(QListView.ViewMode.IconMode)
        self.native.setResizeMode(QListView.ResizeMode.Adjust)
        self.native.setMovement(QListView.Movement.Static)
        self.native.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.native.setIconSize(QSize(_SIDE, _SIDE))
        self.native.setGridSize(_CELL)
        self.native.setUniformItemSizes(True)
        self.native.setMinimumHeight(_LEAST_HEIGHT)
        self.native.setToolTip("Click on a class to select it; Ctrl-click or Shift-click for several, Ctrl-A for all.")
        self.native.itemSelectionChanged.connect(changed)

    @property
    def selected(self) -> list[int]:
        """Indices of the selected classes, from 0."""
        return sorted(index.row() for index in self.native.selectedIndexes())

    @property
    def current(self) -> int | None:
        """Index of the class that was clicked on last."""
        row = self.native.currentRow()
        return None if row < 0 else row

    def choose(self, classes: Iterable[int]) -> None:
        """Select classes."""
        chosen = set(classes)
        for row in range(self.native.count()):
            self.native.item(row).setSelected(row in chosen)

    def show(self, averages: Any, sizes: Sequence[int], resolutions: Sequence[str]) -> None:
        """Show the averages of classes instead of the previous ones."""
        self.native.clear()
        for number, (average, size, resolution) in enumerate(zip(averages, sizes, resolutions, strict=True), 1):
            item = QListWidgetItem(_icon(average), f"class {number}\nn = {size}")
            item.setToolTip(f"class {number}: {size} image{'' if size == 1 else 's'}, resolution {resolution}")
            self.native.addItem(item)


def _icon(image: Any) -> QIcon:
    """Return an image as an icon, from its least value in black to its largest in white."""
    grey = ((image - image.min()) * (255 / (ptp(image) or 1.0))).astype(uint8)
    height, width = grey.shape
    picture = QImage(grey.tobytes(), width, height, width, QImage.Format.Format_Grayscale8)
    return QIcon(QPixmap.fromImage(picture).scaledToWidth(2 * _SIDE))
