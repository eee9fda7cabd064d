"""Draw how poses change with their map: ``python docs/images/make_poses.py [--to FILE]``.

Everything is seen along z. The molecule, the boxes and the pose are the same that the formulas of the page describe.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, Polygon, Rectangle

MOLECULE = np.array([[-9, -7], [8, -8], [10, -2], [1, 0], [2, 4], [9, 7], [6, 12], [-4, 9], [-8, 2]], dtype=float)
MOVING, FIXED = (10, 4.0), (9, 5.0)  # voxels and their size
IN_MOVING = np.array([1.0, 1.5])  # where the molecule is in the moving map, from voxel side // 2
SHIFT, POSE, ORIGIN = np.array([4.0, -3.0]), np.radians(35), np.array([-7.0, 4.0])
TURN = np.radians(-70)
COLOURS = {"molecule": "#8fb8de", "centre": "#c0392b", "origin": "#2c7a3f"}


def rotation(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def panel(axes, box, molecule, title, below):
    """Draw a box with its voxels, the molecule, and the voxel side // 2, which is the origin of the panel."""
    side, voxel = box
    low = -(side // 2 + 0.5) * voxel
    for i in range(side):
        for j in range(side):
            axes.add_patch(Rectangle((low + i * voxel, low + j * voxel), voxel, voxel, fc="none", ec="0.85", lw=0.6))
    axes.add_patch(Rectangle((-voxel / 2, -voxel / 2), voxel, voxel, fc="#f6d5d1", ec=COLOURS["centre"], lw=1))
    axes.add_patch(Rectangle((low, low), side * voxel, side * voxel, fc="none", ec="0.3", lw=1.2))
    axes.add_patch(Polygon(molecule, fc=COLOURS["molecule"], ec="0.2", lw=1, alpha=0.75))
    axes.plot(0, 0, ".", color=COLOURS["centre"])
    axes.set(xlim=(-30, 30), ylim=(-27, 24), aspect="equal", title=title)
    axes.text(0, low - 1.5, below, ha="center", va="top", fontsize=9)
    axes.axis("off")


def arrow(axes, start, end, colour, text, at):
    axes.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.6, "shrinkA": 0, "shrinkB": 0}
    )
    axes.text(*at, text, color=colour, fontsize=11)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=Path(__file__).with_name("poses.png"))
    arguments = parser.parse_args()
    in_moving = MOLECULE + IN_MOVING
    in_fixed = in_moving @ rotation(TURN).T + SHIFT
    in_image = in_moving @ rotation(POSE).T - ORIGIN
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10.5, 3.9))
    panel(left, MOVING, in_moving, "moving map", "voxel side // 2 = 5 of 10")
    panel(middle, MOVING, in_image, "image of a particle", "pixel side // 2 = 5 of 10")
    panel(right, FIXED, in_fixed, "fixed map", "voxel side // 2 = 4 of 9")
    # Where the point about which the particle rotates is, in each panel.
    arrow(middle, (0, 0), -ORIGIN, COLOURS["origin"], "$-o$", -ORIGIN + [0.8, 0.2])
    place = rotation(POSE) @ rotation(TURN).T @ -SHIFT - ORIGIN
    arrow(middle, (0, 0), place, "0.25", "$-o'$", place / 2 + [-6.5, -4.5])
    middle.plot(*-ORIGIN, ".", color=COLOURS["origin"])
    middle.plot(*place, ".", color="0.25")
    arrow(right, (0, 0), SHIFT, COLOURS["centre"], "$s$", SHIFT / 2 + [1.5, 1.0])
    # Between the panels, in fractions of the figure.
    for start, end, text in ((0.275, 0.375, "$A p - o$"), (0.703, 0.603, "$A' p' - o'$")):
        figure.add_artist(FancyArrowPatch((start, 0.68), (end, 0.68), arrowstyle="-|>", mutation_scale=12, color="0.3"))
        figure.text((start + end) / 2, 0.71, text, ha="center", fontsize=11)
    figure.text(0.5, 0.04, "$p' = R\\,p + s$        $A' = A\\,R^T$        $o' = o + A' s$", ha="center", fontsize=12)
    figure.subplots_adjust(left=0.01, right=0.99, top=0.92, bottom=0.1, wspace=0.02)
    figure.savefig(arguments.to, dpi=150)


if __name__ == "__main__":
    main()
