"""Rows of options in the panel, derived from their declarations."""

from functools import partial

from Qt.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox

from .options import DECLARED, is_mask, typed, words
from .pages import row_of
from .syntax import usage_error

#: Labels that are not the name of the option. The label of a check box is its help, up to a semicolon.
LABELS = {
    "local_degrees": "Search",
    "partial": "Part in a whole",
    "size": "Box size",
    "seed": "Random seed",
    "mask_moving": "Mask (moving)",
    "mask_fixed": "Mask (fixed)",
    "contour_level_moving": "Contour level (moving)",
    "contour_level_fixed": "Contour level (fixed)",
}
#: Explanations of the words of an option; of a certain one, where options share a word.
EXPLANATIONS = {
    "check": "report which hand fits",
    "auto": "use the hand that fits",
    "keep": "do not test the mirror image",
    "global": "from any pose",
    "local": "near the current pose",
    "wemd": "earth mover's distance",
    "l2": "for noisy maps",
    "core": "for two conformations",
    ("partial", "auto"): "decided from the volumes",
    ("partial", "true"): "search for a part",
    ("partial", "false"): "align whole molecules",
}
NO_MASK = "no mask"
#: Bounds of Qt's fields where the declaration has none, or wider ones.
LARGEST = 2**31 - 1


class OptionRows:
    """Rows of options in a form. At first they have the command's defaults.

    Parameters
    ----------
    session : Session
        Session whose maps can be masks.
    form : QFormLayout
        Layout that the rows are added to.
    names : sequence of str
        Options to show.

    Attributes
    ----------
    fields : dict of QWidget
        Field of each option.
    degrees : QDoubleSpinBox
        Largest angle of a local search, if that option is shown.
    """

    def __init__(self, session, form, names):
        self.fields, self._words = {}, {}
        for name in names:
            self.fields[name], self._words[name] = _field(session, name)
            self.fields[name].setToolTip(f"{DECLARED[name].option.help} (keyword {typed(name)})")
            row = self._local_row(name) if name == "local_degrees" else self.fields[name]
            form.addRow("" if isinstance(row, QCheckBox) else _label(name), row)

    def _local_row(self, name):
        """Return a row with the choice of a local search and its largest angle, which is shown for it only."""
        choice, option = self.fields[name], DECLARED[name].option
        default = words(name)["local"]
        self.degrees = degrees = QDoubleSpinBox()
        degrees.setRange(1.0, option.high)
        degrees.setDecimals(1)
        degrees.setValue(default)
        degrees.setPrefix("within ")
        degrees.setSuffix("°")
        degrees.setToolTip(choice.toolTip())
        degrees.setVisible(False)
        choice.currentIndexChanged.connect(lambda *_: degrees.setVisible(choice.currentData() == "local"))
        self._words[name] = lambda: {
            "global": "",
            "local": "local" if degrees.value() == default else f"{degrees.value():g}",
        }[choice.currentData()]
        return row_of(choice, degrees)

    def enable(self, names):
        """Enable only some of the options; the others have no effect."""
        for name, field in self.fields.items():
            field.setEnabled(name in names)
            if name == "local_degrees":
                self.degrees.setEnabled(name in names)

    def words(self):
        """Return the words of the command for the enabled options that do not have their default."""
        found = {name: word() for name, word in self._words.items() if self.fields[name].isEnabled()}
        return [f"{typed(name)} {word}" for name, word in found.items() if word]


def _label(name):
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def _field(session, name):
    """Return a field, and a function that returns its value as a word, or an empty text for the default."""
    declared = DECLARED[name]
    if is_mask(name):
        menu = _map_menu(session)
        return menu, lambda: "" if menu.value is None or menu.value.deleted else menu.value.atomspec
    if declared.type is bool and not declared.optional:
        box = QCheckBox(declared.option.help.partition(";")[0])
        box.setChecked(declared.default)
        return box, lambda: "" if box.isChecked() == declared.default else str(box.isChecked()).lower()
    if declared.optional and declared.type is not bool and "auto" in words(name):
        line = QLineEdit()
        line.setPlaceholderText("auto")
        return line, partial(_number, line, declared)
    if words(name):
        return _choice(name, words(name), declared.default)
    return _number_field(declared)


def _map_menu(session):
    """Return a menu of the open maps with none of them chosen."""
    from chimerax.map import Volume
    from chimerax.ui.widgets import ModelMenuButton

    return ModelMenuButton(
        session,
        class_filter=Volume,
        autoselect=ModelMenuButton.AUTOSELECT_NONE,
        no_value_button_text=NO_MASK,
        no_value_menu_text=NO_MASK,
    )


def _choice(name, meanings, default):
    box = QComboBox()
    for word, meaning in meanings.items():
        explanation = EXPLANATIONS.get((name, word)) or EXPLANATIONS.get(word)
        box.addItem(f"{word}: {explanation}" if explanation else word, word)
        if meaning == default:
            box.setCurrentIndex(box.count() - 1)
    return box, lambda: "" if meanings[box.currentData()] == default else box.currentData()


def _number_field(declared):
    option = declared.option
    box = QSpinBox() if declared.type is int else QDoubleSpinBox()
    low = option.low if option.low is not None else option.above
    box.setRange(-LARGEST if low is None else low, LARGEST if option.high is None else min(option.high, LARGEST))
    box.setValue(declared.default)
    box.setSuffix(f" {option.unit}".replace(" A", " Å").rstrip())
    return box, lambda: "" if box.value() == declared.default else f"{box.value():.10g}"


def _number(line, declared):
    """Return a typed number as a word. The error names the keyword, as the tooltip does."""
    text = line.text().strip()
    if text in ("", "auto"):
        return ""
    try:
        return f"{float(text):g}"
    except ValueError:
        keyword = typed(declared.name)
        raise usage_error(
            f"{keyword}: got {text!r}, expected {declared.expected} or auto", f"botalign #2 to #1 {keyword} 0.02"
        ) from None
