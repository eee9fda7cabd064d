"""The assembly of a complex as work on a thread, and what follows: the parts are moved, and the log is written."""

from dataclasses import dataclass
from pathlib import Path

from chimerax.core.errors import UserError

import botalign

from .assembly_report import advice, places_table, title, unplaced
from .copies import Copies
from .follow import restore_all
from .job import SUFFICIENT
from .maps import to_local, usual_resolution
from .moves import Moves, do
from .options import spelled
from .syntax import ASSEMBLE, counted, usage_error
from .work import ModelClosedError, WorkTask


@dataclass(frozen=True, eq=False)
class AssemblyJob:
    """The work of one command.

    Attributes
    ----------
    whole : MapInput
        The map of the complex.
    parts : list of MapInput or AtomsInput
        The parts.
    counts : list of int or None
        How often each is in the complex; None if once.
    options : botalign.AssemblyOptions
        The options.
    spec : str
        Specification of the parts, for errors.
    result : Path or None
        Result file.
    require : str or None
        What every part needs to be moved, and the command to succeed: ``"match"``, a place, or ``"certain"``, one with
        this verdict.
    """

    whole: object
    parts: list
    counts: list | None
    options: object
    spec: str = ""
    result: Path | None = None
    require: str | None = None

    def example(self, *, wrong=None):
        """Return the command for errors, with a usual resolution if this option was wrong."""
        given = usual_resolution(self.whole.model) if wrong == "resolution" else self.options.resolution
        resolution = "" if given is None else f" resolution {given:.3g}"
        counts = "" if self.counts is None else f" counts {','.join('1' * len(self.parts))}"
        return f"botalign assemble {self.spec} to {self.whole.spec}{resolution}{counts}"

    def failures(self, assembly):
        """Return as texts which parts do not have what is required."""
        if self.require is None:
            return []
        sufficient = SUFFICIENT[self.require]
        return unplaced(assembly) + [
            f"{each.name}: the verdict is {each.verdict}, expected {' or '.join(sufficient)}"
            for each in assembly.placed
            if each.verdict not in sufficient
        ]

    @property
    def title(self):
        """Name of the work in status messages and in the list of tasks."""
        return f"{counted(len(self.parts), 'part')} to {self.whole.spec}"

    @property
    def inputs(self):
        """The parts and the map."""
        return [self.whole, *self.parts]


@dataclass(frozen=True, eq=False)
class Assembled:
    """The result.

    Attributes
    ----------
    assembly : botalign.Assembly
        The places.
    moves : Moves or None
        Step of the undo stack in which the parts were moved; None if nothing was.
    models : list of (Model or None)
        The model at each place, in the order of ``assembly.placed``; None where nothing was moved there.
    flip : str
        Command that makes a mirrored copy of the map.
    """

    assembly: object
    moves: object
    models: list
    flip: str


class AssembleTask(WorkTask):
    """The assembly of a complex. When it is done, the parts are moved, and copies are made, in one step."""

    command_name = "botalign assemble"

    def _work(self):
        """Do the work, on the thread."""
        self._assembly = None
        try:
            self._assemble()
        except botalign.InputError as error:
            raise usage_error(spelled(error), self.job.example(wrong=error.option)) from None

    def _assemble(self):
        """Take the steps, until the work is cancelled or one of the models is closed."""
        models = {each.model for each in self.job.inputs}
        running = botalign.run_until(
            self._call_on_main(self._steps), lambda: self._cancelled.is_set() or bool(self._closed & models)
        )
        try:
            while True:
                progress = next(running)
                self.fraction = progress.fraction
                self._show_status(f"Assembling {self.job.title}: {100 * self.fraction:.0f}%, {progress.label}")
        except StopIteration as stop:
            self._assembly = stop.value
        finally:
            running.close()

    def _steps(self):
        """Read the models, on the main thread."""
        self._check_open()
        restore_all(self.session)
        self._states = [each.state() for each in self.job.inputs]
        given = [each.given() for each in self.job.parts]
        return botalign.assemble_steps(self.job.whole.given(), given, self.job.options, counts=self.job.counts)

    def _check_open(self):
        """Refuse to continue if one of the models was closed."""
        for each in self.job.inputs:
            if each.model.deleted:
                raise ModelClosedError(
                    f"{self.command_name} {self.job.title}: {each.name} was closed while it ran; nothing was moved"
                )

    def _conclude(self):
        """Move the parts, make copies, and log the result."""
        self._check_open()
        for each, state in zip(self.job.inputs, self._states, strict=True):
            if each.state() != state:
                raise usage_error(f"{each.name} changed while it ran; nothing was moved", ASSEMBLE)
        failures = self.job.failures(self._assembly)
        step, models = self._placed(moves=not failures)
        self.outcome = Assembled(self._assembly, step, models, f"volume flip {self.job.whole.spec}")
        self._log()
        self._write_result()
        if failures:
            raise usage_error(
                f"{' | '.join(failures)}; nothing was moved", f"{self.job.example()} require {self.job.require}"
            )

    def _placed(self, *, moves):
        """Place the parts as one step that can be undone; return the step and the model at each place, if any."""
        moved, copied = {}, {}
        for each in self._assembly.placed:
            model, whole = self.job.parts[each.part].model, self.job.whole.model
            position = whole.scene_position * to_local(each.moving_to_fixed, whole, model)
            if model in moved:
                copied.setdefault(model, []).append((f"{model.name} copy {each.copy}", position))
            else:
                moved[model] = position
        if not moved or not moves:
            return None, [None] * len(self._assembly.placed)
        copies = {
            model: Copies(self.session, model, places, group=f"copies of {model.name}")
            for model, places in copied.items()
        }
        step = do(self.session, Moves(self.session, list(moved.items()), copies=list(copies.values())))
        # The places of a part follow each other, the first copy first.
        return step, [each for model in moved for each in (model, *(copies[model].models if model in copies else ()))]

    def _log(self):
        """Write the summary and a table, and warn of what was not placed, unless that is an error, and of the hand."""
        logger = self.session.logger
        logger.info(self._assembly.to_text())
        logger.info(places_table(self.outcome), is_html=True)
        for name, text in self._assembly.missing_chains:
            logger.warning(f"{name}: {text}")
        text = self._assembly.unplaced_text
        if text is not None and self.job.require is None:  # the reasons are in the summary
            logger.warning(text)
        if (hint := advice(self.outcome)) is not None:
            logger.warning(hint)
        logger.status(title(self.outcome))

    def _write_result(self):
        """Write the result file; one that exists is replaced."""
        path = self.job.result
        if path is None:
            return
        try:
            path.write_text(self._assembly.to_json() + "\n", encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"The assembly is complete, but the result file was not written: {path}: {error.strerror}"
            ) from None
        self.session.logger.info(f"Wrote the result to {path}")
