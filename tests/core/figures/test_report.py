import re
from dataclasses import replace

import numpy as np
import pytest

import botalign
from botalign.alignment import Candidate
from botalign.figures import ReportEntry, alignment_figure, alignment_report, as_png, comparison_figure


@pytest.fixture(scope="module")
def entry() -> ReportEntry:
    fixed = botalign.phantom(24, voxel_size_angstrom=5.0)
    result = botalign.align(fixed, fixed, evaluations=20, size=16, hand="keep")
    return ReportEntry(result, as_png(alignment_figure(result, fixed, fixed)))


def renamed(entry: ReportEntry, name: str) -> ReportEntry:
    return replace(entry, alignment=replace(entry.alignment, moving=replace(entry.alignment.moving, name=name)))


def test_the_page_contains_all_that_it_shows(entry: ReportEntry) -> None:
    page = alignment_report([entry], command="botalign align 'a b.mrc' c.mrc")
    assert entry.picture.startswith(b"\x89PNG")
    assert re.findall(r'src="(.{22})', page) == ["data:image/png;base64,"]
    assert not re.search(r"https?:|<script|<link|url\(|@import", page)
    for _, texts in entry.alignment.facts:
        assert all(text.replace("'", "&#x27;") in page for text in texts)
    assert "botalign align &#x27;a b.mrc&#x27; c.mrc" in page
    assert 'class="verdict certain"' in page
    assert entry.alignment.to_chimerax() in page


def test_several_alignments_have_an_overview(entry: ReportEntry) -> None:
    none = replace(entry.alignment, verdict="no match")
    page = alignment_report([renamed(entry, "folder/one.mrc"), replace(entry, alignment=none)], failures=["c.mrc: bad"])
    assert page.count("data:image/png;base64,") == 2
    assert '<a href="#1">one.mrc</a>' in page
    assert '<section id="2">' in page
    assert 'class="verdict no-match">no match<' in page
    assert "Not aligned: c.mrc: bad" in page


def test_names_are_escaped(entry: ReportEntry) -> None:
    page = alignment_report([renamed(entry, "<b>&.mrc")], command="botalign align a '<script>.mrc'")
    assert "&lt;b&gt;&amp;.mrc onto" in page
    assert "<script>" not in page
    assert "<b>&.mrc" not in page


def test_a_result_without_verdict_or_hand(entry: ReportEntry) -> None:
    alignment = replace(entry.alignment, verdict=None, hand=None)
    assert isinstance(alignment.candidates[0], Candidate)
    page = alignment_report([replace(entry, alignment=alignment, notes=("a note",))] * 2)
    assert "no verdict" in page
    assert "not tested" in page
    assert '<p class="note">a note</p>' in page


def test_the_figure_of_a_comparison() -> None:
    first, second = (botalign.phantom(24, voxel_size_angstrom=5.0, noise=0.2, noise_seed=seed) for seed in (1, 2))
    compared = botalign.score(first, second)
    figure = comparison_figure(compared.curves, first, second, facts=["correlation 0.9"])
    assert len(figure.axes) == 4
    curves = figure.axes[3]
    drawn = [line.get_ydata() for line in curves.lines]
    assert compared.curves.unmasked is not None
    for curve in (compared.curves.masked, compared.curves.unmasked):
        assert any(np.array_equal(values, curve.correlation) for values in drawn)
    assert [list(values) for values in drawn if len(values) == 2] == [[0.5, 0.5], [0.143, 0.143], [0, 0]]
    labels = [text.get_text() for text in curves.get_legend().texts]
    resolution = compared.curves.masked.resolution(0.5)
    assert any(label.startswith("masked: ") and f"{resolution:.1f} Å at 0.5" in label for label in labels)
    assert "correlation 0.9" in [text.get_text() for text in figure.texts]
    figure.draw_without_rendering()
    assert max(text.get_window_extent().x1 for text in curves.get_legend().texts) < figure.bbox.x1


def test_a_mirrored_result_has_no_command_for_chimerax(entry: ReportEntry) -> None:
    flip = np.diag([1.0, 1.0, -1.0])
    pose = np.column_stack([flip, np.zeros(3)])
    page = alignment_report([replace(entry, alignment=replace(entry.alignment, moving_to_fixed=pose, mirrored=True))])
    assert "-1.000000" in page
    assert "ChimeraX" not in page
