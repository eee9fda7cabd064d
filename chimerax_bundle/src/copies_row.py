"""The row of the panel with the number of copies of a part."""

from Qt.QtWidgets import QComboBox, QSpinBox

import botalign

from .pages import row_of

#: The choices, and what they mean.
ONE, AUTO, NUMBER = "one", "auto", "number"
CHOICES = {ONE: "one: move the model only", AUTO: "auto: as many as fit", NUMBER: "number:"}


class CopiesRow:
    """A choice of how many copies are placed, and their number, which is shown if it is given.

    Parameters
    ----------
    form : QFormLayout
        Layout that the row is added to.

    Attributes
    ----------
    choice : QComboBox
        The choice.
    number : QSpinBox
        The number.
    """

    def __init__(self, form):
        option = botalign.declarations(botalign.AlignmentOptions)["copies"].option
        self.choice, self.number = QComboBox(), QSpinBox()
        for word, text in CHOICES.items():
            self.choice.addItem(text, word)
        self.number.setRange(2, option.high)
        self.number.setVisible(False)
        self.choice.currentIndexChanged.connect(lambda *_: self.number.setVisible(self.choice.currentData() == NUMBER))
        for field in (self.choice, self.number):
            field.setToolTip(
                "How often the model is in the reference, a map of a complex: copies of it are placed (keyword copies)"
            )
        form.addRow("Copies", row_of(self.choice, self.number))

    @property
    def several(self):
        """Whether copies are placed."""
        return self.choice.isEnabled() and self.choice.currentData() != ONE

    def enable(self, enabled):
        """Enable or disable the row; disabled, it has no effect."""
        for field in (self.choice, self.number):
            field.setEnabled(enabled)

    def words(self):
        """Return the words of the command; none for one copy."""
        if not self.several:
            return []
        return [f"copies {self.number.value() if self.choice.currentData() == NUMBER else AUTO}"]
