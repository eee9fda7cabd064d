"""Complexes from their parts: all places of a part, and several parts together. Public names are in :mod:`botalign`."""
