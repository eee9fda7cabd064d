"""Embeddings: coordinates of many maps from their distances, by diffusion maps."""

from botalign.embeddings.bandwidth import automatic_bandwidth
from botalign.embeddings.circles import circular_rank_correlation, openness
from botalign.embeddings.columns import Column, plain_name, read_column
from botalign.embeddings.diffusion import DiffusionMap, checked_distances, diffusion_map
from botalign.embeddings.table import EmbeddingTable, embedding_text, read_embedding

__all__ = [
    "Column",
    "DiffusionMap",
    "EmbeddingTable",
    "automatic_bandwidth",
    "checked_distances",
    "circular_rank_correlation",
    "diffusion_map",
    "embedding_text",
    "openness",
    "plain_name",
    "read_column",
    "read_embedding",
]
