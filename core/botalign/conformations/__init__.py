"""Many maps: how they lie to each other."""

from botalign.conformations.bandwidth import automatic_bandwidth
from botalign.conformations.circles import circular_rank_correlation, openness
from botalign.conformations.columns import Column, plain_name, read_column
from botalign.conformations.diffusion import DiffusionMap, checked_distances, diffusion_map
from botalign.conformations.distances import distance_steps, distances
from botalign.conformations.embedding_file import EmbeddingTable, embedding_text, read_embedding
from botalign.conformations.family import PhantomFamily, phantom_family
from botalign.conformations.landscape import landscape, landscape_steps
from botalign.conformations.landscape_result import Landscape
from botalign.conformations.latents import LatentSubset, read_latents, read_subset
from botalign.conformations.progress import DistanceProgress
from botalign.conformations.store import DistanceTable, read_distances, write_distances
from botalign.conformations.training import TrainingProgress
from botalign.conformations.volumes import find_volumes

__all__ = [
    "Column",
    "DiffusionMap",
    "DistanceProgress",
    "DistanceTable",
    "EmbeddingTable",
    "Landscape",
    "LatentSubset",
    "PhantomFamily",
    "TrainingProgress",
    "automatic_bandwidth",
    "checked_distances",
    "circular_rank_correlation",
    "diffusion_map",
    "distance_steps",
    "distances",
    "embedding_text",
    "find_volumes",
    "landscape",
    "landscape_steps",
    "openness",
    "phantom_family",
    "plain_name",
    "read_column",
    "read_distances",
    "read_embedding",
    "read_latents",
    "read_subset",
    "write_distances",
]
