"""Results in words: the table of an alignment, and what Python prints when a name is typed; errors too."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.alignment import MapReference
from botalign.alignment.hand import HandDecision
from botalign.geometry import MIRROR, matrix_from_rotation_vector, transform_about


@pytest.fixture(scope="module")
def alignment() -> botalign.Alignment:
    """A result of known numbers."""
    made = botalign.phantom(16, voxel_size_angstrom=8, resolution_angstrom=20)
    rotation = matrix_from_rotation_vector(np.radians(50) * np.array([0.6, -0.64, 0.48]))
    scores = botalign.Scores(0.99876, 0.9, 5.0, 1.5)
    return replace(
        botalign.align(made, made, evaluations=2, size=16, hand="keep"),
        moving_to_fixed=transform_about(rotation, made.grid.centre_angstrom, np.array([0.0, -3.0, 4.0])),
        fixed=MapReference("/maps/a.mrc", made.grid),
        moving=MapReference("b.map.gz", made.grid),
        before=replace(scores, correlation=-0.00001),
        after=scores,
        hand=HandDecision("as given", 0.9, 0.7, 0.2, 0.01),
    )


def mirrored(alignment: botalign.Alignment) -> botalign.Alignment:
    motion = alignment.moving_to_fixed.copy()
    motion[:, :3] = motion[:, :3] @ MIRROR
    return replace(
        alignment, moving_to_fixed=motion, mirrored=True, hand=HandDecision("mirrored", 0.7, 0.9, -0.2, 0.01)
    )


def test_typing_a_result_prints_one_line(alignment: botalign.Alignment) -> None:
    motion = "50.00 degrees, shift 5.00 A, correlation 0.9988, hand"
    assert repr(alignment) == f"<Alignment b.map.gz onto a.mrc: {motion} as given>"
    assert repr(mirrored(alignment)) == f"<Alignment b.map.gz onto a.mrc: mirrored, {motion} mirrored>"
    assert repr(replace(alignment, hand=None)) == f"<Alignment b.map.gz onto a.mrc: {motion} not tested>"


def test_typing_a_comparison_prints_one_line(alignment: botalign.Alignment) -> None:
    comparison = botalign.Comparison(alignment.after, alignment.shells_after)
    assert repr(comparison) == "<Comparison: correlation 0.9988, about the mean 0.9000, FSC 0.5: 5.00 A, WEMD 1.5 A>"


def test_typing_a_map_prints_one_line() -> None:
    data = np.zeros((3, 4, 5), np.float32)
    cubic = botalign.DensityMap(data, botalign.Grid(data.shape, (3.3, 3.3, 3.3)), name="/maps/a.mrc")
    assert repr(cubic) == "<DensityMap a.mrc: shape (3, 4, 5), voxels of 3.3 A>"
    slab = botalign.DensityMap(data, botalign.Grid(data.shape, (1.0, 1.0, 2.5)))
    assert repr(slab) == "<DensityMap map: shape (3, 4, 5), voxels of 1 x 1 x 2.5 A>"


def test_two_numbers_have_two_names(alignment: botalign.Alignment) -> None:
    lines = dict(line.split(maxsplit=1) for line in alignment.to_text().splitlines())
    assert lines["hand"] == "as given (correlation about the mean: 0.9000 as given, 0.7000 mirrored)"
    assert alignment.hand_text == lines["hand"]
    assert lines["correlation"] == "0.0000 before, 0.9988 after"
    assert alignment.to_text().count("correlation ") == alignment.to_text().count("correlation about the mean") + 1
    text = mirrored(alignment).to_text()
    assert "mirrored (correlation about the mean: 0.9000 mirrored, 0.7000 as given)" in text


def test_no_axis_without_a_rotation(alignment: botalign.Alignment) -> None:
    for degrees, axis in ((0.0, False), (0.004, False), (0.006, True)):
        rotation = matrix_from_rotation_vector(np.radians([0.0, 0.0, degrees]))
        text = replace(alignment, moving_to_fixed=transform_about(rotation, np.zeros(3), np.zeros(3))).to_text()
        assert ("about (" in text) is axis, degrees


def test_no_negative_zeros(alignment: botalign.Alignment) -> None:
    shift = np.array([-1e-9, -0.004, 0.0])
    rotation = matrix_from_rotation_vector(np.radians([-1e-4, 1e-7, 30.0]))
    text = replace(alignment, moving_to_fixed=transform_about(rotation, np.zeros(3), shift)).to_text()
    assert "about (0.0000, 0.0000, 1.0000)" in text
    assert "shift        (0.00, 0.00, 0.00) A" in text
    assert "correlation  0.0000 before" in text


def test_errors_name_no_command_that_only_one_front_end_has() -> None:
    package = Path(botalign.__file__).parent
    said = [
        part.value
        for path in package.rglob("*.py")
        if path.relative_to(package).parts[0] != "cli"
        for raised in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(raised, ast.Raise)
        for part in ast.walk(raised)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    assert len(said) > 50
    assert not [text for text in said if "`botalign" in text]
