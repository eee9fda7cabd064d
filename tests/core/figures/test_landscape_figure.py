from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from botalign.figures import landscape_figure
from botalign.latent.agreement import agreement
from botalign.latent.dimension import DimensionTrial
from botalign.latent.learning import Scaling
from botalign.latent.result import Landscape
from botalign.progress import Progress

LATENTS = np.random.default_rng(0).standard_normal((50, 2))
SUBSET = LATENTS[:8]
DISTANCES = np.linalg.norm(SUBSET[:, None] - SUBSET, axis=2)
PAIRS = DISTANCES[np.triu_indices(8, 1)]


@pytest.fixture
def landscape() -> Landscape:
    agreed: Any = agreement(PAIRS, PAIRS)
    trials = (DimensionTrial(1, 0.4, 1.0), DimensionTrial(2, 0.02, 0.7))
    trace = tuple(Progress("learn the distance", 100 * k, 300, loss=1 / k) for k in (1, 2, 3))
    scaling = Scaling(np.zeros(2), np.ones(2), 1.0, 0.05)
    return Landscape(LATENTS, SUBSET, agreed, agreed, None, trials, {}, 0, {}, 1.0, trace, scaling, {}, None)


def titles(figure: Figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes]


def test_trials_are_drawn(landscape: Landscape) -> None:
    figure = landscape_figure(landscape, LATENTS, SUBSET, DISTANCES)
    assert "intrinsic dimension 2" in titles(figure)
    (axes,) = (each for each in figure.axes if each.get_title().startswith("intrinsic"))
    drawn = {str(line.get_label()): list(map(float, np.asarray(line.get_ydata()))) for line in axes.get_lines()}
    assert drawn == {"thickness of the last dimension": [1.0, 0.7], "stress": [0.4, 0.02]}


def test_one_coordinate_is_drawn_against_the_number_of_the_point(landscape: Landscape) -> None:
    one = replace(landscape, transformed=LATENTS[:, :1], subset_transformed=SUBSET[:, :1], trials=())
    figure = landscape_figure(one, LATENTS, SUBSET, DISTANCES)
    assert "transformed, d' = 1" in titles(figure)
    (axes,) = (each for each in figure.axes if each.get_title().startswith("transformed"))
    np.testing.assert_allclose(
        np.asarray(axes.collections[0].get_offsets()), np.column_stack([LATENTS[:, 0], np.arange(50)])
    )
