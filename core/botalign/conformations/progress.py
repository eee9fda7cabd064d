"""What long work on many maps tells while it goes on."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from botalign.jobs import BlockDone
from botalign.steps import retold


@dataclass(frozen=True)
class DistanceProgress:
    """How far the distances of a set of maps have come.

    Attributes
    ----------
    stage : str
        ``"read"``, ``"landmarks"`` or ``"pairs"``; one follows the other.
    done, total : int
        Blocks of work of this stage that are done, and how many there are.
    kept : int
        How many of those done were done by an earlier run.
    """

    stage: str
    done: int
    total: int
    kept: int


def told(
    stage: str, blocks: Generator[BlockDone, None, dict[str, Any]]
) -> Generator[DistanceProgress, None, dict[str, Any]]:
    """Hand on the progress of blocks of work as that of a stage."""
    return retold(blocks, lambda step: DistanceProgress(stage, step.done, step.total, step.kept))
