"""The dock widget that plots an embedding: a click on a point shows its map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from magicgui.types import FileDialogMode
from magicgui.widgets import ComboBox, Container, FileEdit, PushButton

from botalign import EmbeddingTable, InputError, read, read_embedding
from napari_botalign.background import in_background
from napari_botalign.dialogs import file_to_open
from napari_botalign.kept import kept
from napari_botalign.layout import even_labels, fill, narrow, row, wrapped_label
from napari_botalign.option_labels import spelled
from napari_botalign.reading import LayerData, map_layer_data
from napari_botalign.scatter import ScatterPlot

if TYPE_CHECKING:
    import napari.viewer

_FILES = "Embedding (*.csv *.tsv)"
_NONE = "(none)"


class EmbeddingWidget(Container[Any]):
    """A scatter plot of maps. The map of a clicked point is shown, always in the same layer.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        self._viewer = napari_viewer
        self.table: EmbeddingTable | None = None
        self.number: int | None = None
        self._wanted: int | None = None
        self._reading = False
        self._layer: Any = None
        self.open = PushButton(text="Open…", tooltip="The coordinates.csv of `botalign embed`, or another table.")
        self.back = PushButton(text="◂ previous", tooltip="The map before this one, in the order of the table.")
        self.on = PushButton(text="next ▸", tooltip="The map after this one, in the order of the table.")
        self.folder = FileEdit(
            label="folder of maps",
            mode=FileDialogMode.EXISTING_DIRECTORY,
            nullable=True,
            value=None,
            tooltip="Folder of the maps, if they were moved.",
        )
        self.x = narrow(ComboBox(label="x axis", choices=self._numbers))
        self.y = narrow(ComboBox(label="y axis", choices=self._numbers))
        self.colour = narrow(ComboBox(label="colour", choices=self._all))
        self.status = wrapped_label(lines=2)
        self.plot = ScatterPlot(napari_viewer, self.choose)
        self._fields: Container[Any] = Container(widgets=[self.x, self.y, self.colour, self.folder], labels=True)
        self._fields.margins = (0, 0, 0, 0)
        even_labels(self._fields)
        super().__init__(labels=False)
        buttons = row(self.open, self.back, self.on)
        fill(self, [buttons, self.plot.canvas, self.status, self._fields])
        self.open.changed.connect(self._on_open)
        self.back.changed.connect(lambda: self._step(-1))
        self.on.changed.connect(lambda: self._step(1))
        for choice in (self.x, self.y, self.colour):
            choice.changed.connect(self._draw)
        self.status.value = "Open the coordinates of maps, then click on a point."
        self.reset_choices()

    def reset_choices(self, *args: Any) -> None:
        """Plot the embedding that a layer belongs to, such as the sample, if none is open."""
        super().reset_choices(*args)
        if self.table is None:
            for layer in self._viewer.layers:
                known = kept(layer)
                if "embedding" in known:
                    self._layer = layer
                    self.load(known["embedding"])
                    return

    def load(self, path: str | Path) -> None:
        """Read an embedding and plot it."""
        try:
            self.table = read_embedding(path)
        except InputError as error:
            self.status.value = spelled(error)
            return
        self.number = self._wanted = None
        for choice in (self.x, self.y, self.colour):
            choice.changed.disconnect(self._draw)
            choice.reset_choices()
        numbers = self._numbers(None)
        self.x.value, self.y.value, self.colour.value = numbers[0], numbers[1], self._likely_colour()
        for choice in (self.x, self.y, self.colour):
            choice.changed.connect(self._draw)
        self._draw()
        self.status.value = f"{len(self.table.names)} maps. Click on a point to see its map."

    def choose(self, number: int) -> None:
        """Show a map, and mark its point."""
        self.number = number
        self.plot.mark(number)
        self._wanted = number
        if not self._reading:
            self._read()

    def _read(self) -> None:
        """Read the wanted map; one that is clicked on during the reading is read afterwards."""
        if self.table is None or self._wanted is None:
            return
        table, number, self._wanted = self.table, self._wanted, None
        folder = str(self.folder.value) if self.folder.value else None
        name = table.names[number]
        self.status.value = f"Reading {name}…"
        self._reading = True

        def work() -> LayerData:
            return map_layer_data(read(table.file(number, folder)))

        def done(data: LayerData) -> None:
            self._show(data)
            finish(f"{number + 1} of {len(table.names)}: {name}")

        def finish(text: str) -> None:
            self.status.value = text
            self._reading = False
            self._read()

        in_background(self, work, done, finish)

    def _show(self, data: LayerData) -> None:
        """Show a map in the layer for maps, whose colours stay."""
        values, options, _ = data
        if self._layer is None or self._layer not in self._viewer.layers:
            self._viewer.add_image(values, **options)
            self._layer = self._viewer.layers[-1]
            return
        self._layer.data = values
        self._layer.name = options["name"]
        self._layer.scale, self._layer.translate = options["scale"], options["translate"]

    def _step(self, by: int) -> None:
        if self.table is not None:
            count = len(self.table.names)
            self.choose(0 if self.number is None else (self.number + by) % count)

    def _draw(self) -> None:
        assert self.table is not None  # before, there is nothing to choose
        columns = self.table.columns
        values = None if self.colour.value in (None, _NONE) else columns[self.colour.value].tolist()
        labels = (self.x.value, self.y.value)
        self.plot.show(
            columns[labels[0]].tolist(), columns[labels[1]].tolist(), labels, values,
            names=self.table.names, title=self.colour.value,
        )  # fmt: skip
        if self.number is not None:
            self.plot.mark(self.number)

    def _numbers(self, widget: object) -> list[str]:
        columns = {} if self.table is None else self.table.columns
        return [name for name, values in columns.items() if values.dtype.kind == "f"]

    def _all(self, widget: object) -> list[str]:
        return [_NONE, *({} if self.table is None else self.table.columns)]

    def _likely_colour(self) -> str:
        """Return the first column that is not a coordinate, if there is one."""
        others = [name for name in self._all(None)[1:] if not name.startswith("coordinate_")]
        return others[0] if others else _NONE

    def _on_open(self) -> None:
        path = file_to_open(self.native, "Open an embedding", _FILES)
        if path:
            self.load(path)
