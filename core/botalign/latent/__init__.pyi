from .latents import LatentSubset as LatentSubset
