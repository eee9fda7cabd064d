"""The wavelet earth mover's distance on arrays: wavelet transform, distance, distances between all pairs, potential."""

from botalign.transport.pairs import distance_block, pair_distances
from botalign.transport.potential import dual_potential
from botalign.transport.transform import WaveletTransform
from botalign.transport.wavelets import wavelet_transform
from botalign.transport.wemd import WaveletDistance, wemd

__all__ = [
    "WaveletDistance",
    "WaveletTransform",
    "distance_block",
    "dual_potential",
    "pair_distances",
    "wavelet_transform",
    "wemd",
]
