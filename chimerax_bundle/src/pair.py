"""What moves and the reference: read before the alignment, moved after it."""

from dataclasses import replace

import botalign

from .maps import current_transform, displayed_part, mask_on, mirror, to_local, usual_resolution
from .syntax import usage_error


class Pair:
    """What is aligned to the reference, and the result. It is used on the main thread only.

    Parameters
    ----------
    moving : MapInput or AtomsInput
        What moves.
    fixed : MapInput or AtomsInput
        The reference.

    Attributes
    ----------
    alignment : botalign.Alignment or None
        Result, between the grid coordinates of the two.
    failure : str or None
        Reason why there is none.
    notes : list of str
        Notes for the user.
    """

    def __init__(self, moving, fixed):
        self.moving = moving
        self.fixed = fixed
        self.alignment = None
        self.failure = None
        self.notes = []
        self._states = self._positions = None

    @property
    def command(self):
        """Command that aligns the two."""
        resolution = self.moving.resolution or self.fixed.resolution
        given = "" if resolution is None else f" resolution {resolution:g}"
        return f"botalign {self.moving.spec} to {self.fixed.spec}{given}"

    @property
    def example(self):
        """The command with a resolution that is usual, for errors."""
        known = next((each.model for each in (self.fixed, self.moving) if each.is_map), None)
        usual = 8 if known is None else usual_resolution(known)
        given = "" if self.moving.is_map and self.fixed.is_map else f" resolution {usual:.2g}"
        return f"botalign {self.moving.spec} to {self.fixed.spec}{given}"

    def steps(self, options, masks):
        """Read the models, and return the steps of their alignment, which any thread may take.

        Parameters
        ----------
        options : botalign.AlignmentOptions
            Options without masks.
        masks : dict of Volume
            Masks by the name of their option.

        Raises
        ------
        UserError, botalign.InputError
            If a model or an option cannot be used.
        """
        closed = self.closed_model()
        if closed:
            raise usage_error(closed)
        both = {"fixed": self.fixed, "moving": self.moving}
        self._states = [each.state() for each in both.values()]
        self._positions = [each.model.scene_position for each in both.values()]
        # The result for a part is never worse than the current pose, and of equivalent ones the nearest is taken.
        more = {"start": current_transform(self.fixed.model, self.moving.model)}
        if self.fixed.is_map and self.moving.is_map:
            more["resolution"] = None
        more |= {name: mask_on(both[name.removeprefix("mask_")].volume(), mask) for name, mask in masks.items()}
        for each in both.values():
            part = each.is_map and displayed_part(each.model)
            if part:
                self.notes.append(f"{each.name} displays {part}; all of its data is used")
        return botalign.align_steps(self.fixed.given(), self.moving.given(), replace(options, **more))

    def obstacle(self):
        """Return the reason why the result can no longer be applied, or None."""
        closed = self.closed_model()
        if closed:
            return closed
        for each, state in zip((self.fixed, self.moving), self._states or (), strict=False):
            if each.state() != state:
                changed = "the grid" if each.is_map else "the coordinates"
                return f"{changed} of {each.name} changed while the alignment ran"
        return None

    def closed_model(self):
        """Return which of the two models was closed as text, or None."""
        for each in (self.fixed, self.moving):
            if each.model.deleted:
                return f"{each.name} was closed while the alignment ran"
        return None

    def note_moves(self):
        """Note which models were moved while the alignment ran."""
        for position, each in zip(self._positions, (self.fixed, self.moving), strict=True):
            if each.model.scene_position != position:
                self.notes.append(
                    f"{each.name} was moved while the alignment ran; {self.moving.name} is aligned to the current "
                    f"position of {self.fixed.name}"
                )

    def aligned_position(self):
        """Return the scene position of the moving model after the alignment; it may mirror."""
        return self.fixed.model.scene_position * self._local_transform()

    def motion(self):
        """Return the movement in the scene, without the mirror of a mirrored copy."""
        position = self.aligned_position()
        if position.determinant() < 0:
            position = position * mirror(self.moving.model)
        return position * self.moving.model.scene_position.inverse()

    def _local_transform(self):
        """Return the transform from the moving model's local coordinates to the reference's, a Place."""
        return to_local(self.alignment.moving_to_fixed, self.fixed.model, self.moving.model)
