"""Parts of a summary as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.records import EVALUATIONS, MapReference, Part, TracePoint
from botalign.alignment.uncertainty import Uncertainty
from botalign.arrays import Matrix

#: A smaller rotation is printed as 0.00 degrees, and has no meaningful axis.
LEAST_ANGLE_DEGREES = 0.005
#: The tail of a distribution is not known well enough for smaller probabilities.
LEAST_PROBABILITY = 1e-6
#: A larger probability is a percentage, a smaller one a chance of one in so many.
ONE_IN_FEW = 0.1
#: The text about the probability of a part if few rotations or shifts are searched.
UNKNOWN_CHANCE = "unknown, because too few wrong places were searched; a match rests on the details inside the part"
#: Width of a summary, and of the labels in it.
WIDTH, LABEL = 80, 13
#: Chains of a model that are listed.
MOST_CHAINS = 4


def rotation_text(angle_degrees: float, axis: Iterable[float]) -> str:
    """Return a rotation as text."""
    about = "" if angle_degrees < LEAST_ANGLE_DEGREES else f" about {vector_text(axis, 4)}"
    return f"{angle_degrees:.2f} degrees{about}"


def vector_text(values: Iterable[float], digits: int) -> str:
    """Return numbers in parentheses; a number that rounds to zero has no sign."""
    return f"({', '.join(f'{value:z.{digits}f}' for value in values)})"


def resolution_text(angstrom: float) -> str:
    """Return a resolution as text; ``none`` if it is infinite."""
    return f"{angstrom:.2f} A" if np.isfinite(angstrom) else "none"


def percent_text(fraction: float) -> str:
    """Return a fraction as a percentage with two digits."""
    return f"{100 * fraction:.0f}%" if fraction >= 0.095 else f"{100 * fraction:.2g}%"


def volume_text(angstrom3: float) -> str:
    """Return a volume with two significant digits and no exponent, for example ``31,000 cubic angstrom``."""
    rounded = float(f"{angstrom3:.2g}")
    return f"{rounded:,.0f} cubic angstrom" if rounded >= 10 else f"{rounded:.1f} cubic angstrom"


def probability_text(probability: float) -> str:
    """Return a probability as text; one in so many is rounded up, and a very small one is only known to be small."""
    if probability < LEAST_PROBABILITY:
        return "below 1 in a million"
    if probability > ONE_IN_FEW:
        return percent_text(probability)
    many = 1.0000001 / probability  # an error of rounding must not make 1 in 40,000 of 1 in 50,000
    power = 10 ** int(np.floor(np.log10(many)))
    return f"1 in {int(many // power) * power:,}"


def ended_text(trace: Sequence[TracePoint], *, certain: bool) -> str | None:
    """Return after how many evaluations of each hand a search ended; None if it made all, or there was none.

    It ends before that once its answer is certain. The verdict may be a worse one, if another hand fits as well.
    """
    made = max(sum(point.mirrored is hand for point in trace) for hand in (False, True))
    if not 0 < made < EVALUATIONS:
        return None
    return f"{'certain' if certain else 'ended'} after {made}"


def named_with_chains(reference: MapReference) -> str:
    """Return the name of a map or model, with the chains of a model if they have names."""
    if not any(name.strip() for name in reference.chains):
        return reference.name
    names = [name if name.strip() else repr(name) for name in reference.chains]
    if len(names) > MOST_CHAINS:
        return f"{reference.name} ({len(names)} chains)"
    return f"{reference.name} ({'chain' if len(names) == 1 else 'chains'} {', '.join(names)})"


def chains_text(placed: Iterable[tuple[str, Iterable[str]]]) -> str:
    """Return as text which chains of a written file belong to which place: ``a.cif 1: A, B; a.cif 2: C, D``."""
    return "; ".join(f"{title}: {', '.join(names)}" for title, names in placed)


def part_text(part: Part, fixed: MapReference, moving: MapReference, correlation: float | None) -> str:
    """Return which map is a part of the other, and how well it fits there, as text."""
    own, whole = (moving, fixed) if part.role == "moving" else (fixed, moving)
    other = "fixed" if part.role == "moving" else "moving"
    what = {
        "requested": f"the {part.role} {own.kind}, as requested",
        "mask": f"the {part.role} {own.kind} inside its mask",
        "noticed": f"the {part.role} {own.kind}, noticed by its volume",
    }[part.reason]
    size = f"{what}, {percent_text(part.fraction)} of the {other} {whole.kind}"
    return (
        f"{size}; correlation of the edges inside it {correlation:z.4f}; the scores above are computed inside it, too"
    )


def uncertainty_text(estimate: Uncertainty | None) -> str:
    """Return standard errors as text."""
    if estimate is None:
        return "not estimated: the pose was not refined"
    if not np.isfinite(estimate.angle_degrees):
        return "not estimated: the maps have too little in common"
    rotation, position = _unknown_rotation(estimate), _unknown_position(estimate)
    angle = rotation or f"{estimate.angle_degrees:.3f} degrees"
    shift = position or f"{estimate.shift_angstrom:.3f} A"
    return f"{angle}, {shift} (standard errors of rotation and position)"


def undetermined_text(estimate: Uncertainty | None) -> str:
    """Return what the maps leave undetermined as text, or an empty text."""
    if estimate is None:
        return ""
    rotation, position = _unknown_rotation(estimate), _unknown_position(estimate)
    named = [f"the rotation is {rotation}"] * bool(rotation) + [f"the position is {position}"] * bool(position)
    return " and ".join(named)


def _unknown_rotation(estimate: Uncertainty) -> str:
    """Return as text that the rotation is undetermined, or an empty text."""
    return _undetermined(estimate.undetermined[_turns(estimate), :3], "about")


def _unknown_position(estimate: Uncertainty) -> str:
    """Return as text that the position is undetermined, or an empty text."""
    return _undetermined(estimate.undetermined[~_turns(estimate), 3:], "along")


def _turns(estimate: Uncertainty) -> NDArray[np.bool_]:
    """Return which of the undetermined directions are rotations rather than shifts."""
    rotations, shifts = estimate.undetermined[:, :3], estimate.undetermined[:, 3:]
    return np.asarray(np.linalg.norm(rotations, axis=1) > np.linalg.norm(shifts, axis=1))


def _undetermined(directions: Matrix, where: str) -> str:
    """Return that directions are undetermined as text, and about or along which axis, if there is only one."""
    if len(directions) == 1:
        axis = directions[0] / np.linalg.norm(directions[0])
        return f"undetermined {where} {vector_text(axis * np.sign(axis[np.abs(axis).argmax()]), 2)}"
    return "undetermined" if len(directions) else ""


def mirror_image_text(part: str, whole: str) -> str:
    """Return as text that a map may have the wrong hand, and why."""
    return f"{whole} may have the wrong hand, because the mirror image of {part} fits into it"


def labelled(label: str, *texts: str) -> list[str]:
    """Return lines of text behind a label; a text that is too long is divided at its semicolons."""
    lines: list[str] = []
    for text in texts:
        line, *clauses = text.split("; ")
        for clause in clauses:
            if LABEL + len(f"{line}; {clause}") >= WIDTH:
                lines.append(f"{line};")
                line = clause
            else:
                line = f"{line}; {clause}"
        lines.append(line)
    return [f"{label if number == 0 else '':{LABEL}}{line}" for number, line in enumerate(lines)]


def chain_lines(text: str) -> list[str]:
    """Return the lines of a summary with the text of :func:`chains_text`; many chains need several."""
    wrap = textwrap.TextWrapper(WIDTH - 1 - LABEL, break_long_words=False, break_on_hyphens=False).wrap
    lines = []
    for line in labelled("chains", text):
        first, *others = wrap(line[LABEL:])
        lines += [line[:LABEL] + first, *(f"{'':{LABEL}}{each}" for each in others)]
    return lines
