"""The panel's options that say what of the two maps is to be aligned, in the words of the command."""

from Qt.QtWidgets import QCheckBox, QFormLayout, QLineEdit

from .syntax import wrong

NO_MASK = "no mask"


class PartRows:
    """Rows of options, folded away, whose first values are the command's defaults.

    Parameters
    ----------
    session : Session
        The session, whose maps can be masks.
    area : QWidget
        What they lie in; it has a layout already.
    """

    def __init__(self, session, area):
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setVerticalSpacing(4)
        area.layout().addLayout(form)
        self._partial = QCheckBox("look for the smaller one as a part of the larger one")
        self._mask, self._to_mask = _mask(session), _mask(session)
        self._level, self._to_level = _level(), _level()
        form.addRow("", self._partial)
        mask_tip = "A map that is 1 in what is to be aligned and 0 elsewhere, where it lies in the scene"
        level_tip = "Contour level for the fit, whatever level is displayed"
        for label, field, tip in (
            ("Mask, moving", self._mask, mask_tip),
            ("Mask, reference", self._to_mask, mask_tip),
            ("Level, moving", self._level, level_tip),
            ("Level, reference", self._to_level, level_tip),
        ):
            field.setToolTip(tip)
            form.addRow(label, field)

    def words(self):
        """Return the words for what differs from the command's defaults."""
        words = ["partial true"] if self._partial.isChecked() else []
        for name, field in (("mask", self._mask), ("toMask", self._to_mask)):
            mask = field.value
            words += [] if mask is None or mask.deleted else [f"{name} {mask.atomspec}"]
        for name, field in (("level", self._level), ("toLevel", self._to_level)):
            text = field.text().strip()
            words += [] if text in ("", "auto") else [f"{name} {_number(name, text)}"]
        return words


def _mask(session):
    """Return a menu of the maps that are open, with none of them chosen."""
    from chimerax.map import Volume
    from chimerax.ui.widgets import ModelMenuButton

    return ModelMenuButton(
        session,
        class_filter=Volume,
        autoselect=ModelMenuButton.AUTOSELECT_NONE,
        no_value_button_text=NO_MASK,
        no_value_menu_text=NO_MASK,
    )


def _level():
    line = QLineEdit()
    line.setPlaceholderText("auto")
    return line


def _number(name, text):
    """Return a level as the command takes it; an error names the row, not a word of a command nobody typed."""
    try:
        return f"{float(text):g}"
    except ValueError:
        raise wrong(f"{name}: got {text!r}, expected a number or auto", f"botalign #2 to #1 {name} 0.02") from None
