r"""
Maps on a circle
================

A molecule that swings round an axis has as many conformations as a circle has points. Is the circle found from a few of
them, by nothing but how far they are from each other? Zelesko et al. (2020) showed that it is, if the distance is the
earth mover's, and here it is repeated on a phantom. :doc:`../guide/embed` has the same by a command.
"""

import matplotlib.pyplot as plt
import numpy as np

import botalign
from botalign.embeddings import openness
from botalign.figures import draw_embedding
from botalign.geometry import matrix_from_rotation_vector, transform_about
from botalign.transport import WaveletTransform, pair_distances

HINGE = np.array([60.0, 0.0, 0.0])
GRID = botalign.Grid((24, 60, 60), (4.0, 4.0, 4.0), (-58.0, -118.0, -40.0))


def turned(degrees: float) -> botalign.DensityMap:
    """Return the phantom, turned about an axis along z through a hinge outside it."""
    rotation = matrix_from_rotation_vector(np.radians([0.0, 0.0, degrees]))
    motion = transform_about(rotation, HINGE, HINGE)
    return botalign.phantom(grid=GRID, resolution_angstrom=9.0, transform=motion)


# %%
# Thirty maps at random angles, and fifty more to see what difference their number makes.

rng = np.random.default_rng(0)
angles = rng.uniform(0, 360, 80)
volumes = np.stack([turned(angle).data for angle in angles])
volumes /= volumes.sum(axis=(1, 2, 3), keepdims=True)

# %%
# L1 distances of the wavelet embeddings are wavelet earth mover's distances, in angstrom with the side of a voxel.

transform = WaveletTransform(volumes.shape[1:], wavelet="coif3", scales=5, voxel_size=4.0)
distances = {
    "WEMD": pair_distances(transform.many(volumes)),
    "L2": pair_distances(volumes.reshape(len(volumes), -1), norm="l2"),
}

# %%
# How do they grow with the angle between two maps? That of L2 is as large as it gets after a few degrees.

between = np.abs((angles[:, None] - angles + 180) % 360 - 180)
figure, panel = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, table in distances.items():
    panel.plot(between.ravel(), table.ravel() / table.max(), ".", markersize=2.5, label=name)
panel.set(xlabel="angle between two maps (degrees)", ylabel="distance / largest", xlim=(0, 180), ylim=(0, None))
panel.spines[["top", "right"]].set_visible(False)
panel.legend(frameon=False, markerscale=3)
plt.show()

# %%
# A diffusion map makes coordinates of them. If these are a circle, going round it is going round the true angle: the
# circular rank correlation is 1. If they are one, there is a hole in the middle: openness is the smallest distance from
# there, as a part of the mean.

figure, panels = plt.subplots(2, 2, figsize=(7, 6.6), layout="constrained")
for row, count in zip(panels, (30, 80), strict=True):
    for panel, (name, table) in zip(row, distances.items(), strict=True):
        found = botalign.diffusion_map(table[:count, :count]).coordinates
        about = np.arctan2(found[:, 1], found[:, 0])
        agreement = botalign.circular_rank_correlation(about, np.radians(angles[:count]))
        print(f"{name:4s} {count} maps: rank correlation {agreement:.3f}, openness {openness(found):.2f}")
        draw_embedding(panel, found, values=angles[:count], colours="twilight")
        panel.set(title=f"{name}, {count} maps", aspect="equal", xticks=[], yticks=[])
        panel.axis("equal")
plt.show()
