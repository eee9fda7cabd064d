"""The form of an alignment: the layers and the options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import CheckBox, Container

from botalign import AlignmentOptions
from napari_botalign.folding import FoldedFields
from napari_botalign.layer_choices import map_layers_first
from napari_botalign.layer_fields import LayerFields
from napari_botalign.layers import MapLayer, displayed_level, displayed_transform, map_layer
from napari_botalign.layout import even_labels
from napari_botalign.option_fields import OptionFields
from napari_botalign.option_labels import label
from napari_botalign.work import Mask, Pair

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: Options without a field. The start is the displayed pose.
_OMITTED = ("start", "resolution", "copies", "half_maps_fixed", "half_maps_moving", "wavelet", "scales", "scale")
#: Options that are always visible.
_FIRST = ("hand", "loss")
_MASKS = ("mask_fixed", "mask_moving")
_LEVELS = ("contour_level_fixed", "contour_level_moving")


class AlignForm(Container[Any]):
    """Layers, hand and loss, and the other options of :func:`botalign.align`, which can be unfolded.

    Parameters
    ----------
    viewer : napari.Viewer
        Viewer whose layers are offered.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self.layers = LayerFields(viewer)
        self.fixed, self.moving = self.layers.fixed, self.layers.moving
        self.follow = CheckBox(
            text="moving layer follows the search",
            value=True,
            tooltip="Show the best pose during the search; not in 2-D, where napari does not show rotations.",
        )
        self.levels = CheckBox(
            text="contour levels as displayed",
            value=False,
            tooltip="Use the iso threshold of each layer that is drawn as a surface; for others, a level is suggested.",
        )
        self._options = OptionFields(AlignmentOptions, omit=_OMITTED, layers=lambda _: map_layers_first(viewer))
        self.hand, self.loss = (self._options.widgets[name] for name in _FIRST)
        first = Container[Any](widgets=[self.hand, self.loss], labels=True)
        others = self._options.without(_FIRST)
        others.insert([each.name for each in others].index(_LEVELS[0]), self.levels)
        folded = FoldedFields(others)
        self.more, self.unfold = folded.fields, folded.unfold
        self.levels.changed.connect(self._on_levels)
        first.margins = (0, 0, 0, 0)
        even_labels(self.layers, first)
        super().__init__(widgets=[self.layers, first, self.follow, folded], labels=False)
        self.margins = (0, 0, 0, 0)

    def pairs(self) -> tuple[MapLayer, list[Pair]]:
        """Return the fixed map, and the moving maps with their displayed poses, masks and contour levels.

        Raises
        ------
        InputError
            If a layer cannot be used or is missing.
        """
        fixed, moving = self.layers.maps()
        masks, options = self.masks(), self.alignment_options()

        def mask(name: str, of: MapLayer) -> Mask | None:
            return Mask(masks[name], displayed_transform(of, masks[name])) if name in masks else None

        def levels(one: MapLayer) -> tuple[float | None, float | None]:
            if self.levels.value:
                return displayed_level(fixed.layer), displayed_level(one.layer)
            return options.contour_level_fixed, options.contour_level_moving

        return fixed, [
            Pair(one, displayed_transform(fixed, one), (mask(_MASKS[0], fixed), mask(_MASKS[1], one)), levels(one))
            for one in moving
        ]

    def masks(self) -> dict[str, MapLayer]:
        """Return the chosen masks by the name of their option.

        Raises
        ------
        InputError
            If one of them cannot be used.
        """
        chosen = self._options.maps()
        return {name: map_layer(layer, label(name), mask=True) for name, layer in chosen.items() if layer is not None}

    def alignment_options(self) -> AlignmentOptions:
        """Return the options, without the masks.

        Raises
        ------
        InputError
            If an option cannot be used.
        """
        masks = self._options.maps()
        values = {name: value for name, value in self._options.values().items() if name not in masks}
        return AlignmentOptions(**values)

    def reset_choices(self, *args: Any) -> None:
        """Update the offered layers."""
        self.layers.reset_choices(*args)
        self.more.reset_choices(*args)

    def _on_levels(self, displayed: bool) -> None:
        self._options.unused = dict.fromkeys(_LEVELS, f"'{self.levels.text}' replaces it.") if displayed else {}
        self._options.grey_out()
