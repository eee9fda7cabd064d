import io

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from botalign import InputError
from botalign.figures import embedding_figure

POINTS = np.random.default_rng(0).random((8, 3))


def drawn(figure: Figure, panel: int = 0) -> np.ndarray:
    """Return all points of a panel, sorted."""
    figure.savefig(io.BytesIO())
    offsets = np.concatenate([np.asarray(c.get_offsets()) for c in figure.axes[panel].collections])
    return offsets[np.lexsort(offsets.T)]


def test_points_axes_and_colour_scale() -> None:
    figure = embedding_figure(POINTS[:, :2], values=np.arange(8.0), label="angle", colours="twilight")
    expected = POINTS[:, :2]
    np.testing.assert_array_equal(drawn(figure), expected[np.lexsort(expected.T)])
    panel, bar = figure.axes
    assert (panel.get_xlabel(), panel.get_ylabel(), bar.get_ylabel()) == ("coordinate 1", "coordinate 2", "angle")
    assert panel.get_aspect() == 1
    assert figure.axes[0].collections[-1].get_clim() == (0, 7)


def test_three_coordinates_are_drawn_in_pairs_and_one_against_the_map_number() -> None:
    labels = [(axes.get_xlabel()[-1], axes.get_ylabel()[-1]) for axes in embedding_figure(POINTS).axes]
    assert labels == [("1", "2"), ("1", "3"), ("2", "3")]
    np.testing.assert_array_equal(np.sort(drawn(embedding_figure(POINTS[:, :1]))[:, 0]), np.arange(1, 9))


def test_maps_without_a_value_are_grey() -> None:
    grey, coloured = embedding_figure(POINTS, values=[np.nan, *range(7)]).axes[0].collections
    assert len(np.asarray(grey.get_offsets())) == 1
    assert to_rgba("#BBBBBB") == tuple(grey.get_facecolor()[0])
    assert len(np.asarray(coloured.get_offsets())) == 7


def test_categories_have_a_colour_and_a_legend_entry() -> None:
    figure = embedding_figure(POINTS[:, :2], values=["up", "down", "up", "up", "down", "up", "up", ""], label="state")
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.texts] == ["up", "down", "none"]
    assert legend.get_title().get_text() == "state"
    colours = [tuple(c.get_facecolor()[0]) for c in figure.axes[0].collections]
    assert len(set(colours)) == 3


def test_names_are_written_for_few_maps_only() -> None:
    names = [f"${k}" for k in range(8)]
    figure = embedding_figure(POINTS[:, :2], names=names)
    drawn(figure)
    assert [text.get_text().replace("\\", "") for text in figure.axes[0].texts] == names
    many = embedding_figure(np.zeros((21, 2)), names=["x"] * 21)
    assert not many.axes[0].texts


def test_wrong_values_and_colours_are_refused() -> None:
    with pytest.raises(InputError, match="colours: got 'mud'"):
        embedding_figure(POINTS, values=range(8), colours="mud")
    with pytest.raises(InputError, match="values: got 7, expected one for each of 8"):
        embedding_figure(POINTS, values=range(7))
    with pytest.raises(InputError, match="21 different text values, expected numbers or at most 20 categories"):
        embedding_figure(np.zeros((21, 2)), values=[f"k{k}" for k in range(21)])
