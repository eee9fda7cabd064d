"""The dock widget that classifies the images of a layer and shows the class averages."""

from __future__ import annotations

from collections.abc import Generator
from threading import Event
from typing import TYPE_CHECKING, Any

from magicgui.widgets import Container, PushButton, SpinBox
from numpy import isfinite, isin

from botalign import (
    Classification,
    ClassifyOptions,
    Execution,
    ImageStack,
    InputError,
    LoadOptions,
    Progress,
    classify_steps,
)
from napari_botalign.background import in_batches, start_worker
from napari_botalign.class_list import ClassList
from napari_botalign.dialogs import file_to_save
from napari_botalign.folding import FoldedFields
from napari_botalign.kept import KEY, kept
from napari_botalign.layer_choices import ObjectBox
from napari_botalign.layers import is_stack
from napari_botalign.layout import even_labels, row, wrapped_label
from napari_botalign.option_fields import OptionFields
from napari_botalign.option_labels import spelled
from napari_botalign.particle_lists import listed_images
from napari_botalign.reading import stack_layer_data
from napari_botalign.run_widget import RunWidget
from napari_botalign.stacks import image_stack
from napari_botalign.writing import with_extension

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Layer

#: Options that are always visible, and those without a field.
_FIRST = ("rotations", "mirror", "shift_pixels", "invert", "diameter_angstrom")
_OMITTED = ("scales", "size", "correct_ctf")
_NOT_HERE = ("processes", "scheduler")
#: Classes that are listed in the name of a layer.
_LISTED = 5

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
        self._loading = OptionFields(LoadOptions, omit=())
        self._execution = OptionFields(Execution, omit=_NOT_HERE)
        self.option_fields = self._options.widgets | self._loading.widgets | self._execution.widgets
        always = [self.option_fields[name] for name in _FIRST]
        fields: Container[Any] = Container(widgets=[self.images, self.classes, *always], labels=True)
        others = (*self._options.without(_FIRST), *self._loading.widgets.values(), *self._execution.widgets.values())
        self.more = FoldedFields(others)
        form: Container[Any] = Container(widgets=[fields, self.more], labels=False)
        for part in (form, fields):
            part.margins = (0, 0, 0, 0)
        even_labels(fields)
        self.result: Classification | None = None
        self._stack: ImageStack | None = None
        self._listed: Any = None
        self.class_list = ClassList(self._on_selected)
        self.selection, self.of_image = wrapped_label(), wrapped_label()
        self.show_images = PushButton(
            text="Show their images", tooltip="Add the images of the selected classes as a layer.", enabled=False
        )
        self.save_list = PushButton(
            text="Save their list…",
            tooltip="Write the particles of the selected classes, if the images were opened from a list (.star, .cs).",
            enabled=False,
        )
        buttons = row(self.show_images, self.save_list)
        self._found: Container[Any] = Container(widgets=[self.selection, buttons], labels=False, visible=False)
        self._found.margins = (0, 0, 0, 0)
        super().__init__(form, "Classify", lines=3, below=[self.of_image, self.class_list, self._found])
        self.class_list.native.hide()
        self.classify = self.start
        self.show_images.changed.connect(self._on_show_images)
        self.save_list.changed.connect(self._on_save_list)
        self._events = (napari_viewer.dims.events.current_step, napari_viewer.layers.selection.events.active)
        for event in self._events:
            event.connect(self._on_step)

    @property
    def running(self) -> bool:
        """Whether a classification is running."""
        return self._stop is not None

    def _on_start(self) -> None:
        try:
            layer = self.images.value
            stack = image_stack(layer)
            listed = listed_images(layer, LoadOptions(**self._loading.values()))
            if listed is not None:
                stack = listed.stack
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
                self._process(update, stack, layer, listed)

        start_worker(_classified(steps, stop), receive)

    def _process(self, update: Update, stack: ImageStack, layer: Layer, listed: Any) -> None:
        name = stack.name
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
        sizes = update.sizes.tolist()
        resolutions = [f"{each:.3g} Å" if isfinite(each) else "unknown" for each in update.resolutions_angstrom]
        known = {KEY: {"sizes": sizes, "resolutions": resolutions}}
        self._viewer.add_image(data, **attributes | {"name": f"class averages of {name}", "metadata": known})
        layer.metadata.setdefault(KEY, {})["classes"] = update.labels + 1
        self.result, self._stack, self._listed = update, stack, listed
        self.class_list.show(update.averages.images, sizes, resolutions)
        self.class_list.native.show()
        self._found.visible = True
        self._on_selected()
        # napari keeps the number of the displayed image, which may be larger than that of the last average.
        self._show_image(0)
        self.progress.value = 1000
        converged = "converged" if update.converged else "not converged"
        self._show_message(
            f"{len(update.sizes)} classes with {update.sizes[0]} to {update.sizes[-1]} images, the largest first; "
            f"{len(update.iterations)} iterations, {converged}, loss {update.loss:.5g}."
        )

    def _on_selected(self) -> None:
        """Show the class that was clicked on, and how many images are selected."""
        if self.result is None:
            return
        selected, sizes = self.class_list.selected, self.result.sizes
        images, n = int(sizes[selected].sum()), len(self.result.labels)
        self.selection.value = (
            f"{len(selected)} of {len(sizes)} classes selected: {images} of {n} images ({images / n:.0%})."
        )
        self.show_images.enabled = bool(selected)
        self.save_list.enabled = bool(selected) and self._listed is not None
        if selected and self.class_list.current in selected:
            self._show_image(self.class_list.current)

    def _show_image(self, number: int) -> None:
        self._viewer.dims.set_current_step(self._viewer.dims.ndim - 3, number)
        self._on_step()

    def _on_step(self, event: Any = None) -> None:
        """Show the class of the displayed image of the active layer, or the size of the displayed class."""
        layer, step = self._viewer.layers.selection.active, self._viewer.dims.current_step
        if layer is None or len(step) < 3:
            return
        known = kept(layer)
        number = step[-3]
        if number < len(known.get("classes", ())):
            self.of_image.value = f"{layer.name}: image {number + 1} is in class {known['classes'][number]}."
        elif number < len(known.get("sizes", ())):
            size, resolution = known["sizes"][number], known["resolutions"][number]
            self.of_image.value = f"{layer.name}: class {number + 1} has {size} images; resolution {resolution}."

    def _on_show_images(self) -> None:
        if self.result is None or self._stack is None:  # the button is disabled
            return
        selected = self.class_list.selected
        data, attributes, _ = stack_layer_data(self._stack)
        numbers = ", ".join(str(number + 1) for number in selected[:_LISTED]) + (", …" if selected[_LISTED:] else "")
        name = f"{self._stack.name}, class{'' if len(selected) == 1 else 'es'} {numbers}"
        chosen = isin(self.result.labels, selected)
        known = {KEY: {"classes": self.result.labels[chosen] + 1}}
        self._viewer.add_image(data[chosen], **attributes | {"name": name, "metadata": known})
        self._on_step()

    def _on_save_list(self) -> None:
        if self.result is None or self._listed is None:  # the button is disabled
            return
        particles = self.result.annotate(self._listed).particles
        kind = particles.extension
        path = file_to_save(self.native, "Save the list", f"selected{kind}", f"Particle list (*{kind})")
        if not path:
            return
        chosen = isin(self.result.labels, self.class_list.selected)
        try:
            path = with_extension(path, kind)
            particles.selected(chosen).write(path, overwrite=True)
        except (InputError, FileExistsError) as error:
            self._show_message(spelled(error) if isinstance(error, InputError) else str(error))
            return
        self._show_message(f"Written: {path}, {chosen.sum()} of {len(chosen)} particles.")

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
        for event in self._events:
            event.disconnect(self._on_step)
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
