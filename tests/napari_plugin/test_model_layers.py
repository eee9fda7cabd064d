"""Atomic models: their simulated maps are aligned as models, and the moved models saved."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from botalign import Alignment, DensityMap, read_model, simulate

pytestmark = [pytest.mark.filterwarnings("ignore:Non-orthogonal slicing"), pytest.mark.slow]

RESOLUTION = 8.0


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """A chain of atoms without symmetry."""
    pytest.importorskip("gemmi")
    steps = np.random.default_rng(5).normal(size=(160, 3))
    points = np.cumsum(2.2 * steps / np.linalg.norm(steps, axis=1)[:, None], axis=0)
    path = tmp_path / "chain.pdb"
    path.write_text(
        "".join(
            f"ATOM  {number:5d}  CA  ALA A{number:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 20.00           C  \n"
            for number, (x, y, z) in enumerate(points - points.mean(axis=0), start=1)
        )
    )
    return path


@pytest.fixture
def model_layer(viewer: Any, model_file: Path) -> Any:
    """The model, opened, with its atoms."""
    (layer,) = viewer.open(model_file, plugin="botalign")
    atoms = read_model(model_file).points[:, ::-1]
    viewer.add_points(atoms, name="atoms", units=("angstrom",) * 3, metadata=dict(layer.metadata))
    return layer


def test_a_model_is_aligned_to_a_map_and_saved(
    viewer: Any, widget: Any, add: Callable[..., Any], model_file: Path, model_layer: Any, moved: np.ndarray,
    align: Callable[[], Alignment], press: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    model = read_model(model_file)
    still = add(simulate(model.moved(moved), RESOLUTION), "still")
    form = widget.form
    form.more.evaluations.value, form.more.size.value = "", 32
    form.fixed.value, form.moving.value = still, [model_layer]
    result = align()
    assert result.moving.model
    assert not result.fixed.model
    np.testing.assert_allclose(result.moving_to_fixed, moved, atol=0.2)
    # The atoms move with the map.
    atoms = viewer.layers["atoms"]
    np.testing.assert_allclose(atoms.affine.affine_matrix, model_layer.affine.affine_matrix, atol=1e-9)
    # It is saved in the coordinates of the fixed map, with the extension of its file if the name has none.
    target = tmp_path / "out.pdb"
    for chosen in (tmp_path / "out", tmp_path / "out.pdb"):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, chosen=chosen: (str(chosen), ""))
        press(widget.results.files.model)
        assert widget.status.value == f"Written: {target}."
        np.testing.assert_allclose(read_model(target).points, model.moved(moved).points, atol=0.5)
    # A model is never mirrored.
    form.hand.value = "auto"
    assert align() is result
    assert "a model is never mirrored" in widget.status.value


def test_a_map_is_aligned_to_a_model(
    widget: Any, add: Callable[..., Any], model_file: Path, model_layer: Any, moved: np.ndarray,
    align: Callable[[], Alignment],
) -> None:  # fmt: skip
    mobile: DensityMap = simulate(read_model(model_file).moved(moved), RESOLUTION)
    form = widget.form
    form.fixed.value, form.moving.value = model_layer, [add(mobile, "mobile")]
    result = align()
    assert result.fixed.model
    assert not widget.results.files.model.native.isVisibleTo(widget.native)
    inverse = np.column_stack([moved[:, :3].T, -moved[:, :3].T @ moved[:, 3]])
    np.testing.assert_allclose(result.moving_to_fixed, inverse, atol=0.2)
