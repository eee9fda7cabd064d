"""Many maps: how they lie to each other."""

from botalign.conformations.bandwidth import automatic_bandwidth
from botalign.conformations.circles import circular_rank_correlation, openness
from botalign.conformations.columns import Column, plain_name, read_column
from botalign.conformations.diffusion import DiffusionMap, checked_distances, diffusion_map
from botalign.conformations.store import DistanceTable, read_distances

__all__ = [
    "Column",
    "DiffusionMap",
    "DistanceTable",
    "automatic_bandwidth",
    "checked_distances",
    "circular_rank_correlation",
    "diffusion_map",
    "openness",
    "plain_name",
    "read_column",
    "read_distances",
]
