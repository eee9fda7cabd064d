"""Many maps of one molecule: how they lie to each other."""

from botalign.conformations.distances import distance_steps, distances
from botalign.conformations.progress import DistanceProgress
from botalign.conformations.store import DistanceTable, read_distances, write_distances

__all__ = ["DistanceProgress", "DistanceTable", "distance_steps", "distances", "read_distances", "write_distances"]
