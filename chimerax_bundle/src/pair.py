"""A moving map and the reference: read before the alignment, moved after it."""

from dataclasses import replace

import botalign

from .maps import density_map, displayed_part, from_local, grid_state, mask_on, to_local
from .syntax import label, usage_error


class Pair:
    """What is aligned to the reference, and the result. It is used on the main thread only.

    Parameters
    ----------
    mover : MapMover or AtomsMover
        What moves.
    fixed : Volume
        The reference.

    Attributes
    ----------
    alignment : botalign.Alignment or None
        Result, between the grid coordinates of the two maps.
    failure : str or None
        Reason why there is none.
    notes : list of str
        Notes for the user.
    """

    def __init__(self, mover, fixed):
        self.mover = mover
        self.fixed = fixed
        self.name = label(mover.model)
        self.fixed_name = label(fixed)
        self.alignment = None
        self.failure = None
        self.notes = []
        self._grids = self._positions = None

    def steps(self, options, masks):
        """Read the maps, and return the steps of their alignment, which any thread may take.

        Parameters
        ----------
        options : botalign.AlignmentOptions
            Options without masks.
        masks : dict of Volume
            Masks by the name of their option.

        Raises
        ------
        UserError, botalign.InputError
            If a map or an option cannot be used.
        """
        closed = self._closed_model()
        if closed:
            raise usage_error(closed)
        moving = self.mover.volume()
        self._grids = grid_state(self.fixed), grid_state(moving)
        self._positions = self.fixed.scene_position, self.mover.model.scene_position
        more = {}
        if options.local_degrees is not None:
            start = self.fixed.scene_position.inverse() * self.mover.frame()
            more["start"] = from_local(start, self.fixed, moving)
        # The simulated map of atoms has no scene position but that of its model.
        frames = {"mask_moving": (moving, self.mover.frame()), "mask_fixed": (self.fixed, self.fixed.scene_position)}
        more |= {name: mask_on(*frames[name], mask) for name, mask in masks.items()}
        for volume in (self.fixed, moving):
            part = displayed_part(volume)
            if part and volume.id:
                self.notes.append(f"{label(volume)} displays {part}; all of its data is used")
        return botalign.align_steps(density_map(self.fixed), density_map(moving), replace(options, **more))

    def obstacle(self):
        """Return the reason why the result can no longer be applied, or None."""
        closed = self._closed_model()
        if closed:
            return closed
        if self._grids != (grid_state(self.fixed), grid_state(self.mover.volume())):
            return "the grid of a map was changed while the alignment ran"
        return None

    def _closed_model(self):
        """Return which of the two models was closed, or None."""
        for model, name in ((self.fixed, self.fixed_name), (self.mover.model, self.name)):
            if model.deleted:
                return f"{name} was closed while the alignment ran"
        return None

    def aligned_frame(self):
        """Return the scene position of the moving map's coordinates after the alignment; it may mirror."""
        before = zip(self._positions, (self.fixed, self.mover.model), (self.fixed_name, self.name), strict=True)
        for position, model, name in before:
            if model.scene_position != position:
                self.notes.append(
                    f"{name} was moved while the alignment ran; {self.name} is aligned to the current position of "
                    f"{self.fixed_name}"
                )
        return self.fixed.scene_position * self._local_transform()

    def _local_transform(self):
        """Return the transform from the moving map's local coordinates to the reference's, a Place."""
        return to_local(self.alignment.moving_to_fixed, self.fixed, self.mover.volume())

    def local_alignment(self):
        """Return the result between local coordinates; it differs only if a map is rotated within its model."""
        return replace(self.alignment, moving_to_fixed=self._local_transform().matrix)
