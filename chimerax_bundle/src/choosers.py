"""The rows of the panel that choose what is aligned: the moving models, the reference, the resolution."""

from chimerax.atomic import Structure
from chimerax.map import Volume
from chimerax.ui.widgets import ModelListWidget, ModelMenuButton
from Qt.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QSizePolicy

from .maps import usual_resolution
from .syntax import concise
from .together_row import TogetherRow

#: Entries of the menu besides the models.
SELECTION, SEVERAL = "the selection (atoms, models)", "several models"
KINDS = (Volume, Structure)
#: Width of a menu in pixels that is enough for a short name; a longer one is cut where there is no room.
LEAST_WIDTH = 110


class Choosers:
    """Menus of the moving model and the reference. Until the user chooses, structures are fitted into maps.

    Parameters
    ----------
    session : Session
        The session.
    form : QFormLayout
        Layout that the rows are added to.

    Attributes
    ----------
    moving, fixed : ModelMenuButton
        The menus.
    several : ModelListWidget
        List from which several moving models are chosen.
    placed : TogetherRow
        Whether several models are aligned separately or placed together, as parts of a complex.
    resolution : QDoubleSpinBox
        Resolution of the simulated maps of atomic models.
    """

    def __init__(self, session, form):
        self._session, self._form = session, form
        self._previous = (None, None)
        self._suggested = None
        self._updating = False
        self.moving = ModelMenuButton(
            session, class_filter=KINDS, autoselect=None, special_items=[SELECTION, SEVERAL],
            no_value_button_text="open a map or an atomic model",
        )  # fmt: skip
        self.several = ModelListWidget(session, class_filter=KINDS, autoselect=None, filter_func=self._is_not_fixed)
        self.several.setMaximumHeight(64)
        self.fixed = ModelMenuButton(
            session, class_filter=KINDS, autoselect=None, no_value_button_text="open a map or an atomic model"
        )
        self.resolution = QDoubleSpinBox()
        self.resolution.setRange(1.0, 100.0)
        self.resolution.setValue(8.0)
        self.resolution.setSuffix(" Å")
        self.resolution.setToolTip(
            "Resolution of the map that is simulated from an atomic model (keyword resolution); initially three times "
            "the voxel size of the map"
        )
        self.moving.setToolTip(
            "What is moved: a map, an atomic model, the selection, or several models, each separately"
        )
        self.fixed.setToolTip("The reference, which stays: a map or an atomic model")
        # By this signal, not by the timer: until then the other menu may change too.
        for menu in (self.moving, self.fixed):
            menu.value_changed.connect(self.update)
        row = QHBoxLayout()
        for menu in (self.moving, self.fixed):
            menu.setMinimumWidth(LEAST_WIDTH)
            menu.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row.addWidget(self.moving)
        row.addWidget(QLabel(" to "))
        row.addWidget(self.fixed)
        row.addStretch(1)
        form.addRow("Align", row)
        form.addRow("", self.several)
        self.placed = TogetherRow(form)
        form.addRow("Resolution", self.resolution)

    @property
    def selects(self):
        """Whether the selection is what moves."""
        return self.moving.value == SELECTION

    @property
    def together(self):
        """Whether several models are placed together."""
        return self.placed.together

    def chosen(self):
        """Return the moving models and the reference; a closed one is None, and a selection all selected models."""
        value, fixed = _open(self.moving.value), _open(self.fixed.value)
        if self.selects:
            moving = [m for m in self._session.selection.models() if isinstance(m, KINDS) and m is not fixed]
        elif value == SEVERAL:
            moving = [m for m in self.several.value or () if m is not fixed]
        else:
            moving = [value] if value is not None and value is not fixed else []
        return moving, fixed

    def command(self, name="botalign"):
        """Return the command without its options, or None if there is nothing to align.

        Raises
        ------
        UserError
            If the numbers of copies are not numbers.
        """
        moving, fixed = self.chosen()
        if not moving or fixed is None:
            return None
        spec = "sel" if self.selects else concise(moving)
        atomic = any(isinstance(model, Structure) for model in [*moving, fixed])
        words = [f"{spec} to {fixed.atomspec}"] + ([f"resolution {self.resolution.value():g}"] if atomic else [])
        if name == "botalign" and self.together:
            return " ".join(["botalign assemble", *words, *self.placed.words()])
        return " ".join([name, *words])

    def update(self):
        """Choose what is not chosen, keep the two menus distinct, and show the rows that are needed."""
        if not self._updating:  # it changes the menus, which call it
            self._updating = True
            try:
                self._update()
            finally:
                self._updating = False

    def _update(self):
        self._choose()
        self._keep_distinct()
        moving, fixed = self.chosen()
        self._form.setRowVisible(self.several, self.moving.value == SEVERAL)
        self.placed.update(several=self.moving.value == SEVERAL or len(moving) > 1, in_map=isinstance(fixed, Volume))
        self._form.setRowVisible(self.resolution, any(isinstance(m, Structure) for m in [*moving, fixed]))
        if fixed is not self._previous[1]:
            self.several.refresh()
        self._previous = _open(self.moving.value), fixed
        self._suggest(next((m for m in [fixed, *moving] if isinstance(m, Volume)), None))

    def _choose(self):
        """Choose the first displayed map as the reference, and the last model as the moving one, structures first."""
        if _open(self.fixed.value) is None:
            maps = [m for m in self.fixed.all_values if isinstance(m, Volume)]
            others = self.fixed.all_values if len(self.fixed.all_values) > 1 else []
            self.fixed.value = next((m for m in maps if m.display), (maps or others or [None])[0])
        if _open(self.moving.value) is None:
            others = [m for m in self.moving.all_values if m is not self.fixed.value]
            structures = [m for m in others if isinstance(m, Structure)]
            displayed = [m for m in structures or others if m.display]
            self.moving.value = (displayed or others or [None])[-1]

    def _keep_distinct(self):
        """If one model was chosen twice, choose another one in the other menu: the previous one, if there was one."""
        moving, fixed = _open(self.moving.value), _open(self.fixed.value)
        if moving is None or moving is not fixed:
            return
        was_moving, was_fixed = map(_open, self._previous)
        others = [m for m in self.moving.all_values if m is not fixed]
        if was_moving is moving and was_fixed in others:
            self.moving.value = was_fixed
        elif was_fixed is fixed and was_moving in others:
            self.fixed.value = was_moving
        else:
            self.moving.value = others[-1] if others else None

    def _suggest(self, volume):
        """Suggest a resolution for another map, unless the user has changed it."""
        if volume is None or self.resolution.value() != (self._suggested or 8.0):
            return
        self.resolution.setValue(round(usual_resolution(volume), 1))
        self._suggested = self.resolution.value()  # within the range of the field

    def _is_not_fixed(self, model):
        return model is not self.fixed.value


def _open(model):
    """Return a model, or None if it was closed."""
    return None if getattr(model, "deleted", False) else model
