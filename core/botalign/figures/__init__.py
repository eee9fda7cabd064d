"""Pictures of results; they need matplotlib, the extra ``figures``."""

from botalign.figures.alignment import alignment_figure
from botalign.figures.classes import class_course, class_gallery

__all__ = ["alignment_figure", "class_course", "class_gallery"]
