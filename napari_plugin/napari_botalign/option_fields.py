"""Fields of options, derived from their declarations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from magicgui.widgets import CheckBox, ComboBox, FloatSpinBox, LineEdit, SpinBox

from botalign import DensityMap, declarations
from napari_botalign.contradictions import any_map, overruled, unavailable
from napari_botalign.layer_choices import ObjectBox
from napari_botalign.layout import narrow
from napari_botalign.option_labels import EMPTY, choice_text, label

#: Bounds of Qt's fields where the declaration has none, or wider ones.
_LARGEST = 2**31 - 1


class OptionFields:
    """A field for each option that a class declares. An empty field has the value None.

    Parameters
    ----------
    kind : type
        Class that declares the options.
    omit : iterable of str
        Options without a field.
    layers : callable, optional
        Returns the layers for options that are maps.

    Attributes
    ----------
    widgets : dict
        Field of each option, which is its name too.
    unused : dict
        Options that something else in the form replaces, with the reason. They have their defaults.
    """

    def __init__(self, kind: type, *, omit: Iterable[str], layers: Callable[[Any], list[Any]] = lambda _: []) -> None:
        self._kind = kind
        self._declared = {name: each for name, each in declarations(kind).items() if name not in set(omit)}
        self.widgets: dict[str, Any] = {name: _field(each, layers) for name, each in self._declared.items()}
        self.unused: dict[str, str] = {}
        self._tooltips = {name: widget.tooltip for name, widget in self.widgets.items()}
        for widget in self.widgets.values():
            if None in getattr(widget, "choices", ()):  # magicgui emits no signal when None is chosen
                widget.native.currentIndexChanged.connect(lambda _: self.grey_out())
            else:
                widget.changed.connect(lambda _: self.grey_out())

    def values(self) -> dict[str, Any]:
        """Return the value of each option; of one that is greyed out, the default.

        Text that is not a number is left for ``botalign`` to refuse.
        """
        values = self._values()
        lost = overruled(self._kind, self._tested(values)) | self.unused
        return {name: self._declared[name].default if name in lost else each for name, each in values.items()}

    def grey_out(self) -> None:
        """Grey out the fields, and the choices of a field, that would have no effect beside the others.

        Their tooltips give the reason.
        """
        tested = self._tested(self._values())
        lost = overruled(self._kind, tested)
        refused = unavailable(self._kind, tested, lost)
        lost |= self.unused
        for name, widget in self.widgets.items():
            declared, reasons = self._declared[name], refused.get(name, {})
            others = [choice for choice in getattr(widget, "choices", ()) if choice != declared.default]
            if declared.type is DensityMap or not others:
                usable = not reasons
            else:
                usable = len(reasons) < len(others)
                for number, choice in enumerate(widget.choices):
                    widget.native.model().item(number).setEnabled(choice not in reasons)
            widget.enabled = usable and name not in lost
            reason = lost.get(name) or next(iter(reasons.values()), "")
            widget.tooltip = self._tooltips[name] if widget.enabled else reason

    def _values(self) -> dict[str, Any]:
        return {name: _value(self._declared[name], widget.value) for name, widget in self.widgets.items()}

    def _tested(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return values with a small map in place of each layer."""
        chosen = {name for name, each in self._declared.items() if each.type is DensityMap and values[name] is not None}
        return {name: any_map() if name in chosen else value for name, value in values.items()}

    def maps(self) -> dict[str, Any]:
        """Return the value of each option that is a map; of one that is greyed out, None."""
        values = self.values()
        return {name: values[name] for name, each in self._declared.items() if each.type is DensityMap}

    def without(self, names: Iterable[str]) -> list[Any]:
        """Return the fields of all other options."""
        return [widget for name, widget in self.widgets.items() if name not in set(names)]


def _field(declared: Any, layers: Callable[[Any], list[Any]]) -> Any:
    name, option = declared.name, declared.option
    unit = f" ({'Å' if option.unit == 'A' else option.unit})" if option.unit else ""
    keywords: dict[str, Any] = {"name": name, "label": label(name) + unit, "tooltip": option.help}
    if declared.type is DensityMap:
        return ObjectBox(choices=layers, nullable=True, value=None, **keywords)
    if option.choices or (declared.type is bool and declared.optional):
        values = ([None] if declared.optional else []) + list(option.choices or (True, False))
        choices = [(choice_text(name, each), each) for each in values]
        return narrow(ComboBox(choices=choices, value=declared.default, **keywords))
    if declared.type is bool:
        return CheckBox(text=label(name), value=declared.default, name=name, tooltip=option.help)
    if declared.type in (int, float) and not declared.optional:
        low = option.above if option.low is None else option.low
        keywords["min"] = -_LARGEST if low is None else low
        keywords["max"] = _LARGEST if option.high is None else min(option.high, _LARGEST)
        return (SpinBox if declared.type is int else FloatSpinBox)(value=declared.default, **keywords)
    line = LineEdit(value=declared.default or "", **keywords)
    line.native.setPlaceholderText(EMPTY.get(name, ""))
    if declared.type in (int, float):
        line.tooltip = f"{option.help} ({declared.expected})"
    return line


def _value(declared: Any, value: Any) -> Any:
    if not isinstance(value, str) or declared.type not in (int, float):
        return value
    try:
        return declared.type(value) if value.strip() else None
    except ValueError:
        return value
