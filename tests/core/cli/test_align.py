import json
import shutil
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import botalign
from botalign.columns import short_names
from botalign.geometry import MIRROR, compose, geodesic_degrees

from .conftest import QUICK, Pair, Run, listing


@pytest.fixture
def mirrored(pair: Pair, tmp_path: Path) -> Path:
    transform = compose(
        np.linalg.inv(np.vstack([pair.answer, [0, 0, 0, 1]]))[:3], np.column_stack([MIRROR, np.zeros(3)])
    )
    path = tmp_path / "mirrored.mrc"
    botalign.phantom(40, voxel_size_angstrom=3.3, resolution_angstrom=10, transform=transform).write(path)
    return path


def test_everything_that_can_be_written(run: Run, pair: Pair, tmp_path: Path) -> None:
    aligned, result, figure = tmp_path / "aligned.mrc", tmp_path / "r.json", tmp_path / "f.png"
    ran = run("align", pair.fixed, pair.moving, "-o", aligned, "--result", result, "--figure", figure, *QUICK)
    assert (ran.code, ran.err) == (0, "")
    found = botalign.Alignment.read(result)
    assert geodesic_degrees(found.moving_to_fixed[:, :3], pair.answer[:, :3]) < 1
    for fact in ("rotation ", "shift ", "correlation ", "FSC 0.5 ", "hand ", "seconds ", "written "):
        assert sum(line.startswith(fact) for line in ran.out.splitlines()) == 1, fact
    assert f"{found.angle_degrees:.2f} degrees" in ran.out
    written, fixed = botalign.read(aligned), botalign.read(pair.fixed)
    assert written.grid == fixed.grid
    assert np.corrcoef(written.data.ravel(), fixed.data.ravel())[0, 1] > 0.99
    assert written.labels[-1].startswith(f"BOTalign {botalign.__version__} ")
    assert written.labels[-1].endswith(" moving.mrc onto fixed.mrc")
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert sorted(listing(tmp_path)) == ["aligned.mrc", "f.png", "r.json"]


@pytest.mark.slow
def test_the_common_part_is_written(run: Run, pair: Pair, tmp_path: Path) -> None:
    weights, figure = tmp_path / "w.mrc", tmp_path / "f.png"
    options = ("--loss", "core", "--weights", weights, "--figure", figure, "--hand", "keep")
    ran = run("align", pair.fixed, pair.moving, *options, *QUICK[:2])
    assert (ran.code, ran.err) == (0, "")
    written, fixed = botalign.read(weights), botalign.read(pair.fixed)
    assert written.grid == fixed.grid
    # A copy is in common throughout.
    assert written.data[fixed.data > 0.3 * fixed.data.max()].min() > 0.8
    assert f"written      {figure}, {weights}" in ran.out
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_the_raw_map_is_written(run: Run, pair: Pair, tmp_path: Path) -> None:
    moving = botalign.read(pair.moving)
    moving.with_data(moving.data - 5).write(tmp_path / "shifted.mrc")
    ran = run(
        "align", pair.fixed, tmp_path / "shifted.mrc", "-o", tmp_path / "a.mrc", "--contour-level-moving", "-4", *QUICK
    )
    assert ran.code == 0
    assert botalign.read(tmp_path / "a.mrc").data.min() < -4.9


