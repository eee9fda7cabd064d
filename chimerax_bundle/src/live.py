"""The correlation of the chosen maps in their current poses, updated while the user moves them."""

import time

from chimerax.core.models import MODEL_POSITION_CHANGED
from chimerax.map import Volume

from .measure import correlation_of

#: The time between two updates is this many times the time that one takes, so that moving a large map stays smooth.
PAUSE = 4.0


class LiveScore:
    """The correlation that Fit in Map would show, as text.

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

    def update(self, moving, fixed):
        """Compute and show the correlation if something changed, not too often.

        Parameters
        ----------
        moving, fixed : Model or None
            What is compared: two maps, otherwise nothing is shown.
        """
        now = time.monotonic()
        if now < self._due:
            return
        pair = (moving, fixed) if isinstance(moving, Volume) and isinstance(fixed, Volume) else None
        state = pair and (*pair, moving.minimum_surface_level, moving.region, fixed.region)
        if state == self._state and not self._moved:
            return
        self._state, self._moved = state, False
        self._show(_text(*pair) if pair else "")
        self._due = time.monotonic() + PAUSE * (time.monotonic() - now)


def _text(moving, fixed):
    found = correlation_of(moving, fixed)
    if found is None:
        return "no grid point above the level"
    return f"{found.correlation:.4f}, about mean {found.correlation_about_mean:.4f}"
