"""The work, in a thread of its own: cancellable, with its progress in the status line."""

import queue
import threading
import time

from chimerax.core.errors import UserError
from chimerax.core.models import REMOVE_MODELS
from chimerax.core.tasks import Task

import botalign

from .finish import finish
from .syntax import without_usage

#: Seconds between two status messages, with a GUI and without, where each is a line of its own.
STATUS_SECONDS = (0.2, 2.0)


class AlignTask(Task):
    """Alignments one after the other; when all are done, the models are moved in one step.

    The thread touches no models. Whatever does is handed to the main thread: to ChimeraX's event loop, or, where the
    command blocks, to the loop in which it waits.

    Parameters
    ----------
    session : Session
        The session.
    job : Job
        What is to be done.

    Attributes
    ----------
    fraction : float
        How much of the work is done, 0 to 1.
    trace : list of (bool, float)
        The evaluations of the search so far, of the present pair: whether the moving map was mirrored, and the loss.
    ended : bool
        Whether the models are moved, or nothing more will come.
    outcome : list of Outcome
        What was done, once it is.
    problem : str or None
        Why nothing was, if so, for a panel to show.
    """

    def __init__(self, session, job):
        self.job = job
        self.fraction = 0.0
        self.trace = []
        self.ended = False
        self.outcome = []
        self.problem = None
        self._calls = None
        self._ready = threading.Event()
        self._cancelled = threading.Event()
        self._error = None
        self._gone = set()
        self._handler = session.triggers.add_handler(REMOVE_MODELS, lambda _, models: self._gone.update(models))
        self._status_due = 0.0
        # Only now: ChimeraX shows a task to others, by its name, from within its __init__.
        super().__init__(session)

    def __str__(self):
        return f"BOTalign {self.job.title}, ID {self.id}"

    def launch(self, *, blocking):
        """Start; if blocking, wait and return the outcome.

        Raises
        ------
        UserError
            If blocking and nothing could be aligned.
        """
        self._calls = queue.SimpleQueue() if blocking else None
        self.start()
        thread = self._thread
        # Task.start writes its state after the thread has started; a thread that ends sooner would be undone by it.
        self._ready.set()
        if not blocking:
            return None
        try:
            self._answer(thread)
        except KeyboardInterrupt:
            self.terminate()
            self._answer(thread)  # which may be waiting for one
            self._conclude()
            raise
        thread.join()
        self._conclude()
        return self.outcome

    def _answer(self, thread):
        """Do what the thread hands over, until it ends."""
        while thread.is_alive() or not self._calls.empty():
            try:
                call = self._calls.get(timeout=0.1)
            except queue.Empty:
                continue
            if call is None:
                return
            call()

    def terminate(self):
        """Cancel: nothing is moved."""
        if not self.ended and not self._cancelled.is_set():
            self._cancelled.set()
            self.session.logger.status(f"botalign {self.job.title} was cancelled; nothing was moved.", log=True)
        super().terminate()

    def run(self):
        """Do the alignments, on a thread."""
        self._ready.wait()
        try:
            for number, pair in enumerate(self.job.pairs):
                if self._cancelled.is_set() or pair.fixed in self._gone:
                    break
                try:
                    self._align(number, pair)
                except (botalign.InputError, UserError) as error:
                    pair.failure = without_usage(str(error))
        except Exception as error:  # raised again, or reported, on the main thread
            self._error = error
        finally:
            # Not by Task.on_finish, which a cancelled task doesn't come to.
            self._post(None if self._calls is not None else self._end)

    def _align(self, number, pair):
        """Take the steps of one alignment, unless it is cancelled or one of its models is closed."""
        steps = self._on_main(lambda: self.job.begin(pair))
        self.trace = []
        try:
            while not (self._cancelled.is_set() or pair.fixed in self._gone or pair.mover.model in self._gone):
                progress = next(steps)
                if progress.loss is not None:
                    self.trace.append((progress.hand == "mirrored", progress.loss))
                self.fraction = (number + progress.done / progress.total) / len(self.job.pairs)
                self._tell(pair, progress)
        except StopIteration as stop:
            pair.alignment = stop.value
        finally:
            steps.close()

    def _tell(self, pair, progress):
        """Show how far it is in the status line, now and then."""
        now = time.monotonic()
        if now < self._status_due:
            return
        self._status_due = now + STATUS_SECONDS[0 if self.session.ui.is_gui else 1]
        best = "" if progress.best_loss is None else f", best score {progress.best_loss:.4g}"
        text = f"Aligning {pair.name} to {pair.fixed_name}: {100 * self.fraction:.0f}%, {progress.label}{best}"
        self._post(lambda: self.session.logger.status(text))

    def _post(self, call):
        """Have something done on the main thread."""
        if self._calls is not None:
            self._calls.put(call)
        else:
            self.session.ui.thread_safe(call)

    def _on_main(self, function):
        """Have a function called on the main thread; return, or raise, what it does."""
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
        """End the work where the command didn't wait for it; on the main thread."""
        try:
            self._conclude()
        except UserError as error:
            self.problem = str(error)
            self.session.logger.error(self.problem)
        except Exception as error:
            self.problem = str(error)
            self.session.logger.report_exception(preface="botalign failed")

    def _conclude(self):
        """Move the models, log what was done, and free what is no longer needed; on the main thread."""
        self.session.triggers.remove_handler(self._handler)
        try:
            if self._error is not None:
                raise self._error
            if not self._cancelled.is_set():
                self.outcome = finish(self.session, self.job)
        finally:
            for pair in self.job.pairs:
                pair.mover.close()
            self._gone.clear()
            self.fraction = 1.0
            self.ended = True
