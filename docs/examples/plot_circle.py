r"""
Maps on a circle
================

The conformations of a molecule that rotates about an axis form a circle. Can the circle be found from a few maps and
their distances? Zelesko et al. (2020) showed that it can with the earth mover's distance. This example repeats their
experiment with a phantom. :doc:`../guide/embed` describes the command.
"""

import matplotlib.pyplot as plt
import numpy as np

import botalign
from botalign.embeddings import circular_rank_correlation, openness
from botalign.figures import draw_embedding
from botalign.geometry import matrix_from_rotation_vector, transform_about
from botalign.transport import WaveletTransform, pair_distances

HINGE = np.array([60.0, 0.0, 0.0])
GRID = botalign.Grid((24, 60, 60), (4.0, 4.0, 4.0), (-58.0, -118.0, -40.0))


def rotated(degrees: float) -> botalign.DensityMap:
    """Return the phantom, rotated about an axis along z outside it."""
    rotation = matrix_from_rotation_vector(np.radians([0.0, 0.0, degrees]))
    transform = transform_about(rotation, HINGE, HINGE)
    return botalign.phantom(grid=GRID, resolution_angstrom=9.0, transform=transform)


# %%
# Thirty maps at random angles, and fifty more to show the effect of their number.

rng = np.random.default_rng(0)
angles = rng.uniform(0, 360, 80)
volumes = np.stack([rotated(angle).data for angle in angles])
volumes /= volumes.sum(axis=(1, 2, 3), keepdims=True)

# %%
# The L1 distances between wavelet transforms are wavelet earth mover's distances, proportional to the voxel size.

transform = WaveletTransform(volumes.shape[1:], wavelet="coif3", scales=5, voxel_size=4.0)
distances = {
    "WEMD": pair_distances(transform.many(volumes)),
    "L2": pair_distances(volumes.reshape(len(volumes), -1), norm="l2"),
}

# %%
# The distances as functions of the angle between two maps: L2 reaches its maximum after a few degrees.

between = np.abs((angles[:, None] - angles + 180) % 360 - 180)
figure, panel = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, table in distances.items():
    panel.plot(between.ravel(), table.ravel() / table.max(), ".", markersize=2.5, label=name)
panel.set(xlabel="angle between two maps (degrees)", ylabel="distance / largest", xlim=(0, 180), ylim=(0, None))
panel.spines[["top", "right"]].set_visible(False)
panel.legend(frameon=False, markerscale=3)
plt.show()

# %%
# A diffusion map computes coordinates from the distances. If they form a circle, the order of the points is that of the
# true angles: the circular rank correlation is 1. And the centre is empty: the openness, the smallest distance from the
# centre relative to the mean distance, is large.

figure, panels = plt.subplots(2, 2, figsize=(7, 6.6), layout="constrained")
for row, count in zip(panels, (30, 80), strict=True):
    for panel, (name, table) in zip(row, distances.items(), strict=True):
        points = botalign.diffusion_map(table[:count, :count]).coordinates
        found = np.arctan2(points[:, 1], points[:, 0])
        agreement = circular_rank_correlation(found, np.radians(angles[:count]))
        print(f"{name:4s} {count} maps: rank correlation {agreement:.3f}, openness {openness(points):.2f}")
        draw_embedding(panel, points, values=angles[:count], colours="twilight")
        panel.set(title=f"{name}, {count} maps", aspect="equal", xticks=[], yticks=[])
        panel.axis("equal")
plt.show()
