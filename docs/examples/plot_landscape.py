r"""
Loss as a function of the rotation
==================================

Why a Wasserstein distance? A map is rotated by :math:`R_\gamma R_\beta`: a rotation about y by :math:`\beta`, then one
about z by :math:`\gamma`, and compared with itself without rotation, by the wavelet earth mover's distance and by the
L2 distance. Both are zero at the centre. A search finds the centre easily if the loss increases steadily around it.
This is Figure 1 of Singer and Yang (2024), for another map.
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial.transform import Rotation

import botalign
from botalign.alignment.losses import l2
from botalign.alignment.survey import survey
from botalign.alignment.working_pair import working_pair
from botalign.transport import WaveletDistance

path = Path(os.environ.get("BOTALIGN_DATA", "")) / "maps" / "emd_1883.map"
density_map = botalign.read(path) if path.is_file() else botalign.phantom(64)
print(Path(density_map.name).name)

# %%
# The map is prepared as for an alignment: the mass above its contour level, centred, 32 voxels a side.

surveyed = survey(density_map)
pair = working_pair(surveyed, surveyed, size=32)
wemd = WaveletDistance(pair.fixed.shape, voxel_size=pair.voxel_angstrom)
reference = pair.rotated(np.eye(3))

degrees = np.arange(-90, 91, 3)
losses = {name: np.empty((len(degrees), len(degrees))) for name in ("WEMD", "L2")}
for i, gamma in enumerate(degrees):
    for j, beta in enumerate(degrees):
        rotation = Rotation.from_euler("yz", [beta, gamma], degrees=True).as_matrix()
        rotated = pair.rotated(rotation)
        losses["WEMD"][i, j] = wemd(rotated, reference)
        losses["L2"][i, j] = l2(rotated, reference)

# %%
# Both losses are divided by their highest value.

ticks = range(-90, 91, 45)
figure, panels = plt.subplots(1, 2, figsize=(9, 4.2), sharex=True, sharey=True, layout="constrained")
for panel, (name, loss) in zip(panels, losses.items(), strict=True):
    levels = np.linspace(0, 1, 21)
    image = panel.contourf(degrees, degrees, loss / loss.max(), levels=levels, cmap="viridis")
    panel.set(title=name, xlabel=r"$\beta$ (degrees)", aspect="equal", xticks=ticks, yticks=ticks)
panels[0].set_ylabel(r"$\gamma$ (degrees)")
figure.colorbar(image, ax=panels, label="loss / highest loss", ticks=np.linspace(0, 1, 6))
plt.show()

# %%
# A section through the centre, :math:`\gamma = 0`. L2 increases steeply and is then constant: a search that starts
# farther away has no slope to follow.

figure, panel = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, loss in losses.items():
    panel.plot(degrees, loss[len(degrees) // 2] / loss.max(), label=name, linewidth=2)
panel.set(xlabel=r"$\beta$ (degrees)", ylabel="loss / highest loss", xticks=ticks)
panel.set(xlim=(-90, 90), ylim=(0, 1))
panel.spines[["top", "right"]].set_visible(False)
panel.legend(frameon=False)
plt.show()

# %%
# The fraction of the square that is such a plateau, within a tenth of the highest loss:

for name, loss in losses.items():
    print(f"{name:4s} {100 * np.mean(loss > 0.9 * loss.max()):.0f} %")
