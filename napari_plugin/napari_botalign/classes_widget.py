"""The dock widget that classifies the images of a layer and shows the class averages."""

from __future__ import annotations

from collections.abc import Generator
from threading import Event
from typing import TYPE_CHECKING, Any

from magicgui.widgets import Container, SpinBox
from napari.qt.threading import thread_worker

from botalign import Classification, ClassifyOptions, Execution, InputError, Progress, classify_steps
from napari_botalign.background import in_batches
from napari_botalign.layer_choices import ObjectBox
from napari_botalign.layers import is_stack
from napari_botalign.layout import even_labels
from napari_botalign.option_fields import OptionFields
from napari_botalign.option_labels import spelled
from napari_botalign.reading import stack_layer_data
from napari_botalign.run_widget import RunWidget
from napari_botalign.stacks import image_stack

if TYPE_CHECKING:
    import napari.viewer

#: Options without a field.
_OMITTED = ("scales", "size")
_NOT_HERE = ("processes", "scheduler")

Update = Progress | Classification | Exception


class ClassesWidget(RunWidget):
    """Classifies the images of a stack, and adds the class averages as a layer.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        self._viewer = napari_viewer
        self._stop: Event | None = None
        self.images = ObjectBox(label="images", choices=self._choices, tooltip="A stack of particle images.")
        self.classes = SpinBox(label="classes", value=20, min=1, max=10_000, tooltip="Number of classes.")
        self._options = OptionFields(ClassifyOptions, omit=_OMITTED)
        self._execution = OptionFields(Execution, omit=_NOT_HERE)
        fields = [*self._options.widgets.values(), *self._execution.widgets.values()]
        form: Container[Any] = Container(widgets=[self.images, self.classes, *fields], labels=True)
        form.margins = (0, 0, 0, 0)
        even_labels(form)
        super().__init__(form, "Classify", lines=3)
        self.classify = self.start

    @property
    def running(self) -> bool:
        """Whether a classification is running."""
        return self._stop is not None

    def _on_start(self) -> None:
        try:
            stack = image_stack(self.images.value)
            options, execution = ClassifyOptions(**self._options.values()), Execution(**self._execution.values())
            steps = classify_steps(stack, self.classes.value, options, execution)
        except InputError as error:
            self._show_message(spelled(error))
            return
        stop = self._stop = Event()
        self._set_running(True)
        self._show_message("Preparing…")

        def receive(update: Update) -> None:
            if stop is self._stop:  # otherwise it was cancelled, and may have been started again
                self._process(update, stack.name)

        worker = thread_worker(_classified)(steps, stop)
        worker.yielded.connect(receive)
        worker.start()

    def _process(self, update: Update, name: str) -> None:
        if isinstance(update, Progress):
            loss = "" if update.loss is None else f", loss {update.loss:.5g}"
            stage = update.stage if update.iteration < 2 else f"iteration {update.iteration}"
            self.progress.value = round(1000 * update.done / max(1, update.total))
            self._show_message(f"{name}: {stage}{loss}")
            return
        self._end()
        if isinstance(update, Exception):
            self._show_message(spelled(update))
            if not isinstance(update, InputError):
                raise update  # a bug, which napari shows
            return
        data, attributes, _ = stack_layer_data(update.averages)
        self._viewer.add_image(data, **attributes | {"name": f"class averages of {name}"})
        # napari keeps the number of the displayed image, which may be larger than that of the last average.
        self._viewer.dims.set_current_step(self._viewer.dims.ndim - data.ndim, 0)
        self.progress.value = 1000
        converged = "converged" if update.converged else "not converged"
        self._show_message(
            f"{len(update.sizes)} classes with {update.sizes[0]} to {update.sizes[-1]} images, the largest first; "
            f"{len(update.iterations)} iterations, {converged}, loss {update.loss:.5g}."
        )

    def _on_cancel(self) -> None:
        if self._stop is not None:
            self._end()
            self._show_message("Cancelled.")

    def _end(self) -> None:
        if self._stop is not None:
            self._stop.set()
        self._stop = None
        self._set_running(False)

    def _on_closed(self) -> None:
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _choices(self, widget: object) -> list[object]:
        """Return the layers, stacks of images first."""
        return sorted(self._viewer.layers, key=lambda layer: not is_stack(layer))


def _classified(steps: Generator[Progress, None, Classification], stop: Event) -> Generator[Update, None, None]:
    """Take the steps of a classification off the GUI thread; yield progress, and at the end the result or the error."""
    try:
        result = yield from in_batches(steps, stop.is_set, lambda taken: taken[-1])
        if result is not None:
            yield result
    except Exception as error:
        yield error
