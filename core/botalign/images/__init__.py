"""Stacks of images, and the lists that refer to them."""

from botalign.images.image_list import ImageList
from botalign.images.loading import LoadOptions, load_images
from botalign.images.particles import CtfParameters, ParticleList, PoseWarning
from botalign.images.reading import (
    common_pixel_size,
    holds_images,
    is_list,
    read_images,
    read_particles,
    read_stack,
)
from botalign.images.stack import STACK_EXTENSIONS, ImageStack

__all__ = [
    "STACK_EXTENSIONS",
    "CtfParameters",
    "ImageList",
    "ImageStack",
    "LoadOptions",
    "ParticleList",
    "PoseWarning",
    "common_pixel_size",
    "holds_images",
    "is_list",
    "load_images",
    "read_images",
    "read_particles",
    "read_stack",
]
