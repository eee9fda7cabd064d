"""The panel: what to align to what, how far it is, and how good it is."""

from chimerax.core.commands import run
from chimerax.core.errors import NotABug
from chimerax.core.tools import ToolInstance, get_singleton

from .motion import NAME
from .options import OptionRows
from .parts import PartRows
from .plot import SearchPlot
from .summary import summary

#: Milliseconds between two looks at how far the work is, and at what can be undone.
LOOK_MILLISECONDS = 100


def panel(session):
    """Return the one panel of a session, made if need be."""
    return get_singleton(session, Panel, "BOTalign")


class Panel(ToolInstance):
    """The panel. It types commands as a user would, and keeps nothing from one session to the next.

    Parameters
    ----------
    session : Session
        The session.
    tool_name : str
        What it is called.
    """

    help = "help:user/tools/botalign.html"
    SESSION_ENDURING = False
    SESSION_SAVE = False

    def __init__(self, session, tool_name):
        super().__init__(session, tool_name)
        from chimerax.ui import MainToolWindow
        from Qt.QtCore import QTimer

        self._task = None
        self._apart = (None, None)
        self.tool_window = MainToolWindow(self)
        self._build(self.tool_window.ui_area)
        self.tool_window.manage(placement="side")
        self._timer = QTimer()
        self._timer.timeout.connect(self._look)
        self._timer.start(LOOK_MILLISECONDS)
        self._look()

    def delete(self):
        """Close the panel; an alignment that runs goes on."""
        self._timer.stop()
        super().delete()

    def _build(self, area):
        """Lay out the panel."""
        from chimerax.atomic import Structure
        from chimerax.map import Volume
        from chimerax.ui.widgets import CollapsiblePanel, ModelMenuButton
        from Qt.QtCore import Qt
        from Qt.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout

        layout = QVBoxLayout(area)
        layout.setContentsMargins(8, 8, 8, 6)
        layout.setSpacing(8)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        form.setVerticalSpacing(6)
        layout.addLayout(form)
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
        for menu in (self._moving, self._fixed):
            menu.value_changed.connect(self._keep_apart)  # at once: by the next look the other may have changed too
        form.addRow("Align", self._moving)
        form.addRow("to map", self._fixed)
        self._hand = QComboBox()
        for text, value in (
            ("check: say which hand fits", "check"),
            ("auto: take the hand that fits", "auto"),
            ("keep: don't look at the mirror image", "keep"),
        ):
            self._hand.addItem(text, value)
        form.addRow("Hand", self._hand)
        self._resolution = QDoubleSpinBox()
        self._resolution.setRange(1.0, 100.0)
        self._resolution.setValue(8.0)
        self._resolution.setSuffix(" Å")
        self._form = form
        form.addRow("Resolution", self._resolution)
        fold, more = (CollapsiblePanel(area, title=title) for title in ("Options", "More options"))
        self._options = OptionRows(fold.content_area)
        self._parts = PartRows(self.session, more.content_area)
        layout.addWidget(fold)
        layout.addWidget(more)
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

    def _build_buttons(self, row):
        """Lay out the buttons."""
        from Qt.QtWidgets import QPushButton

        self._buttons = {}
        for name, action, tip in (
            ("Align", self.align, "Put the one onto the other"),
            ("Cancel", self.cancel, "Stop; nothing is moved"),
            (
                "Undo",
                self.undo,
                "Put back what the last alignment moved, if it is what would be undone first",
            ),
            ("Help", self.display_help, "How this works"),
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
        """Return the command that the panel stands for, or None if there is nothing to align."""
        moving, fixed = self._chosen()
        if not self._alignable():
            return None
        words = [f"botalign {moving.atomspec} to {fixed.atomspec}"]
        if self._is_atomic(moving):
            words.append(f"resolution {self._resolution.value():g}")
        hand = self._hand.currentData()
        words += [] if hand == "check" else [f"hand {hand}"]
        return " ".join(words + self._options.words() + self._parts.words())

    def align(self):
        """Start an alignment."""
        command = self.command()
        if command is None or self._task is not None:
            return
        self._result.clear()
        try:
            self._task = run(self.session, command)
        except NotABug as error:
            self._result.setText(_plain(str(error)))
            raise
        self._look()

    def cancel(self):
        """Cancel the alignment that runs."""
        if self._task is not None:
            self._task.terminate()

    def undo(self):
        """Put back what the last alignment moved."""
        run(self.session, "undo")
        self._result.setText("Undone.")
        self._look()

    def display_help(self):
        """Show the help page."""
        run(self.session, f"help {self.help}", log=False)

    def _chosen(self):
        """Return the moving model and the reference, None for one that was closed."""
        return tuple(m if m is not None and not m.deleted else None for m in (self._moving.value, self._fixed.value))

    def _alignable(self):
        """Whether the two models that are chosen can be aligned."""
        moving, fixed = self._chosen()
        return moving is not None and fixed is not None and moving is not fixed

    def _keep_apart(self):
        """Where one model was chosen twice, choose another in the menu that wasn't touched: the two change places."""
        moving, fixed = self._chosen()
        if moving is not None and moving is fixed:
            was_moving, was_fixed = (m if m is not None and not m.deleted else None for m in self._apart)
            others = [m for m in self._moving.all_values if m is not fixed]
            if was_moving is moving and was_fixed is not None:
                self._moving.value = was_fixed
            elif was_fixed is fixed and was_moving in self._fixed.all_values:
                self._fixed.value = was_moving
            elif others:
                self._moving.value = others[-1]
        self._apart = self._chosen()

    @staticmethod
    def _is_atomic(model):
        from chimerax.map import Volume

        return model is not None and not isinstance(model, Volume)

    def _look(self):
        """Show how far the work is, and what can be done now."""
        task = self._task
        if task is not None:
            self._bar.setValue(round(100 * task.fraction))
            options = task.job.options
            self._plot.show_trace(task.trace, options["evaluations"], options["loss"])
            if task.ended:
                self._task = None
                self._bar.setValue(100 if task.outcome else 0)
                self._result.setText(
                    summary(task.outcome[0])
                    if task.outcome
                    else _plain(task.problem or "Cancelled; nothing was moved.")
                )
        self._keep_apart()
        moving, _ = self._chosen()
        atomic = self._is_atomic(moving)
        self._form.setRowVisible(self._resolution, atomic)
        self._hand.model().item(1).setEnabled(not atomic)  # an atomic model is never mirrored
        if atomic and self._hand.currentData() == "auto":
            self._hand.setCurrentIndex(0)
        self._buttons["Align"].setEnabled(self._task is None and self._alignable())
        self._buttons["Cancel"].setEnabled(self._task is not None)
        self._buttons["Undo"].setEnabled(self._task is None and self.session.undo.top_undo_name() == NAME)


def _plain(text):
    """Return text as a label shows it that takes HTML."""
    from html import escape

    return escape(text)
