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
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
)

from .fit_table import cells, headings
from .fits import fit_lists
from .pages import scrolled

#: Where a row has its fits.
FITS = Qt.ItemDataRole.UserRole


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
    tree : QTreeWidget
        The list, a row for each fit. Equivalent ones are rows below that of their group.
    buttons : dict of QPushButton
        The buttons.
    """

    def __init__(self, session, run):
        self._session, self._run = session, run
        self._lists, self._shown, self._state = (), None, None
        self.widget, layout = scrolled()
        self._menu = QComboBox()
        self._menu.setToolTip("Moving model whose fits are listed")
        self._menu.currentIndexChanged.connect(lambda *_: self._show_list())
        layout.addWidget(self._menu)
        row = QHBoxLayout()
        self._text = QLabel()
        self._text.setWordWrap(True)
        row.addWidget(self._text, 1)
        self.buttons = {}
        for name, action, tip in (
            ("Place copy", self.place_copy, "Open a copy of the model at each of the chosen fits"),
            ("Save…", self.save, "Write the chosen fit to a result file, which botalign apply reads"),
        ):
            button = QPushButton(name)
            button.setToolTip(tip)
            button.clicked.connect(lambda *_, act=action: act())
            self.buttons[name] = button
            row.addWidget(button)
        layout.addLayout(row)
        self.tree = self._new_tree()
        layout.addWidget(self.tree, 1)
        self._show_list()

    def _new_tree(self):
        tree = QTreeWidget()
        tree.setMinimumHeight(80)
        tree.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # no more than there is
        tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        tree.setAlternatingRowColors(True)
        tree.setUniformRowHeights(True)
        tree.setIndentation(12)
        tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        tree.setToolTip("Click a fit to move the model there; undo moves it back")
        tree.itemSelectionChanged.connect(self._move)
        return tree

    @property
    def count(self):
        """Number of fits in the list that is shown."""
        return len(self._shown.fits) if self._shown else 0

    def update(self):
        """Show lists that are new, and mark the fit at which the model is."""
        lists = tuple(fit_lists(self._session))
        if lists != self._lists:
            self._lists = lists
            with QSignalBlocker(self._menu):
                self._menu.clear()
                self._menu.addItems([f"{each.moving.name} to {each.fixed.name}" for each in lists])
                self._menu.setCurrentIndex(len(lists) - 1)
            self._show_list()
        self._mark()

    def chosen(self):
        """Return the fits in each of the chosen rows."""
        return [item.data(0, FITS) for item in self.tree.selectedItems()]

    def place_copy(self):
        """Open copies of the model at the chosen fits; of several in a row, not at the one where the model is."""
        for fits in self.chosen():
            others = fits[1:] if len(fits) > 1 and fits[0].number == self._shown.current() else fits
            self._run(self._shown.command(others, copy=True))

    def save(self):
        """Write the first chosen fit to a file that the user chooses."""
        (fit, *_), *_ = self.chosen()
        path, _ = QFileDialog.getSaveFileName(self.widget, "Save fit", "fit.json", "Result file (*.json)")
        if path:
            self._run(self._shown.command(fit.number, result=path))

    def _show_list(self):
        """Show the list that the menu names."""
        index = self._menu.currentIndex()
        self._shown = shown = self._lists[index] if 0 <= index < len(self._lists) else None
        self._state = None
        self._menu.setVisible(len(self._lists) > 1)
        self._text.setText(shown.alignment.verdict_text if shown else "The fits of an alignment will be listed here.")
        with QSignalBlocker(self.tree):
            self.tree.clear()
            self.tree.setHeaderLabels(headings(shown) if shown else [])
            for group in shown.groups if shown else ():
                row = self._new_row(group)
                self.tree.addTopLevelItem(row)
                if len(group) > 1:
                    row.addChildren([self._new_row((fit,)) for fit in group])
        self._mark()

    def _new_row(self, fits):
        row = QTreeWidgetItem(cells(self._shown, fits))
        row.setData(0, FITS, fits)
        for column in range(1, row.columnCount() - 1):  # numbers
            row.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return row

    def _mark(self):
        """Choose the row of the fit at which the model is, if it was moved: by undo, by a command, by hand."""
        shown, undo = self._shown, self._session.undo
        usable = shown is not None and shown.is_usable
        # The last steps too, because atoms may move within their model.
        steps = undo.undo_stack[-1:], undo.redo_stack[-1:]
        state = (shown.model.scene_position, shown.fixed.model.scene_position, steps) if usable else None
        if state != self._state:
            self._state = state
            current = shown.current() if usable else None
            if [current] != [fit.number for fits in self.chosen() for fit in fits[:1]]:
                self._choose(current)
        for button in self.buttons.values():
            button.setEnabled(bool(self.chosen()))

    def _choose(self, number):
        """Choose the row of a fit, without moving the model."""
        with QSignalBlocker(self.tree):
            self.tree.clearSelection()
            for row in map(self.tree.topLevelItem, range(self.tree.topLevelItemCount())):
                children = [row.child(index) for index in range(row.childCount())]
                if row.data(0, FITS)[0].number == number:
                    row.setSelected(True)
                for child in children if not row.isSelected() else ():
                    if child.data(0, FITS)[0].number == number:
                        child.setSelected(True)

    def _move(self):
        """Move the model to the fit that the user chose; several are chosen to place copies."""
        chosen = self.chosen()
        if len(chosen) == 1 and self._shown.current() != chosen[0][0].number:
            self._run(self._shown.command(chosen[0][0].number))
