"""Figures of results; they need matplotlib, which the extra ``figures`` installs."""

from botalign.figures.alignment import alignment_figure
from botalign.figures.classes import class_course, class_gallery
from botalign.figures.comparison import comparison_figure
from botalign.figures.embedding import draw_embedding, embedding_figure
from botalign.figures.landscape import landscape_figure
from botalign.figures.report import ReportEntry, alignment_report, as_png

__all__ = [
    "ReportEntry",
    "alignment_figure",
    "alignment_report",
    "as_png",
    "class_course",
    "class_gallery",
    "comparison_figure",
    "draw_embedding",
    "embedding_figure",
    "landscape_figure",
]
