from .result import Iteration as Iteration
