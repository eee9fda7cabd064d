"""Copies of what was aligned, placed in the scene, as one step that can be undone."""

from chimerax.core.models import Model
from chimerax.core.undo import UndoAction

from .maps import mirror
from .moves import NAME, current


class Copies(UndoAction):
    """Copies at new scene positions, in the same order.

    Parameters
    ----------
    session : Session
        The session.
    model : Model
        What is copied: a map, a structure or a group of structures.
    places : list of (str, Place)
        Name and scene position of each copy. If a position mirrors, the mirror image of the model, a map, is copied.
    group : str, optional
        Name of a new group that the copies are in; by default they are in none.

    Attributes
    ----------
    models : list of Model
        The copies, while they are open.
    """

    def __init__(self, session, model, places, group=None):
        super().__init__(NAME)
        self.models = []
        self._session = session
        self._source = model
        self._places = places
        self._group_name = group
        self._group = None

    def redo(self):
        """Make the copies."""
        self._source = current(self._source)
        if self._source.deleted:
            return
        if self._group_name is not None and self._places:
            self._group = Model(self._group_name, self._session)
            self._session.models.add([self._group])
        for name, position in self._places:
            copy = self._copied(position.determinant() < 0)
            copy.name = name
            if copy.id is None or self._group is not None:
                self._session.models.add([copy], parent=self._group)
            copy.scene_position = position * mirror(self._source) if position.determinant() < 0 else position
            self.models.append(copy)

    def undo(self):
        """Close them."""
        opened = self.models if self._group is None else [*self.models, self._group]
        self._session.models.close([model for model in opened if not model.deleted])
        self.models, self._group = [], None

    def _copied(self, mirrored):
        if mirrored:
            from chimerax.map_filter.vopcommand import volume_flip

            displayed = self._source.display
            copy = volume_flip(self._session, [self._source])
            self._source.display = displayed
            return copy
        return copy_of(self._source)


def copy_of(model):
    """Return a copy of a map, a structure, or a group of structures."""
    if hasattr(model, "copy"):
        return model.copy()
    group = Model(model.name, model.session)
    for child in model.child_models():
        inside = copy_of(child)
        inside.position = child.position
        group.add([inside])
    return group
