"""The choice of layers: exchanged, taken from the layer list, moved along, a frame of a series."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from botalign import Alignment, DensityMap

pytestmark = pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")

Add = Callable[..., Any]
Press = Callable[..., None]


def affine_of(layer: Any) -> np.ndarray:
    return np.array(layer.affine.affine_matrix)


@pytest.fixture
def pair(add: Add, fixed: DensityMap, moving: DensityMap) -> tuple[Any, Any]:
    """Two layers of the same molecule in two poses."""
    return add(fixed, "still"), add(moving, "mobile")


def test_a_moving_layer_that_is_chosen_as_fixed_is_exchanged(widget: Any, add: Add, fixed: DensityMap) -> None:
    form = widget.form
    a, b, c = (add(fixed, name) for name in "ABC")
    form.fixed.value, form.moving.value = a, [b]
    form.fixed.value = b
    assert (form.fixed.value, form.moving.value) == (b, [a])
    form.moving.value = [b]  # a click on the fixed layer in the list of moving ones
    assert (form.fixed.value, form.moving.value) == (a, [b])
    form.moving.value = [b, c]
    form.fixed.value = c
    assert (form.fixed.value, set(form.moving.value)) == (c, {a, b})


def test_the_layers_are_swapped_by_a_button(widget: Any, pair: tuple[Any, Any], press: Press) -> None:
    form = widget.form
    press(form.layers.swap)
    assert (form.fixed.value, form.moving.value) == (pair[1], [pair[0]])
    press(form.layers.swap)
    assert (form.fixed.value, form.moving.value) == (pair[0], [pair[1]])
    form.moving.value = []
    assert not form.layers.swap.enabled


def test_the_layers_selected_in_the_list_become_the_moving_ones(
    viewer: Any, widget: Any, pair: tuple[Any, Any], add: Add, fixed: DensityMap, press: Press
) -> None:
    third = add(fixed, "third")
    viewer.layers.selection = {pair[0], pair[1], third}
    press(widget.form.layers.selected)
    assert (widget.form.fixed.value, widget.form.moving.value) == (pair[0], [pair[1], third])
    widget.form.moving.value = [third]
    viewer.layers.selection = {pair[0]}  # the fixed one alone is exchanged
    press(widget.form.layers.selected)
    assert (widget.form.fixed.value, widget.form.moving.value) == (third, [pair[0]])


def displaced(layer: Any, points: np.ndarray) -> np.ndarray:
    """Return points of a layer in the world; the last three axes."""
    lead = np.zeros((len(points), layer.ndim - 3))
    return np.array([layer.data_to_world(point)[-3:] for point in np.hstack([lead, points])])


@pytest.mark.slow
def test_layers_of_any_kind_move_along_and_back(
    viewer: Any, widget: Any, pair: tuple[Any, Any], align: Callable[[], Alignment], press: Press
) -> None:
    layers = widget.form.layers
    assert not layers.along.visible
    points = np.array([[0.0, 0, 0], [10, 0, 0], [0, 20, 0], [0, 0, 30]])
    own = np.eye(4)
    own[:3, 3] = 5, 6, 7
    angstrom = {"units": ("angstrom",) * 3}
    viewer.add_points(points, name="picks", affine=own, **angstrom)
    viewer.add_labels(np.zeros((8, 8, 8), int), name="labels", scale=(4, 4, 4), **angstrom)
    viewer.add_surface((points, np.array([[0, 1, 2], [0, 1, 3]])), name="surface", **angstrom)
    viewer.add_shapes([points[:3]], shape_type="polygon", name="shapes", units=("nm",) * 3)
    viewer.add_vectors(np.zeros((2, 2, 3)), name="vectors", **angstrom)
    viewer.add_tracks(np.array([[1, 0, 1.0, 2, 3], [1, 1, 2, 3, 4]]), name="tracks")
    viewer.add_image(np.zeros((9, 9)), name="flat")
    kinds = ("picks", "labels", "surface", "shapes", "vectors", "tracks")
    assert layers.along.native.isVisibleTo(widget.native)
    assert [layer.name for layer in layers.along.choices] == list(kinds)  # not the flat one
    others = [viewer.layers[name] for name in kinds]
    layers.along.value = others
    before = {layer.name: (displaced(layer, points), affine_of(layer)) for layer in others}
    result = align()
    expected = result.to_napari()
    for layer in others:
        unit = 10.0 if layer.name == "shapes" else 1.0
        was = before[layer.name][0] * unit
        np.testing.assert_allclose(
            displaced(layer, points) * unit, was @ expected[:3, :3].T + expected[:3, 3], atol=1e-4, err_msg=layer.name
        )
    press(widget.results.revert)
    for layer in others:
        np.testing.assert_array_equal(affine_of(layer), before[layer.name][1])
    # with several moving layers it would not be clear which one they follow
    widget.form.moving.value = [pair[1], viewer.layers["labels"]]
    layers.along.value = [viewer.layers["picks"]]
    press(widget.results.apply)
    assert widget.status.value.startswith("along needs one moving layer, got 2; choose one")


@pytest.mark.slow
def test_a_result_is_applied_to_a_layer_of_any_kind(
    viewer: Any, widget: Any, pair: tuple[Any, Any], align: Callable[[], Alignment], press: Press
) -> None:
    result = align()
    viewer.add_points([[1.0, 2, 3]], name="picks", units=("angstrom",) * 3)
    picks = viewer.layers["picks"]
    widget.form.moving.value = [picks]
    press(widget.results.apply)
    assert widget.status.value == "Moved by the transform of mobile: picks."
    np.testing.assert_allclose(affine_of(picks), result.to_napari(), atol=1e-9)
    press(widget.align)  # they cannot be aligned
    assert widget.status.value.startswith("moving: picks is a points layer, expected an image layer")
    viewer.add_points([[1.0, 2]], name="flat")
    widget.form.moving.value = [viewer.layers["flat"]]
    press(widget.results.apply)
    assert widget.status.value == "moving: flat has 2 dimensions, expected 3; choose another layer."


@pytest.mark.slow
def test_the_displayed_frame_of_a_series_is_aligned_and_the_series_moves(
    viewer: Any, widget: Any, add: Add, fixed: DensityMap, moving: DensityMap, align: Callable[[], Alignment]
) -> None:
    add(fixed, "still")
    grid = moving.grid
    noise = np.random.default_rng(0).normal(size=grid.shape).astype(np.float32)
    series = add(
        moving, "series", data=np.stack([noise, moving.data]), units=("s", *("angstrom",) * 3),
        scale=(1, *grid.voxel_size_angstrom[::-1]), translate=(0, *grid.origin_angstrom[::-1]),
    )  # fmt: skip
    assert widget.form.moving.value == [series]
    viewer.dims.set_current_step(0, 1)
    result = align()
    assert result.after.correlation > 0.99
    expected = np.eye(5)
    expected[1:, 1:] = result.to_napari()
    np.testing.assert_allclose(affine_of(series), expected, atol=1e-6)
    viewer.dims.set_current_step(0, 0)
    assert align().verdict != "certain"


@pytest.mark.slow
def test_the_displayed_iso_threshold_is_the_contour_level(
    widget: Any, pair: tuple[Any, Any], align: Callable[[], Alignment]
) -> None:
    pair[0].iso_threshold, pair[1].iso_threshold = 0.8, 1.1
    more = widget.form.more
    more.contour_level_fixed.value = "0.5"
    widget.form.levels.value = True
    assert not more.contour_level_fixed.enabled
    assert "as displayed" in more.contour_level_fixed.tooltip
    assert (align().fixed.contour_level, align().moving.contour_level) == pytest.approx((0.8, 1.1))
    pair[1].rendering = "mip"
    assert align().moving.contour_level is None
    widget.form.levels.value = False
    assert more.contour_level_fixed.enabled
    assert align().fixed.contour_level == 0.5
