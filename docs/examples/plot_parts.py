"""
A model in the map of its complex
=================================

One of five invented chains is placed in the map of all five, from a random pose. The right place is known, so the
result can be checked.
"""

import numpy as np

import botalign
from botalign.figures import alignment_figure
from botalign.geometry import inverse, random_rotations, transform_about

rng = np.random.default_rng(3)


def invented_chain(centre):
    """Return a compact chain of 300 residues: a stiff random walk that is pulled to its centre."""
    points, step = [np.zeros(3)], rng.normal(size=3)
    for _ in range(299):
        step = 0.7 * step + 0.4 * rng.normal(size=3) - 0.012 * points[-1]
        step /= np.linalg.norm(step)
        points.append(points[-1] + 3.8 * step)
    return np.array(points) - np.mean(points, axis=0) + centre


chains = [invented_chain(centre) for centre in rng.normal(size=(5, 3)) * 25]

# %%
# A residue has the mass of about 50 electrons. The map is simulated at 10 A, as the command molmap of ChimeraX does.

resolution = 10.0
points = np.concatenate(chains)
density = botalign.simulate(botalign.Model(points, np.full(len(points), 50.0), name="complex"), resolution)

# %%
# The third chain is rotated at random and moved away. With files, this would be ``botalign.read_model("chain.cif")``.

transform = transform_about(random_rotations(1, rng)[0], chains[2].mean(axis=0), (60.0, -30.0, 20.0))
chain = botalign.Model(chains[2], np.full(300, 50.0), ("C",), "chain").moved(inverse(transform))

result = botalign.align(density, chain, resolution=resolution)
print(result.to_text())

# %%
# The model is smaller than the complex, so it was searched for as a part. The distance of the placed chain from its
# place:

placed = result.apply(chain)
print(f"RMSD {np.sqrt(((placed.points - chains[2]) ** 2).sum(axis=1).mean()):.3f} A")

# %%
# The map of the complex is orange and the simulated map of the chain blue, before and after.

picture = alignment_figure(result, density, botalign.simulate(chain, resolution))
