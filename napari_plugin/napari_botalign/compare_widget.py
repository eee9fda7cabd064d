"""The dock widget that compares two layers as displayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import CheckBox, Container, PushButton

from botalign import Comparison, DensityMap, InputError, ShellCurves, contour_level, difference, potential, score
from napari_botalign.background import LatestOnly, in_background
from napari_botalign.coordinates import Matrix
from napari_botalign.dialogs import file_to_save
from napari_botalign.layer_choices import ObjectBox, map_layers_first
from napari_botalign.layers import MapLayer, displayed_transform, map_layer
from napari_botalign.layout import even_labels, fill, row, wrapped_label
from napari_botalign.new_layer import add_like
from napari_botalign.option_labels import spelled
from napari_botalign.plots import ShellPlot
from napari_botalign.summary import comparison_table
from napari_botalign.voxel_size import ask_voxel_sizes, unit_note
from napari_botalign.writing import with_extension

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Layer

_CURVES = "Fourier shell correlation (*.csv *.xml *.star)"


class CompareWidget(Container[Any]):
    """Compares two maps as displayed, and makes layers of their difference and their potential.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        self._viewer = napari_viewer
        self._notes: list[str] = []
        self.first = ObjectBox(label="first", choices=self._choices, tooltip="The map whose grid is used.")
        self.second = ObjectBox(
            label="second", choices=self._choices, tooltip="The map whose contour selects the voxels to compare."
        )
        self.compare = PushButton(text="Compare")
        self.difference = PushButton(
            text="Difference map", tooltip="A new layer: the first map minus the second, scaled to it."
        )
        self.potential = PushButton(
            text="Potential",
            tooltip="A new layer: the mass of the second map would move from low to high values to make it the first.",
        )
        self.save = PushButton(
            text="Save curves…",
            tooltip="Write the Fourier shell correlation: .csv, .xml for EMDB, or .star as RELION's postprocess.star.",
            visible=False,
        )
        self.follow = CheckBox(
            text="update when a layer moves",
            value=True,
            tooltip="Compare again while one of the layers is moved, for example with napari's transform tool.",
        )
        self._compared: tuple[Layer, ...] = ()
        self._curves: ShellCurves | None = None
        self._updates = LatestOnly(self, self._begin_update)
        self.status, self.summary = wrapped_label(lines=2), wrapped_label(rich=True)
        self.plot = ShellPlot(napari_viewer)
        self._layers: Container[Any] = Container(widgets=[self.first, self.second], labels=True)
        self._layers.margins = (0, 0, 0, 0)
        even_labels(self._layers)
        self._buttons = row(self.compare, self.difference, self.potential)
        super().__init__(labels=False)
        shown = [self.status, self.plot.canvas, self.summary, self.save]
        fill(self, [self._layers, self._buttons, self.follow, *shown])
        self.plot.canvas.hide()
        self.compare.changed.connect(self._on_compare)
        self.difference.changed.connect(self._on_difference)
        self.potential.changed.connect(self._on_potential)
        self.save.changed.connect(self._on_save)
        self._choose_second()
        self._watch()

    def reset_choices(self, *args: object) -> None:
        """Update the offered layers."""
        self._layers.reset_choices()
        self._choose_second()
        self._watch()

    def _watch(self) -> None:
        """Notice when a layer moves."""
        for layer in self._viewer.layers:
            layer.events.affine.connect(self._on_moved)

    def _on_compare(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self._busy("Comparing…")
            in_background(self, *self._comparison(*chosen))

    def _comparison(self, first: MapLayer, second: MapLayer, transform: Matrix) -> tuple[Any, Any, Any]:
        """Return the work that compares two maps, what receives the result, and what receives an error."""

        def done(comparison: Comparison) -> None:
            self._compared = (first.layer, second.layer)
            self._curves = comparison.curves
            self.save.visible = True
            self.plot.show(comparison.curves)
            self.plot.canvas.show()
            self.summary.value = comparison_table(comparison)
            self._ready(f"{second.name} compared with {first.name}, as displayed.")

        return lambda: score(first.density(), second.density(), transform=transform), done, self._ready

    def _on_moved(self, event: Any) -> None:
        """Compare the layers again if one of those that were compared moves."""
        shown = (self.first.value, self.second.value) == self._compared
        if self.follow.value and shown and event.source in self._compared:
            self._updates.request()

    def _begin_update(self) -> Any:
        try:
            first, second = self._map(self.first.value, "first"), self._map(self.second.value, "second")
            return self._comparison(first, second, displayed_transform(first, second))
        except InputError as error:  # a layer was scaled or deleted
            self.status.value = spelled(error)
            return None

    def _on_difference(self) -> None:
        chosen = self._chosen()
        if chosen is None:
            return
        first, second, transform = chosen
        pose = first.pose()

        def subtracted() -> tuple[DensityMap, float]:
            density = first.density()
            return difference(density, second.density(), transform=transform), contour_level(density)

        def done(outcome: tuple[DensityMap, float]) -> None:
            density, level = outcome  # a difference has no contour level, but the units of the first map
            name = f"{first.name} - {second.name}"
            looks = {
                "colormap": "green",
                "blending": "additive",
                "iso_threshold": level / 2,
                "contrast_limits": (level / 4, 2 * level),  # lower differences are noise
            }
            add_like(self._viewer, density, name, fixed=first, pose=pose, **looks)
            self._ready(f"New layer: {name}, drawn at half the contour level of {first.name}.")

        self._busy("Subtracting…")
        in_background(self, subtracted, done, self._ready)

    def _on_potential(self) -> None:
        chosen = self._chosen()
        if chosen is None:
            return
        first, second, transform = chosen
        pose = first.pose()

        def done(density: DensityMap) -> None:
            name = f"potential of {second.name} on {first.name}"
            limit = float(abs(density.data).max()) or 1.0
            looks = {
                "colormap": "coolwarm",  # its middle is neutral; another gamma would colour zero
                "gamma": 1.0,
                "contrast_limits": (-limit, limit),
                "rendering": "average",
            }
            add_like(self._viewer, density, name, fixed=first, pose=pose, **looks)
            self._ready(f"New layer: {name}; red where {second.name} has too little mass, blue where it has too much.")

        self._busy("Computing the potential…")
        in_background(
            self, lambda: potential(first.density(), second.density(), transform=transform), done, self._ready
        )

    def _on_save(self) -> None:
        path = file_to_save(self.native, "Save the curves", "fsc.csv", _CURVES)
        if not path or self._curves is None:
            return
        try:
            path = with_extension(path, ".csv")
            self._curves.write(path, overwrite=True)  # the dialog has asked the user
        except (InputError, FileExistsError) as error:
            self.status.value = spelled(error)
            return
        self.status.value = f"Written: {path}."

    def _chosen(self) -> tuple[MapLayer, MapLayer, Matrix] | None:
        """Return both maps and the displayed transform between them; show the error and return None if there is one."""
        try:
            first, second = self._map(self.first.value, "first"), self._map(self.second.value, "second")
            if first.layer == second.layer:
                raise InputError(f"{first.name} is chosen twice; choose another layer for one of them.")
            if ask_voxel_sizes(self.native, (first, second)):
                first, second = self._map(first.layer, "first"), self._map(second.layer, "second")
                self._viewer.reset_view()
            self._notes = unit_note((first, second))
            return first, second, displayed_transform(first, second)
        except InputError as error:
            self.status.value = spelled(error)
            return None

    def _map(self, layer: Layer | None, role: str) -> MapLayer:
        return map_layer(layer, role, point=self._viewer.dims.point)

    def _busy(self, text: str) -> None:
        self.status.value = text
        for button in (self.compare, self.difference, self.potential):
            button.enabled = False

    def _ready(self, text: str) -> None:
        self.status.value = "\n".join([text, *self._notes])
        for button in (self.compare, self.difference, self.potential):
            button.enabled = True

    def _choices(self, widget: object) -> list[object]:
        return list(map_layers_first(self._viewer))

    def _choose_second(self) -> None:
        """Choose another map than the first."""
        others = [layer for layer in map_layers_first(self._viewer, only=True) if layer != self.first.value]
        if self.second.value == self.first.value and others:
            self.second.value = others[0]
