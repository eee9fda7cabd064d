"""The panel's options that say how the search is done, in the words of the command."""

from Qt.QtWidgets import QCheckBox, QComboBox, QFormLayout, QSpinBox


class OptionRows:
    """Rows of options, folded away, whose first values are the command's defaults.

    Parameters
    ----------
    area : QWidget
        What they lie in; it has a layout already.
    """

    def __init__(self, area):
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setVerticalSpacing(4)
        area.layout().addLayout(form)
        self._search = _choice("global: from any pose", "local: near the present pose")
        self._loss = _choice("wemd: earth mover's distance", "l2: for noisy maps", "core: what two conformations share")
        self._size = _whole(32, 8, 128)
        self._evaluations = _whole(200, 1, 5000)
        self._seed = _whole(0, 0, 2**31 - 1)
        self._refine = QCheckBox("refine what the search found")
        self._refine.setChecked(True)
        for label, field in (
            ("Search", self._search),
            ("Score", self._loss),
            ("Voxels a side", self._size),
            ("Evaluations", self._evaluations),
            ("Random seed", self._seed),
            ("", self._refine),
        ):
            form.addRow(label, field)

    def words(self):
        """Return the words for what differs from the command's defaults."""
        words = []
        for name, field, default in (("search", self._search, "global"), ("loss", self._loss, "wemd")):
            value = field.currentText().partition(":")[0]
            words += [] if value == default else [f"{name} {value}"]
        for name, field, default in (
            ("size", self._size, 32),
            ("evaluations", self._evaluations, 200),
            ("seed", self._seed, 0),
        ):
            words += [] if field.value() == default else [f"{name} {field.value()}"]
        return words + ([] if self._refine.isChecked() else ["refine false"])


def _choice(*texts):
    box = QComboBox()
    box.addItems(texts)
    return box


def _whole(value, low, high):
    box = QSpinBox()
    box.setRange(low, high)
    box.setValue(value)
    return box
