"""What the log says: as Fit in Map says it, so that eyes find it."""

from html import escape

HEADINGS = ("", "shift", "angle", "correlation", "hand", "verdict", "seconds")


def report(outcome):
    """Return the lines about one alignment, as plain text.

    Parameters
    ----------
    outcome : Outcome
        What was done.
    """
    alignment = outcome.alignment
    what = "map" if outcome.is_map else "model"
    lines = [f"Aligned {what} {outcome.name} to map {outcome.fixed_name} using {points(outcome.after, outcome.level)}"]
    if outcome.copy_name:
        lines.append(f"  mirrored: a mirrored copy, {outcome.copy_name}, was made and placed; the map itself is hidden")
    for when, agreement in (("before", outcome.before), ("after", outcome.after)):
        if agreement is not None:
            lines.append(
                f"  {when}: correlation = {agreement.correlation:.4g}, "
                f"correlation about mean = {agreement.correlation_about_mean:.4g}"
            )
    # Not before: the core knows no scene, and would compare the maps where their own coordinates put them.
    lines.append(f"  they agree to {resolution(alignment.after)}")
    if alignment.part_text:
        lines.append(f"  part: {alignment.part_text}")
    lines.append(f"  shift = {short(outcome.shift)}, angle = {short(outcome.angle)} degrees")
    lines.append(f"  hand: {alignment.hand_text}")
    lines += [f"  {line}" for line in (advice(outcome), f"verdict: {alignment.verdict_text}") if line]
    lines += [f"  note: {note}" for note in outcome.notes]
    chosen = alignment.parameters
    lines.append(
        f"  {alignment.seconds:.2f} seconds ({chosen['loss']}, {chosen['size']}^3 voxels, {chosen['evaluations']} "
        f"evaluations, seed {alignment.seed})"
    )
    lines.append(f"Position of {outcome.copy_name or outcome.name} relative to {outcome.fixed_name} coordinates:")
    return "\n".join(lines) + "\n" + outcome.position.description()


def short(value):
    """Return a length or an angle with as many digits as anyone reads."""
    return f"{round(value, 3):.4g}"


def points(agreement, level):
    """Say how many grid points were counted, and which."""
    if agreement is None:
        return "all of it; no grid point lies above its level"
    where = "" if level is None else f" above level {level:.4g}"
    return f"{agreement.points} points{where}"


def resolution(scores):
    """Say to what resolution two maps agree."""
    angstrom = scores.fsc_resolution_angstrom
    return f"{angstrom:.3g} A (FSC 0.5)" if angstrom < float("inf") else "no resolution (FSC below 0.5)"


def advice(outcome):
    """Say what to do if the mirror image fits better and was not taken, else None."""
    decision = outcome.alignment.hand
    if decision is None or decision.decision != "mirrored" or outcome.alignment.mirrored:
        return None
    if not outcome.is_map:
        return f"the mirror image of the model fits better: the hand of {outcome.fixed_name} may be the wrong one"
    return f"the mirror image fits better: {outcome.command} hand auto places a mirrored copy"


def table(outcomes, failures):
    """Return one table of several alignments, as HTML.

    Parameters
    ----------
    outcomes : list of Outcome
        What was done.
    failures : list of (str, str)
        What was not done, and why.
    """
    rows = [
        (
            o.copy_name or o.name,
            short(o.shift),
            short(o.angle),
            " → ".join("-" if a is None else f"{a.correlation:.4f}" for a in (o.before, o.after)),
            "-" if o.alignment.hand is None else o.alignment.hand.decision,
            o.alignment.verdict or "-",
            f"{o.alignment.seconds:.2f}",
        )
        for o in outcomes
    ]
    head = "".join(f"<th>{name}</th>" for name in HEADINGS)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    body += "".join(
        f'<tr><td>{escape(name)}</td><td colspan="{len(HEADINGS) - 1}">not aligned: {escape(why)}</td></tr>'
        for name, why in failures
    )
    done = f"{len(outcomes)} of {len(outcomes) + len(failures)}"
    fixed = escape(outcomes[0].fixed_name)
    return f'Aligned {done} to {fixed}<table border="1" cellpadding="3" cellspacing="0">{head}{body}</table>'


def folded(outcome):
    """Return the lines about one of several alignments, as HTML that is folded away."""
    return f"<details><summary>{escape(outcome.name)}</summary><pre>{escape(report(outcome))}</pre></details>"


def comparison(first, second, agreement, level, compared):
    """Return the lines about two maps where they are.

    Parameters
    ----------
    first, second : str
        Their names; the grid points are those of the first.
    agreement : Agreement or None
        As ``measure correlation`` counts it.
    level : float or None
        Level of the first above which it counts.
    compared : botalign.Comparison
        The other scores.
    """
    lines = [f"Agreement of {first} with {second} using {points(agreement, level)}"]
    if agreement is not None:
        lines.append(
            f"  correlation = {agreement.correlation:.4g}, "
            f"correlation about mean = {agreement.correlation_about_mean:.4g}"
        )
    lines.append(f"  they agree to {resolution(compared.scores)}")
    lines.append(f"  wavelet earth mover's distance = {compared.scores.wemd_angstrom:.4g} A")
    return "\n".join(lines)
