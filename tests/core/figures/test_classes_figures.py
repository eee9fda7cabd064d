import io
import re

import numpy as np
import pytest

import botalign
from botalign.classes import Iteration

pytest.importorskip("matplotlib", reason="matplotlib is not installed (pip install matplotlib)")

from botalign.figures import class_course, class_gallery, class_report


@pytest.fixture
def found() -> botalign.Classification:
    rng = np.random.default_rng(0)
    sizes = np.arange(13, 0, -1)
    labels = np.repeat(np.arange(13), sizes)
    n = len(labels)
    iterations = tuple(Iteration(k, 100 / k, 50 // k, 0, 0.01, 1.0) for k in range(1, 5))
    return botalign.Classification(
        botalign.ImageStack(rng.standard_normal((13, 16, 16))), labels, np.zeros(n), np.zeros((n, 2), dtype=np.int64),
        np.zeros(n, dtype=bool), np.ones(n), sizes, np.array([*np.arange(12) + 8.25, np.inf]), iterations,
        converged=True, metric="wemd", seed=0,
    )  # fmt: skip


def test_gallery_shows_each_average_with_its_size(found: botalign.Classification) -> None:
    figure = class_gallery(found)
    shown = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in shown] == [
        *(f"{14 - size}: {size}, {21.25 - size:.3g} A" for size in range(13, 1, -1)),
        "13: 1",
    ]
    order = np.argsort(found.averages.images[2].ravel())
    assert (np.diff(shown[2].images[0].get_array().ravel()[order]) >= 0).all()
    figure.savefig(io.BytesIO())
    few = class_gallery(found, most=4)
    assert len([ax for ax in few.axes if ax.images]) == 4
    assert few.get_suptitle().startswith("13 classes, the 4 largest shown; above each average class, number of images")


@pytest.mark.parametrize("most", [1, 3, 5, 6, 8, 13])
def test_the_title_of_a_gallery_is_inside_the_figure(found: botalign.Classification, most: int) -> None:
    figure = class_gallery(found, most=most)
    figure.savefig(io.BytesIO())
    assert figure._suptitle is not None
    whole, title = figure.bbox, figure._suptitle.get_window_extent()
    assert whole.x0 <= title.x0 < title.x1 <= whole.x1
    assert title.y1 <= whole.y1
    highest = max(ax.title.get_window_extent().y1 for ax in figure.axes if ax.images)
    assert highest <= title.y0


def test_course_shows_every_iteration(found: botalign.Classification) -> None:
    figure = class_course(found)
    losses, changes = figure.axes
    np.testing.assert_allclose(losses.lines[0].get_xydata(), [[k, 100 / k] for k in range(1, 5)])
    np.testing.assert_allclose(changes.lines[0].get_ydata(), [50, 25, 16, 12])
    figure.savefig(io.BytesIO())


def test_the_report_contains_all_that_it_shows(found: botalign.Classification) -> None:
    options = botalign.ClassifyOptions(rotations=90, diameter_angstrom=250.0, shift_pixels=2)
    page = class_report(
        found, name="folder/<a>&.star", phases="not flipped", options=options, notes=["one <note>"],
        command="botalign classify '<a>&.star' -k 13",
    )  # fmt: skip
    assert re.findall(r'src="(.{22})', page) == ["data:image/png;base64,"] * 2
    assert not re.search(r"https?:|<script|<link|url\(|@import", page)
    assert "<h1>&lt;a&gt;&amp;.star: 91 images in 13 classes</h1>" in page
    assert "botalign classify &#x27;&lt;a&gt;&amp;.star&#x27; -k 13" in page
    assert '<p class="note">one &lt;note&gt;</p>' in page
    rows = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td></tr>", page)
    assert len(rows) == 13
    assert rows[0] == ("1", "13", "14.3 %", "8.25 A")
    assert rows[-1] == ("13", "1", "1.1 %", "none")
    facts, used = (
        dict(re.findall(r"<tr><th>(.*?)</th><td>(.*?)</td></tr>", part)) for part in page.split("Parameters")
    )
    assert facts["images"] == "91 in 13 classes"
    assert facts["resolution"] == "8.25 to 19.2 A, 1 class without"
    assert facts["iterations"] == "4, converged"
    assert facts["phases"] == "not flipped"
    assert (
        used | {"classes": "13", "rotations": "90", "diameter": "250.0 A", "shift": "2 pixels", "mirror": "no"} == used
    )
    assert used | {"iterations": "50", "scales": "automatic", "correct CTF": "yes", "size": "automatic"} == used


def test_a_report_without_what_is_unknown(found: botalign.Classification) -> None:
    page = class_report(found)
    assert "Parameters" not in page
    assert "Command" not in page
    assert "phases" not in page
