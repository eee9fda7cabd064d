"""
Class averages
==============

Noisy images of a molecule in unknown directions, sorted by the earth mover's distance into classes that look alike up
to a turn in the plane, and averaged. The directions are known here, so the classes can be checked.
"""

import matplotlib.pyplot as plt
import numpy as np

import botalign
from botalign.figures import class_gallery

phantom = botalign.phantom(48, voxel_size_angstrom=2.7, resolution_angstrom=10.0)
made = botalign.projections(phantom, 300, snr=1 / 2, seed=0)

# %%
# Six of the images, with half as much signal as noise:

figure, axes = plt.subplots(1, 6, figsize=(8, 1.5), layout="constrained")
for ax, image in zip(axes, made.stack.images, strict=False):
    ax.imshow(image, cmap="gray")
    ax.set_axis_off()

# %%
# Twelve classes. The same seed gives the same classes, on any number of threads.

found = botalign.classify(made.stack, 12, rotations=60, threads=2)
for iteration in found.iterations:
    print(f"{iteration.number:2d}: loss {iteration.loss:.5g}, {iteration.changed} images changed their class")
print(f"as even as {found.effective_classes:.1f} classes of equal size")

# %%
# The averages, largest class first, which ``botalign classify`` draws as ``gallery.png``.

gallery = class_gallery(found)

# %%
# How far apart are the viewing directions of two images in a class? Of two images at random, 90 degrees in the median.

angles = []
for label in range(12):
    directions = made.viewing_directions[found.labels == label]
    cosine = np.clip(directions @ directions.T, -1, 1)
    angles.append(np.degrees(np.arccos(cosine[np.triu_indices(len(directions), 1)])))
print(f"{np.median(np.concatenate(angles)):.0f} degrees in the median")

# %%
# Each image knows how its average is turned to look like it. Turned back, the members of a class lie alike; their mean
# is the average. The work that the bounds saved in the last iteration:

print(f"{100 * found.iterations[-1].avoided:.1f} % of the differences were not looked at")
