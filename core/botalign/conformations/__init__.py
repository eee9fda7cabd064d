"""Many maps: how they lie to each other."""

from botalign.conformations.bandwidth import automatic_bandwidth
from botalign.conformations.circles import circular_rank_correlation, openness
from botalign.conformations.columns import Column, plain_name, read_column
from botalign.conformations.diffusion import DiffusionMap, checked_distances, diffusion_map
from botalign.conformations.embedding_file import EmbeddingTable, embedding_text, read_embedding
from botalign.conformations.store import DistanceTable, read_distances

__all__ = [
    "Column",
    "DiffusionMap",
    "DistanceTable",
    "EmbeddingTable",
    "automatic_bandwidth",
    "checked_distances",
    "circular_rank_correlation",
    "diffusion_map",
    "embedding_text",
    "openness",
    "plain_name",
    "read_column",
    "read_distances",
    "read_embedding",
]
