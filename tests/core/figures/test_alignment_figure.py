import io
import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

import botalign
from botalign.alignment import TracePoint
from botalign.figures import alignment_figure
from botalign.geometry import identity, matrix_from_rotation_vector, transform_about

Case = tuple[botalign.Alignment, botalign.DensityMap, botalign.DensityMap]


@pytest.fixture(scope="module")
def case() -> Case:
    pose = transform_about(matrix_from_rotation_vector(np.array([0.0, 0.6, 0.3])), np.zeros(3), np.array([3.0, -2, 1]))
    fixed = botalign.phantom(32, voxel_size_angstrom=4)
    moving = botalign.phantom(32, voxel_size_angstrom=4, transform=pose)
    return botalign.align(fixed, moving, evaluations=20, size=16), fixed, moving


@pytest.fixture(scope="module")
def figure(case: Case) -> Figure:
    return alignment_figure(*case)


def texts(figure: Figure) -> str:
    legends = [legend for axes in figure.axes if (legend := axes.get_legend())] + figure.legends
    inside = [text.get_text() for axes in figure.axes for text in axes.texts]
    return "\n".join(
        [text.get_text() for text in figure.texts] + [t.get_text() for legend in legends for t in legend.texts] + inside
    )


def test_projections_before_and_after(figure: Figure) -> None:
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes[:6]]
    assert labels == [("x (Å)", "y (Å)"), ("x (Å)", "z (Å)"), ("y (Å)", "z (Å)")] * 2
    assert all(axes.get_aspect() == 1 for axes in figure.axes[:6])
    scales = {np.ptp(axes.get_xlim()) for axes in figure.axes[:6]} | {
        np.ptp(axes.get_ylim()) for axes in figure.axes[:6]
    }
    assert max(scales) - min(scales) < 1e-9


def test_aligned_maps_are_grey(case: Case) -> None:
    alignment, fixed, _ = case
    exact = replace(alignment, moving_to_fixed=identity(), mirrored=False)
    for axes in alignment_figure(exact, fixed, fixed).axes[:6]:
        image = np.asarray(axes.images[0].get_array())
        assert np.abs(image - image[..., :1]).max() < 1e-6
        assert image.max() > 0.9


def test_curves_are_those_of_the_result(case: Case, figure: Figure) -> None:
    alignment = case[0]
    shells, course = figure.axes[6:]
    assert course.get_xlabel() == "evaluation"
    drawn = [line.get_ydata() for line in shells.lines]
    for curve in (alignment.shells_before, alignment.shells_after):
        assert any(np.array_equal(curve.correlation, line) for line in drawn)
    assert any(np.array_equal(line.get_ydata(), [0.5, 0.5]) for line in shells.lines)
    for tick, label in zip(shells.get_xticks(), shells.get_xticklabels(), strict=True):
        assert 1 / tick == pytest.approx(float(label.get_text()))
    for mirrored in (False, True):
        losses = [point.loss for point in alignment.trace if point.mirrored is mirrored]
        assert len(losses) == 20
        assert any(np.array_equal(line.get_ydata(), np.minimum.accumulate(losses)) for line in course.lines)


def test_words(case: Case, figure: Figure) -> None:
    said = texts(figure)
    assert f"rotated by {case[0].angle_degrees:.2f}°" in said
    assert f"verdict: {case[0].verdict}" in said
    for word in ("fixed: phantom 0", "moving: phantom 0", "before", "after", "as given", "mirrored"):
        assert word in said


LONG_NAMES = {
    "usual": ("fixed.mrc", "moving.mrc"),
    "long": ("cryosparc_P12_J345_007_volume_map_sharp_filtered_to_8A.mrc", f"{'relion_' * 12}class001.map.gz"),
    "wide": (f"/maps/{'W' * 200}.mrc", f"/maps/{'M' * 200}.mrc"),
    "dollars": (r"$a_{$.mrc", f"{'$' * 90}.mrc"),
}


