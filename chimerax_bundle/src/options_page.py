"""The page of the panel with the options, each of which is a keyword of the command."""

from chimerax.core.commands import SaveFileNameArg, concise_model_spec
from chimerax.core.models import Model
from chimerax.ui.widgets import ModelListWidget
from Qt.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton

from .copies_row import CopiesRow
from .options import DECLARED
from .pages import new_form, scrolled
from .rows import OptionRows

#: Options that select what is aligned. The others are those of the search.
WHAT = ("hand", "partial", "mask_moving", "mask_fixed", "contour_level_moving", "contour_level_fixed")
#: Options of an assembly.
OF_ASSEMBLY = ("contour_level_fixed",)


class OptionsPage:
    """The options. At first they have the command's defaults.

    Parameters
    ----------
    session : Session
        The session.
    chosen : callable
        Function that returns the moving models and the reference, which do not move along.

    Attributes
    ----------
    widget : QScrollArea
        The page.
    fields : dict of QWidget
        Field of each option.
    copies : CopiesRow
        How many copies of a part are placed.
    along : ModelListWidget
        Models that move along.
    result : QLineEdit
        Result file.
    whole : QCheckBox
        Whether whole molecules are moved.
    follow : QCheckBox
        Whether the moving model shows the best pose so far.
    """

    def __init__(self, session, chosen):
        self._session, self._chosen = session, chosen
        self._listed = None
        self.widget, layout = scrolled()
        form = new_form(layout)
        # The current pose first, check boxes last; otherwise in the order of the declarations.
        search = [name for name in DECLARED if name not in WHAT]
        search.sort(key=lambda name: (name != "local_degrees", DECLARED[name].type is bool))
        form.addRow(_heading("What is aligned"))
        self.copies = CopiesRow(form)
        self._rows = [OptionRows(session, form, WHAT)]
        self.whole = QCheckBox("Move whole molecules")
        self.whole.setChecked(True)
        self.whole.setToolTip("Move the whole model, not only the selected atoms (keyword moveWholeMolecules)")
        form.addRow("", self.whole)
        form.addRow(_heading("Search"))
        self._rows.append(OptionRows(session, form, search))
        self.fields = self._rows[0].fields | self._rows[1].fields
        self.degrees = self._rows[1].degrees
        self.follow = QCheckBox("Show the best pose during the search")
        self.follow.setChecked(True)
        self.follow.setToolTip("The moving model follows the search; Cancel returns it to its original pose")
        form.addRow("", self.follow)
        form.addRow(_heading("Result"))
        self.along = ModelListWidget(
            session, class_filter=Model, autoselect=None, filter_func=self._can_follow,
            balloon_help="Models that move along, such as half maps or a fitted model (keyword move)",
        )  # fmt: skip
        self.along.setMaximumHeight(64)
        form.addRow("Move along", self.along)
        form.addRow("Result file", self._file_row())
        layout.addStretch(1)

    def _file_row(self):
        row = QHBoxLayout()
        self.result = QLineEdit()
        self.result.setPlaceholderText("none")
        self.result.setToolTip("File that the result is written to; an existing one is replaced (keyword result)")
        browse = QPushButton("Browse…")
        browse.clicked.connect(lambda *_: self._browse())
        row.addWidget(self.result, 1)
        row.addWidget(browse)
        return row

    def _browse(self):
        path, _ = QFileDialog.getSaveFileName(self.widget, "Result file", self.result.text(), "Result file (*.json)")
        if path:
            self.result.setText(path)

    def words(self):
        """Return the words of the command for what differs from the defaults."""
        words = [*self.copies.words(), *(word for rows in self._rows for word in rows.words())]
        along = [each for model in self.along.value for each in model.all_models()]
        if along and self.along.isEnabled():
            words.append(f"move {concise_model_spec(self._session, along, allow_empty_spec=False)}")
        if self.whole.isEnabled() and not self.whole.isChecked():
            words.append("moveWholeMolecules false")
        if self.result.text().strip():
            words.append(f"result {SaveFileNameArg.unparse(self.result.text().strip(), self._session)}")
        return words

    def update(self, *, atomic, selected, together):
        """Show the models that can move along, and disable what has no effect.

        Parameters
        ----------
        atomic, selected : bool
            Whether an atomic model is aligned, which is never mirrored, and whether it is the selected atoms.
        together : bool
            Whether several models are placed together.
        """
        for rows in self._rows:
            rows.enable(OF_ASSEMBLY if together else rows.fields)
        self.whole.setEnabled(atomic and selected and not together)
        self.follow.setEnabled(not together)
        listed = self._chosen()
        single = len(listed[0]) == 1 and not together
        self.copies.enable(single)
        self.along.setEnabled(single and not self.copies.several)
        if listed != self._listed:
            self._listed = listed
            self.along.refresh()
        hand = self.fields["hand"]
        hand.model().item(hand.findData("auto")).setEnabled(not atomic)
        if atomic and hand.currentData() == "auto":
            hand.setCurrentIndex(0)

    def _can_follow(self, model):
        """Whether a model may move along: a whole one, neither the moving model nor the reference."""
        moving, fixed = self._chosen()
        return len(model.id) == 1 and model not in moving and model is not fixed


def _heading(text):
    label = QLabel(f"<b>{text}</b>")
    label.setContentsMargins(0, 4, 0, 0)
    return label
