"""The result of an alignment as the panel shows it."""

from html import escape

from .report import advice, resolution, short


def summary(outcome):
    """Return the result as HTML: scores before and after, hand, verdict, shift and angle."""
    lines = []
    if outcome.before is not None and outcome.after is not None:
        for name, field in (("correlation", "correlation"), ("correlation about mean", "correlation_about_mean")):
            before, after = (getattr(measured, field) for measured in (outcome.before, outcome.after))
            lines.append(f"{name} {before:.4f} before, <b>{after:.4f}</b> after")
    plain = [
        resolution(outcome.alignment.after),
        *([f"part: {outcome.alignment.part_text}"] if outcome.alignment.part_text else []),
        f"hand: {outcome.alignment.hand_text}",
        *(line for line in (advice(outcome), f"verdict: {outcome.alignment.verdict_text}") if line),
        f"shift {short(outcome.shift)}, angle {short(outcome.angle)} degrees, {outcome.alignment.seconds:.2f} seconds",
        *outcome.notes,
    ]
    title = f"<b>{escape(outcome.copy_name or outcome.name)}</b> on <b>{escape(outcome.fixed_name)}</b>"
    return "<br>".join([title, *lines, *map(escape, plain)])
