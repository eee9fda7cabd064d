"""Many maps: how they lie to each other."""

from botalign.conformations.distances import distance_steps, distances
from botalign.conformations.family import PhantomFamily, phantom_family
from botalign.conformations.landscape import landscape, landscape_steps
from botalign.conformations.landscape_result import Landscape
from botalign.conformations.latents import LatentSubset, read_latents, read_subset
from botalign.conformations.progress import DistanceProgress
from botalign.conformations.store import DistanceTable, read_distances, write_distances
from botalign.conformations.training import TrainingProgress

__all__ = [
    "DistanceProgress",
    "DistanceTable",
    "Landscape",
    "LatentSubset",
    "PhantomFamily",
    "TrainingProgress",
    "distance_steps",
    "distances",
    "landscape",
    "landscape_steps",
    "phantom_family",
    "read_distances",
    "read_latents",
    "read_subset",
    "write_distances",
]
