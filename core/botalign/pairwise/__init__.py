"""Distances between all pairs of many maps."""

from botalign.pairwise.distances import distance_steps, distances
from botalign.pairwise.options import DistanceOptions
from botalign.pairwise.table import DistanceTable, read_distances

__all__ = ["DistanceOptions", "DistanceTable", "distance_steps", "distances", "read_distances"]
