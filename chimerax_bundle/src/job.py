"""All that one command is to do."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from .syntax import ALIGN, wrong


@dataclass(frozen=True, eq=False)
class Job:
    """What one command is to do.

    Attributes
    ----------
    fixed : Volume
        The reference.
    pairs : list of Pair
        What is aligned to it, each by itself.
    options : dict
        Options of :func:`botalign.align`.
    local : bool
        Whether to search near the present pose only.
    mask, to_mask : Volume or None
        What of the moving maps and of the reference is to be aligned.
    along : list of (Model, Place)
        What moves along with a single moving model, and where it lies in that model's coordinates.
    result : Path or None
        Where to write the result, or the results.
    """

    fixed: object
    pairs: list
    options: dict
    local: bool = False
    mask: object = None
    to_mask: object = None
    along: list = field(default_factory=list)
    result: Path | None = None

    @property
    def title(self):
        """What status messages and the list of tasks call it."""
        first = f"#{self.pairs[0].mover.model.id_string}"
        return f"{first if len(self.pairs) == 1 else f'{len(self.pairs)} maps'} to #{self.fixed.id_string}"

    def begin(self, pair):
        """Take the maps of a pair, and return the steps of their alignment."""
        return pair.begin(local=self.local, mask=self.mask, to_mask=self.to_mask, **self.options)


def result_paths(path, ids):
    """Return where each of several results goes: ``motion.json``, or ``motion_2.json`` and ``motion_3.json``."""
    path = Path(path)
    return [path] if len(ids) == 1 else [path.with_name(f"{path.stem}_{number}{path.suffix}") for number in ids]


def check_result(path, example=ALIGN):
    """Refuse a result file that can't be written, before long work begins; one that exists is replaced.

    Raises
    ------
    UserError
        If its folder is missing or can't be written, or it is a folder itself.
    """
    path = Path(path)
    example += " result motion.json"
    if path.is_dir():
        raise wrong(f"result: {path} is a folder, expected the name of a file to write", example)
    if not path.parent.is_dir():
        raise wrong(f"result: the folder {path.parent} does not exist", example)
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise wrong(f"result: {path} can't be written", example)
