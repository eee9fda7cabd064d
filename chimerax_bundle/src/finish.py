"""From results to moved models: one undo step, the result files, the log."""

from dataclasses import dataclass

from chimerax.core.errors import UserError

import botalign

from .fit_table import fit_table, matter
from .fits import FitList, keep
from .job import SUFFICIENT, counted_inputs, result_paths
from .measure import atoms_in_map
from .moves import Moves, do
from .options import spelled
from .part_copies import copies_table, copies_to_make, missing_copies, placed_copies
from .report import correlation_change, folded, report, table
from .syntax import label, usage_error
from .work import ModelClosedError


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result for one moving map or model.

    Attributes
    ----------
    alignment : botalign.Alignment
        Result, between the local coordinates of the two models.
    name, fixed_name, copy_name : str
        Names of the moving model, of the reference, and of the mirrored copy, if there is one.
    names : str
        Names of both with what they are.
    is_map, fixed_is_map : bool
        Whether these are maps, not atomic models.
    moves : Moves or None
        Step of the undo stack in which the model was moved; None if it was not.
    before, after : MapCorrelation or None
        Its correlation with the reference before and after the movement.
    atoms_before, atoms_after : AtomsInMap or None
        The values of the map at the atoms before and after, if a map and an atomic model were aligned.
    level : float or None
        Level above which the correlation is computed; None if all grid points are used.
    shift, angle : float
        Distance and angle of the movement in the scene, in angstrom and degrees.
    position : Place
        Position relative to the reference after the movement.
    notes : list of str
        Notes for the user.
    command, flip : str
        Commands that repeat the alignment, and that mirror the reference.
    fits : FitList
        All distinct poses.
    placed : list of (botalign.Copy, Model or None)
        Copies of a part, and the model at the place of each.
    """

    alignment: object
    name: str
    fixed_name: str
    copy_name: str
    names: str
    is_map: bool
    fixed_is_map: bool
    moves: object
    before: object
    after: object
    atoms_before: object
    atoms_after: object
    level: float | None
    shift: float
    angle: float
    position: object
    notes: list
    command: str
    flip: str
    fits: object
    placed: list

    @property
    def moved(self):
        """Whether the model was moved."""
        return self.moves is not None


def finish(session, job):
    """Move the models, and log the results.

    Returns
    -------
    list of Outcome
        Results in the order of the models' numbers.

    Raises
    ------
    UserError
        If nothing could be aligned.
    ModelClosedError
        If the reason is that models were closed.
    """
    for pair in job.pairs:
        pair.failure = pair.failure or pair.obstacle()
    done = _aligned(job)
    failures = [(p.moving.name, p.failure or "the reference was closed") for p in job.pairs if p not in done]
    if not done:
        reasons = " | ".join(dict.fromkeys(why for _, why in failures))
        if all(pair.closed_model() for pair in job.pairs):
            raise ModelClosedError(f"botalign {job.title}: {reasons}; nothing was moved")
        raise usage_error(f"{reasons.rstrip('.')}; nothing was moved", job.pairs[0].example)
    for pair in done:
        pair.note_moves()
    lists = [FitList(session, pair, job.along, job.envelope) for pair in done]
    measured = [_measured(pair, fits, job.envelope) for pair, fits in zip(done, lists, strict=True)]
    copies = copies_to_make(job, lists[0])  # with copies, there is one pair
    moves = _move(session, [fits for fits in lists if job.moves(fits.alignment)], copies)
    outcomes = [
        _outcome(
            pair, moves if job.moves(fits.alignment) else None, fits, placed_copies(job, fits, moves, copies), **values
        )
        for pair, fits, values in zip(done, lists, measured, strict=True)
    ]
    for fits in lists:
        keep(session, fits)
    _log(session, job, outcomes, failures)
    return outcomes


def _aligned(job):
    """Return the pairs that have a result."""
    return [pair for pair in job.pairs if pair.failure is None and pair.alignment is not None]


def check_verdicts(job, outcomes):
    """Refuse an outcome that is worse than what the command requires.

    Raises
    ------
    UserError
        If a model was not aligned, or its verdict does not suffice.
    """
    if job.require is None:
        return
    reasons = [f"{pair.moving.name} was not aligned: {pair.failure}" for pair in job.pairs if pair.failure]
    reasons += [f"{text}; nothing was moved" for text in map(_missing, outcomes) if text is not None]
    reasons += [
        f"{each.name}: the verdict is {each.alignment.verdict or 'unknown'}, expected "
        f"{' or '.join(SUFFICIENT[job.require])}; it was not moved"
        for each in outcomes
        if not job.accepts(each.alignment.verdict)
    ]
    if reasons:
        copies = "" if job.options.copies is None else f" copies {job.options.copies}"
        raise usage_error(" | ".join(reasons), f"{job.pairs[0].command}{copies} require {job.require}")


def _measured(pair, fits, envelope):
    """Return the scores and the size of a movement, before it is made."""
    volume, motion, (best, *_) = pair.moving.volume(), pair.motion(), fits.fits
    moved = pair.aligned_position() * pair.moving.model.scene_position.inverse()
    centre = moved * (volume.scene_position * volume.center()) if best.measured is None else best.measured.centre
    # From the new position back to the old one, because the centre, also that of a mirrored copy, is a new one.
    shift, angle = motion.inverse().shift_and_angle(centre)
    return {
        "before": fits.before,
        "after": best.measured,
        "atoms_before": atoms_in_map(pair.moving, pair.fixed),
        "atoms_after": best.atoms,
        "level": volume.minimum_surface_level if envelope else None,
        "shift": shift,
        "angle": angle,
        "position": pair.fixed.model.scene_position.inverse() * motion * pair.moving.model.scene_position,
    }


def _move(session, lists, copies):
    """Move what was aligned and what moves along, as one step that can be undone; return the step, if any."""
    if not lists:
        return None
    steps = [fits.steps(fits.fits[0]) for fits in lists]
    positions, atoms = ([step for each in part for step in each] for part in zip(*steps, strict=True))
    moves = do(session, Moves(session, positions, atoms, [] if copies is None else [copies]))
    for fits in lists:
        fits.note_moved(moves.models)
    return moves


def _outcome(pair, moves, fits, placed, **measured):
    """Return the result for a model, given the step in which it was moved, or None."""
    model = None if moves is None else moves.models[pair.moving.model]
    return Outcome(
        alignment=fits.alignment_of(fits.fits[0]),
        name=pair.moving.name,
        fixed_name=pair.fixed.name,
        copy_name="" if model in (None, pair.moving.model) else label(model),
        names=f"{pair.moving.described} to {pair.fixed.described}",
        is_map=pair.moving.is_map,
        fixed_is_map=pair.fixed.is_map,
        moves=moves,
        notes=list(pair.notes),
        command=pair.command,
        flip=f"volume flip {pair.fixed.spec}",
        fits=fits,
        placed=placed,
        **measured,
    )


def _log(session, job, outcomes, failures):
    """Write the log: the report of a single alignment, or a table of several with their reports folded."""
    if len(outcomes) + len(failures) == 1:
        session.logger.info(report(outcomes[0]))
        if outcomes[0].placed:
            session.logger.info(copies_table(outcomes[0]), is_html=True)
        elif matter(outcomes[0].fits):
            session.logger.info(fit_table(outcomes[0].fits), is_html=True)
    else:
        session.logger.info(table(outcomes, failures), is_html=True)
        session.logger.info("".join(map(folded, outcomes)), is_html=True)
    for name, why in failures:
        session.logger.warning(f"{name} was not aligned: {why}")
    for outcome in outcomes:
        if (text := outcome.alignment.missing_chains_text) is not None:
            session.logger.warning(f"{outcome.fixed_name if outcome.is_map else outcome.name}: {text}")
    for text in map(_missing, outcomes):
        if text is not None and job.require is None:  # otherwise it is an error
            session.logger.warning(text)
    first = outcomes[0]
    if len(outcomes) > 1:
        moved = sum(outcome.moved for outcome in outcomes)
        what = counted_inputs([pair.moving for pair in job.pairs])
        session.logger.status(f"Aligned {moved} of {what} to {first.fixed_name}")
    elif first.moved and first.placed:
        session.logger.status(f"Placed {first.alignment.copies.title}: {first.name} in {first.fixed_name}")
    elif first.moved:
        verdict = f"{first.alignment.verdict}, " if first.alignment.verdict else ""
        session.logger.status(f"Aligned {first.name} to {first.fixed_name}: {verdict}{correlation_change(first)}")
    else:
        # With copies, a certain verdict does not suffice if some are missing.
        copies = first.alignment.copies if job.require else None
        reason = copies and copies.missing_text(first.fixed_name)
        reason = reason or f"the verdict is {first.alignment.verdict or 'unknown'}"
        session.logger.status(f"{first.name} was not moved to {first.fixed_name}: {reason}")


def _missing(outcome):
    """Return as text that fewer copies of a part were found than asked for; None otherwise."""
    return missing_copies(outcome.name, outcome.fixed_name, outcome.alignment.copies) if outcome.placed else None


def write_results(session, job, outcomes):
    """Write the result files; files that exist are replaced.

    Raises
    ------
    UserError
        If one cannot be written.
    """
    if job.result is None:
        return
    paths = result_paths(job.result, [pair.moving.model.id_string for pair in job.pairs])
    path_of = dict(zip(job.pairs, paths, strict=True))
    for pair, outcome in zip(_aligned(job), outcomes, strict=True):
        try:
            outcome.alignment.write(path_of[pair], overwrite=True)
        except botalign.InputError as error:
            raise UserError(
                f"The alignment is complete, but the result file was not written: {spelled(error)}"
            ) from None
        session.logger.info(f"Wrote the result to {path_of[pair]}")
