"""Make the picture of the napari plugin: ``python docs/images/make_napari.py [MAP MAP] [--to FILE]``.

The picture shows a real window before, during and after an alignment of the sample data, or of two files. It takes
minutes without a graphics card. On a machine without a screen, run it with ``xvfb-run -a -s '-screen 0 1600x1000x24'``.
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maps", nargs="*", type=Path)
    parser.add_argument("--to", type=Path, default=Path(__file__).with_name("napari.png"))
    parser.add_argument("--hand", default="auto")
    arguments = parser.parse_args()
    napari_botalign.work.align_steps = held
    viewer = napari.Viewer(ndisplay=3, show=True, show_welcome_screen=False)
    viewer.window.resize(1240, 800)
    if arguments.maps:
        viewer.open(arguments.maps, plugin="botalign", stack=False)
    else:
        viewer.open_sample("botalign", "phantom_mirrored")
    _, widget = viewer.window.add_plugin_dock_widget("botalign", "Align maps")
    widget.form.hand.value = arguments.hand
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
    # Align again without drawing, which is slow without a graphics card, so that the displayed time is realistic.
    widget.form.follow.value = False
    shot(viewer)
    widget.align.native.click()
    while widget.running:
        wait(0.05)
    widget.form.follow.value = True
    picture = together(before, during, shot(viewer))
    picture.quantize(256, dither=Image.Dither.NONE).save(arguments.to, optimize=True)
    print(arguments.to, arguments.to.stat().st_size // 1000, "kB")
    viewer.close()


if __name__ == "__main__":
    main()
