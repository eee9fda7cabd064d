"""Simulated data with known truth: phantoms, families of conformations, projections."""

from botalign.simulation.family import PhantomFamily, phantom_family
from botalign.simulation.phantoms import phantom, phantom_atoms
from botalign.simulation.projections import Projections, projections

__all__ = [
    "PhantomFamily",
    "Projections",
    "phantom",
    "phantom_atoms",
    "phantom_family",
    "projections",
]
