"""From results to moved models: one undo step, the result files, the log."""

from dataclasses import dataclass

from chimerax.core.errors import UserError

import botalign

from .job import result_paths
from .measure import agreement
from .motion import Motion
from .report import folded, report, table
from .syntax import named, wrong


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was done with one moving map or model.

    Attributes
    ----------
    alignment : botalign.Alignment
        The result, between the local coordinates of the two models.
    model : Model
        What was placed: the moving model, or the mirrored copy of it.
    name, fixed_name, copy_name : str
        What the moving model, the reference and the mirrored copy, if there is one, are called.
    is_map : bool
        Whether a map was moved, not an atomic model.
    before, after : Agreement or None
        How well it agreed with the reference, and agrees now.
    level : float or None
        The level above which that was counted.
    shift, angle : float
        How far it moved in the scene, and by how many degrees it turned.
    position : Place
        Where it lies relative to the reference.
    notes : list of str
        What else the user should know.
    command : str
        The command that does it again.
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
    """Move the models and tell about it.

    Returns
    -------
    list of Outcome
        What was done, in the order of the models' numbers.

    Raises
    ------
    UserError
        If nothing could be aligned, or a result file not be written.
    """
    for pair in job.pairs:
        pair.failure = pair.failure or pair.obstacle()
    done = [pair for pair in job.pairs if pair.failure is None and pair.alignment is not None]
    failures = [(p.name, p.failure or "the reference was closed") for p in job.pairs if p not in done]
    if not done:
        reasons = " | ".join(dict.fromkeys(why for _, why in failures))
        raise wrong(f"{reasons.rstrip('.')}; nothing was moved")
    before = [agreement(pair.mover.volume(), pair.fixed) for pair in done]
    frames = [(pair.mover.frame(), pair.place()) for pair in done]
    placements = [(pair.mover.model, pair.mover.placed(new)) for pair, (_, new) in zip(done, frames, strict=True)]
    placements += [(model, placements[0][1] * offset) for model, offset in job.along if not model.deleted]
    motion = Motion(session, placements)
    motion.redo()
    session.undo.register(motion)
    outcomes = [
        _outcome(pair, motion.models[pair.mover.model], old, was)
        for pair, (old, _), was in zip(done, frames, before, strict=True)
    ]
    _log(session, outcomes, failures)
    _save(job, done, outcomes)
    return outcomes


def _outcome(pair, model, old_frame, before):
    """Look at what was placed."""
    copied = model is not pair.mover.model
    volume = model if copied else pair.mover.volume()
    after = agreement(volume, pair.fixed)
    # Back from where it is now: so the centre may be taken now, of a mirrored copy too.
    back = old_frame * volume.scene_position.inverse()
    centre = volume.scene_position * volume.center() if after is None else after.centre
    shift, angle = back.shift_and_angle(centre)
    return Outcome(
        alignment=pair.local_alignment(),
        model=model,
        name=pair.name,
        fixed_name=pair.fixed_name,
        copy_name=named(model) if copied else "",
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
    """Write the log: all about a single alignment, a table of several with the rest folded away."""
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


def _save(job, done, outcomes):
    """Write the result files, over those that exist."""
    if job.result is None:
        return
    paths = result_paths(job.result, [pair.mover.model.id_string for pair in job.pairs])
    where = dict(zip(job.pairs, paths, strict=True))
    for pair, outcome in zip(done, outcomes, strict=True):
        try:
            outcome.alignment.write(where[pair], overwrite=True)
        except botalign.InputError as error:
            raise UserError(f"The models were moved, but the result file was not written: {error}") from None
