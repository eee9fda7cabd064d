"""The report of a classification."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from botalign.alignment.versions import versions
from botalign.classes.facts import facts, resolution_of_class
from botalign.errors import counted
from botalign.figures.classes import class_course, class_gallery
from botalign.figures.page import as_png, facts_table, image, overview, page
from botalign.options import declarations

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from botalign import Classification, ClassifyOptions

_CSS_PIXELS_PER_INCH = 96
#: What the names of options with a unit end with.
_SUFFIXES = {"A": "_angstrom", "pixels": "_pixels"}
_READING = """
<p>The pictures are the class averages, the largest class first; above each are the number of the class, the number of
its images, and its resolution. The resolution is where the Fourier ring correlation of two halves of the class falls
below 0.5. It compares the classes of a run, and is too good for small classes, because both halves were aligned to the
same average. The loss is the sum of the squared distances of the images from their averages.</p>
"""


def class_report(
    found: Classification,
    *,
    name: str = "",
    phases: str = "",
    pixels: str = "",
    options: ClassifyOptions | None = None,
    notes: Sequence[str] = (),
    command: str = "",
) -> str:
    """Return a page of HTML about a classification.

    Parameters
    ----------
    found : Classification
        The result.
    name : str, optional
        Name of the images; by default that of the averages.
    phases : str, optional
        What was done to the phases of the images before.
    pixels : str, optional
        How the images were rescaled before.
    options : ClassifyOptions, optional
        The options of the classification.
    notes : sequence of str, optional
        What the reader should know.
    command : str, optional
        The command that made it.

    Returns
    -------
    str
        The page. It contains its pictures, and refers to no other file and no address.

    Examples
    --------
    >>> import botalign
    >>> from botalign.figures import class_report
    >>> stack = botalign.projections(botalign.phantom(24, voxel_size_angstrom=5.0), 6, seed=1).stack
    >>> options = botalign.ClassifyOptions(rotations=8)
    >>> found = botalign.classify(stack, 2, rotations=8)
    >>> page = class_report(found, name="particles.mrcs", options=options)
    >>> page.startswith("<!DOCTYPE html>")
    True
    """
    used = versions()
    images, classes = counted(len(found.labels), "image"), counted(len(found.sizes), "class", "classes")
    shown = [(label, (text.replace(" -> ", " → "),)) for label, text in facts(found, phases, pixels)]
    return page(
        f"{Path(name or found.averages.name).name}: {images} in {classes}",
        f"Classified by BOTalign {used.get('botalign', '')}",
        [
            *(f'<p class="note">{escape(note)}</p>' for note in notes),
            f"<section>{_picture(class_gallery(found), 'class averages')}</section>",
            f"<section>{facts_table(shown)}{_picture(class_course(found), 'loss and changes of each iteration')}"
            f"<details><summary>All classes</summary>{_table(found)}</details></section>",
            "" if options is None else f"<section><h2>Parameters</h2>{_parameters(found, options)}</section>",
        ],
        reading=_READING,
        command=command,
        versions=used,
    )


def _picture(figure: Figure, description: str) -> str:
    return image(as_png(figure), description, width=round(_CSS_PIXELS_PER_INCH * figure.get_figwidth()))


def _table(found: Classification) -> str:
    """Return a table with a row for each class."""
    images = len(found.labels)
    rows = [
        (
            str(number + 1),
            str(size),
            f"{100 * size / images:.1f} %",
            escape(resolution_of_class(found, number)) or "none",
        )
        for number, size in enumerate(found.sizes.tolist())
    ]
    return overview(("class", "images", "fraction", "resolution"), rows)


def _parameters(found: Classification, options: ClassifyOptions) -> str:
    """Return a table of the options."""
    rows = [("classes", (str(len(found.sizes)),))]
    for name, declared in declarations(type(options)).items():
        unit = declared.option.unit
        label = name.removesuffix(_SUFFIXES.get(unit, "")).replace("ctf", "CTF").replace("_", " ")
        value = getattr(options, name)
        text = "automatic" if value is None else {True: "yes", False: "no"}[value] if declared.type is bool else value
        rows.append((label, (f"{text} {unit}" if unit and value is not None else str(text),)))
    return facts_table(rows)
