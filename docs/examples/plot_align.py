"""
One alignment
=============

A map and a copy of it in another pose, in a larger box, with noise on both. The motion is known, so the
answer can be checked.
"""

from dataclasses import replace

import numpy as np

import botalign
from botalign.figures import alignment_figure
from botalign.geometry import compose, geodesic_degrees, random_rotations, transform_about

rotation = random_rotations(1, np.random.default_rng(4))[0]
motion = transform_about(rotation, (0, 0, 0), (6.0, -4.0, 3.0))

fixed = replace(botalign.phantom(64, noise=0.05, noise_seed=1), name="fixed")
moving = replace(botalign.phantom(72, transform=motion, noise=0.05, noise_seed=2), name="moving")

# %%
# The phantom is evaluated by formula, so the moved one is exact and not interpolated. Aligning takes it back:

result = botalign.align(fixed, moving)
print(result.to_text())

# %%
# How far is that from the truth?

error = compose(result.moving_to_fixed, motion)
print(f"rotation off by {float(geodesic_degrees(error[:, :3], np.eye(3))):.4f} degrees")
print(f"shift off by {np.linalg.norm(error[:, 3]):.4f} A")

# %%
# The figure that ``--figure`` writes: both maps in three projections, before and after, in colours that together give
# white; the Fourier shell correlation; the course of the search for either hand.

picture = alignment_figure(result, fixed, moving)

# %%
# The moved map itself is made once, from the raw densities, here on the fixed map's grid. Over all voxels of the box it
# correlates less than over the molecule: most of the box is noise, which differs between the two maps.

moved = result.apply(moving, onto=fixed)
print(f"{botalign.correlation_about_mean(moved.data, fixed.data):.4f}")
