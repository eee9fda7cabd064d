r"""
A latent space that means something
===================================

A made set of conformations: a domain goes round a ring. Of four latent coordinates two move it and two only turn the
whole molecule, and they are mixed. From the distances of 40 members, the molecules laid on each other, new coordinates
of all thousand are learned, in which points are as far apart as the molecules differ.
"""

import matplotlib.pyplot as plt
import numpy as np

import botalign

family = botalign.phantom_family("ring", 1000)
subset = np.arange(40)
distances = family.atom_distances(subset)
print("latents", family.latents.shape, "distances", distances.shape)

# %%
# Here the distances are those of the atoms. For volumes take ``botalign.distances``, minimised over rotations.
#
# The new coordinates are learned by way of a network that tells the distance of any two latents. A fifth of the 40 was
# kept from it once, to see how far off it is.

found = botalign.landscape(family.latents, family.latents[subset], distances, dimensions=2, steps=500)
print(f"stress: {found.before.stress:.3f} before, {found.after.stress:.3f} after")
print(f"held-out distances: off by {found.held_out.median_error:.1%}")
print(f"intrinsic dimension: {found.intrinsic_dimension}")

# %%
# Before, pure rotation has spread the ring. Afterwards it is a ring. The colour is the true angle of the motion.

angle = np.degrees(np.arctan2(*family.motion.T))
centred = family.latents - family.latents.mean(axis=0)
principal = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for panel, points, title in zip(panels, (principal, found.transformed), ("latents", "transformed"), strict=True):
    image = panel.scatter(*points.T, c=angle, s=6, cmap="twilight", linewidths=0)
    panel.set(title=title, aspect="equal")
panels[0].set(xlabel="principal coordinate 1", ylabel="principal coordinate 2")
panels[1].set(xlabel="new coordinate 1 (Å)", ylabel="new coordinate 2 (Å)")
figure.colorbar(image, ax=panels, label="angle of the motion (degrees)", ticks=range(-180, 181, 90))
plt.show()

# %%
# Members that were not among the 40 agree with the truth too.

others = np.arange(40, 140)
truth = family.atom_distances(others)
first, second = np.triu_indices(len(others), 1)
figure, panels = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained", sharex=True)
for panel, points, title in zip(panels, (family.latents, found.transformed), ("latents", "transformed"), strict=True):
    lengths = np.linalg.norm(points[others][first] - points[others][second], axis=1)
    panel.plot(truth[first, second], lengths, ".", markersize=2, alpha=0.4)
    panel.set(title=title, xlabel="distance of the molecules (Å)", ylabel="distance of the points")
    print(f"{title}: correlation with the truth {np.corrcoef(truth[first, second], lengths)[0, 1]:.3f}")
plt.show()
