"""Curves and reports of alignments."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import botalign

from .conftest import QUICK, Pair, Run, listing

FAST = ("--hand", "keep", *QUICK)


def curve(path: Path) -> np.ndarray:
    return np.array([float(line.split(",")[-1]) for line in path.read_text().splitlines()[1:]])


def test_the_curve_after_the_alignment(run: Run, pair: Pair, tmp_path: Path) -> None:
    target, result = tmp_path / "f.csv", tmp_path / "r.json"
    ran = run("align", pair.fixed, pair.moving, "--fsc", target, "--result", result, *FAST)
    assert ran.code == 0
    assert f"{target}" in ran.out.splitlines()[-1]
    transform = botalign.Alignment.read(result).moving_to_fixed
    fixed, moving = botalign.read(pair.fixed), botalign.read(pair.moving)
    expected = botalign.score(fixed, moving, transform=transform, partial=False).shells.correlation
    np.testing.assert_allclose(curve(target), expected, rtol=1e-4)
    assert curve(target)[:8].min() > 0.95
    found = botalign.score(fixed, moving, transform=transform, partial=False).curves
    expected_lines = [f"{label}: {text}" for label, text in found.facts]
    lines = [line[13:] for line in ran.out.splitlines()]
    assert lines[lines.index(expected_lines[0]) :][:3] == expected_lines


def test_a_report_of_one_alignment(run: Run, pair: Pair, tmp_path: Path) -> None:
    target = tmp_path / "my report.html"
    ran = run("align", pair.fixed, pair.moving, "--report", target, *FAST)
    assert (ran.code, f"written      {target}" in ran.out) == (0, True)
    page = target.read_text(encoding="utf-8")
    assert "<h1>moving.mrc onto fixed.mrc</h1>" in page
    assert page.count("data:image/png;base64,") == 1
    assert f"botalign align {pair.fixed} {pair.moving} --report &#x27;{target}&#x27; --hand keep" in page
    assert listing(tmp_path).keys() == {"my report.html"}


def test_a_report_of_several_alignments(run: Run, pair: Pair, tmp_path: Path) -> None:
    maps = [tmp_path / name for name in ("a.mrc", "b.mrc")]
    for path in maps:
        shutil.copy(pair.moving, path)
    target, results = tmp_path / "r.html", tmp_path / "results"
    typed = ("align", pair.fixed, *maps, "--result", f"{results}/", "--report", target, "--fsc", f"{tmp_path}/fsc/")
    assert run(*typed, *FAST).code == 0
    page = target.read_text(encoding="utf-8")
    assert page.count("<th>curves</th><td>FSC 0.5: ") == 2
    assert re.findall(r'<a href="#(\d)">(.*?)</a>', page) == [("1", "a.mrc"), ("2", "b.mrc")]
    assert sorted(path.name for path in (tmp_path / "fsc").iterdir()) == ["a.csv", "b.csv"]
    # Results that are kept are in the report, too.
    for path in (results / "b.json", tmp_path / "fsc" / "b.csv"):
        path.unlink()
    assert run(*typed, "--resume", *FAST).code == 0
    again = target.read_text(encoding="utf-8")
    assert again.count("data:image/png;base64,") == 2
    assert (tmp_path / "fsc" / "b.csv").exists()


def test_files_in_the_folder_that_another_option_creates(run: Run, pair: Pair, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    ran = run("align", pair.fixed, pair.moving, "-o", f"{folder}/", "--report", folder / "r.html", "--table",
              folder / "t.csv", *FAST)  # fmt: skip
    assert ran.code == 0
    assert sorted(listing(folder)) == ["moving.mrc", "r.html", "t.csv"]


def test_a_map_that_cannot_be_aligned_is_in_the_report(run: Run, pair: Pair, tmp_path: Path) -> None:
    flat = tmp_path / "flat.mrc"
    botalign.DensityMap(np.ones((24, 24, 24)), botalign.Grid((24, 24, 24), (3.5,) * 3)).write(flat)
    target = tmp_path / "r.html"
    ran = run("align", pair.fixed, flat, pair.moving, "--report", target, *FAST)
    assert ran.code == 2
    page = target.read_text(encoding="utf-8")
    assert re.search(r"Not aligned: .*flat.mrc: all densities are 1", page)
    assert "moving.mrc onto fixed.mrc" in page


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--report r.txt", "r.txt: unknown extension; use .html"),
        ("-o new/ --report new/r.txt", "r.txt: unknown extension; use .html"),
        ("--report new/", "new: no extension, expected the name of a file; use .html, such as new.html."),
        (
            "--report folder/",
            "folder: got a folder, expected the name of a file; use .html, such as folder/folder.html.",
        ),
        ("--table folder", "folder: got a folder, expected the name of a file; use .csv, such as folder/folder.csv."),
        ("-o new", "new: no extension, expected the name of a file; use one of .mrc, .map, .ccp4, .rec (also with"),
        ("--report new/r.html", "the folder new does not exist"),
        ("--report taken.html", "taken.html: the file exists"),
        ("--report r.html --fsc r.html", "unknown extension"),
        ("--fsc f.mrc", "f.mrc: unknown extension; use one of .csv, .xml, .star"),
        ("--fsc x.csv --table x.csv", "--fsc writes it too"),
        ("--report r.html --contour-level-moving 1e9", "contour level"),
    ],
)
def test_nothing_is_written_after_an_error(
    run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken.html").write_text("mine")
    Path("folder").mkdir()
    assert reason in run("align", pair.fixed, pair.moving, *options.split()).refused()
    assert listing(tmp_path) == {"taken.html": b"mine", "folder": b""}


def test_a_report_without_matplotlib(run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botalign.cli.running.find_spec", lambda _: None)
    error = run("align", pair.fixed, pair.moving, "--report", tmp_path / "r.html").refused()
    assert "--report needs matplotlib" in error
    error = run("score", pair.fixed, pair.moving, "--figure", tmp_path / "r.png").refused()
    assert "--figure needs matplotlib" in error
