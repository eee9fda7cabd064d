"""The dock widget for atomic models: the resolution of their maps, and saving where they are displayed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from magicgui.widgets import Container, FloatSpinBox, PushButton

from botalign import InputError, read_model
from napari_botalign.background import in_background
from napari_botalign.dialogs import file_to_save
from napari_botalign.kept import KEY, kept, model_path
from napari_botalign.layer_choices import ObjectBox
from napari_botalign.layout import even_labels, fill, row, wrapped_label
from napari_botalign.models import RESOLUTION, displayed_model, model_layer_data
from napari_botalign.option_labels import spelled
from napari_botalign.reading import LayerData

if TYPE_CHECKING:
    import napari.viewer

_FILES = "Atomic model (*.pdb *.cif *.ent *.mmcif *.pdb.gz *.cif.gz)"


class ModelWidget(Container[Any]):
    """Simulates the map of a model again at another resolution, in the same layer, and saves the moved model.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        self._viewer = napari_viewer
        self.model = ObjectBox(label="model", choices=self._choices, tooltip="A PDB or mmCIF file that was opened.")
        self.resolution = FloatSpinBox(
            label="resolution (Å)",
            value=RESOLUTION,
            min=1,
            max=100,
            step=0.5,
            tooltip="Resolution of the simulated map.",
        )
        self.simulate = PushButton(text="Simulate", tooltip="Replace the map in the layer.")
        self.save = PushButton(
            text="Save model…", tooltip="Save the atoms where the layer is displayed, in the coordinates of the world."
        )
        self.status = wrapped_label(lines=3)
        self._form: Container[Any] = Container(widgets=[self.model, self.resolution], labels=True)
        self._form.margins = (0, 0, 0, 0)
        even_labels(self._form)
        super().__init__(labels=False)
        fill(self, [self._form, row(self.simulate, self.save), self.status])
        self.model.changed.connect(self._on_model)
        self.simulate.changed.connect(self._on_simulate)
        self.save.changed.connect(self._on_save)
        self.reset_choices()

    def reset_choices(self, *args: Any) -> None:
        """Update the offered layers."""
        self._form.reset_choices(*args)
        self._on_model()

    def _choices(self, widget: object) -> list[Any]:
        return [layer for layer in self._viewer.layers if model_path(layer) is not None]

    def _on_model(self, *_: Any) -> None:
        """Show the resolution of the chosen layer."""
        layer = self.model.value
        self.simulate.enabled = self.save.enabled = layer is not None
        if layer is None:
            self.status.value = "Open an atomic model (.pdb, .cif) to change the resolution of its map."
            return
        self.resolution.value = kept(layer)["resolution"]
        self.status.value = f"{Path(str(model_path(layer))).name}"

    def _on_simulate(self) -> None:
        layer, resolution = self.model.value, self.resolution.value
        path = str(model_path(layer))
        self.simulate.enabled = False
        self.status.value = "Simulating…"

        def work() -> LayerData:
            return model_layer_data(read_model(path), resolution)

        def done(made: LayerData) -> None:
            data, options, _ = made
            layer.data = data
            layer.scale, layer.translate = options["scale"], options["translate"]
            layer.reset_contrast_limits_range("data")  # otherwise of the displayed slice
            layer.contrast_limits = options["contrast_limits"]
            layer.iso_threshold = options["iso_threshold"]
            layer.metadata[KEY]["resolution"] = resolution
            finish(f"{Path(path).name}: map at {resolution:g} Å.")

        def finish(text: str) -> None:
            self.simulate.enabled = True
            self.status.value = text

        in_background(self, work, done, finish)

    def _on_save(self) -> None:
        layer = self.model.value
        path = file_to_save(self.native, "Save the model", f"{layer.name}_moved.pdb", _FILES)
        if not path:
            return
        try:
            displayed_model(layer).write(path, overwrite=True)
        except InputError as error:
            self.status.value = spelled(error)
            return
        self.status.value = f"Saved {path}."
