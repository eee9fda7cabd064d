"""Bayesian optimisation of any function on SO(3): kernel, surrogate, loop."""

from botalign.search.loop import Evaluation, search
from botalign.search.surrogate import Surrogate, kernel

__all__ = ["Evaluation", "Surrogate", "kernel", "search"]