def test_nothing_is_written_without_an_output_option(
    run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("align", pair.fixed, pair.moving, *QUICK)
    assert ran.code == 0
    assert ran.err.startswith("botalign: nothing was written; -o ")
    assert ran.err.count("\n") == 1
    assert listing(tmp_path) == {}
    assert run("align", pair.fixed, pair.moving, "--quiet", *QUICK).err == ""


def test_json_is_the_result_file_and_nothing_else(run: Run, pair: Pair, tmp_path: Path) -> None:
    result = tmp_path / "r.json"
    ran = run("align", pair.fixed, pair.moving, "--json", "--result", result, *QUICK)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == result.read_text()
    assert json.loads(ran.out)["format"] == "botalign-alignment"


def test_the_same_seed_gives_the_same_result(run: Run, pair: Pair) -> None:
    def result(seed: int) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(
            run("align", pair.fixed, pair.moving, "--json", "--seed", seed, "--hand", "keep", *QUICK).out
        )
        del content["seconds"], content["seed"]
        return content

    assert result(3) == result(3)
    assert result(3) != result(4)


@pytest.mark.slow
def test_several_maps(run: Run, pair: Pair, tmp_path: Path) -> None:
    second = tmp_path / "second.map.gz"
    botalign.read(pair.moving).write(second)
    out = tmp_path / "out"
    ran = run("align", pair.fixed, pair.moving, second, "-o", out, "--result", out, "--figure", out, *QUICK)
    assert (ran.code, ran.err) == (0, "")
    assert sorted(listing(out)) == [
        "moving.json", "moving.mrc", "moving.png", "second.json", "second.map.gz", "second.png",
    ]  # fmt: skip
    head, *rows, last = ran.out.splitlines()
    assert head.split() == [
        "map",
        "rotation",
        "shift",
        "correlation",
        "FSC",
        "0.5",
        "hand",
        "verdict",
        "chance",
        "seconds",
    ]
    assert [row.split()[0] for row in rows] == short_names([str(pair.moving), str(second)])
    assert last == f"written in {out}"
    same = [botalign.read(out / name).data for name in ("moving.mrc", "second.map.gz")]
    assert np.array_equal(*same)


def test_several_maps_as_json(run: Run, pair: Pair, tmp_path: Path) -> None:
    shutil.copy(pair.moving, tmp_path / "b.mrc")
    ran = run("align", pair.fixed, pair.moving, tmp_path / "b.mrc", "--json", *QUICK)
    assert [entry["moving"]["name"] for entry in json.loads(ran.out)] == [str(pair.moving), str(tmp_path / "b.mrc")]


def test_one_bad_map_of_several_does_not_stop_the_others(run: Run, pair: Pair, tmp_path: Path) -> None:
    flat, out = tmp_path / "flat.mrc", tmp_path / "out"
    moving = botalign.read(pair.moving)
    moving.with_data(np.ones_like(moving.data)).write(flat)
    ran = run("align", pair.fixed, flat, pair.moving, "-o", out, *QUICK)
    assert ran.code == 2
    assert ran.err.startswith("botalign: error: ")
    assert "flat.mrc" in ran.err
    assert ran.err.count("\n") == 1
    assert short_names([str(pair.moving)])[0] in ran.out
    assert sorted(listing(out)) == ["moving.mrc"]


def test_an_error_of_every_map_is_printed_once(run: Run, pair: Pair, tmp_path: Path) -> None:
    shutil.copy(pair.moving, tmp_path / "b.mrc")
    run("align", pair.fixed, pair.moving, tmp_path / "b.mrc", "--size", "3").refused()


def test_one_map_into_a_folder(run: Run, pair: Pair, tmp_path: Path) -> None:
    assert run("align", pair.fixed, pair.moving, "-o", tmp_path, "--result", tmp_path, *QUICK).code == 0
    assert sorted(listing(tmp_path)) == ["moving.json", "moving.mrc"]


def test_a_map_written_without_a_match_gives_a_warning(
    run: Run, pair: Pair, result_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = botalign.Alignment.read(result_file)

    def steps(
        fixed: botalign.DensityMap, moving: botalign.DensityMap, options: object
    ) -> Generator[botalign.Progress, None, botalign.Alignment]:
        verdict = "no match" if moving.name.endswith("b.mrc") else "certain"
        yield botalign.Progress("refine", 1, 1)
        return replace(found, moving=replace(found.moving, name=moving.name), verdict=verdict)

    monkeypatch.setattr(botalign, "align_steps", steps)
    maps = [tmp_path / "a.mrc", tmp_path / "b.mrc"]
    for path in maps:
        shutil.copy(pair.moving, path)
    typed = ("align", pair.fixed, *maps, "--quiet")
    ran = run(*typed, "-o", tmp_path / "out", "--json")
    assert ran.code == 0
    assert ran.err == (
        f"botalign: warning: {maps[1]}: the maps do not match, so what is written is probably in the wrong place.\n"
    )
    assert run(*typed, "--result", tmp_path / "results").err == ""


def test_a_slash_at_the_end_makes_a_folder(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    outputs = [part for option in ("-o", "--result", "--figure") for part in (option, f"{tmp_path / option}/")]
    ran = run("align", pair.fixed, pair.moving, *outputs, *QUICK)
    assert (ran.code, ran.err) == (0, "")
    assert sorted(p for p, content in listing(tmp_path).items() if content) == [
        "--figure/moving.png", "--result/moving.json", "-o/moving.mrc",
    ]  # fmt: skip
    assert f"written      {tmp_path / '-o' / 'moving.mrc'}, " in ran.out
    assert run("apply", result_file, pair.moving, "-o", f"{tmp_path / 'apply'}/").code == 0
    assert sorted(listing(tmp_path / "apply")) == ["moving.mrc"]


def test_overwrite(run: Run, pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "a.mrc").write_text("old")
    assert run("align", pair.fixed, pair.moving, "-o", tmp_path / "a.mrc", "--overwrite", *QUICK).code == 0
    assert botalign.read(tmp_path / "a.mrc").grid == botalign.read(pair.fixed).grid
    assert list(listing(tmp_path)) == ["a.mrc"]


def test_a_mirrored_map_is_reported(run: Run, pair: Pair, mirrored: Path) -> None:
    options = ("--evaluations", "100", "--size", "24")
    checked = run("align", pair.fixed, mirrored, *options)
    assert checked.err.startswith(
        f"botalign: {mirrored} fits better as its mirror image; to apply it, run again with --hand auto"
    )
    assert "fits better" not in checked.out
    assert run("align", pair.fixed, mirrored, *options, "--quiet").err == ""
    taken = run("align", pair.fixed, mirrored, "--hand", "auto", "--json", *options)
    assert json.loads(taken.out)["mirrored"] is True
    kept = run("align", pair.fixed, mirrored, "--hand", "keep", *options)
    assert "not tested" in kept.out
    assert "fits better" not in kept.err


def test_from_an_earlier_result(run: Run, pair: Pair, result_file: Path) -> None:
    ran = run("align", pair.fixed, pair.moving, "--start", result_file, "--local", "5", "--evaluations", "5", "--json")
    found = np.array(json.loads(ran.out)["moving_to_fixed"])
    assert geodesic_degrees(found[:, :3], pair.answer[:, :3]) < 1


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            "--loss l2 --hand auto --size 40 --evaluations 7 --no-refine --local 12.5 --contour-level-fixed 0.5 "
            "--contour-level-moving -2 --seed 9 --threads 2",
            {
                "loss": "l2", "hand": "auto", "size": 40, "evaluations": 7, "refine": False, "local_degrees": 12.5,
                "contour_level_fixed": 0.5, "contour_level_moving": -2.0, "seed": 9, "threads": 2,
            },
        ),
        ("--preset paper --wavelet coif3 --scales 4", {"preset": "paper", "wavelet": "coif3", "scales": 4}),
        ("--partial", {"partial": True}),
        ("", {}),
    ],
)  # fmt: skip
def test_every_option_reaches_the_search(
    run: Run, pair: Pair, monkeypatch: pytest.MonkeyPatch, typed: str, expected: dict[str, Any]
) -> None:
    seen = options_of_the_search(monkeypatch)
    run("align", pair.fixed, pair.moving, *typed.split()).refused()
    assert seen == vars(botalign.AlignmentOptions()) | expected


