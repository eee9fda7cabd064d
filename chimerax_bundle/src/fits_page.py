"""The page of the panel with the fit list: all candidates of an alignment, as in Fit in Map's Fit List."""

from Qt.QtCore import QSignalBlocker, Qt
from Qt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
)

from .fits import fit_lists
from .pages import scrolled


class FitsPage:
    """The lists of the fits of the moving models, one at a time. A click on a row moves the model there.

    Parameters
    ----------
    session : Session
        The session.
    run : callable
        Function that runs a command.

    Attributes
    ----------
    widget : QScrollArea
        The page.
    table : QTableWidget
        The list, a row for each fit or for equivalent ones.
    buttons : dict of QPushButton
        The buttons.
    """

    def __init__(self, session, run):
        self._session, self._run = session, run
        self._lists, self._shown, self._current = (), None, None
        self.widget, layout = scrolled()
        self._menu = QComboBox()
        self._menu.setToolTip("Moving model whose fits are listed")
        self._menu.currentIndexChanged.connect(lambda *_: self._show_list())
        layout.addWidget(self._menu)
        self._text = QLabel()
        self._text.setWordWrap(True)
        layout.addWidget(self._text)
        self.table = self._new_table()
        layout.addWidget(self.table, 1)
        row = QHBoxLayout()
        self.buttons = {}
        for name, action, tip in (
            ("Place copy", self.place_copy, "Open a copy of the model at the chosen fits"),
            ("Save…", self.save, "Write the chosen fit to a result file, for botalign apply and the command line"),
        ):
            button = QPushButton(name)
            button.setToolTip(tip)
            button.clicked.connect(lambda *_, act=action: act())
            self.buttons[name] = button
            row.addWidget(button)
        row.addStretch(1)
        layout.addLayout(row)
        self.update()

    def _new_table(self):
        table = QTableWidget()
        table.setMinimumHeight(60)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setAlternatingRowColors(True)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 6)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setStretchLastSection(True)
        table.setToolTip("Click a fit to move the model there; undo moves it back")
        table.itemSelectionChanged.connect(self._move)
        return table

    def update(self):
        """Show lists that are new, and mark the fit at which the model is."""
        lists = tuple(fit_lists(self._session))
        if len(lists) != len(self._lists) or any(a is not b for a, b in zip(lists, self._lists, strict=True)):
            self._lists = lists
            with QSignalBlocker(self._menu):
                self._menu.clear()
                self._menu.addItems([f"{each.moving.name} to {each.fixed.name}" for each in lists])
                self._menu.setCurrentIndex(len(lists) - 1)
            self._show_list()
        self._mark()
        chosen = bool(self.chosen())
        for button in self.buttons.values():
            button.setEnabled(chosen)

    def command(self, number):
        """Return the command that moves the model to a fit of the list that is shown."""
        return self._shown.command(number)

    def chosen(self):
        """Return the groups of fits in the chosen rows."""
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        return [self._shown.groups[row] for row in rows] if self._shown else []

    def place_copy(self):
        """Open copies of the model at the chosen fits."""
        for group in self.chosen():
            self._run(self._shown.command(group, copy=True))

    def save(self):
        """Write the first chosen fit to a file that the user chooses."""
        (group, *_) = self.chosen()
        path, _ = QFileDialog.getSaveFileName(self.widget, "Save fit", "fit.json", "Result file (*.json)")
        if path:
            self._run(self._shown.command(group[0].number, result=path))

    def _show_list(self):
        """Fill the table with the list that the menu names."""
        index = self._menu.currentIndex()
        self._shown = shown = self._lists[index] if 0 <= index < len(self._lists) else None
        self._current = None
        self._menu.setVisible(len(self._lists) > 0)
        self._text.setText(shown.explanation if shown else "The fits of the last alignment will be listed here.")
        self.table.setVisible(shown is not None)
        with QSignalBlocker(self.table):
            self.table.clear()
            self.table.setRowCount(len(shown.groups) if shown else 0)
            self.table.setColumnCount(len(shown.headings) if shown else 0)
            self.table.setHorizontalHeaderLabels(shown.headings if shown else [])
            for row, group in enumerate(shown.groups if shown else ()):
                for column, text in enumerate(shown.cells(group)):
                    item = QTableWidgetItem(text)
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                    self.table.setItem(row, column, item)
        self._mark()

    def _mark(self):
        """Choose the row of the fit at which the model is, if that changed: by undo, by a command, by hand."""
        current = self._shown.current() if self._shown else None
        if current == self._current:
            return
        self._current = current
        with QSignalBlocker(self.table):
            self.table.clearSelection()
            for row, group in enumerate(self._shown.groups if self._shown else ()):
                if current in [fit.number for fit in group]:
                    self.table.selectRow(row)

    def _move(self):
        """Move the model to the fit that the user chose; several are chosen to place copies."""
        chosen = self.chosen()
        if len(chosen) == 1 and self._current not in [fit.number for fit in chosen[0]]:
            self._run(self._shown.command(chosen[0][0].number))
