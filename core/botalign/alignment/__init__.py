"""Alignment of two density maps: the problem, its solvers, and the result."""

from botalign.alignment.align import align, align_steps
from botalign.alignment.common_part import common_part
from botalign.alignment.difference import difference
from botalign.alignment.hand import HandDecision
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.potential import potential
from botalign.alignment.records import Candidate, MapReference, TracePoint
from botalign.alignment.result import Alignment
from botalign.alignment.scoring import Comparison, Scores, score

__all__ = [
    "Alignment",
    "AlignmentOptions",
    "Candidate",
    "Comparison",
    "HandDecision",
    "MapReference",
    "Scores",
    "TracePoint",
    "align",
    "align_steps",
    "common_part",
    "difference",
    "potential",
    "score",
]
