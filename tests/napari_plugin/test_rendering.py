"""Rendering: a layer that was moved by its affine looks like the resampled map."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botalign import Alignment, DensityMap, phantom


@pytest.fixture
def viewer(screen: None, make_napari_viewer_proxy: Callable[..., Any]) -> Any:
    """A viewer in a visible window, because a hidden one draws nothing; small, because there is no graphics card."""
    viewer = make_napari_viewer_proxy(show=True)
    viewer.window.resize(400, 300)
    return viewer


def picture(viewer: Any, shown: Any, size: tuple[int, int] = (140, 140)) -> np.ndarray:
    """Render one layer in grey, with brightness from 0 to 1."""
    for layer in viewer.layers:
        layer.visible = layer == shown
    rendered = viewer.screenshot(canvas_only=True, flash=False, size=size)
    return np.asarray(rendered[..., :3].mean(axis=2) / 255)


@pytest.mark.slow
@pytest.mark.parametrize("hand", ["keep", "auto"])
def test_the_overlay_agrees_with_the_resampled_map(
    hand: str,
    viewer: Any,
    widget: Any,
    add: Callable[..., Any],
    fixed: DensityMap,
    moving: DensityMap,
    mirrored: DensityMap,
    align: Callable[[], Alignment],
    press: Callable[..., None],
) -> None:
    looks = {"rendering": "mip", "colormap": "gray", "contrast_limits": (0, 12)}
    own = np.eye(4)  # of the fixed layer, so that no layer is displayed in the coordinates of its file
    own[1:3, 1:3], own[:3, 3] = [[0.6, -0.8], [0.8, 0.6]], (10, -20, 15)
    still = add(fixed, "still", affine=own, **looks)
    layer = add(mirrored if hand == "auto" else moving, "mobile", **looks)
    widget.form.hand.value = hand
    before = picture(viewer, layer)
    layer.visible = False
    result = align()
    assert result.mirrored is (hand == "auto")
    press(widget.results.resample, until=lambda: len(viewer.layers) == 3)
    for shown in viewer.layers:
        shown.colormap = "gray"
    viewer.scene.camera.angles = (20, -35, 60)
    viewer.reset_view()
    overlay, resampled, target = (picture(viewer, shown) for shown in (layer, viewer.layers[2], still))
    assert overlay.max() > 0.5
    assert np.abs(overlay - resampled).mean() < 0.02 * overlay.mean()
    assert np.corrcoef(overlay.ravel(), resampled.ravel())[0, 1] > 0.999
    assert np.corrcoef(overlay.ravel(), target.ravel())[0, 1] > 0.999
    assert np.corrcoef(before.ravel(), target.ravel())[0, 1] < 0.9


@pytest.mark.slow
def test_an_empty_box_is_dark_in_2d(viewer: Any, tmp_path: Path) -> None:
    noisy = phantom(32, voxel_size_angstrom=4.0, noise=0.1)
    noisy.write(tmp_path / "noisy.mrc")
    viewer.open(tmp_path / "noisy.mrc", plugin="botalign")
    layer = viewer.layers[0]
    layer.interpolation2d = "nearest"
    viewer.dims.set_current_step(0, 3)  # a slice that the molecule does not reach
    viewer.reset_view()
    empty = picture(viewer, layer)
    viewer.dims.set_current_step(0, 16)
    middle = picture(viewer, layer)
    assert np.median(empty) < 0.02
    assert empty.mean() < 0.05
    assert middle.max() > 0.5


@pytest.mark.slow
def test_the_potential_is_red_where_it_is_positive(
    viewer: Any, add: Callable[..., Any], fixed: DensityMap, press: Callable[..., None]
) -> None:
    add(fixed, "still", visible=False)
    add(phantom(32, voxel_size_angstrom=4.0, hinge_degrees=30), "bent", visible=False)
    _, compare = viewer.window.add_plugin_dock_widget("botalign", "Compare maps")
    viewer.window.resize(400, 300)
    press(compare.potential, until=lambda: len(viewer.layers) == 3)
    new = viewer.layers[2]
    new.interpolation2d = "nearest"
    viewer.reset_view()
    rendered = viewer.screenshot(canvas_only=True, flash=False, size=(200, 200)).astype(float)
    red, _, blue, _ = np.moveaxis(rendered, -1, 0)
    drawn = red + blue > 100  # not the background
    values = new.data[round(new.world_to_data(viewer.dims.point)[0])]
    assert 0.2 < (values > 0).mean() < 0.8
    assert (red > blue)[drawn].mean() == pytest.approx((values > 0).mean(), abs=0.03)
