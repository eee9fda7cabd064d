"""
One alignment
=============

A map and a copy of it in another pose, in a larger box, with noise on both. The motion is known, so the answer can be checked.
"""

import matplotlib.pyplot as plt
import numpy as np

import botalign
from botalign.geometry import compose, geodesic_degrees, inverse, random_rotations, transform_about

rotation = random_rotations(1, np.random.default_rng(4))[0]
motion = transform_about(rotation, (0, 0, 0), (6.0, -4.0, 3.0))

fixed = botalign.phantom(64, noise=0.05, noise_seed=1)
moving = botalign.phantom(72, transform=motion, noise=0.05, noise_seed=2)

# %%
# The phantom is evaluated by formula, so the moved one is exact and not interpolated. Aligning takes it back:

result = botalign.align(fixed, moving)
print(result.to_text())

# %%
# How far is that from the truth?

error = compose(result.moving_to_fixed, motion)
print(f"{float(geodesic_degrees(error[:, :3], np.eye(3))):.4f} degrees, {np.linalg.norm(error[:, 3]):.4f} A at the centre")
