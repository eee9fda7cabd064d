"""The fits of an alignment: its distinct poses, which the log and the panel list, and where the model can be placed."""

from dataclasses import dataclass, replace

import botalign

from .copies import Copies
from .maps import mirror, to_local
from .measure import MapPoints, atoms_in_map
from .moves import Moves, current, do
from .options import spelled
from .syntax import FITS, usage_error

#: Models this close to a fit are at it.
SAME_DEGREES = SAME_ANGSTROM = 0.01
#: Attribute of the session that has the lists. They are not saved.
_KEPT = "_botalign_fits"


@dataclass(frozen=True, eq=False)
class Fit:
    """A pose of what was aligned.

    Attributes
    ----------
    number : int
        Its number in the list, from 1: the result.
    equivalent : bool
        Whether it is equivalent to the fit before it in the list.
    as_good : bool
        Whether it fits as well as the result.
    quality : float
        Value by which ``botalign`` ranks the fits.
    measured : MapCorrelation or None
        Its correlation.
    atoms : AtomsInMap or None
        The values of the map at the atoms.
    shift, angle : float
        Its distance from the first fit, in angstrom and degrees.
    transform : Place
        Transform from the local coordinates of the moving model to those of the reference. It may mirror.
    """

    number: int
    equivalent: bool
    as_good: bool
    quality: float
    measured: object
    atoms: object
    shift: float
    angle: float
    transform: object


