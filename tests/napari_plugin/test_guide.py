"""The example of the guide."""

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import botalign

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "napari.rst"
_BLOCK = re.compile(r"\.\. code-block:: python\n\n((?:   .*\n|\n)+)")


@pytest.mark.skipif(not GUIDE.exists(), reason="the guide is not in the source distribution")
def test_the_widget_is_used_from_a_script(
    viewer: Any,
    fixed: botalign.DensityMap,
    mirrored: botalign.DensityMap,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wait_until: Callable[..., None],
) -> None:
    fixed.write(tmp_path / "fixed.mrc")
    mirrored.write(tmp_path / "moving.mrc")
    monkeypatch.chdir(tmp_path)

    def new_viewer(*, ndisplay: int) -> Any:
        viewer.dims.ndisplay = ndisplay
        return viewer

    monkeypatch.setattr("napari.Viewer", new_viewer)
    start, end = (textwrap.dedent(block) for block in _BLOCK.findall(GUIDE.read_text()))
    names: dict[str, Any] = {}
    exec(start, names)
    wait_until(lambda: not names["widget"].running)
    exec(end, names)
    result = botalign.Alignment.read(tmp_path / "result.json")
    assert result.mirrored
    assert result.after.correlation > 0.99
    np.testing.assert_allclose(names["moving"].affine.affine_matrix, result.to_napari(), atol=1e-6)
