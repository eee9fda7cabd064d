"""Layout of the dock widgets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from magicgui.widgets import ComboBox, Container, Label
from qtpy.compat import isalive
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QDockWidget,
    QFrame,
    QLabel,
    QMainWindow,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

#: Least width of the dock widgets, enough for a summary, so that the canvas keeps its size when one is shown.
_WIDTH = 370
#: Ratio of napari's font size to Qt's default.
_NAPARI_FONT = 1.35
#: Property of the dock widgets of this plugin.
_OURS = "botalign"


def wrapped_label(*, lines: int = 1, rich: bool = False) -> Label:
    """Return a label that wraps its text at the width of the dock, and whose text can be selected.

    Parameters
    ----------
    lines : int, optional
        Least height in lines, so that the widgets below do not move.
    rich : bool, optional
        Whether the text is HTML.
    """
    label = Label(value="")
    native = label.native
    native.setWordWrap(True)
    native.setTextFormat(Qt.TextFormat.RichText if rich else Qt.TextFormat.PlainText)
    native.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    native.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    native.setMinimumHeight(lines * native.fontMetrics().lineSpacing())
    return label


def fill(dock: Container[Any], contents: Sequence[Any]) -> None:
    """Put widgets below each other into a dock widget, which scrolls if the window is too low for them.

    Parameters
    ----------
    dock : Container
        The dock widget, empty.
    contents : sequence
        Widgets of magicgui or of Qt.
    """
    inner = QWidget()
    layout = QVBoxLayout(inner)
    layout.setContentsMargins(0, 0, 4, 0)
    for content in contents:
        layout.addWidget(getattr(content, "native", content))
    layout.addStretch()
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumWidth(_WIDTH)
    area.setWidget(inner)
    dock.native.layout().addWidget(area)
    dock.native.setProperty(_OURS, True)
    # napari adds the dock to the window after it has put the widget into it.
    dock.native_parent_changed.connect(lambda _: QTimer.singleShot(0, partial(_share_tabs, dock.native)))


def _share_tabs(native: QWidget) -> None:
    """Put a dock widget onto another one of this plugin, because a window has the height for one of them only."""
    dock = native.parent() if isalive(native) else None  # type: ignore[no-untyped-call]
    window = dock.parent() if isinstance(dock, QDockWidget) else None
    if not isinstance(dock, QDockWidget) or not isinstance(window, QMainWindow):
        return
    area = window.dockWidgetArea(dock)
    others = [
        other
        for other in window.findChildren(QDockWidget)
        if other != dock and window.dockWidgetArea(other) == area and not other.isFloating() and _is_ours(other)
    ]
    if others and dock not in window.tabifiedDockWidgets(others[-1]):
        window.tabifyDockWidget(others[-1], dock)
        QTimer.singleShot(0, dock.raise_)  # when it has become a tab


def _is_ours(dock: QDockWidget) -> bool:
    return any(widget.property(_OURS) for widget in dock.findChildren(QWidget))


def narrow(box: ComboBox) -> ComboBox:
    """Let a combo box be narrower than its longest choice."""
    native = box.native
    native.setSizeAdjustPolicy(type(native).SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    native.setMinimumContentsLength(8)
    return box


def even_labels(*containers: Container[Any]) -> None:
    """Align the labelled widgets. magicgui measures the labels before napari's style makes them larger."""
    layouts = [container.native.layout() for container in containers]
    rows = [layout.itemAt(index).widget() for layout in layouts for index in range(layout.count())]
    labels = [child for row in rows for child in row.children() if isinstance(child, QLabel)]
    widest = max(label.fontMetrics().horizontalAdvance(label.text()) for label in labels)
    for label in labels:
        label.setMinimumWidth(round(_NAPARI_FONT * widest))


def row(*widgets: Any) -> Container[Any]:
    """Return widgets beside each other."""
    container: Container[Any] = Container(widgets=list(widgets), layout="horizontal", labels=False)
    container.margins = (0, 0, 0, 0)
    return container
