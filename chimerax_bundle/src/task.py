"""The work on a thread: it can be cancelled, and the status line shows its progress."""

import queue
import threading
import time

from chimerax.core.errors import CancelOperation, UserError
from chimerax.core.models import REMOVE_MODELS
from chimerax.core.tasks import Task

import botalign

from .finish import ModelClosedError, check_verdicts, finish, write_results
from .follow import Follower
from .options import spelled
from .waiting import Waiting

#: Seconds between two status messages, with a GUI and without one, where each is a separate line.
STATUS_SECONDS = (0.2, 2.0)


class AlignTask(Task):
    """Alignments one after the other. When all are done, the models are moved in one step.

    The thread uses no models. What uses them is called on the main thread: by ChimeraX's event loop, or, where the
    command blocks, by the loop in which it waits.

    Parameters
    ----------
    session : Session
        The session.
    job : Job
        Work to do.

    Attributes
    ----------
    fraction : float
        Fraction of the work that is done.
    status : str
        The progress as text.
    trace : list of (str, float)
        Hand and loss of each evaluation of the search, for the current pair.
    ended : bool
        Whether the models have been moved, or the work failed or was cancelled.
    outcome : list of Outcome
        Results.
    problem : str or None
        Reason why there are none, for the panel.
    best : tuple of (Pair, ndarray), or None
        What is aligned at present, and its best pose so far.
    follower : Follower
        Shows that pose. The models are moved back before they are read or moved.
    watched : bool
        Whether the panel shows the problem, so that no dialog is needed.
    """

    def __init__(self, session, job):
        self.job = job
        self.fraction = 0.0
        self.status = f"Aligning {job.title}"
        self.trace = []
        self.ended = False
        self.outcome = []
        self.problem = None
        self.best = None
        self.follower = Follower()
        self.watched = False
        self._calls = None
        self._ready = threading.Event()
        self._cancelled = threading.Event()
        self._error = None
        self._closed = set()
        self._handler = session.triggers.add_handler(REMOVE_MODELS, lambda _, models: self._closed.update(models))
        self._status_due = 0.0
        # Last, because ChimeraX's __init__ already shows the task by its name.
        super().__init__(session)

    def __str__(self):
        return f"BOTalign {self.job.title}, ID {self.id}"

    def launch(self, *, blocking):
        """Start the thread; if blocking, wait for it and return the results.

        Raises
        ------
        UserError
            If blocking and nothing could be aligned.
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
        return f"botalign {self.job.title} was cancelled; nothing was moved."

    def terminate(self):
        """Cancel the work; nothing is moved."""
        if not self.ended and not self._cancelled.is_set():
            self._cancelled.set()
            self.session.logger.status(self._cancellation, log=True)
        super().terminate()

    def run(self):
        """Run the alignments, on the thread."""
        self._ready.wait()
        try:
            for number, pair in enumerate(self.job.pairs):
                if self._cancelled.is_set() or pair.fixed.model in self._closed:
                    break
                try:
                    self._align(number, pair)
                except botalign.InputError as error:
                    pair.failure = spelled(error)
                except UserError as error:
                    pair.failure = getattr(error, "problem", str(error))
        except Exception as error:  # raised again or reported on the main thread
            self._error = error
        finally:
            # Not in Task.on_finish, which is not called for a cancelled task.
            self._post(None if self._calls is not None else self._end)

    def _align(self, number, pair):
        """Take the steps of one alignment, until it is cancelled or one of its models is closed."""
        self.best = None
        steps = self._call_on_main(lambda: self._steps(pair))
        self.trace = []
        models = pair.fixed.model, pair.moving.model
        running = botalign.run_until(steps, lambda: self._cancelled.is_set() or bool(self._closed.intersection(models)))
        try:
            while True:
                progress = next(running)
                if progress.loss is not None:
                    self.trace.append((progress.hand, progress.loss))
                if progress.moving_to_fixed is not None and progress.hand != "mirrored":
                    self.best = pair, progress.moving_to_fixed
                self.fraction = (number + progress.done / progress.total) / len(self.job.pairs)
                self._show_status(pair, progress)
        except StopIteration as stop:
            pair.alignment = stop.value
        finally:
            running.close()

    def _steps(self, pair):
        """Read the models of a pair in their own poses, on the main thread."""
        self.follower.restore()
        return pair.steps(self.job.options, self.job.masks)

    def _show_status(self, pair, progress):
        """Show the progress in the status line, not too often."""
        now = time.monotonic()
        if now < self._status_due:
            return
        self._status_due = now + STATUS_SECONDS[0 if self.session.ui.is_gui else 1]
        best = "" if progress.best_loss is None else f", lowest loss {progress.best_loss:.4g}"
        names = f"{pair.moving.name} to {pair.fixed.name}"
        self.status = text = f"Aligning {names}: {100 * self.fraction:.0f}%, {progress.label}{best}"
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
                self.outcome = finish(self.session, self.job)
                write_results(self.session, self.job, self.outcome)
                check_verdicts(self.job, self.outcome)
        except Exception:
            if not self.outcome:
                self.session.logger.status(f"botalign {self.job.title}: nothing was aligned")
            raise
        finally:
            for each in self.job.inputs:
                each.close()
            self._closed.clear()
            self.fraction = 1.0
            self.ended = True
            self.session.tasks.remove(self)
