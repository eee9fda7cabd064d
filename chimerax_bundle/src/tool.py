"""The panel: the models to align, the buttons, the progress, and pages with options, result and fits."""

from chimerax.core.commands import run
from chimerax.core.errors import NotABug
from chimerax.core.tasks import ADD_TASK
from chimerax.core.tools import ToolInstance, get_singleton
from chimerax.map import Volume

from .assembly_report import title
from .assembly_task import AssembleTask
from .last_result import LastResult
from .live import LiveFit, fit_text
from .moves import NAME
from .summary import outcome_line, scores
from .work import WorkTask

#: Milliseconds between two updates.
UPDATE_MILLISECONDS = 100
#: Height in pixels with which the window's other tools still fit in 768 pixels.
LEAST_HEIGHT = 180
#: Text of the first button if several models are placed together.
ASSEMBLE = "Assemble"
#: Share of the window's height that it asks for.
SHARE = 0.45


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
    """

    help = "help:user/tools/botalign.html"
    SESSION_ENDURING = False
    SESSION_SAVE = False

    def __init__(self, session, tool_name):
        super().__init__(session, tool_name)
        from chimerax.ui import MainToolWindow
        from Qt.QtCore import QTimer

        self._task = self._best = None
        self._last = LastResult(session.undo)
        self.tool_window = MainToolWindow(self)
        self._build(self.tool_window.ui_area)
        self.tool_window.manage(placement="side")
        self._handlers = [
            session.triggers.add_handler(ADD_TASK, lambda _, task: self._watch(task)),
            session.triggers.add_handler("begin save session", lambda *_: self._pause()),
        ]
        for task in session.tasks.list():
            self._watch(task)
        self._timer = QTimer()
        self._timer.timeout.connect(self._update)
        self._timer.timeout.connect(self._enlarge)
        self._timer.start(UPDATE_MILLISECONDS)
        self._update()

    def _enlarge(self):
        """Ask once for enough height to work in, from the other docked tools; the window does not grow."""
        from Qt.QtCore import Qt
        from Qt.QtWidgets import QDockWidget

        self._timer.timeout.disconnect(self._enlarge)
        window, dock = self.session.ui.main_window, self.tool_window.ui_area
        while dock is not None and not isinstance(dock, QDockWidget):
            dock = dock.parentWidget()
        if dock is not None and not dock.isFloating():
            window.resizeDocks([dock], [round(SHARE * window.height())], Qt.Orientation.Vertical)

    def delete(self):
        """Close the panel; a running alignment continues."""
        self._timer.stop()
        self._pause()
        for handler in self._handlers:
            handler.remove()
        self._live.close()
        super().delete()

    def _build(self, area):
        """Create the widgets."""
        from Qt.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

        from .choosers import Choosers
        from .fits_page import FitsPage
        from .options_page import OptionsPage
        from .pages import new_form, scrolled
        from .result_page import ResultPage
        from .status_line import StatusLine

        # It scrolls as a whole where even its smallest height is too much, and each page where that suffices.
        scroller, layout = scrolled()
        QVBoxLayout(area).addWidget(scroller)
        area.layout().setContentsMargins(0, 0, 0, 0)
        scroller.setMinimumHeight(LEAST_HEIGHT)
        form = new_form(layout)
        self.models = Choosers(self.session, form)
        self._now, self._current = QWidget(), QLabel()
        row = QHBoxLayout(self._now)
        row.setContentsMargins(0, 0, 0, 0)
        self._current.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._current.setToolTip("How the two fit in their current poses, as Fit in Map measures it")
        self.live = QCheckBox("live")
        self.live.setChecked(True)
        self.live.setToolTip("Update this while the models are moved")
        self.live.toggled.connect(lambda *_: self._live.clear())
        row.addWidget(self._current, 1)
        row.addWidget(self.live)
        form.addRow("Now", self._now)
        self._form = form
        self._live = LiveFit(self.session, self._current.setText)
        layout.addLayout(self._build_buttons(QHBoxLayout()))
        self.status, self.result = StatusLine(), ResultPage(self.force)
        row = QHBoxLayout()
        row.addWidget(self.status, 1)
        row.addWidget(self.result.force)
        layout.addLayout(row)
        self.options = OptionsPage(self.session, self.models.chosen)
        self.fields = self.options.fields
        self.fits = FitsPage(self.session, self._run)
        self.pages = QTabWidget()
        for name, page in (("Options", self.options), ("Result", self.result), ("Fits", self.fits)):
            self.pages.addTab(page.widget, name)
        layout.addWidget(self.pages, 1)
        bar = scroller.verticalScrollBar().sizeHint().width()
        scroller.setMinimumWidth(scroller.widget().minimumSizeHint().width() + bar)

    def _build_buttons(self, row):
        """Create the buttons."""
        from Qt.QtWidgets import QPushButton

        self._buttons = {}
        for name, action, tip in (
            ("Align", self.align, "Align the moving models to the reference, or place them in it together"),
            ("Cancel", self.cancel, "Stop it; nothing is moved"),
            ("Score", self.score, "Compare the two in their current poses, without moving them"),
            ("Undo", lambda: self._run("undo"), "Undo the last alignment or assembly, if nothing else was done since"),
            ("Redo", lambda: self._run("redo"), "Redo what was undone"),
            ("Help", self.display_help, "Show the help page"),
        ):
            button = QPushButton(name)
            button.clicked.connect(lambda *_, act=action: act())
            button.setToolTip(tip)
            longest = ASSEMBLE if name == "Align" else name
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance(longest) + 20)
            self._buttons[name] = button
            row.addWidget(button)
        self._buttons["Align"].setDefault(True)
        row.addStretch(1)
        return row

    def command(self):
        """Return the command that the panel would run, or None if there is nothing to align."""
        command = self.models.command()
        return command and " ".join([command, *self.options.words()])

    def align(self):
        """Start an alignment or an assembly."""
        if self._task is None:
            self.result.begin()
            task = self._attempt(lambda: run(self.session, f"{self.command()} wait false"))
            if task is not None:
                task.watched = True

    def force(self):
        """Move the model of the last alignment to the best pose, in spite of the verdict."""
        if self._run(self._best) is not None:
            self.result.force.setVisible(False)
            self._say("Moved to the best pose that was found")

    def cancel(self):
        """Cancel what runs."""
        if self._task is not None:
            self._task.terminate()
            self._pause()

    def score(self):
        """Compare the chosen models in their current poses."""
        found = self._run(self.models.command("botalign score"))
        if found is not None:
            (moving,), fixed = self.models.chosen()
            self._say(scores(found, fit_text(moving, fixed, selected=self.models.selects)))

    def display_help(self):
        """Show the help page."""
        run(self.session, f"help {self.help}", log=False)

    def _run(self, command):
        """Run a command and return its value; an error is shown in the panel."""
        return self._attempt(lambda: run(self.session, command))

    def _attempt(self, function):
        try:
            value = function()
        except NotABug as error:
            self._say(getattr(error, "problem", str(error)), failed=True)
            self.session.logger.warning(str(error))
            return None
        finally:
            self._update()
        return value

    def _say(self, text, *, failed=False):
        """Show one line; a problem that does not fit in it is shown in full on the page of the result."""
        if not self.status.say(text, failed=failed) and failed:
            self.result.show_problem(text)
            self.pages.setCurrentWidget(self.result.widget)

    def _watch(self, task):
        """Show an alignment or an assembly, whether it was started here or by a command."""
        if isinstance(task, WorkTask) and not task.ended:
            self._pause()
            self._task = task
            self._last.clear()
            self._say("")
            self.result.begin()
            self.pages.setCurrentWidget(self.result.widget)

    def _pause(self):
        """Move the models back that show the best pose of the search; they are moved again at the next update."""
        if self._task is not None:
            self._task.follower.restore()

    def _update(self):
        """Show the progress, and enable what can be done now."""
        if self._task is not None:
            self._show_progress(self._task)
        self.models.update()
        moving, fixed = self.models.chosen()
        atomic = any(not isinstance(model, Volume) for model in moving)
        together = self.models.together
        self.options.update(atomic=atomic, selected=self.models.selects, together=together)
        self._buttons["Align"].setText(ASSEMBLE if together else "Align")
        one = moving[0] if len(moving) == 1 else None
        self._form.setRowVisible(self._now, len(moving) < 2)
        if self.live.isChecked():
            self._live.update(one, fixed, selected=self.models.selects)
        self.fits.update()
        tab, title = self.pages.indexOf(self.fits.widget), f"Fits ({self.fits.count})"
        if self.pages.tabText(tab) != title:  # Qt lays all tabs out again even if the text is the same
            self.pages.setTabText(tab, title)
        changed = self._last.change()
        if changed is not None:
            self._say(changed)
        ready = self._task is None and bool(moving) and fixed is not None
        undo = self.session.undo
        self._buttons["Align"].setEnabled(ready)
        self._buttons["Score"].setEnabled(ready and len(moving) == 1)
        self._buttons["Cancel"].setEnabled(self._task is not None)
        self._buttons["Undo"].setEnabled(self._task is None and undo.top_undo_name() == NAME)
        self._buttons["Redo"].setEnabled(self._task is None and undo.top_redo_name() == NAME)

    def _show_progress(self, task):
        """Show how far an alignment is, or that it has ended."""
        self.result.show_search(task)
        self.status.show_fraction(task.fraction)
        if task.ended:
            self._task = None
            self._finish(task)
        elif task.best is not None and self.options.follow.isChecked() and not task.terminating():
            pair, transform = task.best
            task.follower.show(pair, task.job.along, transform)
        elif not self.options.follow.isChecked():
            self._pause()

    def _finish(self, task):
        """Show the result of an alignment or an assembly, or why there is none."""
        done = task.outcome
        if not done:
            self._say(task.problem or "Cancelled; nothing was moved.", failed=task.problem is not None)
            return
        if isinstance(task, AssembleTask):
            self.result.show_assembly(done)
            line, moves = title(done), done.moves
        else:
            self.result.show_outcomes(done)
            line, moves = outcome_line(done), next((each.moves for each in done if each.moved), None)
            self._best = done[0].fits.command(1)
        self._say(task.problem or line, failed=task.problem is not None)
        self._last.set(moves, line)
