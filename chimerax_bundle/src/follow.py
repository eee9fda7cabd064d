"""The moving model at the best pose so far, while an alignment runs."""

from .maps import to_local

#: Smallest movement in degrees and angstrom that is shown: each one is drawn, which takes time.
VISIBLE = 0.1


class Follower:
    """Models shown at another pose for a while. They are moved back to their own poses before anything is computed.

    A model that is moved by the user meanwhile stays where the user moves it. It is used on the main thread only.
    """

    def __init__(self):
        self._shown = {}

    def show(self, pair, along, transform):
        """Move models to a pose.

        Parameters
        ----------
        pair : Pair
            What is aligned.
        along : list of (Model, Place)
            Models that move along, and their positions relative to the moving one.
        transform : ndarray, shape (3, 4)
            Pose, between the grid coordinates of the two. A mirrored one, which no model can have, is not shown.
            Neither is one of atoms that move within their model.
        """
        fixed, moving = pair.fixed.model, pair.moving.model
        if fixed.deleted or moving.deleted or pair.moving.moves_atoms:
            return
        position = fixed.scene_position * to_local(transform, fixed, moving)
        if position.determinant() < 0:
            return
        self._move(moving, position)
        for model, offset in along:
            self._move(model, position * offset)

    def _move(self, model, position):
        if model.deleted:
            return
        before, shown = self._shown.get(model, (model.positions, model.positions))
        if model.positions is shown and not model.scene_position.same(position, VISIBLE, VISIBLE):
            model.scene_position = position
            self._shown[model] = before, model.positions

    def restore(self):
        """Move the models back."""
        for model, (before, shown) in self._shown.items():
            if not model.deleted and model.positions is shown:
                model.positions = before
        self._shown.clear()


def restore_all(session):
    """Move the models of all running alignments back, before their poses are read or changed."""
    for task in session.tasks.list():
        follower = getattr(task, "follower", None)
        if isinstance(follower, Follower):
            follower.restore()
