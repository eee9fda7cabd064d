import io
import itertools
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

import botalign
from botalign.alignment import Part, TracePoint
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


def test_curves_show_the_values_of_the_result(case: Case, figure: Figure) -> None:
    alignment = case[0]
    shells, search = figure.axes[6:]
    assert search.get_xlabel() == "evaluation"
    drawn = [line.get_ydata() for line in shells.lines]
    for curve in (alignment.shells_before, alignment.shells_after):
        assert any(np.array_equal(curve.correlation, line) for line in drawn)
    assert any(np.array_equal(line.get_ydata(), [0.5, 0.5]) for line in shells.lines)
    for tick, label in zip(shells.get_xticks(), shells.get_xticklabels(), strict=True):
        assert 1 / tick == pytest.approx(float(label.get_text()))
    for mirrored in (False, True):
        losses = [point.loss for point in alignment.trace if point.mirrored is mirrored]
        assert len(losses) == 20
        assert any(np.array_equal(line.get_ydata(), np.minimum.accumulate(losses)) for line in search.lines)


def test_texts_name_maps_verdict_and_hands(case: Case, figure: Figure) -> None:
    shown = texts(figure)
    assert f"rotated by {case[0].angle_degrees:.2f}°" in shown
    assert f"verdict: {case[0].verdict}" in shown
    for word in ("fixed: phantom 0", "moving: phantom 0", "before", "after", "as given", "mirrored"):
        assert word in shown


LONG_NAMES = {
    "usual": ("fixed.mrc", "moving.mrc"),
    "long": ("cryosparc_P12_J345_007_volume_map_sharp_filtered_to_8A.mrc", f"{'relion_' * 12}class001.map.gz"),
    "wide": (f"/maps/{'W' * 200}.mrc", f"/maps/{'M' * 200}.mrc"),
    "dollars": (r"$a_{$.mrc", f"{'$' * 90}.mrc"),
}


@pytest.mark.parametrize(
    "kind", ["usual", *(pytest.param(kind, marks=pytest.mark.slow) for kind in list(LONG_NAMES)[1:])]
)
def test_texts_above_the_projections_do_not_overlap(case: Case, kind: str) -> None:
    alignment, fixed, moving = case
    names = LONG_NAMES[kind]
    renamed = [
        replace(reference, name=name)
        for reference, name in zip((alignment.fixed, alignment.moving), names, strict=True)
    ]  # fmt: skip
    figure = alignment_figure(replace(alignment, fixed=renamed[0], moving=renamed[1]), fixed, moving)
    figure.draw_without_rendering()
    header = [*figure.legends[0].texts, *figure.texts]
    assert len(header) == 3
    boxes = [text.get_window_extent() for text in header]
    boxes += [box for axes in figure.axes if (box := axes.get_tightbbox()) is not None]
    for first, second in itertools.combinations(boxes[:3], 2):
        assert not first.overlaps(second)
    for line in boxes[:3]:
        assert not any(line.overlaps(panel) for panel in boxes[3:])
        assert figure.bbox.x0 < line.x0 < line.x1 < figure.bbox.x1
        assert line.y1 < figure.bbox.y1
    for text, name in zip(header[:2], names, strict=True):
        start, _, end = text.get_text().replace(r"\$", "$").partition(": ")[2].partition("…")
        assert Path(name).name.startswith(start)
        assert name.endswith(end)
        assert len(start) >= min(10, len(Path(name).name))


def test_legends_cover_no_curve_and_no_point(figure: Figure) -> None:
    figure.draw_without_rendering()
    for axes in figure.axes[6:]:
        legend = axes.get_legend()
        assert legend is not None
        assert min(text.get_window_extent().y0 for text in legend.texts) > axes.get_window_extent().y1
        assert max(text.get_window_extent().x1 for text in legend.texts) < figure.bbox.x1


