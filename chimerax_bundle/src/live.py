"""How the chosen models fit in their current poses, updated while the user moves them."""

import time

from chimerax.core.models import MODEL_POSITION_CHANGED
from chimerax.map import Volume

from .inputs import AtomsInput, MapInput
from .measure import atoms_in_map, correlation_of

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
        self._handler = session.triggers.add_handler(MODEL_POSITION_CHANGED, self._note)

    def close(self):
        """Stop."""
        self._handler.remove()

    def _note(self, *_):
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
        models = [] if moving is None or fixed is None else [moving, fixed]
        if not any(isinstance(model, Volume) for model in models):
            models = []
        chosen = selected and models and not isinstance(moving, Volume)
        count = moving.atoms.num_selected if chosen else None
        state = [count, *models, *(_displayed(model) for model in models)]
        if state == self._state and not self._moved:
            return
        self._state, self._moved = state, False
        self._show(_text(*models, selected=bool(count)) if models else "")
        self._due = time.monotonic() + PAUSE * (time.monotonic() - now)


def _displayed(model):
    """Return what the values depend on besides the positions."""
    return (model.minimum_surface_level, model.region) if isinstance(model, Volume) else None


def _text(moving, fixed, *, selected):
    if isinstance(moving, Volume) and isinstance(fixed, Volume):
        found = correlation_of(moving, fixed)
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
    return AtomsInput(model, model.atoms[model.atoms.selecteds] if selected else model.atoms, None)
