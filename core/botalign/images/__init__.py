"""Stacks of images, and the lists that refer to them."""

from botalign.images.reading import holds_images, read_stack
from botalign.images.stack import STACK_EXTENSIONS, ImageStack
from botalign.images.star import ImageList, read_images

__all__ = ["STACK_EXTENSIONS", "ImageList", "ImageStack", "holds_images", "read_images", "read_stack"]
