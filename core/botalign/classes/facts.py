"""The facts about a classification as text."""

from __future__ import annotations

from math import isfinite

from botalign.classes.result import Classification
from botalign.errors import counted


def facts(found: Classification, phases: str = "", pixels: str = "") -> list[tuple[str, str]]:
    """Return what is known about a classification, each fact with its label.

    Parameters
    ----------
    found : Classification
        The result.
    phases : str, optional
        What was done to the phases of the images before.
    pixels : str, optional
        How the images were rescaled before.
    """
    last = found.iterations[-1]
    end = "converged" if found.converged else "not converged"
    rows = [
        ("images", f"{len(found.labels)} in {counted(len(found.sizes), 'class', 'classes')}"),
        ("pixels", pixels),
        ("size", _size(found)),
        ("phases", phases),
        ("centres", centres(found)),
        ("averages", f"{'corrected' if found.ctf_corrected else 'not corrected'} for the CTF"),
        ("contrast", "inverted, so that particles are bright" if found.inverted else "as given"),
        (
            "sizes",
            f"{found.sizes[0]} to {found.sizes[-1]}, effective number of classes {found.effective_classes:.1f}",
        ),
        ("resolution", _resolutions(found)),
        ("iterations", f"{len(found.iterations)}, {end}"),
        ("loss", f"{found.iterations[0].loss:.6g} -> {found.loss:.6g}"),
    ]
    if len(found.iterations) > 1:
        rows.append(("work", f"{100 * last.avoided:.2f} % of the comparisons were avoided in the last iteration"))
    return [row for row in rows if row[1]]


def centres(found: Classification) -> str:
    """Return in words what was done to the centres of the images."""
    shifts = found.shifts_pixels_before
    if shifts is None:
        return "as given"
    moved = counted(int(shifts.any(axis=1).sum()), "image")
    return f"{moved} shifted to the origins in the list, by at most {abs(shifts).max()} pixels in x and y"


def resolution_of_class(found: Classification, number: int) -> str:
    """Return the resolution of a class as text, or nothing if it is unknown."""
    resolution = float(found.resolutions_angstrom[number])
    return f"{resolution:.3g} A" if isfinite(resolution) else ""


def _resolutions(found: Classification) -> str:
    """Return the best and the worst resolution of a class, at a ring correlation of 0.5 between two halves."""
    finite = sorted(each for each in found.resolutions_angstrom.tolist() if isfinite(each))
    none = counted(len(found.sizes) - len(finite), "class without", "classes without")
    return (f"{finite[0]:.3g} to {finite[-1]:.3g} A" if finite else "none") + (
        f", {none}" if finite and len(finite) < len(found.sizes) else ""
    )


def _size(found: Classification) -> str:
    """Return the size of the compared images."""
    side, pixel = found.averages.shape[1], found.averages.pixel_size_angstrom[0]
    return f"{side} x {side} pixels of {pixel:.4g} A"
