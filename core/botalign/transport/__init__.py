"""The wavelet earth mover's distance on arrays: embedding and distance."""

from botalign.transport.embedding import embed
from botalign.transport.wemd import WaveletDistance, wemd

__all__ = ["WaveletDistance", "embed", "wemd"]
