"""The results as text and HTML for the log, in the layout of Fit in Map."""

from collections import Counter
from html import escape

from .fit_table import fit_table, matter

HEADINGS = ("", "verdict", "chance", "shift", "angle", "correlation", "hand", "seconds")


def report(outcome):
    """Return the report of one alignment as plain text.

    Parameters
    ----------
    outcome : Outcome
        Result of the alignment.
    """
    alignment = outcome.alignment
    using = f"using {points(outcome.after, outcome.level)}"
    done = "Aligned" if outcome.moved else "No match found:" if alignment.verdict == "no match" else "Not moved:"
    lines = [f"{done} {outcome.names} {using}"]
    lines.append(f"  verdict: {alignment.verdict_text}")
    if alignment.chance_text:
        lines.append(f"  chance: {alignment.chance_text}")
    if not outcome.moved:
        lines.append(f"  nothing was moved; {outcome.fits.command(1)} moves it to the best pose that was found:")
    if outcome.copy_name:
        lines.append(f"  mirrored: a mirrored copy, {outcome.copy_name}, was made and moved; the map itself is hidden")
    for when, measured in (("before", outcome.before), ("after", outcome.after)):
        if measured is not None:
            lines.append(f"  {when}: {correlations(measured)}")
    for when, atoms in (("before", outcome.atoms_before), ("after", outcome.atoms_after)):
        if atoms is not None:
            lines.append(f"  atoms {when}: {at_atoms(atoms)}")
    # Only after: before, botalign compares the maps in their own coordinates, whatever their positions in the scene.
    lines.append(f"  {part(outcome) or resolution(alignment.after)}")
    if alignment.copies is not None:
        lines += [f"  copies: {line}" for line in alignment.copies.facts]
    lines.append(f"  shift = {short(outcome.shift)}, angle = {short(outcome.angle)} degrees")
    if alignment.missing_chains_text:
        lines.append(f"  low density: {alignment.missing_chains_text}")
    lines.append(f"  hand: {alignment.hand_text}")
    if alignment.scale_text:
        lines.append(f"  scale: {alignment.scale_text}")
    lines += [f"  {line}" for line in (advice(outcome),) if line]
    lines += [f"  note: {note}" for note in outcome.notes]
    lines.append(f"  {alignment.seconds:.2f} seconds{search_settings(alignment)}")
    where = "Position" if outcome.moved else "Best position found"
    lines.append(f"{where} of {outcome.copy_name or outcome.name} relative to {outcome.fixed_name} coordinates:")
    return "\n".join(lines) + "\n" + outcome.position.description()


def part(outcome):
    """Return which of the two is a part of the other, and why it was searched for as one; None if neither is."""
    found = outcome.alignment.part
    if found is None:
        return None
    inner, outer = outcome.name, outcome.fixed_name
    if found.role == "fixed":
        inner, outer = outer, inner
    why = {"requested": "as requested", "mask": "because of its mask"}.get(found.reason, "for that reason")
    return (
        f"part: {inner}, {100 * found.fraction:.2g}% of the volume of {outer}, was searched for as a part of it {why}; "
        f"correlation of the edges inside {outcome.alignment.part_correlation:.4f}"
    )


def search_settings(alignment):
    """Return the settings of the search as text; empty if a part was searched for, which does not use them."""
    if alignment.method != "search":
        return ""
    chosen, made = alignment.parameters, Counter(point.mirrored for point in alignment.trace)
    evaluations = max(made.values(), default=0)
    return f" ({chosen['loss']}, {chosen['size']}^3 voxels, {evaluations} evaluations, seed {alignment.seed})"


def correlations(measured):
    """Return the two correlations of a MapCorrelation as text."""
    return f"correlation = {measured.correlation:.4g}, correlation about mean = {measured.correlation_about_mean:.4g}"


def at_atoms(atoms):
    """Return the values of a map at atoms, an AtomsInMap, as text: what Fit in Map logs of atoms."""
    text = f"average map value = {atoms.average:.4g}"
    if atoms.outside is None:
        return f"{text} at {atoms.count} atoms"
    inside = f"atoms outside contour = {atoms.outside} of {atoms.count}, fraction inside = {atoms.fraction_inside:.3f}"
    return f"{text}, {inside}, contour level = {atoms.level:.5g}"


