"""The row of the panel that chooses whether several models are aligned separately or placed together."""

from Qt.QtWidgets import QComboBox, QLabel, QLineEdit

from .pages import row_of
from .syntax import ASSEMBLE, usage_error

SEPARATELY, TOGETHER = "each separately", "together, as parts of a complex"


class TogetherRow:
    """The choice, and how often each part is in the complex, which is shown for parts of a complex only.

    Parameters
    ----------
    form : QFormLayout
        Layout that the row is added to.

    Attributes
    ----------
    choice : QComboBox
        The choice.
    counts : QLineEdit
        Number of copies of each part.
    """

    def __init__(self, form):
        self._form = form
        self.choice, self.counts = QComboBox(), QLineEdit()
        self.choice.addItems([SEPARATELY, TOGETHER])
        self.choice.setToolTip(
            "Align each model by itself, or place all of them so that they do not overlap, which needs a map as the "
            "reference (botalign assemble)"
        )
        self.counts.setPlaceholderText("1 of each")
        self.counts.setToolTip(
            "How often each part is in the complex, in the order of the model numbers, such as 1,2 (keyword counts)"
        )
        self._label = QLabel(" copies")
        self._row = row_of(self.choice, self._label, self.counts)
        form.addRow("Place", self._row)
        self.update(several=False, in_map=False)

    @property
    def together(self):
        """Whether the models are placed together."""
        return not self._row.isHidden() and self.choice.currentText() == TOGETHER

    def update(self, *, several, in_map):
        """Show the row for several models; they are placed together in a map only."""
        self._form.setRowVisible(self._row, several)
        self.choice.model().item(1).setEnabled(in_map)
        if not in_map:
            self.choice.setCurrentIndex(0)
        for widget in (self._label, self.counts):
            widget.setVisible(self.together)

    def words(self):
        """Return the words of the command for the numbers of copies.

        Raises
        ------
        UserError
            If these are not whole numbers.
        """
        text = self.counts.text().strip().strip(",")
        if not text:
            return []
        counts = [each.strip() for each in text.replace(" ", ",").split(",") if each.strip()]
        if not all(each.isdecimal() for each in counts):
            raise usage_error(
                f"counts: got {text!r}, expected a whole number for each part, such as 1,2", f"{ASSEMBLE} counts 1,2,1"
            )
        return [f"counts {','.join(counts)}"]
