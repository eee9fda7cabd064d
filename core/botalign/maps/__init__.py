"""Density maps on a physical grid: read, write, describe, make."""

from botalign.maps.contour import contour_level
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.header import MapHeader, MapWarning
from botalign.maps.phantoms import phantom, phantom_atoms, symmetry_rotations
from botalign.maps.reading import read, read_header
from botalign.maps.statistics import MapInfo, describe
from botalign.maps.writing import SUFFIXES, write

__all__ = [
    "SUFFIXES",
    "DensityMap",
    "Grid",
    "MapHeader",
    "MapInfo",
    "MapWarning",
    "contour_level",
    "describe",
    "phantom",
    "phantom_atoms",
    "read",
    "read_header",
    "symmetry_rotations",
    "write",
]