def test_files_of_options_are_read(run: Run, pair: Pair, result_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = options_of_the_search(monkeypatch)
    halves = (*halves_of(pair, "fixed"), *halves_of(pair, "moving"))
    masks = ("--mask-fixed", pair.fixed, "--mask-moving", pair.moving)
    run("align", pair.fixed, pair.moving, "--start", result_file, *masks, *halves).refused()
    start, fixed, moving = botalign.Alignment.read(result_file), botalign.read(pair.fixed), botalign.read(pair.moving)
    assert isinstance(seen["start"], botalign.Alignment)
    assert np.array_equal(seen["start"].moving_to_fixed, start.moving_to_fixed)
    assert (seen["mask_fixed"].grid, seen["mask_moving"].grid) == (fixed.grid, moving.grid)
    for role, whole in (("fixed", fixed), ("moving", moving)):
        first, second = seen[f"half_maps_{role}"]
        assert np.array_equal(first.data, whole.data)
        assert np.array_equal(second.data, 2 * whole.data)


def options_of_the_search(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replace the alignment by an error, and return the options that it gets."""
    seen: dict[str, Any] = {}

    def steps(fixed: object, moving: object, options: botalign.AlignmentOptions) -> None:
        seen.update(vars(options))
        raise botalign.InputError("seen")

    monkeypatch.setattr(botalign, "align_steps", steps)
    return seen


def test_a_long_name_fits_into_the_label(run: Run, pair: Pair, tmp_path: Path) -> None:
    long = tmp_path / f"{'x' * 100}.mrc"
    shutil.copy(pair.moving, long)
    assert run("align", pair.fixed, long, "-o", tmp_path / "a.mrc", *QUICK).code == 0
    assert botalign.read(tmp_path / "a.mrc").labels[-1].endswith("xx.mrc onto fixed.mrc")


def test_options_that_cannot_be_combined(run: Run, pair: Pair) -> None:
    maps = ("align", pair.fixed, pair.moving)
    error = run(*maps, "--partial", "--loss", "core").refused()
    assert error == (
        "botalign: error: --loss core cannot be combined with --partial: a part has its own search method. "
        "Leave out one of the two.\n"
    )
    halves = (*halves_of(pair, "fixed"), *halves_of(pair, "moving"))
    for typed, first, second in (
        ("--partial --preset paper", "--preset paper", "--partial"),
        ("--loss core --no-refine", "--loss core", "--no-refine"),
        ("--loss l2 --scales 3", "--scales 3", "--loss l2"),
    ):
        assert f"{first} cannot be combined with {second}: " in run(*maps, *typed.split()).refused()
    error = run(*maps, "--preset", "paper", *halves).refused()
    assert "--half-maps-fixed cannot be combined with --preset paper: " in error
    error = run(*maps, *halves_of(pair, "moving")).refused()
    assert (
        "--half-maps-moving: also needs --half-maps-fixed, because the standard errors depend on the noise of both"
        in error
    )
    assert "--common: got one moving map" in run(*maps, "--common").refused()
    error = run(*maps, pair.fixed, *halves).refused()
    assert "--half-maps-moving: got 2 moving maps, expected one; align each in a separate run" in error


def halves_of(pair: Pair, role: str) -> tuple[object, ...]:
    """Return the option that takes two files; these are two different maps."""
    whole = getattr(pair, role)
    other = whole.with_name(f"other_{role}.mrc")
    density = botalign.read(whole)
    density.with_data(2 * density.data).write(other, overwrite=True)
    return (f"--half-maps-{role}", whole, other)


def test_a_start_from_other_maps_gives_a_warning(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    typed = ("--start", result_file, "--hand", "keep", "--no-refine", "--evaluations", "1", "--size", "16", "--quiet")
    assert run("align", pair.fixed, pair.moving, *typed).err == ""
    shutil.copy(pair.moving, tmp_path / "b.mrc")
    assert run("align", pair.fixed, tmp_path / "b.mrc", pair.moving, *typed).err == ""
    assert run("align", pair.fixed, tmp_path / "b.mrc", *typed).err == (
        f"botalign: warning: {result_file}: the transform was found for moving.mrc to fixed.mrc, but is used here "
        "for b.mrc to fixed.mrc; is it the right file?\n"
    )


def test_a_file_that_is_aligned_to_itself_is_named(run: Run, pair: Pair, tmp_path: Path) -> None:
    link = tmp_path / "link.mrc"
    link.symlink_to(pair.fixed)
    ran = run("align", pair.fixed, link, *QUICK)
    assert ran.code == 0
    warning = f"botalign: warning: {pair.fixed}: the same file is FIXED and MOVING, so it is aligned to itself.\n"
    assert ran.err.startswith(warning)
    assert "\nrotation     0.00 degrees\n" in ran.out
    assert "the same file" not in run("align", pair.fixed, link, pair.moving, *QUICK).err