@pytest.mark.parametrize(
    "kind", ["usual", *(pytest.param(kind, marks=pytest.mark.slow) for kind in list(LONG_NAMES)[1:])]
)
def test_no_words_overlap_above_the_pictures(case: Case, kind: str) -> None:
    alignment, fixed, moving = case
    names = LONG_NAMES[kind]
    renamed = [
        replace(reference, name=name)
        for reference, name in zip((alignment.fixed, alignment.moving), names, strict=True)
    ]  # fmt: skip
    figure = alignment_figure(replace(alignment, fixed=renamed[0], moving=renamed[1]), fixed, moving)
    figure.draw_without_rendering()
    words = [*figure.legends[0].texts, *figure.texts]
    assert len(words) == 3
    boxes = [text.get_window_extent() for text in words]
    boxes += [box for axes in figure.axes if (box := axes.get_tightbbox()) is not None]
    for one, other in itertools.combinations(boxes[:3], 2):
        assert not one.overlaps(other)
    for word in boxes[:3]:
        assert not any(word.overlaps(panel) for panel in boxes[3:])
        assert figure.bbox.x0 < word.x0 < word.x1 < figure.bbox.x1
        assert word.y1 < figure.bbox.y1
    for text, name in zip(words[:2], names, strict=True):
        start, _, end = text.get_text().replace(r"\$", "$").partition(": ")[2].partition("…")
        assert Path(name).name.startswith(start)
        assert name.endswith(end)
        assert len(start) >= min(10, len(Path(name).name))


def test_no_line_runs_through_a_legend(figure: Figure) -> None:
    figure.draw_without_rendering()
    for axes in figure.axes[6:]:
        legend = axes.get_legend()
        assert legend is not None
        assert min(text.get_window_extent().y0 for text in legend.texts) > axes.get_window_extent().y1
        assert max(text.get_window_extent().x1 for text in legend.texts) < figure.bbox.x1


@pytest.mark.parametrize("trace", [(), (TracePoint(False, 2.0),)])
def test_a_short_search_and_no_common_signal(case: Case, trace: tuple[TracePoint, ...]) -> None:
    alignment, fixed, moving = case
    empty = replace(alignment.shells_before, correlation=np.zeros_like(alignment.shells_before.correlation))
    figure = alignment_figure(replace(alignment, trace=trace, hand=None, shells_before=empty), fixed, moving)
    assert "before: below 0.5" in texts(figure)
    figure.savefig(io.BytesIO(), format="svg")


def test_a_part_has_no_course_of_a_search(case: Case) -> None:
    alignment, fixed, moving = case
    part = replace(alignment, trace=(), parameters={**alignment.parameters, "partial": True})
    figure = alignment_figure(part, fixed, moving)
    shells = figure.axes[6:]
    assert [axes.get_xlabel() for axes in shells] == ["resolution (Å)"]
    assert shells[0].spines["top"].get_visible() is False
    assert f"where the part lies {alignment.candidates[0].correlation:.4f}" in texts(figure)
    figure.draw_without_rendering()
    assert max(text.get_window_extent().x1 for text in figure.texts) < figure.bbox.x1


def test_maps_far_apart_are_both_seen_before(case: Case) -> None:
    alignment, fixed, moving = case
    grid = replace(moving.grid, origin_angstrom=(900.0, 0.0, 0.0))
    shift = np.array(moving.grid.origin_angstrom) - grid.origin_angstrom
    far = replace(moving, grid=grid)
    motion = alignment.moving_to_fixed.copy()
    motion[:, 3] += motion[:, :3] @ shift
    figure = alignment_figure(replace(alignment, moving_to_fixed=motion), fixed, far)
    before, after = (np.ptp(figure.axes[i].get_xlim()) for i in (0, 3))
    assert before > 900
    assert after < 200


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
def test_file_formats(figure: Figure, kind: str) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind)
    assert buffer.tell() > 10_000
    if kind == "png":
        buffer.seek(0)
        assert imread(buffer).shape == (870, 1650, 4)


def test_no_pyplot() -> None:
    script = "import sys, botalign.figures; print([m for m in sys.modules if m.startswith('matplotlib')])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