def short(value):
    """Return a length or an angle with few digits."""
    return f"{round(value, 3):.4g}"


def points(measured, level):
    """Return as text which grid points a correlation is computed from."""
    if measured is None:
        return "all of it; no grid point is above its level"
    where = " that are not zero" if level is None else f" above level {level:.4g}"
    return f"{measured.points} points{where}"


def resolution(scores):
    """Return as text at which resolution the Fourier shell correlation of two maps falls below 0.5."""
    angstrom = scores.fsc_resolution_angstrom
    return f"FSC 0.5 at {angstrom:.3g} A" if angstrom < float("inf") else "FSC below 0.5 at every resolution"


def advice(outcome):
    """Return what to do if the mirror image fits better and was not used; otherwise None."""
    alignment = outcome.alignment
    if not alignment.other_hand_fits_better or alignment.mirrored or alignment.verdict == "no match":
        return None
    if outcome.is_map:
        wrong = "" if outcome.fixed_is_map else f": {outcome.name} has the wrong hand"
        return f"the mirror image fits better{wrong}; {outcome.command} hand auto aligns a mirrored copy"
    if outcome.fixed_is_map:
        return f"{outcome.fixed_name} has the wrong hand; align to the mirrored copy that this makes: {outcome.flip}"
    return "the mirror image of the model fits better"


def correlation_change(outcome):
    """Return the correlation before and after as text."""
    if outcome.before is None or outcome.after is None:
        return "no grid point is above its level"
    return f"correlation {outcome.before.correlation:.4g} before, {outcome.after.correlation:.4g} after"


def table(outcomes, failures):
    """Return a table of several alignments as HTML.

    Parameters
    ----------
    outcomes : list of Outcome
        Results.
    failures : list of (str, str)
        Names of the models that were not aligned, and the reasons.
    """
    rows = [
        (
            o.copy_name or o.name,
            (o.alignment.verdict or "-") + ("" if o.moved else ", not moved"),
            o.alignment.chance or "-",
            short(o.shift),
            short(o.angle),
            " → ".join("-" if measured is None else f"{measured.correlation:.4f}" for measured in (o.before, o.after)),
            "-" if o.alignment.hand is None else o.alignment.hand.decision,
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
    done = f"{sum(o.moved for o in outcomes)} of {len(outcomes) + len(failures)}"
    fixed = escape(outcomes[0].fixed_name)
    return f'Aligned {done} to {fixed}<table border="1" cellpadding="3" cellspacing="0">{head}{body}</table>'


def folded(outcome):
    """Return the report of one of several alignments as HTML that the user can unfold."""
    more = fit_table(outcome.fits) if matter(outcome.fits) else ""
    return f"<details><summary>{escape(outcome.name)}</summary><pre>{escape(report(outcome))}</pre>{more}</details>"


def comparison(first, second, measured, level, scores, atoms, curves):
    """Return the report about two maps or models in their current poses.

    Parameters
    ----------
    first, second : str
        Their names; the grid points are those of the first.
    measured : MapCorrelation or None
        Correlation as ``measure correlation`` computes it.
    level : float or None
        Level of the first map above which it is computed.
    scores : botalign.Scores or botalign.ModelFit
        Other scores.
    atoms : AtomsInMap or None
        The values of the map at the atoms.
    curves : sequence of tuple
        Facts about the Fourier shell correlation, each with its label.
    """
    lines = [f"Comparison of {first} with {second} using {points(measured, level)}"]
    if measured is not None:
        lines.append(f"  {correlations(measured)}")
    if atoms is not None:
        lines.append(f"  {at_atoms(atoms)}")
    lines += [f"  {name}: {text}" for name, text in curves]
    if atoms is not None and scores.missing_chains_text:
        lines.append(f"  low density: {scores.missing_chains_text}")
    if atoms is None:
        lines.append(f"  wavelet earth mover's distance = {scores.wemd_angstrom:.4g} A")
    return "\n".join(lines)
