"""What the last alignment or assembly did, in one line, as long as it can be undone and redone."""

UNDONE = "Undone: what was moved is back in its previous pose"


class LastResult:
    """The line, and whether what it reports is undone.

    Parameters
    ----------
    undo : Undo
        Steps of the session that can be undone and redone.
    """

    def __init__(self, undo):
        self._undo = undo
        self._moves, self._undone, self._line = None, False, ""

    def clear(self):
        """Forget it, because another one begins."""
        self._moves = None

    def set(self, moves, line):
        """Remember a result: the step in which models were moved, or None, and the line that reports it."""
        # It may be undone already, by the command that follows in the same line.
        self._moves, self._undone, self._line = moves, False, line

    def change(self):
        """Return the line to show if it was undone or redone since: by the button, the menu or a command."""
        if self._moves not in [*self._undo.undo_stack, *self._undo.redo_stack]:
            return None
        undone = self._moves in self._undo.redo_stack
        if undone == self._undone:
            return None
        self._undone = undone
        return UNDONE if undone else self._line
