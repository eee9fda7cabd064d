r"""
The loss landscape
==================

Why a Wasserstein distance? A map is turned against itself, by :math:`R_\gamma R_\beta`: a rotation about y by
:math:`\beta`, then one about z by :math:`\gamma`. At each pose the wavelet earth mover's distance and the L2
distance to the unturned map are taken. Both are zero at the centre. How they rise from there tells how easily a search finds it.
This is Figure 1 of Singer and Yang (2024), on another map.
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial.transform import Rotation

import botalign
from botalign.alignment.losses import l2, working_pair
from botalign.alignment.preparation import survey
from botalign.transport import WaveletDistance

path = Path(os.environ.get("BOTALIGN_DATA", "")) / "maps" / "emd_1883.map"
density_map = botalign.read(path) if path.is_file() else botalign.phantom(64)
print(density_map.name)

# %%
# The map is prepared as for an alignment: the mass above its contour, centred, 32 voxels a side.

surveyed = survey(density_map)
pair = working_pair(surveyed, surveyed, size=32)
wemd = WaveletDistance(pair.fixed.shape, voxel_size=pair.voxel_angstrom)
unturned = pair.rotated(np.eye(3))

degrees = np.arange(-90, 91, 3)
losses = {"WEMD": np.empty((len(degrees), len(degrees))), "L2": np.empty((len(degrees), len(degrees)))}
for i, gamma in enumerate(degrees):
    for j, beta in enumerate(degrees):
        rotation = Rotation.from_euler("yz", [beta, gamma], degrees=True).as_matrix()
        turned = pair.rotated(rotation)
        losses["WEMD"][i, j] = wemd(turned, unturned)
        losses["L2"][i, j] = l2(turned, unturned)

# %%
# Both are divided by their highest value.

figure, panels = plt.subplots(1, 2, figsize=(9, 4.2), sharex=True, sharey=True, layout="constrained")
for panel, (name, loss) in zip(panels, losses.items(), strict=True):
    image = panel.contourf(degrees, degrees, loss / loss.max(), levels=np.linspace(0, 1, 21), cmap="viridis")
    panel.set(title=name, xlabel=r"$\beta$ (degrees)", aspect="equal", xticks=range(-90, 91, 45), yticks=range(-90, 91, 45))
panels[0].set_ylabel(r"$\gamma$ (degrees)")
figure.colorbar(image, ax=panels, label="loss / highest loss", ticks=np.linspace(0, 1, 6))
plt.show()

# %%
# A cut through the middle, :math:`\gamma = 0`: L2 has risen most of its way after a few degrees and is nearly flat from
# there on, so that a search that is further off has little to go by.

figure, panel = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, loss in losses.items():
    panel.plot(degrees, loss[len(degrees) // 2] / loss.max(), label=name, linewidth=2)
panel.set(xlabel=r"$\beta$ (degrees)", ylabel="loss / highest loss", xlim=(-90, 90), ylim=(0, 1), xticks=range(-90, 91, 45))
panel.spines[["top", "right"]].set_visible(False)
panel.legend(frameon=False)
plt.show()

# %%
# And a count: from how many of these poses does one arrive at the centre by always going to the lowest neighbour?


def share_that_arrives(loss: np.ndarray) -> float:
    """Share of the grid points from which going downhill ends at the middle one."""
    n = len(loss)
    arrives = np.zeros((n, n), dtype=bool)
    arrives[n // 2, n // 2] = True
    for flat in np.argsort(loss, axis=None):  # lower neighbours come first, so their fate is known
        i, j = divmod(int(flat), n)
        near = [(a, b) for a in range(max(i - 1, 0), min(i + 2, n)) for b in range(max(j - 1, 0), min(j + 2, n))]
        lowest = min(near, key=lambda place: loss[place])
        arrives[i, j] |= arrives[lowest]
    return float(arrives.mean())


for name, loss in losses.items():
    print(f"{name:4s} {100 * share_that_arrives(loss):.0f} %")
