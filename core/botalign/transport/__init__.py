"""The wavelet earth mover's distance on arrays: embedding, distance and dual potential."""

from botalign.transport.embedding import embed
from botalign.transport.potential import dual_potential
from botalign.transport.wemd import WaveletDistance, wemd

__all__ = ["WaveletDistance", "dual_potential", "embed", "wemd"]
