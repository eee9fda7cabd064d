"""The result of an assembly: a line, the table of places for the log, and the summary in the panel."""

from html import escape

from .part_copies import QUALITIES, html_table, qualities
from .syntax import counted, label


def title(done):
    """Return in one line how many parts were placed.

    Parameters
    ----------
    done : Assembled
        The result.
    """
    assembly = done.assembly
    number = len(assembly.placed)
    total = number + assembly.missing
    if number and done.moves is None:
        return f"{counted(number, 'part')} of {total} found in {assembly.whole}; nothing was moved"
    return f"{counted(number, 'part')} of {total} placed in {assembly.whole}"


def unplaced(assembly):
    """Return as texts which parts of a botalign.Assembly were not placed, and why."""
    return [f"{each.name} was not placed: {each.reason}" for each in assembly.unplaced]


def advice(done):
    """Return what to do if the map may have the wrong hand; otherwise None."""
    hint = done.assembly.wrong_hand_text
    return None if hint is None else f"{hint}; assemble the parts in the mirrored copy that this makes: {done.flip}"


def places_table(done):
    """Return a table of the places as HTML, with the parts that have none at its end."""
    rows = [
        (part.name if model is None else label(model), *qualities(part))
        for part, model in zip(done.assembly.placed, done.models, strict=True)
    ]
    rows += [
        (each.name, "not placed" if each.copies == 1 else f"{each.copies} copies not placed", each.chance, "-", "-")
        for each in done.assembly.unplaced
    ]
    return html_table(title(done), ("Part", *QUALITIES), rows)


def summary(done):
    """Return the result as HTML for the panel: the hand, the table, why parts were not placed, what is unexplained."""
    assembly = done.assembly
    hint = advice(done)
    lines = unplaced(assembly) + [
        f"{first} and {second} cannot be distinguished: each fits at both places"
        for first, second in assembly.interchangeable
    ]
    if assembly.scale_text:
        lines.append(f"scale: {assembly.scale_text}")
    lines.append(f"unexplained: {assembly.unexplained_text}")
    lines.append(f"{assembly.seconds:.2f} seconds")
    above = "" if hint is None else f"<b>{escape(hint)}</b><br>"
    return above + places_table(done) + "<br>".join(map(escape, lines))
