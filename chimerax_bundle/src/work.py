"""Work on a thread: it can be cancelled, and the status line shows its progress."""

import queue
import threading
import time
from abc import abstractmethod

from chimerax.core.errors import CancelOperation, UserError
from chimerax.core.models import REMOVE_MODELS
from chimerax.core.tasks import Task

from .follow import Follower
from .waiting import Waiting

#: Seconds between two status messages, with a GUI and without one, where each is a separate line.
STATUS_SECONDS = (0.2, 2.0)


class ModelClosedError(UserError):
    """A model was closed while the work was done, so there is nothing to move."""


class WorkTask(Task):
    """Work on a thread. When all is done, the models are moved in one step.

    The thread uses no models. What uses them is called on the main thread: by ChimeraX's event loop, or, where the
    command blocks, by the loop in which it waits. A kind of work is a subclass with `_work`, which the thread runs, and
    `_conclude`, which moves the models and logs the results, on the main thread, unless the work was cancelled.

    Parameters
    ----------
    session : Session
        The session.
    job : object
        Work to do. It has a `title` for messages and `inputs`, which are closed at the end.

    Attributes
    ----------
    fraction : float
        Fraction of the work that is done.
    status : str
        The progress as text.
    ended : bool
        Whether the models have been moved, or the work failed or was cancelled.
    outcome : object
        The results, once the models are moved; at first an empty list.
    problem : str or None
        Reason why there are none, for the panel.
    watched : bool
        Whether the panel shows the problem, so that no dialog is needed.
    trace, best
        The losses of a search and its best pose, for the panel; empty and None here, where there is no search.
    follower : Follower
        Shows that pose. The models are moved back before they are read or moved.
    """

    trace, best = (), None
    #: The command, and what is true if there is no result, for messages.
    command_name, failure = "botalign", "nothing was moved"

    def __init__(self, session, job):
        self.job = job
        self.fraction = 0.0
        self.status = f"{self.command_name} {job.title}"
        self.ended = False
        self.outcome = []
        self.problem = None
        self.watched = False
        self.follower = Follower()
        self._calls = None
        self._ready = threading.Event()
        self._cancelled = threading.Event()
        self._error = None
        self._closed = set()
        self._handler = session.triggers.add_handler(REMOVE_MODELS, lambda _, models: self._closed.update(models))
        self._status_due = 0.0
        # Last, because ChimeraX's __init__ already shows the task by its name.
        super().__init__(session)

    @abstractmethod
    def _work(self):
        """Do the work, on the thread."""

    @abstractmethod
    def _conclude(self):
        """Move the models and log the results, on the main thread."""

    def __str__(self):
        return f"{self.command_name.replace('bot', 'BOT', 1)} {self.job.title}, ID {self.id}"

    def launch(self, *, blocking):
        """Start the thread; if blocking, wait for it and return the results.

        Raises
        ------
        UserError
            If blocking and there is no result.
        CancelOperation
            If blocking and it was cancelled, so that what follows in a script or a command line does not run.
        """
        self._calls = queue.SimpleQueue() if blocking else None
        self.start()
        thread = self._thread
        # Task.start sets its state after the thread has started, and would overwrite that of a thread that has ended.
        self._ready.set()
        if not blocking:
            return None
        try:
            self._serve(thread)
        except KeyboardInterrupt:
            self.terminate()
            self._serve(thread)  # it may wait for a call
            self._finish()
            raise
        thread.join()
        self._finish()
        if self._cancelled.is_set():
            raise CancelOperation(self._cancellation)
        return self.outcome

    def _serve(self, thread):
        """Call the functions that the thread posts, until it ends."""
        window = Waiting(self) if self.session.ui.is_gui else None
        try:
            while thread.is_alive() or not self._calls.empty():
                if window is not None:
                    window.update()
                try:
                    call = self._calls.get(timeout=0.05)
                except queue.Empty:
                    continue
                if call is None:
                    return
                call()
        finally:
            if window is not None:
                window.close()

    @property
    def _cancellation(self):
        return f"{self.command_name} {self.job.title} was cancelled; nothing was moved."

    def terminate(self):
        """Cancel the work; nothing is moved."""
        if not self.ended and not self._cancelled.is_set():
            self._cancelled.set()
            self.session.logger.status(self._cancellation, log=True)
        super().terminate()

    def run(self):
        """Do the work, on the thread."""
        self._ready.wait()
        try:
            self._work()
        except Exception as error:  # raised again or reported on the main thread
            self._error = error
        finally:
            # Not in Task.on_finish, which is not called for a cancelled task.
            self._post(None if self._calls is not None else self._end)

    def _show_status(self, text):
        """Show the progress in the status line, not too often."""
        now = time.monotonic()
        if now < self._status_due:
            return
        self._status_due = now + STATUS_SECONDS[0 if self.session.ui.is_gui else 1]
        self.status = text
        self._post(lambda: self.ended or self._cancelled.is_set() or self.session.logger.status(text))

    def _post(self, call):
        """Call a function on the main thread, later."""
        if self._calls is not None:
            self._calls.put(call)
        else:
            self.session.ui.thread_safe(call)

    def _call_on_main(self, function):
        """Call a function on the main thread, and return or raise what it does."""
        answers = queue.SimpleQueue()

        def call():
            try:
                answers.put((function(), None))
            except BaseException as error:
                answers.put((None, error))
                if not isinstance(error, Exception):
                    raise

        self._post(call)
        value, error = answers.get()
        if error is not None:
            raise error
        return value

    def _end(self):
        """Finish the work, on the main thread, where the command did not wait for it."""
        try:
            self._finish()
        except ModelClosedError as error:  # the user knows: no dialog
            self.problem = str(error)
            self.session.logger.warning(self.problem)
        except UserError as error:
            self.problem = getattr(error, "problem", str(error))
            (self.session.logger.warning if self.watched else self.session.logger.error)(str(error))
        except Exception as error:
            self.problem = str(error)
            self.session.logger.report_exception(preface="botalign failed")

    def _finish(self):
        """Move the models, log the results, and free what is no longer needed, on the main thread."""
        self.session.triggers.remove_handler(self._handler)
        self.follower.restore()
        try:
            if self._error is not None:
                raise self._error
            if not self._cancelled.is_set():
                self._conclude()
        except Exception:
            if not self.outcome:
                self.session.logger.status(f"{self.command_name} {self.job.title}: {self.failure}")
            raise
        finally:
            for each in self.job.inputs:
                each.close()
            self._closed.clear()
            self.fraction = 1.0
            self.ended = True
            self.session.tasks.remove(self)
