"""The page of the panel with the last result and the plot of the search, and the button to move in spite of it."""

from collections import Counter
from html import escape

from Qt.QtCore import Qt
from Qt.QtWidgets import QLabel, QPushButton

from . import assembly_report
from .pages import scrolled
from .plot import SearchPlot
from .summary import summary


class ResultPage:
    """The result as text, and the plot.

    Parameters
    ----------
    force : callable
        Function that moves the model in spite of the verdict.

    Attributes
    ----------
    widget : QScrollArea
        The page.
    text : QLabel
        The result.
    force : QPushButton
        A button for the panel, which is shown if nothing was moved because of the verdict.
    plot : SearchPlot
        The plot.
    """

    def __init__(self, force):
        self.widget, layout = scrolled()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.force = QPushButton("Move anyway")
        self.force.setToolTip("Move the model to the best pose, in spite of the verdict")
        self.force.clicked.connect(lambda *_: force())
        self.force.setVisible(False)
        self.plot = SearchPlot(self.widget)
        layout.addWidget(self.text)
        layout.addWidget(self.plot, stretch=1)

    def begin(self):
        """Clear the result when an alignment starts."""
        self.text.clear()
        self.force.setVisible(False)

    def show_problem(self, problem):
        """Show why there is no result."""
        self.text.setText(escape(problem))

    def show_search(self, task):
        """Plot the search of an alignment that runs or has ended; that for a part, and an assembly, have no losses."""
        self.plot.setVisible(bool(task.trace))
        if not task.trace:
            return
        options = task.job.options
        made = Counter(hand for hand, _ in task.trace)
        total = options.evaluations or max(made.values(), default=1)  # by default it is unknown how many are needed
        alignment = task.job.pairs[-1].alignment  # None while it runs
        self.plot.show_trace(task.trace, total, options.loss, ended=alignment and alignment.ended_text)

    def show_outcomes(self, outcomes):
        """Show the results of an alignment, one below the other."""
        self._show("<hr>".join(map(summary, outcomes)))
        self.force.setVisible(len(outcomes) == 1 and not outcomes[0].moved)

    def show_assembly(self, done):
        """Show the result of an assembly."""
        self._show(assembly_report.summary(done))

    def _show(self, text):
        self.text.setText(text)
        self.widget.verticalScrollBar().setValue(0)
