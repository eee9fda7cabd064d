"""Figures of results; they need matplotlib, which the extra ``figures`` installs."""

from botalign.figures.alignment import alignment_figure
from botalign.figures.class_report import class_report
from botalign.figures.classes import class_course, class_gallery
from botalign.figures.comparison import comparison_figure
from botalign.figures.embedding import draw_embedding, embedding_figure
from botalign.figures.landscape import landscape_figure
from botalign.figures.page import as_png
from botalign.figures.report import ReportEntry, alignment_report

__all__ = [
    "ReportEntry",
    "alignment_figure",
    "alignment_report",
    "as_png",
    "class_course",
    "class_gallery",
    "class_report",
    "comparison_figure",
    "draw_embedding",
    "embedding_figure",
    "landscape_figure",
]
