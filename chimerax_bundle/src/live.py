"""How the chosen models fit in their current poses, updated while the user moves them."""

import time

from chimerax.atomic import get_triggers
from chimerax.core.models import MODEL_POSITION_CHANGED
from chimerax.map import Volume

from .inputs import AtomsInput, MapInput
from .measure import MapPoints, atoms_in_map

#: Changes of atoms and structures after which atoms may be elsewhere.
COORDINATES = {"coord changed", "active_coordset changed"}
#: The time between two updates is this many times the time that one takes, so that moving a large map stays smooth.
PAUSE = 4.0


class LiveFit:
    """What Fit in Map would show, as text: of two maps the correlation, of atoms the values of the map at them.

    Parameters
    ----------
    session : Session
        The session.
    show : callable
        Function that is given the text, empty if there is nothing to compare.
    """

    def __init__(self, session, show):
        self._show = show
        self._state = None
        self._moved = False
        self._due = 0.0
        self._handlers = [
            session.triggers.add_handler(MODEL_POSITION_CHANGED, self._note),
            get_triggers().add_handler("changes", self._note_atoms),
        ]

    def close(self):
        """Stop."""
        for handler in self._handlers:
            handler.remove()

    def _note(self, *_):
        self._moved = True

    def _note_atoms(self, _, changes):
        """Note atoms that were moved within their model, and other frames of a trajectory."""
        if COORDINATES.intersection([*changes.atom_reasons(), *changes.structure_reasons()]):
            self._moved = True

    def update(self, moving, fixed, *, selected=False):
        """Compute and show the values if something changed, not too often.

        Parameters
        ----------
        moving, fixed : Model or None
            What is compared: at least one map.
        selected : bool
            Whether only the selected atoms of the moving model are.
        """
        now = time.monotonic()
        if now < self._due:
            return
        state = [_displayed(moving), _displayed(fixed), moving, fixed, _selected(moving) if selected else None]
        if state != self._state or self._moved:
            self._state, self._moved = state, False
            self._show(fit_text(moving, fixed, selected=selected))
            self._due = time.monotonic() + PAUSE * (time.monotonic() - now)

    def clear(self):
        """Show nothing, until the next update."""
        self._state = None
        self._show("")


def _displayed(model):
    """Return what the values depend on besides the positions."""
    return (model.minimum_surface_level, model.region) if isinstance(model, Volume) else None


def _selected(model):
    return None if model is None or isinstance(model, Volume) else model.atoms.num_selected


def fit_text(moving, fixed, *, selected=False):
    """Return how two models fit as text, empty if neither is a map; see :meth:`LiveFit.update`."""
    maps = [isinstance(model, Volume) for model in (moving, fixed)]
    if moving is None or fixed is None or not any(maps):
        return ""
    if all(maps):
        found = MapPoints(moving).correlation(fixed)
        if found is None:
            return "no grid point is above the level of the moving map"
        return f"correlation {found.correlation:.4f}, about mean {found.correlation_about_mean:.4f}"
    atoms = atoms_in_map(_input(moving, selected), _input(fixed, False))
    text = f"average map value {atoms.average:.4g}"
    if atoms.fraction_inside is None:
        return f"{text} at {atoms.count} atoms"
    return f"{text}, {100 * atoms.fraction_inside:.1f}% of the atoms inside the contour"


def _input(model, selected):
    if isinstance(model, Volume):
        return MapInput(model)
    atoms = model.atoms[model.atoms.selecteds] if selected and model.atoms.num_selected else model.atoms
    return AtomsInput(model, atoms, None)
