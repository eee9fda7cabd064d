"""Models placed in the scene, mirrored copies made where a place mirrors, as one step that can be undone."""

from chimerax.core.undo import UndoAction

from .maps import mirror

#: What the undo menu calls it.
NAME = "botalign"


class Motion(UndoAction):
    """New places for models; an action of its own, as mirrored copies come and go with it.

    Parameters
    ----------
    session : Session
        The session.
    placements : list of (Model, Place)
        Where in the scene each model shall lie. Where a place mirrors, which a model's position can't, the model must
        be a map: a mirrored copy is placed, and the map itself is hidden.
    """

    def __init__(self, session, placements):
        super().__init__(NAME)
        # Outer models first: what lies within a model goes with it and is placed after it.
        placements = sorted(placements, key=lambda placement: placement[0].id)
        self._steps = [
            _Mirror(session, model, place) if place.determinant() < 0 else _Move(model, place)
            for model, place in placements
        ]

    def redo(self):
        """Place the models."""
        for step in self._steps:
            step.do()

    def undo(self):
        """Put them back."""
        for step in reversed(self._steps):
            step.undo()

    @property
    def models(self):
        """The placed models, copies in place of what was mirrored, by the model they were placed for."""
        return {step.source: step.model for step in self._steps}


class _Move:
    """A model put elsewhere."""

    def __init__(self, model, place):
        self.source = self.model = model
        self._place = place
        self._before = self._after = None

    def do(self):
        if self.model.deleted:
            return
        if self._after is None:
            # Positions within the parent are kept, copies and all: they can be put back in any order.
            self._before = self.model.positions
            self.model.scene_position = self._place
            self._after = self.model.positions
        else:
            self.model.positions = self._after

    def undo(self):
        if not self.model.deleted:
            self.model.positions = self._before


class _Mirror:
    """A map hidden, and a mirrored copy of it shown elsewhere."""

    def __init__(self, session, volume, place):
        self.source = volume
        self.model = None
        self._session = session
        self._place = place
        self._id = None
        self._shown = None

    def do(self):
        from chimerax.map_filter.vopcommand import volume_flip

        if self.source.deleted:
            return
        self._shown = self.source.display
        free = self._id is not None and not self._session.models.have_id(self._id)
        # flip_operation, which this calls for each map, hides the original.
        copy = volume_flip(self._session, [self.source], model_id=self._id if free else None)
        copy.name = f"{self.source.name} mirrored"
        copy.scene_position = self._place * mirror(self.source)
        self.model, self._id = copy, copy.id

    def undo(self):
        if self.model is not None and not self.model.deleted:
            self._session.models.close([self.model])
        if not self.source.deleted:
            self.source.display = self._shown
