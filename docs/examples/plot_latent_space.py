r"""
Transformation of a latent space
================================

In a simulated set of conformations, a domain moves round a ring. Of four latent coordinates, two move the domain and
two only rotate the whole molecule, and all are mixed. From the distances between 40 superimposed members, new
coordinates for all thousand are learned, in which distances measure how much the molecules differ.
"""

import matplotlib.pyplot as plt
import numpy as np

import botalign

family = botalign.phantom_family("ring", 1000)
subset = np.arange(40)
distances = family.atom_distances(subset)
print("latents", family.latents.shape, "distances", distances.shape)

# %%
# Here the distances are those between atoms. For volumes, use ``botalign.distances`` with ``over_rotations=True``.
#
# A network first learns the distance between any two latents, and then the new coordinates are fitted to it. The
# network is first trained with a fifth of the 40 members held out, and tested on those.

learned = botalign.landscape(family.latents, family.latents[subset], distances, dimensions=2, steps=500)
print(f"stress: {learned.before.stress:.3f} before, {learned.after.stress:.3f} after")
print(f"held-out distances: median error {learned.held_out.median_error:.1%}")
print(f"intrinsic dimension: {learned.intrinsic_dimension}")

# %%
# Before, rotation blurs the ring. Afterwards, the ring is clear. The colour is the true angle of the motion.

angle = np.degrees(np.arctan2(*family.motion.T))
centred = family.latents - family.latents.mean(axis=0)
principal = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for panel, points, title in zip(panels, (principal, learned.transformed), ("latents", "transformed"), strict=True):
    image = panel.scatter(*points.T, c=angle, s=6, cmap="twilight", linewidths=0)
    panel.set(title=title, aspect="equal")
panels[0].set(xlabel="principal coordinate 1", ylabel="principal coordinate 2")
panels[1].set(xlabel="new coordinate 1 (Å)", ylabel="new coordinate 2 (Å)")
figure.colorbar(image, ax=panels, label="angle of the motion (degrees)", ticks=range(-180, 181, 90))
plt.show()

# %%
# The distances between members that are not among the 40 also agree with the truth.

others = np.arange(40, 140)
truth = family.atom_distances(others)
first, second = np.triu_indices(len(others), 1)
figure, panels = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained", sharex=True)
for panel, points, title in zip(panels, (family.latents, learned.transformed), ("latents", "transformed"), strict=True):
    lengths = np.linalg.norm(points[others][first] - points[others][second], axis=1)
    panel.plot(truth[first, second], lengths, ".", markersize=2, alpha=0.4)
    panel.set(title=title, xlabel="distance between molecules (Å)", ylabel="distance between points")
    print(f"{title}: correlation with the truth {np.corrcoef(truth[first, second], lengths)[0, 1]:.3f}")
plt.show()
