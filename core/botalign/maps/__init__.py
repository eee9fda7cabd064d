"""Density maps on a physical grid: read, write, describe, make."""

from botalign.maps.contour import contour_level
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.header import MapHeader, MapWarning
from botalign.maps.image_stack import ImageStack
from botalign.maps.phantoms import phantom, phantom_atoms, symmetry_rotations
from botalign.maps.projecting import Projections, projections
from botalign.maps.reading import holds_images, read, read_header, read_stack
from botalign.maps.resampling import average, moved
from botalign.maps.statistics import MapInfo, describe
from botalign.maps.writing import STACK_SUFFIXES, SUFFIXES, write, write_stack

__all__ = [
    "STACK_SUFFIXES",
    "SUFFIXES",
    "DensityMap",
    "Grid",
    "ImageStack",
    "MapHeader",
    "MapInfo",
    "MapWarning",
    "Projections",
    "average",
    "contour_level",
    "describe",
    "holds_images",
    "moved",
    "phantom",
    "phantom_atoms",
    "projections",
    "read",
    "read_header",
    "read_stack",
    "symmetry_rotations",
    "write",
    "write_stack",
]
