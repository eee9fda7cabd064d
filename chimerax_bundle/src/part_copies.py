"""The copies of a part: which are placed, and the table of them in the log."""

from html import escape

from .syntax import label

#: Headings of :func:`qualities`.
QUALITIES = ("Verdict", "Chance", "Edges", "Overlap")


def copies_to_make(job, fits):
    """Return the copies of the model for all places except the first, not made yet; None if there are none to make."""
    if fits.alignment.copies is None or not job.moves(fits.alignment):
        return None
    return fits.copies(job.placed(fits.alignment))


def placed_copies(job, fits, moves, copies):
    """Return the copies of a part in an alignment, and the model at the place of each.

    Parameters
    ----------
    job : Job
        The work.
    fits : FitList
        The fits of the part.
    moves : Moves or None
        Step in which it was moved.
    copies : Copies or None
        The copies that were made in this step.

    Returns
    -------
    list of (botalign.Copy, Model or None)
        None where nothing was placed. The list is empty if copies were not asked for.
    """
    found = fits.alignment.copies
    if found is None:
        return []
    models = {}
    if moves is not None:
        opened = [moves.models[fits.moving.model], *copies.models]
        models = dict(zip(job.placed(fits.alignment), opened, strict=True))
    return [(each, models.get(each)) for each in found.placed]


def missing_copies(name, fixed_name, copies):
    """Return as text that fewer copies were found than asked for; None if there are enough."""
    text = copies.missing_text(fixed_name)
    return text and f"{name}: {text}"


def copies_table(outcome):
    """Return the copies of a part as HTML for the log."""
    rows = [
        (str(number), "not placed" if model is None else label(model), *qualities(copy))
        for number, (copy, model) in enumerate(outcome.placed, start=1)
    ]
    title = f"{outcome.alignment.copies.title}: {outcome.name} in {outcome.fixed_name}"
    return html_table(title, ("Copy", "Model", *QUALITIES), rows)


def qualities(placed):
    """Return how well a copy or a part fits as texts: the overlap is the largest share of it inside another one."""
    return placed.verdict, placed.chance, f"{placed.correlation:.4f}", f"{100 * placed.overlap:.1f}%"


def html_table(title, headings, rows):
    """Return a table as HTML for the log."""
    head = "".join(f"<th>{escape(name)}</th>" for name in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>" for row in rows)
    return f'{escape(title)}<br><table border="1" cellpadding="3" cellspacing="0"><tr>{head}</tr>{body}</table>'
