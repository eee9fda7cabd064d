"""The result of an alignment as the panel shows it."""

from html import escape

from .report import advice, correlation_change, part, resolution, short
from .syntax import counted


def summary(outcome):
    """Return the result as HTML: the verdict, scores before and after, hand, shift and angle."""
    alignment = outcome.alignment
    names = f"<b>{escape(outcome.copy_name or outcome.name)}</b> on <b>{escape(outcome.fixed_name)}</b>"
    lines = [names, f"<b>verdict: {escape(alignment.verdict_text)}</b>"]
    if not outcome.moved:
        lines.append("Nothing was moved. The best pose that was found:")
    if outcome.before is not None and outcome.after is not None:
        for name, field in (("correlation", "correlation"), ("correlation about mean", "correlation_about_mean")):
            before, after = (getattr(measured, field) for measured in (outcome.before, outcome.after))
            lines.append(f"{name} {before:.4f} before, <b>{after:.4f}</b> after")
    if outcome.atoms_before is not None:
        before, after = (_at_atoms(atoms) for atoms in (outcome.atoms_before, outcome.atoms_after))
        lines.append(f"average map value {before} before, <b>{after}</b> after")
    plain = [
        *([f"chance: {alignment.chance_text}"] if alignment.chance_text else []),
        part(outcome) or resolution(alignment.after),
        *(() if alignment.copies is None else alignment.copies.facts),
        f"hand: {alignment.hand_text}",
        *(line for line in (advice(outcome),) if line),
        f"shift {short(outcome.shift)}, angle {short(outcome.angle)} degrees, {alignment.seconds:.2f} seconds",
        *outcome.notes,
    ]
    return "<br>".join([*lines, *map(escape, plain)])


def _at_atoms(atoms):
    inside = "" if atoms.fraction_inside is None else f" ({100 * atoms.fraction_inside:.1f}% of the atoms inside)"
    return f"{atoms.average:.4g}{inside}"


def outcome_line(outcomes):
    """Return the results of one command in one line: the verdict first."""
    if len(outcomes) > 1:
        return f"Aligned {sum(outcome.moved for outcome in outcomes)} of {len(outcomes)} to {outcomes[0].fixed_name}"
    (outcome,) = outcomes
    verdict = outcome.alignment.verdict or "aligned"
    if not outcome.moved:
        done = "nothing was moved"
    elif outcome.placed:
        copies, number = outcome.alignment.copies, sum(model is not None for _, model in outcome.placed)
        group = "" if copies.symmetry is None else f", {copies.group}"
        fewer = f", {copies.missing} fewer than asked for" if copies.missing else ""
        done = f"{counted(number, 'copy', 'copies')} placed{group}{fewer}"
    else:
        done = correlation_change(outcome)
    return f"{verdict[0].upper()}{verdict[1:]}: {done}"


def scores(found, current):
    """Return the scores of the current poses in one line.

    Parameters
    ----------
    found : botalign.Comparison or botalign.ModelFit
        What ``botalign score`` returns.
    current : str
        Correlation, or values at atoms, as text.
    """
    text = "; ".join(part for part in (current, resolution(getattr(found, "scores", found))) if part)
    return f"{text[0].upper()}{text[1:]}"
