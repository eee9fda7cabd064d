"""Parts of a summary as text."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from botalign.alignment.records import MapReference

#: A smaller rotation is printed as 0.00 degrees, and has no meaningful axis.
LEAST_ANGLE_DEGREES = 0.005
#: The tail of a distribution is not known well enough for smaller probabilities.
LEAST_PROBABILITY = 1e-6
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


def probability_text(probability: float) -> str:
    """Return a probability as text, rounded up to one digit; a very small one is only known to be small."""
    if probability < LEAST_PROBABILITY:
        return f"below {LEAST_PROBABILITY:g}"
    return f"of {probability:.1g}"


def named_with_chains(reference: MapReference) -> str:
    """Return the name of a map or model, with the chains of a model if they have names."""
    names = [name for name in reference.chains if name.strip()]
    if not names:
        return reference.name
    if len(names) > MOST_CHAINS:
        return f"{reference.name} ({len(names)} chains)"
    return f"{reference.name} ({'chain' if len(names) == 1 else 'chains'} {', '.join(names)})"


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
