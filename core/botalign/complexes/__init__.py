"""Complexes from their parts: several parts placed together. Public names are in :mod:`botalign`."""
