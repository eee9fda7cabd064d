"""Makes the picture of an embedding in napari: ``python docs/images/make_embedding.py [--to FILE]``.

Sixty conformations of the phantom, whose second domain goes round a ring, are written to a temporary folder; their
distances and coordinates are computed, the dock widget opens them, and a point is clicked on. On a machine without a
screen, run it by ``xvfb-run -a -s '-screen 0 1600x1000x24'``.
"""

import argparse
import tempfile
from pathlib import Path

import napari
import numpy as np
from matplotlib.backend_bases import MouseEvent
from PIL import Image
from qtpy.QtCore import QEventLoop, QTimer

import botalign
from botalign.embeddings import Column, embedding_text
from botalign.transport import WaveletTransform, pair_distances

COUNT, SIDE, VOXEL = 60, 48, 2.7
SHOWN, HOVERED = 17, 30


def wait(seconds):
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def write_maps(folder):
    """Write the maps and their embedding, and return its file."""
    family = botalign.phantom_family("ring", COUNT)
    around = np.arctan2(*family.motion.T[::-1])
    maps = []
    for member in range(COUNT):
        angle, axis = family.hinge(member)
        density = botalign.phantom(SIDE, voxel_size_angstrom=VOXEL, hinge_degrees=angle, hinge_axis=axis)
        density.write(folder / f"conformation_{member:02d}.mrc")
        maps.append(density.data / density.data.sum())
    transform = WaveletTransform(maps[0].shape, voxel_size=VOXEL)
    found = botalign.diffusion_map(pair_distances(transform.many(maps)))
    names = [f"conformation_{member:02d}.mrc" for member in range(COUNT)]
    table = folder / "coordinates.csv"
    table.write_text(embedding_text(names, found.coordinates, Column("direction", np.degrees(around), None)))
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=Path(__file__).with_name("napari_embedding.png"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = write_maps(Path(folder))
        viewer = napari.Viewer(ndisplay=3, show=True, show_welcome_screen=False)
        viewer.window.resize(1100, 700)
        _, widget = viewer.window.add_plugin_dock_widget("botalign", "Many maps")
        widget.load(table)
        widget.choose(SHOWN)
        while not widget.status.value.startswith(f"{SHOWN + 1} of"):
            wait(0.2)
        plot = widget.plot
        point = plot.axes.transData.transform(plot.axes.collections[0].get_offsets()[HOVERED])
        moved = MouseEvent("motion_notify_event", plot.canvas, *point)  # shows the name
        plot.canvas.callbacks.process(moved.name, moved)
        viewer.scene.camera.angles = (10, -25, 150)
        viewer.reset_view()
        for _ in range(3):  # where drawing is slow, what is drawn meanwhile comes in the next round
            wait(1)
        picture = Image.fromarray(np.asarray(viewer.window.screenshot(canvas_only=False, flash=False))[..., :3])
        picture.quantize(256, dither=Image.Dither.NONE).save(arguments.to, optimize=True)
        print(arguments.to, arguments.to.stat().st_size // 1000, "kB")
        viewer.close()


if __name__ == "__main__":
    main()
