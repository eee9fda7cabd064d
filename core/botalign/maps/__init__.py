"""Density maps on a physical grid: reading, writing, contour levels, resampling."""

from botalign.maps.contour import contour_level
from botalign.maps.correction import correct_voxel_size, with_voxel_size
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.header import MapHeader, MapWarning
from botalign.maps.reading import read, read_header
from botalign.maps.resampling import average, resample
from botalign.maps.statistics import MapInfo, describe
from botalign.maps.stored import StoredValues, read_stored
from botalign.maps.volumes import find_volumes
from botalign.maps.writing import EXTENSIONS

__all__ = [
    "EXTENSIONS",
    "DensityMap",
    "Grid",
    "MapHeader",
    "MapInfo",
    "MapWarning",
    "StoredValues",
    "average",
    "contour_level",
    "correct_voxel_size",
    "describe",
    "find_volumes",
    "read",
    "read_header",
    "read_stored",
    "resample",
    "with_voxel_size",
]
