"""Whether another search for a part is worthwhile, given what the placed parts leave of a map.

A search for a part that a map does not show costs as much as any other one, and each round and each arrangement would
repeat it. Two cheap tests avoid that: whether there is density for the part outside the placed parts, and whether a
part of an arrangement fits better in what the others leave than in the map where it was found.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from botalign.alignment.fitting import FitProblem
from botalign.alignment.overlap import Body
from botalign.arrays import Matrix
from botalign.complexes.found_places import FoundPlaces
from botalign.geometry import inverse
from botalign.maps.density_map import DensityMap

#: There is density for a part if in some cube of its volume, the mean density outside the placed parts is this fraction
#: of that inside them. After all chains of a complex were placed, it was at most 0.027 (``benchmarks/assemblies.py
#: --wrong``), and before the last one at least 0.3; for a chain with a tenth of the density of the others, 0.043.
LEAST_DENSITY = 0.04
#: Least increase of Fisher's transform of a correlation. In arrangements of wrong parts, the largest one was at most
#: 0.03. In arrangements with parts that became more certain, it was at least 0.1, with one exception, of which no part
#: became certain (the same benchmark, and ``--packed``).
LEAST_GAIN = 0.05


def has_density_for(body: Body, outside: DensityMap) -> bool:
    """Whether there is density for a part, given its volume and :func:`botalign.complexes.residual.density_outside`."""
    side = body.volume_angstrom3 ** (1 / 3)
    voxels = [max(1, round(side / voxel)) for voxel in reversed(outside.grid.voxel_size_angstrom)]
    return float(ndimage.uniform_filter(outside.data, voxels, mode="constant").max()) > LEAST_DENSITY


def fits_better(found: FoundPlaces, pose: Matrix, rest: DensityMap, refined: Matrix) -> bool:
    """Whether a part fits better in what other parts leave than where it was found.

    Parameters
    ----------
    found : FoundPlaces
        The part, and the map where it was found.
    pose : ndarray, shape (3, 4)
        Its pose in this map.
    rest : DensityMap
        What the other parts leave.
    refined : ndarray, shape (3, 4)
        Its pose there.
    """
    return _z(found.fit_in(rest), refined) - _z(found.fit, pose) > LEAST_GAIN


def _z(fit: FitProblem, pose: Matrix) -> float:
    """Return Fisher's transform of the correlation of a part at a pose."""
    return float(np.arctanh(np.clip(fit.correlation(inverse(pose)), -0.999, 0.999)))
