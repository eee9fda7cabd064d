"""
The napari plugin from a script
===============================

A script can use the dock widget as a user does: open two maps, click Align, and read the result. It needs the extra
``napari``, napari itself, and a real or virtual screen.
"""

import time

import matplotlib.pyplot as plt
import napari
import numpy as np
from qtpy.QtWidgets import QApplication

viewer = napari.Viewer(ndisplay=3)
viewer.window.resize(900, 500)
viewer.open_sample("botalign", "phantom")
dock, widget = viewer.window.add_plugin_dock_widget("botalign", "Align maps")
viewer.scene.camera.zoom *= 0.6


def canvas() -> np.ndarray:
    """Return a screenshot of the canvas."""
    return viewer.screenshot(size=(240, 320), flash=False)


before = canvas()

# %%
# The fields of the widget have the names of the options of :func:`botalign.align`, and its buttons can be clicked. The
# alignment runs in a thread, so the script processes events until it is done.

widget.form.hand.value = "check"
widget.form.follow.value = False  # no live view in a script
widget.align.native.click()
while widget.running:
    QApplication.processEvents()
    time.sleep(0.01)
print(widget.status.value)

# %%
# The result is that of :func:`botalign.align`, and its transform is now the affine of the layer: nothing was resampled.

result = widget.results.current.result
print(result.to_text())
print(np.allclose(viewer.layers[1].affine.affine_matrix, result.to_napari(), atol=1e-6))

# %%
# Orange and blue add up to white.

figure, panels = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for panel, picture_of, when in zip(panels, (before, canvas()), ("before", "after"), strict=True):
    panel.imshow(picture_of)
    panel.set_title(when)
    panel.axis("off")
plt.show()

# %%
# Revert restores the previous position of the layer:

widget.results.revert.native.click()
print(widget.status.value)
viewer.close()