@pytest.mark.parametrize("trace", [(), (TracePoint(False, 2.0),)])
def test_empty_and_single_evaluation_traces_can_be_drawn(case: Case, trace: tuple[TracePoint, ...]) -> None:
    alignment, fixed, moving = case
    empty = replace(alignment.shells_before, correlation=np.zeros_like(alignment.shells_before.correlation))
    figure = alignment_figure(replace(alignment, trace=trace, hand=None, shells_before=empty), fixed, moving)
    assert "before: below 0.5" in texts(figure)
    figure.savefig(io.BytesIO(), format="svg")


def test_a_search_that_ended_early_explains_itself(case: Case) -> None:
    alignment, fixed, moving = case
    few = replace(alignment, trace=alignment.trace[:3], parameters=alignment.parameters | {"evaluations": None})
    for verdict, text in (("certain", "certain after 3"), ("ambiguous", "ended after 3")):
        search = alignment_figure(replace(few, verdict=verdict), fixed, moving).axes[-1]
        assert search.get_xlabel() == f"evaluation ({text})"


def test_the_figure_of_a_part_has_no_plot_of_the_search(case: Case) -> None:
    alignment, fixed, moving = case
    part = replace(alignment, trace=(), method="part", part=Part("moving", 0.3, "requested", (0.0, 0.0, 0.0)))
    figure = alignment_figure(part, fixed, moving)
    shells = figure.axes[6:]
    assert [axes.get_xlabel() for axes in shells] == ["resolution (Å)"]
    assert shells[0].spines["top"].get_visible() is False
    assert shells[0].get_ylabel() == "Fourier shell correlation inside the part"
    assert f"inside the part, {alignment.candidates[0].correlation:.4f} of its edges" in texts(figure)
    figure.draw_without_rendering()
    assert max(text.get_window_extent().x1 for text in figure.texts) < figure.bbox.x1


def test_the_common_part_is_green_and_the_rest_magenta(case: Case) -> None:
    alignment, fixed, moving = case
    left = fixed.grid.axis_angstrom(2) < fixed.grid.centre_angstrom[0]
    weights = fixed.with_data(np.broadcast_to(left, fixed.data.shape).astype(np.float32))
    figure = alignment_figure(alignment, fixed, moving, weights=weights)
    image = np.asarray(figure.axes[6].images[0].get_array())
    half = image.shape[1] // 2
    agreeing, differing = image[:, : half - 8].sum(axis=(0, 1)), image[:, half + 8 :].sum(axis=(0, 1))
    assert agreeing[1] > 2 * agreeing[[0, 2]].max()
    assert differing[1] < differing[[0, 2]].min() / 2
    shares = figure.axes[-1]
    assert (shares.get_xlabel(), shares.get_ylabel()) == ("weight in the common part", "fraction of the molecule (%)")
    heights = [bar.get_height() for bar in shares.patches]
    assert sum(heights) == pytest.approx(100)
    assert heights[0] + heights[-1] > 90
    assert {"maps differ", "maps agree"} <= {text.get_text() for text in shares.texts}


def test_both_maps_are_in_view_when_they_are_far_apart(case: Case) -> None:
    alignment, fixed, moving = case
    grid = replace(moving.grid, origin_angstrom=(900.0, 0.0, 0.0))
    shift = np.array(moving.grid.origin_angstrom) - grid.origin_angstrom
    far = replace(moving, grid=grid)
    transform = alignment.moving_to_fixed.copy()
    transform[:, 3] += transform[:, :3] @ shift
    figure = alignment_figure(replace(alignment, moving_to_fixed=transform), fixed, far)
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


def test_importing_the_package_does_not_import_matplotlib() -> None:
    script = "import sys, botalign.figures; print([m for m in sys.modules if m.startswith('matplotlib')])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_a_mirrored_result_is_called_so(case: Case) -> None:
    alignment, fixed, moving = case
    matrix = alignment.moving_to_fixed * np.array([1, 1, -1, 1])
    mirrored = replace(alignment, moving_to_fixed=matrix, mirrored=True)
    facts = texts(alignment_figure(mirrored, fixed, moving))
    assert re.search(r"\bmirrored\b.*rotated by", facts)
