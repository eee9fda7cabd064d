"""Models or atoms moved in the scene, mirrored copies made where a position mirrors, as one step to undo."""

from chimerax.core.undo import UndoAction

from .follow import restore_all
from .maps import mirror

#: Name of the step in the undo menu.
NAME = "botalign"
#: Attribute of a mirrored copy that undo closed: the copy that redo made instead.
_SUCCESSOR = "_botalign_successor"


def current(model):
    """Return a model; instead of a mirrored copy that undo closed, the one that redo made."""
    while model.deleted and hasattr(model, _SUCCESSOR):
        model = getattr(model, _SUCCESSOR)
    return model


def do(session, action):
    """Do an action, and add it to those that can be undone; return it."""
    action.redo()
    session.undo.register(action)
    return action


class Moves(UndoAction):
    """New scene positions of models. An UndoState would not do, because mirrored copies are made and closed.

    Parameters
    ----------
    session : Session
        The session.
    positions : list of (Model, Place)
        New scene position of each model. Where a position mirrors, which that of a model cannot, the model must be a
        map: a mirrored copy is made and moved, and the map itself is hidden.
    atoms : list of (AtomsInput, ndarray), optional
        Atoms that move within their model, and their new positions in the scene.
    copies : list of Copies, optional
        Copies that are made in the same step, before the models move.
    """

    def __init__(self, session, positions, atoms=(), copies=()):
        super().__init__(NAME)
        self._session = session
        self._copies = copies
        # Parents first: their children move along, and are moved afterwards.
        positions = sorted(positions, key=lambda each: each[0].id)
        self._steps = [
            _MirroredCopy(session, model, position) if position.determinant() < 0 else _Move(model, position)
            for model, position in positions
        ] + [_AtomsMove(each, points) for each, points in atoms]

    def redo(self):
        """Place the copies, and move the models."""
        restore_all(self._session)
        for copies in self._copies:
            copies.redo()
        for step in self._steps:
            step.redo()

    def undo(self):
        """Move them back, and close the copies."""
        for step in reversed(self._steps):
            step.undo()
        for copies in self._copies:
            copies.undo()

    @property
    def models(self):
        """The moved models, copies instead of mirrored ones, by the model that was to be moved."""
        return {step.source: step.model for step in self._steps}


class _Move:
    """A model that is moved."""

    def __init__(self, model, position):
        self.source = model
        self._position = position
        self._before = self._after = None

    @property
    def model(self):
        return current(self.source)

    def redo(self):
        model = self.model
        if model.deleted:
            return
        if self._after is None:
            # The positions within the parent are kept, with those of all instances: they can be set in any order.
            self._before = model.positions
            model.scene_position = self._position
            self._after = model.positions
        else:
            model.positions = self._after

    def undo(self):
        model = self.model
        if not model.deleted:
            model.positions = self._before


class _AtomsMove:
    """Atoms that are moved within their model."""

    def __init__(self, given, points):
        self.source = self.model = given.model
        self._atoms = given.atoms
        self._points = points
        self._before = self._after = None

    def redo(self):
        if self._after is None:
            self._before = self._atoms.coords
            self._atoms.scene_coords = self._points
            self._after = self._atoms.coords
        else:
            self._set(self._after)

    def undo(self):
        self._set(self._before)

    def _set(self, coordinates):
        if len(self._atoms) == len(coordinates):  # otherwise some were deleted
            self._atoms.coords = coordinates


class _MirroredCopy:
    """A map that is hidden, and a mirrored copy of it that is shown instead."""

    def __init__(self, session, volume, position):
        self.source = volume
        self.model = None
        self._session = session
        self._position = position
        self._id = None
        self._displayed = None

    def redo(self):
        from chimerax.map_filter.vopcommand import volume_flip

        if self.source.deleted:
            return
        self._displayed = self.source.display
        free = self._id is not None and not self._session.models.have_id(self._id)
        # flip_operation, which this calls for each map, hides the original.
        copy = volume_flip(self._session, [self.source], model_id=self._id if free else None)
        copy.scene_position = self._position * mirror(self.source)
        if self.model is not None:
            setattr(self.model, _SUCCESSOR, copy)
        self.model, self._id = copy, copy.id

    def undo(self):
        if self.model is not None and not self.model.deleted:
            self._session.models.close([self.model])
        if not self.source.deleted:
            self.source.display = self._displayed
