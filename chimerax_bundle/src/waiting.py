"""The window of a command that waits: the progress, and a button to cancel."""

import time

#: Seconds before it is shown.
PATIENCE_SECONDS = 0.7


class Waiting:
    """The window, which keeps all input from the rest of ChimeraX while it is shown.

    Parameters
    ----------
    task : AlignTask
        Task that the command waits for.
    """

    def __init__(self, task):
        self._task = task
        self._dialog = None
        self._due = time.monotonic() + PATIENCE_SECONDS

    def update(self):
        """Show the progress, and cancel the task if the user wishes."""
        if self._dialog is None:
            if time.monotonic() < self._due:
                return
            self._dialog = self._new()
        self._dialog.setLabelText(self._task.status)
        self._dialog.setValue(round(100 * self._task.fraction))
        self._task.session.ui.processEvents()
        if self._dialog.wasCanceled():
            self._task.terminate()

    def close(self):
        """Remove the window."""
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog.hide()

    def _new(self):
        from Qt.QtCore import Qt
        from Qt.QtWidgets import QProgressDialog, QPushButton

        dialog = QProgressDialog("", "", 0, 100, self._task.session.ui.main_window)
        button = QPushButton("Cancel")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is typed must not press it
        button.setAutoDefault(False)
        dialog.setCancelButton(button)
        dialog.setWindowTitle("BOTalign")
        dialog.setWindowModality(Qt.WindowModality.ApplicationModal)
        dialog.setAutoClose(False)
        dialog.setAutoReset(False)
        dialog.setMinimumWidth(480)
        dialog.show()
        return dialog
