"""The fits of an alignment as a table: each is a row, and equivalent ones share one."""

from html import escape

#: Rows of the table in the log of an alignment. ``botalign fits`` lists all.
MOST_ROWS = 10


def headings(fits):
    """Return the headings of the columns."""
    return ("Fit", *(name for name, _ in _columns(fits)), "Shift (Å)", "Angle (°)", "")


def cells(fits, group):
    """Return the texts of a row."""
    first = group[0]
    numbers = str(first.number) if len(group) == 1 else f"{first.number}-{group[-1].number}"
    texts = ["-" if value is None else f"{value:.4g}" for value in (value(first) for _, value in _columns(fits))]
    return (numbers, *texts, f"{first.shift:.1f}", f"{first.angle:.1f}", _note(fits, group))


def _columns(fits):
    """Return the headings of the columns that depend on what was aligned, and functions that return their values."""
    columns = [
        ("Correlation", lambda fit: fit.measured and fit.measured.correlation),
        ("About mean", lambda fit: fit.measured and fit.measured.correlation_about_mean),
    ]
    if fits.fits[0].atoms is not None:
        columns += [
            ("Map value", lambda fit: fit.atoms.average),
            ("Inside", lambda fit: fit.atoms.fraction_inside),
        ]
    if fits.alignment.part is not None:
        columns.append(("Edges", lambda fit: fit.quality))
    return columns


def _note(fits, group):
    if len(group) > 1:
        return f"{len(group)} equivalent {'poses' if fits.alignment.part is None else 'places'}"
    if group[0].number == 1:
        return "result"
    return "fits as well" if group[0].as_good else ""


def matter(fits):
    """Whether more poses than the result should be known: others that fit as well, or none that is certain."""
    several = fits.alignment.verdict != "certain" and len(fits.fits) > 1
    return several or len(fits.groups[0]) > 1 or any(fit.as_good for fit in fits.fits[1:])


def explanation(fits):
    """Return what the fits are as text."""
    return f"Fits of {fits.moving.name} in {fits.fixed.name}: {fits.alignment.verdict_text}"


def fit_table(fits, *, most=MOST_ROWS):
    """Return the fits as HTML for the log. A click on a number moves the model there.

    Parameters
    ----------
    fits : FitList
        The fits.
    most : int or None
        Rows at most.
    """
    rows = []
    for group in fits.groups[:most]:
        number, *others = cells(fits, group)
        link = f'<a href="cxcmd:{escape(fits.command(group[0].number), quote=True)}">{number}</a>'
        rows.append(f"<tr><td nowrap>{link}</td>{''.join(f'<td>{escape(text)}</td>' for text in others)}</tr>")
    head = "".join(f"<th>{escape(name)}</th>" for name in headings(fits))
    more = len(fits.groups) - len(rows)
    hidden = f"{more} more: botalign fits. " if more else ""
    use = f"{hidden}Shift and angle are those from fit 1. A click on a number moves the model there. "
    if len(fits.fits) > 1 and fits.alignment.verdict != "no match":
        others = fits.groups[0][1:] or fits.fits[1:2]
        use += f"{escape(fits.command(others, copy=True))} places {'a copy' if len(others) == 1 else 'copies'}."
    return (
        f'{escape(explanation(fits))}<br><table border="1" cellpadding="3" cellspacing="0"><tr>{head}</tr>'
        f"{''.join(rows)}</table>{use.strip()}"
    )
