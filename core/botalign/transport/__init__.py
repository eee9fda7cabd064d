"""The wavelet earth mover's distance on arrays: embedding, distance, all pairs of many, and dual potential."""

from botalign.transport.batch import WaveletEmbedding
from botalign.transport.embedding import embed
from botalign.transport.pairs import distance_block, pair_distances
from botalign.transport.potential import dual_potential
from botalign.transport.wemd import WaveletDistance, wemd

__all__ = [
    "WaveletDistance",
    "WaveletEmbedding",
    "distance_block",
    "dual_potential",
    "embed",
    "pair_distances",
    "wemd",
]
