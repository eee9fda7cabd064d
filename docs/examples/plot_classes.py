"""
Class averages
==============

Noisy images of a molecule in unknown directions are sorted by the earth mover's distance into classes that look alike
up to in-plane rotation, and averaged. The directions are known here, so the classes can be checked.
"""

import matplotlib.pyplot as plt
import numpy as np

import botalign
from botalign.figures import class_gallery

phantom = botalign.phantom(48, voxel_size_angstrom=2.7, resolution_angstrom=10.0)
simulated = botalign.projections(phantom, 300, snr=1 / 2, seed=0)

# %%
# Six of the images, with a signal-to-noise ratio of 1/2:

figure, axes = plt.subplots(1, 6, figsize=(8, 1.5), layout="constrained")
for ax, image in zip(axes, simulated.stack.images, strict=False):
    ax.imshow(image, cmap="gray")
    ax.set_axis_off()

# %%
# Twelve classes. The same seed gives the same classes, on any number of threads.

classes = botalign.classify(simulated.stack, 12, rotations=60, threads=2)
for iteration in classes.iterations:
    print(f"{iteration.number:2d}: loss {iteration.loss:.5g}, {iteration.changed} images changed class")
print(f"effective number of classes: {classes.effective_classes:.1f}")

# %%
# The averages, largest class first; ``botalign classify`` writes this figure as ``gallery.png``.

picture = class_gallery(classes)

# %%
# The angle between the viewing directions of two images in a class. For two random images, the median is 90 degrees.

angles = []
for label in range(12):
    directions = simulated.viewing_directions[classes.labels == label]
    cosine = np.clip(directions @ directions.T, -1, 1)
    angles.append(np.degrees(np.arccos(cosine[np.triu_indices(len(directions), 1)])))
print(f"{np.median(np.concatenate(angles)):.0f} degrees (median)")

# %%
# For each image, the result contains the rotation that superimposes the class average on the image. The average is the
# mean of the members of a class after the inverse rotations. Fraction of the comparisons that the bounds made
# unnecessary in the last iteration:

print(f"{100 * classes.iterations[-1].avoided:.1f} % of the comparisons were avoided")