class FitList:
    """The fits of an alignment. The models are those that were aligned, wherever they are now.

    Parameters
    ----------
    session : Session
        The session.
    pair : Pair
        What was aligned, and the result.
    along : list of (Model, Place)
        Models that move along, and their positions relative to the moving model.
    envelope : bool
        Whether only grid points above the lowest level are used for correlations.

    Attributes
    ----------
    moving, fixed : MapInput or AtomsInput
        What was aligned, and the reference.
    alignment : botalign.Alignment
        The result, between the grid coordinates of the two.
    fits : tuple of Fit
        The fits, the result first.
    groups : tuple of tuple of Fit
        The fits, equivalent ones together.
    before : MapCorrelation or None
        The correlation before the alignment.
    """

    def __init__(self, session, pair, along=(), envelope=True):
        self.moving, self.fixed, self.alignment = pair.moving, pair.fixed, pair.alignment
        self._session = session
        self._along = along
        self._copies = []
        self._grids = self._grids_now()
        self._model = None if pair.moving.is_map else pair.moving.given()
        self._points = self._model.points if pair.moving.moves_atoms else None
        self._measure(envelope)

    def _measure(self, envelope):
        points, fixed = MapPoints(self.moving.volume(), envelope=envelope), self.fixed.volume()
        self.before = points.correlation(fixed)
        back = self.moving.model.scene_position.inverse()
        fits, group = [], None
        for number, pose in enumerate(self.alignment.poses, start=1):
            transform = to_local(pose.moving_to_fixed, self.fixed.model, self.moving.model)
            # Symmetry makes them the same, and to measure 60 poses of a large map would take longer than the alignment.
            if pose.group != group or self.alignment.symmetry is None:
                moved = self.fixed.model.scene_position * transform * back
                measured = points.correlation(fixed, moved)
                atoms = atoms_in_map(self.moving, self.fixed, moved)
            fits.append(
                Fit(
                    number, pose.group == group, pose.as_good, pose.quality, measured, atoms, pose.shift_angstrom,
                    pose.angle_degrees, transform,
                )
            )  # fmt: skip
            group = pose.group
        self.fits = tuple(fits)
        starts = [index for index, fit in enumerate(fits) if not fit.equivalent]
        self.groups = tuple(self.fits[start:end] for start, end in zip(starts, [*starts[1:], len(fits)], strict=True))

    @property
    def model(self):
        """The model that is moved: the moving one, or the mirrored copy of it; None if it was closed."""
        model = self._now(self.moving.model)
        return None if model.deleted else model

    @property
    def is_usable(self):
        """Whether both models are still open, and the grids of maps are the same."""
        is_open = self.model is not None and not self.fixed.model.deleted
        return is_open and all(self._grids[model] == grid for model, grid in self._grids_now().items())

    def _grids_now(self):
        """Return the grids of the maps that are open: of a mirrored map only the copy may be."""
        inputs = [each for each in (self.moving, self.fixed) if each.is_map and not each.model.deleted]
        return {each.model: each.state() for each in inputs}

    def _now(self, source):
        """Return the mirrored copy of a model if one was made and is open, otherwise the model."""
        copies = (current(copy) for each, copy in reversed(self._copies) if each is source)
        return next((copy for copy in copies if not copy.deleted), source)

    def note_moved(self, models):
        """Note which models were moved, given that which was moved for each: itself or a mirrored copy."""
        self._copies += [(source, model) for source, model in models.items() if model is not source]

    def command(self, numbers, *, copy=False, result=None):
        """Return the command for a fit, or for the fits of a group."""
        if not isinstance(numbers, int):
            numbers = f"{numbers[0].number}-{numbers[-1].number}" if len(numbers) > 1 else numbers[0].number
        words = [f"botalign fits {numbers} of {(self.model or self.moving.model).atomspec}"]
        words += ["copy true"] if copy else []
        # FileNameArg.unparse of ChimeraX 1.12 does not quote ";", and puts double quotes in double quotes.
        quote = "'" if result and '"' in result else '"'
        words += [f"result {quote}{result}{quote}"] if result else []
        return " ".join(words)

    def current(self):
        """Return the number of the fit at which the model is now, or None."""
        if not self.is_usable:
            return None
        return next((fit.number for fit in self.fits if self._is_at(fit)), None)

    def _is_at(self, fit):
        if self._points is not None:
            points = self.moving.scene_points()
            return len(points) == len(self._points) and abs(points - self._at(fit)).max() < SAME_ANGSTROM
        return self.model.scene_position.same(self._position(fit, self.moving.model), SAME_DEGREES, SAME_ANGSTROM)

    def _at(self, fit):
        """Return the positions of atoms that move within their model."""
        return self.fixed.model.scene_position * fit.transform * self._points

    def _position(self, fit, source, offset=None):
        """Return the scene position of a model at a fit; of a mirrored copy, or such that one will be made."""
        place = self.fixed.model.scene_position * fit.transform
        place = place if offset is None else place * offset
        copy = self._now(source)
        return place if copy is source else place * mirror(copy)

    def steps(self, fit):
        """Return what :class:`Moves` needs to move the model to a fit, with the models that move along."""
        positions = [(self._now(m), self._position(fit, m, offset)) for m, offset in self._along if not m.deleted]
        if self._points is not None:
            return positions, [(self.moving, self._at(fit))]
        return [(self.model, self._position(fit, self.moving.model)), *positions], []

    def move(self, fit):
        """Move the model to a fit, as one step that can be undone."""
        moves = do(self._session, Moves(self._session, *self.steps(fit)))
        self.note_moved(moves.models)

    def place_copies(self, fits):
        """Place a copy of the model at each of some fits, as one step that can be undone; return the copies."""
        if self._points is not None:
            raise usage_error("copy: only some atoms of the model move; align it with moveWholeMolecules true", FITS)
        places = [(f"{self.model.name} fit {fit.number}", self._position(fit, self.moving.model)) for fit in fits]
        return do(self._session, Copies(self._session, self.model, places)).models

    def copies(self, placed):
        """Return the copies of the model for places of a part, as one step: for all except the first, where it moves.

        Parameters
        ----------
        placed : list
            What of the copies in the alignment is placed.
        """
        fixed, moving = self.fixed.model, self.moving.model
        numbers = {each: number for number, each in enumerate(self.alignment.copies.placed, start=1)}
        places = [
            (
                f"{self.model.name} copy {numbers[each]}",
                fixed.scene_position * to_local(each.moving_to_fixed, fixed, moving),
            )
            for each in placed[1:]
        ]
        return Copies(self._session, self.model, places, group=f"copies of {self.model.name}")

    def alignment_of(self, fit):
        """Return a fit as the result, with its scores.

        Raises
        ------
        UserError
            If the maps can no longer be compared.
        """
        result = self.alignment
        if fit.number > 1:
            matrix = result.poses[fit.number - 1].moving_to_fixed
            first, *others = result.candidates
            others = [each for each in others if each.moving_to_fixed is not matrix]
            quality = {"correlation" if first.share is None else "share": fit.quality}
            worse = result.verdict == "certain" and fit not in self.groups[0]
            compared = self._compared(matrix)
            result = replace(
                result, moving_to_fixed=matrix, after=compared.scores, shells_after=compared.shells, uncertainty=None,
                verdict="ambiguous" if worse else result.verdict,
                probability=result.probability if fit in self.groups[0] else None,
                candidates=(
                    replace(first, moving_to_fixed=matrix, **quality), replace(first, as_good=True), *others,
                ),
            )  # fmt: skip
        transform = to_local(result.moving_to_fixed, self.fixed.model, self.moving.model)
        return replace(result, moving_to_fixed=transform.matrix)

    def _compared(self, transform):
        """Return the scores at a transform between grid coordinates."""
        parameters = self.alignment.parameters
        levels = {"contour_level_first": "contour_level_fixed", "contour_level_second": "contour_level_moving"}
        levels = {name: parameters[option] for name, option in levels.items()}
        try:
            # Atoms as they were when they were aligned.
            moving = (
                self.moving.density() if self._model is None else botalign.simulate(self._model, self.moving.resolution)
            )
            return botalign.score(
                self.fixed.density(), moving, transform=transform, partial=self.alignment.part is not None,
                full_sampling=False, **levels,
            )  # fmt: skip
        except botalign.InputError as error:
            raise usage_error(spelled(error), FITS) from None


def fit_lists(session):
    """Return the fits of the alignments of a session whose models are open, those of the last alignment last."""
    return [each for each in getattr(session, _KEPT, ()) if each.is_usable]


def keep(session, fits):
    """Keep the fits of an alignment, instead of earlier ones of the same model."""
    others = [each for each in fit_lists(session) if each.moving.model is not fits.moving.model]
    setattr(session, _KEPT, [*others, fits])
