"""The assembly of a complex as work on a thread, and what follows: the parts are moved, and the log is written."""

from dataclasses import dataclass

import botalign

from .copies import Copies
from .follow import restore_all
from .maps import to_local
from .moves import Moves, do
from .options import spelled
from .part_copies import QUALITIES, html_table, qualities
from .syntax import ASSEMBLE, counted, label, usage_error
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
    """

    whole: object
    parts: list
    counts: list | None
    options: object

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
    """The result, and the model at each place, in the order of ``assembly.placed``."""

    assembly: object
    models: list


class AssembleTask(WorkTask):
    """The assembly of a complex. When it is done, the parts are moved, and copies are made, in one step."""

    command_name = "botalign assemble"

    def _work(self):
        """Take the steps, on the thread, until the work is cancelled or one of the models is closed."""
        self._assembly = None
        models = {each.model for each in self.job.inputs}
        running = botalign.run_until(
            self._call_on_main(self._steps), lambda: self._cancelled.is_set() or bool(self._closed & models)
        )
        try:
            while True:
                progress = next(running)
                self.fraction = progress.done / progress.total
                self._show_status(f"Assembling {self.job.title}: {100 * self.fraction:.0f}%, {progress.label}")
        except StopIteration as stop:
            self._assembly = stop.value
        except botalign.InputError as error:
            raise usage_error(spelled(error), ASSEMBLE) from None
        finally:
            running.close()

    def _steps(self):
        """Read the models, on the main thread."""
        restore_all(self.session)
        self._states = [each.state() for each in self.job.inputs]
        given = [each.given() for each in self.job.parts]
        return botalign.assemble_steps(self.job.whole.given(), given, self.job.options, counts=self.job.counts)

    def _conclude(self):
        """Move the parts, make copies, and log the result."""
        for each, state in zip(self.job.inputs, self._states, strict=True):
            if each.model.deleted:
                raise ModelClosedError(
                    f"{self.command_name} {self.job.title}: {each.name} was closed while it ran; nothing was moved"
                )
            if each.state() != state:
                raise usage_error(f"{each.name} changed while it ran; nothing was moved", ASSEMBLE)
        self.outcome = Assembled(self._assembly, self._placed())
        self._log()

    def _placed(self):
        """Place the parts as one step that can be undone; return the model at each place."""
        moved, copied = {}, {}
        for each in self._assembly.placed:
            model, whole = self.job.parts[each.part].model, self.job.whole.model
            position = whole.scene_position * to_local(each.moving_to_fixed, whole, model)
            if model in moved:
                copied.setdefault(model, []).append((f"{model.name} copy {each.copy}", position))
            else:
                moved[model] = position
        if not moved:
            return []
        copies = {
            model: Copies(self.session, model, places, group=f"copies of {model.name}")
            for model, places in copied.items()
        }
        do(self.session, Moves(self.session, list(moved.items()), copies=list(copies.values())))
        # The places of a part follow each other, the first copy first.
        return [each for model in moved for each in (model, *(copies[model].models if model in copies else ()))]

    def _log(self):
        """Write the summary and a table, and warn of what was not placed."""
        assembly, logger = self._assembly, self.session.logger
        logger.info(assembly.to_text())
        rows = [
            (part.name, label(model), *qualities(part))
            for part, model in zip(assembly.placed, self.outcome.models, strict=True)
        ]
        rows += [
            (each.name, f"{counted(each.copies, 'copy', 'copies')} not placed", "-", each.chance, "-", "-")
            for each in assembly.unplaced
        ]
        number = len(assembly.placed)
        title = f"{counted(number, 'part')} of {number + assembly.missing} placed in {assembly.whole}"
        logger.info(html_table(title, ("Part", "Model", *QUALITIES), rows), is_html=True)
        for each in assembly.unplaced:
            logger.warning(f"{each.name} was not placed: {each.reason}")
        logger.status(title)
