"""One line of the panel: the progress of an alignment, otherwise what happened last."""

from Qt.QtCore import Qt
from Qt.QtWidgets import QLabel, QProgressBar, QSizePolicy, QStackedWidget

#: Colour of problems, readable on light and dark backgrounds.
PROBLEM = "#d04030"


class StatusLine(QStackedWidget):
    """A progress bar, or a message instead of it.

    Attributes
    ----------
    bar : QProgressBar
        The bar, in percent.
    message : QLabel
        The message, cut to the width; all of it is its tooltip.
    """

    def __init__(self):
        super().__init__()
        self.bar, self.message = QProgressBar(), QLabel()
        self.bar.setRange(0, 100)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for widget in (self.message, self.bar):
            self.addWidget(widget)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_fraction(self, fraction):
        """Show the fraction of the work that is done."""
        self.bar.setValue(round(100 * fraction))
        self.setCurrentWidget(self.bar)

    def say(self, text, *, failed=False):
        """Show a message or a problem; return whether all of it fits."""
        room = self.message.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, self.width())
        self.message.setText(room)
        self.message.setToolTip(text)
        self.message.setStyleSheet(f"color: {PROBLEM}" if failed else "")
        self.setCurrentWidget(self.message)
        return room == text
