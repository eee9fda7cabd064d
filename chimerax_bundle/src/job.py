"""The work of one command."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from .syntax import ALIGN, counted, usage_error

#: What can be required, and the verdicts that suffice.
SUFFICIENT = {"match": ("certain", "ambiguous"), "certain": ("certain",)}


@dataclass(frozen=True, eq=False)
class Job:
    """The work of one command.

    Attributes
    ----------
    fixed : MapInput or AtomsInput
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
    force : bool
        Whether to move a model whose verdict is "no match".
    require : str or None
        The verdict that a model needs to be moved, and the command to succeed: ``"match"`` or ``"certain"``.
    envelope : bool
        Whether the correlations count only grid points above the lowest level.
    """

    fixed: object
    pairs: list
    options: object
    masks: dict = field(default_factory=dict)
    along: list = field(default_factory=list)
    result: Path | None = None
    force: bool = False
    require: str | None = None
    envelope: bool = True

    def accepts(self, verdict):
        """Return whether a model with this verdict is moved."""
        if self.require is None:
            return self.force or verdict != "no match"
        return verdict in SUFFICIENT[self.require]

    def placed(self, alignment):
        """Return the copies of a part that are placed; empty if it is not moved.

        What is required is required of all of them.
        """
        found = alignment.copies
        accepted = [copy for copy in found.placed if self.accepts(copy.verdict)]
        incomplete = len(accepted) < len(found.placed) or found.missing
        return [] if found.placed[0] not in accepted or (self.require and incomplete) else accepted

    def moves(self, alignment):
        """Return whether the model is moved."""
        return self.accepts(alignment.verdict) if alignment.copies is None else bool(self.placed(alignment))

    @property
    def title(self):
        """Name of the job in status messages and in the list of tasks."""
        moving = [pair.moving for pair in self.pairs]
        return f"{moving[0].spec if len(moving) == 1 else counted_inputs(moving)} to {self.fixed.spec}"

    @property
    def inputs(self):
        """What is aligned, and the reference."""
        return [self.fixed, *(pair.moving for pair in self.pairs)]


def counted_inputs(inputs):
    """Return how many maps or models there are as text."""
    return counted(len(inputs), "map" if all(each.is_map for each in inputs) else "model")


def result_paths(path, ids):
    """Return the path of each result: ``result.json``, or ``result_2.json`` and ``result_3.json``."""
    path = Path(path)
    return [path] if len(ids) == 1 else [path.with_name(f"{path.stem}_{number}{path.suffix}") for number in ids]


def check_file(path, example=ALIGN, *, keyword="result", extensions=(".json",)):
    """Refuse a file that cannot be written, before long work starts. A file that exists is replaced.

    Raises
    ------
    UserError
        If its folder is missing or read-only, or it is a folder itself.
    """
    path = Path(path)
    example += f" {keyword} {keyword}{extensions[0]}"
    try:
        is_folder, folder_exists = path.is_dir(), path.parent.is_dir()
        writable = os.access(path if path.exists() else path.parent, os.W_OK)
    except OSError as error:  # a folder that cannot be entered
        raise usage_error(f"{keyword}: {path} cannot be written ({error.strerror})", example) from None
    if is_folder:
        raise usage_error(f"{keyword}: {path} is a folder, expected a file name", example)
    if not folder_exists:
        raise usage_error(f"{keyword}: the folder {path.parent} does not exist", example)
    if not writable:
        raise usage_error(
            f"{keyword}: {path} cannot be written; change its permissions, or choose another file", example
        )
