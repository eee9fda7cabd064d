"""What the pages of the panel have in common."""

from Qt.QtCore import Qt
from Qt.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget


def scrolled():
    """Return a scroll area and the layout of its contents: it needs little space, whatever it contains."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
    area.setMinimumHeight(60)
    contents = QWidget()
    layout = QVBoxLayout(contents)
    layout.setContentsMargins(6, 6, 6, 6)
    layout.setSpacing(6)
    area.setWidget(contents)
    return area, layout


def new_form(layout):
    """Add a form to a layout, and return it."""
    form = QFormLayout()
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    form.setVerticalSpacing(4)
    layout.addLayout(form)
    return form


def row_of(*widgets):
    """Return a widget with others side by side, for a row of a form; each is as wide as it needs to be."""
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return row
