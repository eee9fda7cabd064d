"""The evidence of the places of a part."""

import numpy as np
import pytest

from botalign.alignment.part_places import Place
from botalign.complexes.part_search import FoundPlaces


@pytest.mark.parametrize(("right", "wrong"), [(1, 30), (14, 14), (60, 50)])
def test_right_places_have_evidence_however_many_they_are(right: int, wrong: int) -> None:
    rng = np.random.default_rng(4)
    correlations = np.concatenate([0.8 + 0.02 * rng.normal(size=right), 0.3 + 0.03 * rng.normal(size=wrong)])
    places = tuple(
        Place(np.eye(3, 4), float(value), 100.0, 1e-6 if number < right else 0.5)
        for number, value in enumerate(correlations)
    )
    found = FoundPlaces(None, 1.0, 1.0, places)  # type: ignore[arg-type]
    assert found.scores[:right].min() > 10
    assert found.scores[:right].min() > found.scores[right:].max()
