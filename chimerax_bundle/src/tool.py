"""The panel: the models to align, the options, the progress, and the result."""

from chimerax.core.commands import run
from chimerax.core.errors import NotABug
from chimerax.core.tools import ToolInstance, get_singleton

from .moves import NAME
from .options import DECLARED
from .plot import SearchPlot
from .rows import OptionRows
from .summary import summary

#: Milliseconds between two updates.
UPDATE_MILLISECONDS = 100
#: Options beside the models, and those in "More options", which select what is aligned. The others are in "Options".
FIRST = ("hand",)
MORE = ("partial", "mask_moving", "mask_fixed", "contour_level_moving", "contour_level_fixed")


def panel(session):
    """Return the panel of a session; it is created if necessary."""
    return get_singleton(session, Panel, "BOTalign")


class Panel(ToolInstance):
    """The panel. It runs commands, and saves nothing in sessions or between them.

    Parameters
    ----------
    session : Session
        The session.
    tool_name : str
        Name of the tool.

    Attributes
    ----------
    fields : dict of QWidget
        Field of each option.
    """

    help = "help:user/tools/botalign.html"
    SESSION_ENDURING = False
    SESSION_SAVE = False

    def __init__(self, session, tool_name):
        super().__init__(session, tool_name)
        from chimerax.ui import MainToolWindow
        from Qt.QtCore import QTimer

        self._task = self._command = self._unmatched = None
        self._previous = (None, None)
        self._rows = []
        self.fields = {}
        self.tool_window = MainToolWindow(self)
        self._build(self.tool_window.ui_area)
        self.tool_window.manage(placement="side")
        self._timer = QTimer()
        self._timer.timeout.connect(self._update)
        self._timer.start(UPDATE_MILLISECONDS)
        self._update()

    def delete(self):
        """Close the panel; a running alignment continues."""
        self._timer.stop()
        super().delete()

    def _build(self, area):
        """Create the widgets."""
        from chimerax.ui.widgets import CollapsiblePanel
        from Qt.QtCore import Qt
        from Qt.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout

        layout = QVBoxLayout(area)
        layout.setContentsMargins(8, 8, 8, 6)
        layout.setSpacing(8)
        self._form = self._new_form(layout, spacing=6)
        self._build_menus()
        self._add_options(self._form, FIRST)
        self._resolution = QDoubleSpinBox()
        self._resolution.setRange(1.0, 100.0)
        self._resolution.setValue(8.0)
        self._resolution.setSuffix(" Å")
        self._resolution.setToolTip(
            "Resolution of the map that is simulated from the atomic model (keyword resolution)"
        )
        self._form.addRow("Resolution", self._resolution)
        # The current pose first, check boxes last; otherwise in the order of the declarations.
        others = [name for name in DECLARED if name not in FIRST + MORE]
        others.sort(key=lambda name: (name != "local_degrees", DECLARED[name].type is bool))
        for title, names in (("Options", others), ("More options", MORE)):
            folded = CollapsiblePanel(area, title=title)
            layout.addWidget(folded)
            self._add_options(self._new_form(folded.content_area.layout(), spacing=4), names)
        layout.addLayout(self._build_buttons(QHBoxLayout()))
        self._bar = QProgressBar()
        self._bar.setRange(0, 100)
        layout.addWidget(self._bar)
        self._result = QLabel()
        self._result.setWordWrap(True)
        self._result.setTextFormat(Qt.TextFormat.RichText)
        self._result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(self._result)
        self._plot = SearchPlot(area)
        layout.addWidget(self._plot, stretch=1)

    @staticmethod
    def _new_form(layout, *, spacing):
        from Qt.QtCore import Qt
        from Qt.QtWidgets import QFormLayout

        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        form.setVerticalSpacing(spacing)
        layout.addLayout(form)
        return form

    def _add_options(self, form, names):
        rows = OptionRows(self.session, form, names)
        self._rows.append(rows)
        self.fields |= rows.fields

    def _build_menus(self):
        """Create the menus of the models."""
        from chimerax.atomic import Structure
        from chimerax.map import Volume
        from chimerax.ui.widgets import ModelMenuButton

        self._moving = ModelMenuButton(
            self.session,
            class_filter=(Volume, Structure),
            autoselect=ModelMenuButton.AUTOSELECT_LAST_DISPLAYED,
            no_value_button_text="open a map or an atomic model",
        )
        self._fixed = ModelMenuButton(
            self.session,
            class_filter=Volume,
            autoselect=ModelMenuButton.AUTOSELECT_FIRST_DISPLAYED,
            no_value_button_text="open a map",
        )
        for label, menu, tip in (
            ("Align", self._moving, "The moving map or model"),
            ("to map", self._fixed, "The fixed map, or reference, which stays"),
        ):
            menu.setToolTip(tip)
            menu.value_changed.connect(self._keep_distinct)  # not by the timer: until then the other may change too
            self._form.addRow(label, menu)

    def _build_buttons(self, row):
        """Create the buttons."""
        from Qt.QtWidgets import QPushButton

        self._buttons = {}
        for name, action, tip in (
            ("Align", self.align, "Align the moving map or model to the fixed map"),
            ("Cancel", self.cancel, "Stop the alignment; nothing is moved"),
            ("Move anyway", self.force, "Move the model to the best pose, though the verdict is no match"),
            ("Undo", self.undo, "Undo the last alignment, if nothing else was done since"),
            ("Help", self.display_help, "Show the help page"),
        ):
            button = QPushButton(name)
            button.clicked.connect(lambda *_, act=action: act())
            button.setToolTip(tip)
            self._buttons[name] = button
            row.addWidget(button)
        self._buttons["Align"].setDefault(True)
        row.addStretch(1)
        return row

    def command(self):
        """Return the command that the panel would run, or None if there is nothing to align."""
        moving, fixed = self._chosen()
        if not self._alignable():
            return None
        words = [f"botalign {moving.atomspec} to {fixed.atomspec}"]
        if self._is_atomic(moving):
            words.append(f"resolution {self._resolution.value():g}")
        return " ".join(words + [word for rows in self._rows for word in rows.words()])

    def align(self):
        """Start an alignment."""
        self._run(self.command())

    def force(self):
        """Repeat the last alignment, which found no match, and move the model."""
        self._run(f"{self._unmatched} force true")

    def _run(self, command):
        if command is None or self._task is not None:
            return
        self._result.clear()
        self._unmatched = None
        self._command = command
        try:
            self._task = run(self.session, f"{command} wait false")
        except NotABug as error:
            self._result.setText(_plain(str(error)))
            raise
        self._update()

    def cancel(self):
        """Cancel the running alignment."""
        if self._task is not None:
            self._task.terminate()

    def undo(self):
        """Undo the last alignment."""
        run(self.session, "undo")
        self._result.setText("Undone.")
        self._update()

    def display_help(self):
        """Show the help page."""
        run(self.session, f"help {self.help}", log=False)

    def _chosen(self):
        """Return the moving model and the reference, None for one that was closed."""
        return tuple(m if m is not None and not m.deleted else None for m in (self._moving.value, self._fixed.value))

    def _alignable(self):
        """Whether the two chosen models can be aligned."""
        moving, fixed = self._chosen()
        return moving is not None and fixed is not None and moving is not fixed

    def _keep_distinct(self):
        """If one model was chosen twice, choose another one in the other menu: the previous one, if there was one."""
        moving, fixed = self._chosen()
        if moving is not None and moving is fixed:
            was_moving, was_fixed = (m if m is not None and not m.deleted else None for m in self._previous)
            others = [m for m in self._moving.all_values if m is not fixed]
            if was_moving is moving and was_fixed is not None:
                self._moving.value = was_fixed
            elif was_fixed is fixed and was_moving in self._fixed.all_values:
                self._fixed.value = was_moving
            elif others:
                self._moving.value = others[-1]
        self._previous = self._chosen()

    @staticmethod
    def _is_atomic(model):
        from chimerax.map import Volume

        return model is not None and not isinstance(model, Volume)

    def _update(self):
        """Show the progress, and enable what can be done now."""
        task = self._task
        if task is not None:
            self._bar.setValue(round(100 * task.fraction))
            options = task.job.options
            self._plot.show_trace(task.trace, options.evaluations, options.loss)
            if task.ended:
                self._task = None
                self._bar.setValue(100 if task.outcome else 0)
                if task.outcome and not task.outcome[0].moved:
                    self._unmatched = self._command
                self._result.setText(
                    summary(task.outcome[0])
                    if task.outcome
                    else _plain(task.problem or "Cancelled; nothing was moved.")
                )
        self._keep_distinct()
        moving, _ = self._chosen()
        atomic = self._is_atomic(moving)
        self._form.setRowVisible(self._resolution, atomic)
        self._forbid_mirroring(atomic)
        self._buttons["Align"].setEnabled(self._task is None and self._alignable())
        self._buttons["Cancel"].setEnabled(self._task is not None)
        self._buttons["Move anyway"].setVisible(self._unmatched is not None)
        self._buttons["Undo"].setEnabled(self._task is None and self.session.undo.top_undo_name() == NAME)

    def _forbid_mirroring(self, forbidden):
        """Disable the hand that mirrors, for an atomic model."""
        hand = self.fields["hand"]
        hand.model().item(hand.findData("auto")).setEnabled(not forbidden)
        if forbidden and hand.currentData() == "auto":
            hand.setCurrentIndex(0)


def _plain(text):
    """Return text for a label that takes HTML."""
    from html import escape

    return escape(text)
