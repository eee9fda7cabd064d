"""The dock widget that sorts the images of a layer into classes and shows their averages."""

from __future__ import annotations

import os
from collections.abc import Generator
from threading import Event
from typing import TYPE_CHECKING, Any

from magicgui.widgets import CheckBox, ComboBox, Container, FloatSpinBox, SpinBox
from napari.qt.threading import thread_worker

from botalign import Classification, ImageStack, InputError, Progress, classify_steps
from napari_botalign.arranging import even_labels, narrow
from napari_botalign.background import paced
from napari_botalign.layers import is_stack
from napari_botalign.reading import stack_layer_data
from napari_botalign.run_widget import RunWidget
from napari_botalign.stacks import image_stack

if TYPE_CHECKING:
    import napari.viewer

METRICS = [("Wasserstein (WEMD)", "wemd"), ("Euclidean (L2)", "l2")]
_WHOLE = 0.0

Told = Progress | Classification | Exception


class ClassesWidget(RunWidget):
    """Averages the images of a stack by classes: choose the layer and how many, press Classify.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        self._viewer = napari_viewer
        self._stop: Event | None = None
        self.images = narrow(ComboBox(label="images", choices=self._choices, tooltip="A stack of particle images."))
        self.classes = SpinBox(label="classes", value=20, min=1, max=10_000)
        self.metric = ComboBox(label="distance", choices=METRICS, value="wemd")
        self.rotations = SpinBox(label="rotations", value=200, min=1, max=3600, tooltip="Turns that are tried.")
        self.shift = SpinBox(
            label="shift (pixels)", value=0, min=0, max=20, tooltip="How far images may be off centre."
        )
        self.diameter = FloatSpinBox(
            label="diameter (Å)", value=_WHOLE, min=0, max=1e5, tooltip="Beyond is background; 0 takes the whole image."
        )
        self.iterations = SpinBox(label="iterations", value=50, min=1, max=1000, tooltip="At most so many.")
        self.seed = SpinBox(label="seed", value=0, min=0, max=2**31 - 1, tooltip="The same seed, the same result.")
        self.threads = SpinBox(label="threads", value=min(2, os.cpu_count() or 1), min=1, max=64)
        self.mirror = CheckBox(text="mirror images too", value=False)
        self.invert = CheckBox(text="particles are dark", value=False)
        form: Container[Any] = Container(
            widgets=[
                self.images, self.classes, self.metric, self.rotations, self.shift, self.diameter, self.iterations,
                self.seed, self.threads, self.mirror, self.invert,
            ],
            labels=True,
        )  # fmt: skip
        form.margins = (0, 0, 0, 0)
        even_labels(form)
        super().__init__(form, "Classify", lines=3)
        self.classify = self.start

    @property
    def running(self) -> bool:
        """Whether a classification is going on."""
        return self._stop is not None

    def _on_start(self) -> None:
        try:
            stack = image_stack(self.images.value)
        except InputError as error:
            self._say(str(error))
            return
        options = {
            "metric": self.metric.value,
            "rotations": self.rotations.value,
            "shift_pixels": self.shift.value,
            "diameter_angstrom": self.diameter.value or None,
            "iterations": self.iterations.value,
            "seed": self.seed.value,
            "threads": self.threads.value,
            "mirror": self.mirror.value,
            "invert": self.invert.value,
        }
        stop = self._stop = Event()
        self._set_running(True)
        self._say("Preparing…")

        def take(told: Told) -> None:
            if stop is self._stop:  # else it was cancelled, and perhaps begun anew
                self._take(told, stack.name)

        worker = thread_worker(_classified)(stack, self.classes.value, options, stop)
        worker.yielded.connect(take)
        worker.start()

    def _take(self, told: Told, name: str) -> None:
        if isinstance(told, Progress):
            loss = "" if told.loss is None else f", loss {told.loss:.5g}"
            what = told.stage if told.iteration < 2 else f"iteration {told.iteration}"
            self.progress.value = round(1000 * told.done / max(1, told.total))
            self._say(f"{name}: {what}{loss}")
            return
        self._end()
        if isinstance(told, Exception):
            self._say(str(told))
            if not isinstance(told, InputError):
                raise told  # napari shows it, to be reported
            return
        data, attributes, _ = stack_layer_data(told.averages)
        self._viewer.add_image(data, **attributes | {"name": f"class averages of {name}"})
        # napari stays at the image it was at, in the midst of the stack, where there is no average.
        self._viewer.dims.set_current_step(self._viewer.dims.ndim - data.ndim, 0)
        self.progress.value = 1000
        ended = "converged" if told.converged else "not converged"
        self._say(
            f"{len(told.sizes)} classes of {told.sizes[0]} to {told.sizes[-1]} images, the largest first; "
            f"{len(told.iterations)} iterations, {ended}, loss {told.loss:.5g}."
        )

    def _on_cancel(self) -> None:
        if self._stop is not None:
            self._end()
            self._say("Cancelled.")

    def _end(self) -> None:
        if self._stop is not None:
            self._stop.set()
        self._stop = None
        self._set_running(False)

    def _on_destroyed(self) -> None:
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _choices(self, widget: object) -> list[object]:
        """Return the layers, stacks of images first."""
        return sorted(self._viewer.layers, key=lambda layer: not is_stack(layer))


def _classified(stack: ImageStack, classes: int, options: dict[str, Any], stop: Event) -> Generator[Told, None, None]:
    """Classify, off the GUI thread, and yield what happens: progress, and in the end the result or what went wrong."""
    try:
        steps = classify_steps(stack, classes, **options)
        result = yield from paced(steps, stop.is_set, lambda taken: taken[-1])
        if result is not None:
            yield result
    except Exception as error:
        yield error
