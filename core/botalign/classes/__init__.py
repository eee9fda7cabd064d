"""Class averages of images: rotation-invariant k-means in the wavelet earth mover's distance."""

from botalign.classes.classify import classify, classify_steps
from botalign.classes.options import ClassifyOptions
from botalign.classes.result import Classification, Iteration

__all__ = ["Classification", "ClassifyOptions", "Iteration", "classify", "classify_steps"]
