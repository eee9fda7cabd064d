"""Class averages of images: rotation-invariant k-means in the wavelet earth mover's distance."""

from botalign.classes.classify import classify, classify_steps
from botalign.classes.result import Classification, ClassifyProgress, Iteration
from botalign.classes.star import ImageList, read_images, write_image_list

__all__ = [
    "Classification",
    "ClassifyProgress",
    "ImageList",
    "Iteration",
    "classify",
    "classify_steps",
    "read_images",
    "write_image_list",
]
