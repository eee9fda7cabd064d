"""Time in napari from the click on Align until the layer is aligned.

``python benchmarks/napari_click.py`` aligns two phantoms of 64^3 voxels several times with the dock widget, and with
`botalign.align` alone. The window is hidden unless ``--show`` is given: without a graphics card, drawing two surfaces
takes longer than aligning them. On a machine without a screen, run it with ``xvfb-run -a``. It reports CPU seconds
beside wall-clock seconds, because the machine may be busy.
"""

import argparse
import time

import napari
import numpy as np
from qtpy.QtCore import QEventLoop, QTimer

import botalign
from botalign.geometry import random_rotations
from napari_botalign.reading import map_layer_data
from report import machine

RUNS = 7


def wait(milliseconds: int) -> None:
    """Process Qt events for some time."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def now() -> tuple[float, float]:
    """Return wall-clock and CPU time."""
    return time.perf_counter(), time.process_time()


def since(began: tuple[float, float]) -> tuple[float, float]:
    """Return the elapsed wall-clock and CPU time."""
    wall, cpu = now()
    return wall - began[0], cpu - began[1]


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="show the window, and follow the search in 3-D")
    parser.add_argument("--hand", default="check")
    arguments = parser.parse_args()
    transform = np.column_stack([random_rotations(1, np.random.default_rng(4))[0], (6.0, -4.0, 3.0)])
    maps = (
        botalign.phantom(64, noise=0.05, noise_seed=1),
        botalign.phantom(64, transform=transform, noise=0.05, noise_seed=2),
    )
    viewer = napari.Viewer(ndisplay=3, show=arguments.show)
    for density, name in zip(maps, ("fixed", "moving"), strict=True):
        data, attributes, _ = map_layer_data(density, name=name)
        viewer.add_image(data, **attributes)
    _, widget = viewer.window.add_plugin_dock_widget("botalign", "Align maps")
    widget.form.hand.value = arguments.hand
    times: dict[str, list[tuple[float, float]]] = {"from the click to the result": [], "`botalign.align` alone": []}
    for _ in range(RUNS):
        wait(200)
        began = now()
        widget.align.native.click()
        while widget.running:
            wait(10)
        times["from the click to the result"].append(since(began))
        widget.results.revert.native.click()
        began = now()
        botalign.align(*maps, hand=arguments.hand, threads=widget.form.alignment_options().threads)
        times["`botalign.align` alone"].append(since(began))
    viewer.close()
    print(machine())
    print("| seconds | first | median of the others | longest of the others | median CPU |\n|" + " --- |" * 5)
    for label, (first, *others) in times.items():
        wall, cpu = np.array(others).T
        print(f"| {label} | {first[0]:.2f} | {np.median(wall):.2f} | {wall.max():.2f} | {np.median(cpu):.2f} |")


if __name__ == "__main__":
    main()
