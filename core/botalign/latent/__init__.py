"""Landscapes: latent coordinates whose distances match distances between volumes."""

from botalign.latent.landscape import landscape, landscape_steps
from botalign.latent.latents import LatentSubset, read_latents, read_subset
from botalign.latent.options import LandscapeOptions
from botalign.latent.result import Landscape

__all__ = [
    "Landscape",
    "LandscapeOptions",
    "LatentSubset",
    "landscape",
    "landscape_steps",
    "read_latents",
    "read_subset",
]
