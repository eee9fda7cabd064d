"""Make the pictures of the napari plugin: ``python docs/images/make_napari.py [MAP MAP] [--only NAME]``.

They show a real window: ``napari.png`` before, during and after an alignment of the sample data, or of two files;
``napari_2d.png`` another pose in a 2-D view; ``napari_compare.png`` a comparison; and ``napari_orient.png`` a symmetric
map on its axes. The first one takes minutes without a graphics card. On a machine without a screen, run it with
``xvfb-run -a -s '-screen 0 1600x1000x24'``.
"""

import argparse
import itertools
import threading
from pathlib import Path

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QEventLoop, QTimer

import napari_botalign.work
from botalign import phantom
from napari_botalign.reading import map_layer_data

STEPS = 130
GAP = 8
gate = threading.Event()
align_steps = napari_botalign.work.align_steps


def held(*arguments):
    """Slow an alignment down after some steps, so that a picture can be taken during it."""
    steps = align_steps(*arguments)
    for number in itertools.count():
        try:
            step = next(steps)
        except StopIteration as finished:
            return finished.value
        if number > STEPS:
            gate.wait(0.5)
        yield step


def wait(seconds):
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def shot(viewer):
    for _ in range(3):  # if drawing is slow, events wait for the next round
        wait(1)
    return Image.fromarray(np.asarray(viewer.window.screenshot(canvas_only=False, flash=False))[..., :3])


def together(before, during, after):
    """Return the first two side by side above the third, which is large enough to read."""
    width, height = after.size
    half = (width - GAP) // 2
    small = round(half * height / width)
    picture = Image.new("RGB", (width, height + small + GAP), "white")
    for image, left in ((before, 0), (during, width - half)):
        picture.paste(image.resize((half, small), Image.Resampling.LANCZOS), (left, 0))
    picture.paste(after, (0, small + GAP))
    return picture


def save(picture, name):
    path = Path(__file__).with_name(name)
    picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path, path.stat().st_size // 1000, "kB")


def run(widget):
    """Align, and wait until it is done."""
    widget.align.native.click()
    while widget.running:
        wait(0.05)


def add(viewer, density, name, **options):
    """Add a map as the reader does."""
    data, attributes, _ = map_layer_data(density, **options)
    viewer.add_image(data, **attributes | {"name": name})


def make_overview(maps, hand):
    """Save a picture of an alignment in a 3-D view."""
    napari_botalign.work.align_steps = held
    viewer = napari.Viewer(ndisplay=3, show=True, show_welcome_screen=False)
    viewer.window.resize(1240, 800)
    if maps:
        viewer.open(maps, plugin="botalign", stack=False)
    else:
        viewer.open_sample("botalign", "phantom_mirrored")
    _, widget = viewer.window.add_plugin_dock_widget("botalign", "Align maps")
    widget.form.hand.value = hand
    viewer.scene.camera.angles = (10, -25, 150)
    viewer.reset_view()
    viewer.scene.camera.zoom *= 1.05
    before = shot(viewer)
    widget.align.native.click()
    while widget.progress.value < 250 or np.allclose(viewer.layers[1].affine.linear_matrix, np.eye(3)):
        wait(0.2)
    during = shot(viewer)
    widget.cancel.native.click()
    gate.set()
    napari_botalign.work.align_steps = align_steps
    # Align again without drawing, which is slow without a graphics card, so that the displayed time is realistic.
    widget.form.follow.value = False
    shot(viewer)
    run(widget)
    widget.form.follow.value = True
    save(together(before, during, shot(viewer)), "napari.png")
    viewer.close()


def make_flat():
    """Save a picture of the second pose of a molecule in its dimer, in a 2-D view."""
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(1240, 800)
    one = phantom(64)
    other = phantom(64, transform=[[-1, 0, 0, 20], [0, -1, 0, 0], [0, 0, 1, 0]])
    add(viewer, one.with_data(one.data + other.data), "dimer")
    add(viewer, phantom(64, transform=[[0, 1, 0, 9], [0, 0, 1, -8], [1, 0, 0, 4]]), "monomer")
    viewer.add_points([[0, 0, 0], [5, 15, -10]], name="picks", size=5, units=("angstrom",) * 3)
    _, widget = viewer.window.add_plugin_dock_widget("botalign", "Align maps")
    widget.form.layers.along.value = [viewer.layers["picks"]]
    run(widget)
    widget.flat.resample.native.click()
    while len(viewer.layers) < 4:
        wait(0.1)
    widget.results.poses.on.native.click()
    viewer.reset_view()
    save(shot(viewer), "napari_2d.png")
    viewer.close()


def make_comparison():
    """Save a picture of two conformations and their difference, in a 2-D view."""
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(1240, 800)
    add(viewer, phantom(64), "closed", colormap="bop orange", blending="additive", visible=False)
    add(viewer, phantom(64, hinge_degrees=25), "open", colormap="bop blue", blending="additive")
    _, widget = viewer.window.add_plugin_dock_widget("botalign", "Compare maps")
    for button in (widget.compare, widget.difference):
        button.native.click()
        while not button.enabled:
            wait(0.1)
    viewer.reset_view()
    save(shot(viewer), "napari_compare.png")
    viewer.close()


def make_orientation(size):
    """Save a picture of a ring that was tilted, and a marker that moved along, in a 3-D view along its axis."""
    viewer = napari.Viewer(ndisplay=3, show=True, show_welcome_screen=False)
    viewer.window.resize(*size)
    tilt = [[0.36, 0.48, -0.8, 6], [-0.8, 0.6, 0, -3], [0.48, 0.64, 0.6, 4]]
    add(viewer, phantom(64, symmetry="C5", transform=tilt, noise=0.1), "ring")
    viewer.add_points([[4, -3, 6]], name="centre", size=6, units=("angstrom",) * 3)
    _, widget = viewer.window.add_plugin_dock_widget("botalign", "Orient a map")
    widget.form.map.value = viewer.layers["ring"]
    widget.form.along.value = [viewer.layers["centre"]]
    widget.orient.native.click()
    while widget.running:
        wait(0.1)
    viewer.scene.camera.angles = (0, 0, 90)
    viewer.reset_view()
    save(shot(viewer), "napari_orient.png")
    viewer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maps", nargs="*", type=Path)
    parser.add_argument("--only", choices=("napari", "napari_2d", "napari_compare", "napari_orient"))
    parser.add_argument("--window", nargs=2, type=int, default=(1240, 800), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--hand", default="auto")
    arguments = parser.parse_args()
    if arguments.only in (None, "napari_2d"):
        make_flat()
    if arguments.only in (None, "napari_compare"):
        make_comparison()
    if arguments.only in (None, "napari_orient"):
        make_orientation(arguments.window)
    if arguments.only in (None, "napari"):
        make_overview(arguments.maps, arguments.hand)


if __name__ == "__main__":
    main()
