"""Numbers of a result as text."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

#: A smaller rotation is printed as 0.00 degrees, and has no meaningful axis.
LEAST_ANGLE_DEGREES = 0.005


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
