"""The alignments of one command, as work on a thread."""

from chimerax.core.errors import UserError

import botalign

from .finish import check_verdicts, finish, write_results
from .options import spelled
from .work import WorkTask


class AlignTask(WorkTask):
    """Alignments one after the other. When all are done, the models are moved in one step.

    Parameters
    ----------
    session : Session
        The session.
    job : Job
        Work to do.

    Attributes
    ----------
    trace : list of (str, float)
        Hand and loss of each evaluation of the search, for the current pair.
    outcome : list of Outcome
        Results.
    best : tuple of (Pair, ndarray), or None
        What is aligned at present, and its best pose so far.
    """

    failure = "nothing was aligned"

    def __init__(self, session, job):
        self.trace = []
        self.best = None
        super().__init__(session, job)
        self.status = f"Aligning {job.title}"

    def _work(self):
        """Run the alignments, on the thread."""
        for number, pair in enumerate(self.job.pairs):
            if self._cancelled.is_set() or pair.fixed.model in self._closed:
                break
            try:
                self._align(number, pair)
            except botalign.InputError as error:
                pair.failure = spelled(error)
            except UserError as error:
                pair.failure = getattr(error, "problem", str(error))

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
                self.fraction = (number + progress.fraction) / len(self.job.pairs)
                best = "" if progress.best_loss is None else f", lowest loss {progress.best_loss:.4g}"
                names = f"{pair.moving.name} to {pair.fixed.name}"
                self._show_status(f"Aligning {names}: {100 * self.fraction:.0f}%, {progress.label}{best}")
        except StopIteration as stop:
            pair.alignment = stop.value
        finally:
            running.close()

    def _steps(self, pair):
        """Read the models of a pair in their own poses, on the main thread."""
        self.follower.restore()
        return pair.steps(self.job.options, self.job.masks)

    def _conclude(self):
        """Move the models, log the results, and write the files."""
        self.outcome = finish(self.session, self.job)
        write_results(self.session, self.job, self.outcome)
        check_verdicts(self.job, self.outcome)
