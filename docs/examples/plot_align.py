"""
Alignment of two maps
=====================

A map is aligned to a copy in another pose, in a larger box, with noise on both. The transform is known, so the result
can be checked.
"""

from dataclasses import replace

import numpy as np

import botalign
from botalign.figures import alignment_figure
from botalign.geometry import compose, geodesic_degrees, random_rotations, transform_about
from botalign.scores import correlation_about_mean

rotation = random_rotations(1, np.random.default_rng(4))[0]
transform = transform_about(rotation, (0, 0, 0), (6.0, -4.0, 3.0))

fixed = replace(botalign.phantom(64, noise=0.05, noise_seed=1), name="fixed")
moving = replace(botalign.phantom(72, transform=transform, noise=0.05, noise_seed=2), name="moving")

# %%
# The phantom is computed from a formula, so the moved copy is exact and not interpolated. The alignment inverts the
# transform:

result = botalign.align(fixed, moving)
print(result.to_text())

# %%
# The error of the result:

error = compose(result.moving_to_fixed, transform)
print(f"rotation: {float(geodesic_degrees(error[:, :3], np.eye(3))):.4f} degrees")
print(f"shift: {np.linalg.norm(error[:, 3]):.4f} A")

# %%
# The option ``--figure`` of the command draws this figure: three projections of both maps before and after, in colours
# that add up to white; the Fourier shell correlation; the losses of the search for either hand.

picture = alignment_figure(result, fixed, moving)

# %%
# The moving map is resampled once, from its original densities, here on the grid of the fixed map. Over all voxels of
# the box the correlation is lower than over the molecule, because most of the box contains noise, which differs between
# the maps.

aligned = result.apply(moving, onto=fixed)
print(f"{correlation_about_mean(aligned.data, fixed.data):.4f}")
