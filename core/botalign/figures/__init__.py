"""Figures of results; they need matplotlib, which the extra ``figures`` installs."""

from botalign.figures.alignment import alignment_figure
from botalign.figures.classes import class_course, class_gallery
from botalign.figures.embedding import draw_embedding, embedding_figure
from botalign.figures.landscape import landscape_figure

__all__ = [
    "alignment_figure",
    "class_course",
    "class_gallery",
    "draw_embedding",
    "embedding_figure",
    "landscape_figure",
]
