"""Make the picture of the class averages in napari: ``python docs/images/make_napari_classes.py [--to FILE]``.

The images of the sample data are classified in a real window, and two classes are selected. On a machine without a
screen, run it by ``xvfb-run -a -s '-screen 0 1600x1000x24'``.
"""

import argparse
from pathlib import Path

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QEventLoop, QTimer

SELECTED = (0, 2)


def wait(seconds):
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=Path(__file__).with_name("napari_classes.png"))
    arguments = parser.parse_args()
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(1100, 720)
    viewer.open_sample("botalign", "particles")
    _, widget = viewer.window.add_plugin_dock_widget("botalign", "Class averages")
    widget.classify.native.click()
    while widget.running:
        wait(0.1)
    viewer.layers["particles"].visible = False
    viewer.layers[-1].reset_contrast_limits()
    viewer.reset_view()
    widget.class_list.choose(SELECTED)
    for _ in range(3):  # where drawing is slow, what is drawn meanwhile comes in the next round
        wait(1)
    picture = Image.fromarray(np.asarray(viewer.window.screenshot(canvas_only=False, flash=False))[..., :3])
    picture.quantize(256, dither=Image.Dither.NONE).save(arguments.to, optimize=True)
    print(arguments.to, arguments.to.stat().st_size // 1000, "kB")
    viewer.close()


if __name__ == "__main__":
    main()
