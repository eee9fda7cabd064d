"""Distances between all pairs of many maps. The public names are in :mod:`botalign` itself."""
