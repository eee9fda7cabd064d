"""
The napari plugin from a script
===============================

What a person does with the dock widget, a script can do too: open two maps, press Align, and look. It needs the
extra ``napari``, a napari, and a screen, be it a virtual one.
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
    """Return what the canvas shows."""
    return viewer.screenshot(size=(240, 320), flash=False)


before = canvas()

# %%
# The fields of the widget have the names of the options of :func:`botalign.align`, and its buttons can be clicked. The
# work runs on a thread of its own, so a script has to let napari go on until it is done.

widget.form.hand.value = "check"
widget.form.follow.value = False  # nobody is looking
widget.align.native.click()
while widget.running:
    QApplication.processEvents()
    time.sleep(0.01)
print(widget.status.value)

# %%
# The result is that of the core, and its motion is now the affine of the layer: nothing was resampled.

result, _ = widget.results.current
print(result.to_text())
print(np.allclose(viewer.layers[1].affine.affine_matrix, result.to_napari(), atol=1e-6))

# %%
# Orange and blue together are white.

figure, panels = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for panel, picture_of, when in zip(panels, (before, canvas()), ("before", "after"), strict=True):
    panel.imshow(picture_of)
    panel.set_title(when)
    panel.axis("off")
plt.show()

# %%
# Back to where the layer was:

widget.results.revert.native.click()
print(widget.status.value)
viewer.close()
