"""A moving map and the reference: taken before the work, placed after it."""

from dataclasses import replace

import botalign

from .maps import cropped, density_map, from_local, grid_state, mask_on, to_local
from .syntax import named, wrong

#: How far, in degrees, ``search local`` goes from the present pose.
LOCAL_DEGREES = 30.0


class Pair:
    """What is to be aligned to what, and what came of it. All of it belongs to the main thread.

    Parameters
    ----------
    mover : MapMover or AtomsMover
        What moves.
    fixed : Volume
        The reference.

    Attributes
    ----------
    alignment : botalign.Alignment or None
        The result, between the grids of the two maps.
    failure : str or None
        Why there is none.
    notes : list of str
        What the user should know about this pair.
    """

    def __init__(self, mover, fixed):
        self.mover = mover
        self.fixed = fixed
        self.name = named(mover.model)
        self.fixed_name = named(fixed)
        self.alignment = None
        self.failure = None
        self.notes = []
        self._grids = self._poses = None

    def begin(self, *, local, mask=None, to_mask=None, **options):
        """Take the maps as they are now, and return the steps of their alignment, to be taken on any thread.

        Raises
        ------
        UserError, botalign.InputError
            If a map, or an option, can't be used.
        """
        closed = self._closed()
        if closed:
            raise wrong(closed)
        moving = self.mover.volume()
        self._grids = grid_state(self.fixed), grid_state(moving)
        self._poses = self.fixed.scene_position, self.mover.model.scene_position
        if local:
            start = self.fixed.scene_position.inverse() * self.mover.frame()
            options |= {"start": from_local(start, self.fixed, moving), "local_degrees": LOCAL_DEGREES}
        # The simulated map of atoms has no place in the scene but that of its model.
        for name, volume, frame, shown in (
            ("mask_moving", moving, self.mover.frame(), mask),
            ("mask_fixed", self.fixed, self.fixed.scene_position, to_mask),
        ):
            if shown is not None:
                options[name] = mask_on(volume, frame, shown)
        for volume in (self.fixed, moving):
            part = cropped(volume)
            if part and volume.id:
                self.notes.append(f"{named(volume)} shows {part}; all of its data is used")
        return botalign.align_steps(density_map(self.fixed), density_map(moving), **options)

    def obstacle(self):
        """Return why what was found can't be carried out any more, or None if it can."""
        closed = self._closed()
        if closed:
            return closed
        if self._grids != (grid_state(self.fixed), grid_state(self.mover.volume())):
            return "a map's grid was changed while the alignment ran"
        return None

    def _closed(self):
        """Return which of the two models was closed, or None."""
        for model, name in ((self.fixed, self.fixed_name), (self.mover.model, self.name)):
            if model.deleted:
                return f"{name} was closed while the alignment ran"
        return None

    def place(self):
        """Return where in the scene the local coordinates of the moving map come to lie; it may mirror."""
        was = zip(self._poses, (self.fixed, self.mover.model), (self.fixed_name, self.name), strict=True)
        for pose, model, name in was:
            if model.scene_position != pose:
                self.notes.append(
                    f"{name} was moved while the alignment ran; {self.name} is placed on {self.fixed_name} as it lies "
                    "now"
                )
        return self.fixed.scene_position * self.local_motion()

    def local_motion(self):
        """Return the motion from the moving map's local coordinates to the reference's, a Place."""
        return to_local(self.alignment.moving_to_fixed, self.fixed, self.mover.volume())

    def local_alignment(self):
        """Return the result between local coordinates, which are the grids' unless a map is turned in its model."""
        return replace(self.alignment, moving_to_fixed=self.local_motion().matrix)
