"""Alignment of two density maps: where maps, transport, search and scores meet."""

from botalign.alignment.align import align, align_steps
from botalign.alignment.comparison import Comparison, HandDecision, Scores, score
from botalign.alignment.difference import difference
from botalign.alignment.outcome import Progress
from botalign.alignment.poses import Candidate, MapReference, TracePoint
from botalign.alignment.potential import potential
from botalign.alignment.result import Alignment

__all__ = [
    "Alignment",
    "Candidate",
    "Comparison",
    "HandDecision",
    "MapReference",
    "Progress",
    "Scores",
    "TracePoint",
    "align",
    "align_steps",
    "difference",
    "potential",
    "score",
]
