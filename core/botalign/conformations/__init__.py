"""Many maps: how they lie to each other."""

from botalign.conformations.family import PhantomFamily, phantom_family
from botalign.conformations.landscape import landscape, landscape_steps
from botalign.conformations.landscape_result import Landscape
from botalign.conformations.latents import LatentSubset, read_latents, read_subset
from botalign.conformations.training import TrainingProgress

__all__ = [
    "Landscape",
    "LatentSubset",
    "PhantomFamily",
    "TrainingProgress",
    "landscape",
    "landscape_steps",
    "phantom_family",
    "read_latents",
    "read_subset",
]
