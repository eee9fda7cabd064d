"""The work of one command."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from .syntax import ALIGN, usage_error


@dataclass(frozen=True, eq=False)
class Job:
    """The work of one command.

    Attributes
    ----------
    fixed : Volume
        The reference.
    pairs : list of Pair
        What is aligned to it, each separately.
    options : botalign.AlignmentOptions
        Options without masks.
    masks : dict of Volume
        Masks by the name of their option.
    along : list of (Model, Place)
        Models that move along with a single moving model, and their positions relative to it.
    result : Path or None
        Result file, or the pattern of several.
    """

    fixed: object
    pairs: list
    options: object
    masks: dict = field(default_factory=dict)
    along: list = field(default_factory=list)
    result: Path | None = None

    @property
    def title(self):
        """Name of the job in status messages and in the list of tasks."""
        first = f"#{self.pairs[0].mover.model.id_string}"
        return f"{first if len(self.pairs) == 1 else f'{len(self.pairs)} maps'} to #{self.fixed.id_string}"


def result_paths(path, ids):
    """Return the path of each result: ``result.json``, or ``result_2.json`` and ``result_3.json``."""
    path = Path(path)
    return [path] if len(ids) == 1 else [path.with_name(f"{path.stem}_{number}{path.suffix}") for number in ids]


def check_result(path, example=ALIGN):
    """Refuse a result file that cannot be written, before long work starts. A file that exists is replaced.

    Raises
    ------
    UserError
        If its folder is missing or read-only, or it is a folder itself.
    """
    path = Path(path)
    example += " result result.json"
    if path.is_dir():
        raise usage_error(f"result: {path} is a folder, expected a file name", example)
    if not path.parent.is_dir():
        raise usage_error(f"result: the folder {path.parent} does not exist", example)
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise usage_error(f"result: {path} cannot be written; change its permissions, or choose another file", example)
