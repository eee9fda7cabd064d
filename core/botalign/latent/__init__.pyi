from .latents import LatentSubset as LatentSubset
from .volumes import find_volumes as find_volumes
