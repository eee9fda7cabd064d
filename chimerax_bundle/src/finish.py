"""From results to moved models: one undo step, the result files, the log."""

from dataclasses import dataclass

from chimerax.core.errors import UserError

import botalign

from .job import result_paths
from .measure import correlation_of
from .moves import Moves
from .options import spelled
from .report import folded, report, table
from .syntax import label, usage_error


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result for one moving map or model.

    Attributes
    ----------
    alignment : botalign.Alignment
        Result, between the local coordinates of the two models.
    model : Model
        Model that was moved: the moving model, or the mirrored copy of it.
    name, fixed_name, copy_name : str
        Names of the moving model, of the reference, and of the mirrored copy, if there is one.
    is_map : bool
        Whether the moving model is a map, not an atomic model.
    before, after : MapCorrelation or None
        Its correlation with the reference before and after.
    level : float or None
        Level above which the correlation is computed.
    shift, angle : float
        Distance and angle of its movement in the scene, in angstrom and degrees.
    position : Place
        Position relative to the reference.
    notes : list of str
        Notes for the user.
    command : str
        Command that repeats the alignment.
    """

    alignment: object
    model: object
    name: str
    fixed_name: str
    copy_name: str
    is_map: bool
    before: object
    after: object
    level: float | None
    shift: float
    angle: float
    position: object
    notes: list
    command: str


def finish(session, job):
    """Move the models, and log the results.

    Returns
    -------
    list of Outcome
        Results in the order of the models' numbers.

    Raises
    ------
    UserError
        If nothing could be aligned, or a result file cannot be written.
    """
    for pair in job.pairs:
        pair.failure = pair.failure or pair.obstacle()
    done = [pair for pair in job.pairs if pair.failure is None and pair.alignment is not None]
    failures = [(p.name, p.failure or "the reference was closed") for p in job.pairs if p not in done]
    if not done:
        reasons = " | ".join(dict.fromkeys(why for _, why in failures))
        raise usage_error(f"{reasons.rstrip('.')}; nothing was moved")
    before = [correlation_of(pair.mover.volume(), pair.fixed) for pair in done]
    frames = [(pair.mover.frame(), pair.aligned_frame()) for pair in done]
    positions = [
        (pair.mover.model, pair.mover.model_position(new)) for pair, (_, new) in zip(done, frames, strict=True)
    ]
    positions += [(model, positions[0][1] * offset) for model, offset in job.along if not model.deleted]
    moves = Moves(session, positions)
    moves.redo()
    session.undo.register(moves)
    outcomes = [
        _outcome(pair, moves.models[pair.mover.model], old, correlation)
        for pair, (old, _), correlation in zip(done, frames, before, strict=True)
    ]
    _log(session, outcomes, failures)
    _write(job, done, outcomes)
    return outcomes


def _outcome(pair, model, old_frame, before):
    """Return the result for a model that was moved."""
    copied = model is not pair.mover.model
    volume = model if copied else pair.mover.volume()
    after = correlation_of(volume, pair.fixed)
    # From the new position back to the old one, because the centre, also that of a mirrored copy, is a new one.
    back = old_frame * volume.scene_position.inverse()
    centre = volume.scene_position * volume.center() if after is None else after.centre
    shift, angle = back.shift_and_angle(centre)
    return Outcome(
        alignment=pair.local_alignment(),
        model=model,
        name=pair.name,
        fixed_name=pair.fixed_name,
        copy_name=label(model) if copied else "",
        is_map=pair.mover.is_map,
        before=before,
        after=after,
        level=volume.minimum_surface_level,
        shift=shift,
        angle=angle,
        position=pair.fixed.scene_position.inverse() * model.scene_position,
        notes=list(pair.notes),
        command=f"botalign #{pair.mover.model.id_string} to #{pair.fixed.id_string}",
    )


def _log(session, outcomes, failures):
    """Write the log: the report of a single alignment, or a table of several with their reports folded."""
    if len(outcomes) + len(failures) == 1:
        session.logger.info(report(outcomes[0]))
    else:
        session.logger.info(table(outcomes, failures), is_html=True)
        session.logger.info("".join(map(folded, outcomes)), is_html=True)
    for name, why in failures:
        session.logger.warning(f"{name} was not aligned: {why}")
    first = outcomes[0]
    if len(outcomes) > 1:
        session.logger.status(f"Aligned {len(outcomes)} maps to {first.fixed_name}")
    elif first.before is not None and first.after is not None:
        change = f"correlation {first.before.correlation:.4g} before, {first.after.correlation:.4g} after"
        session.logger.status(f"Aligned {first.name} to {first.fixed_name}, {change}")


def _write(job, done, outcomes):
    """Write the result files; files that exist are replaced."""
    if job.result is None:
        return
    paths = result_paths(job.result, [pair.mover.model.id_string for pair in job.pairs])
    path_of = dict(zip(job.pairs, paths, strict=True))
    for pair, outcome in zip(done, outcomes, strict=True):
        try:
            outcome.alignment.write(path_of[pair], overwrite=True)
        except botalign.InputError as error:
            raise UserError(f"The models were moved, but the result file was not written: {spelled(error)}") from None
