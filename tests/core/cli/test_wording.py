"""Errors of the library and of the parser, with options spelled as they are typed."""

from pathlib import Path

import pytest

from botalign.classes.options import ClassifyOptions
from botalign.cli.spelling import option_name, spelled
from botalign.errors import InputError, Setting, counted

from .conftest import Pair, Run


@pytest.mark.parametrize(
    ("setting", "typed"),
    [
        (Setting("size"), "--size"),
        (Setting("size", 8), "--size 8"),
        (Setting("loss", "core"), "--loss core"),
        (Setting("contour_level_fixed"), "--contour-level-fixed"),
        (Setting("local_degrees"), "--local"),
        (Setting("shift_pixels", 3), "--shift 3"),
        (Setting("diameter_angstrom"), "--diameter"),
        (Setting("overwrite", True), "--overwrite"),
        (Setting("refine", False), "--no-refine"),
        (Setting("fixed"), "FIXED"),
    ],
)
def test_how_an_option_is_typed(setting: Setting, typed: str) -> None:
    assert spelled(InputError("use ", setting, ".")) == f"use {typed}."


def test_messages_without_options() -> None:
    assert spelled("size=8 is text") == spelled(UserWarning("size=8 is text")) == "size=8 is text"


def test_each_option_has_its_own_name() -> None:
    names = [option_name(name) for name in ClassifyOptions.__dataclass_fields__]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--size 0", "error: --size: got 0, expected a whole number from 8 to 128 voxels.\n"),
        ("--size x", "error: --size: got 'x', expected a whole number from 8 to 128 voxels.\n"),
        ("--evaluations 0", "error: --evaluations: got 0, expected a whole number from 1 to 5000.\n"),
        ("--local 0", "error: --local: got 0, expected a number above 0 and at most 180 degrees.\n"),
        ("--threads 0", "error: --threads: got 0, expected a whole number from 1 to 1024.\n"),
        ("--hand autp", "error: --hand: got 'autp', expected one of check, auto, keep.\n"),
        ("--preset papr", "error: --preset: got 'papr', expected paper.\n"),
        ("--sise 3", "error: --sise: unknown option; did you mean "),
        ("--size", "error: Option '--size' requires an argument; see `botalign align --help`.\n"),
    ],
)
def test_an_option_is_spelled_as_it_is_typed(run: Run, pair: Pair, options: str, reason: str) -> None:
    assert reason in run("align", pair.fixed, pair.moving, *options.split()).refused()


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("align", "FIXED: missing argument; see `botalign align --help`."),
        ("classify a.mrcs -o out", "--classes: missing option; see `botalign classify --help`."),
        ("algin", "algin: unknown command; did you mean align? See `botalign --help`."),
        ("bogus", "bogus: unknown command; see `botalign --help`."),
        ("--bogus", "--bogus: unknown option; see `botalign --help`."),
    ],
)
def test_errors_of_the_parser(run: Run, typed: str, message: str) -> None:
    assert run(*typed.split()).refused() == f"botalign: error: {message}\n"


def test_a_value_of_the_wrong_type(run: Run) -> None:
    error = run("embed", "D.npy", "-o", "out", "--dimensions", "x").refused()
    assert error.startswith("botalign: error: --dimensions: ")
    assert error.endswith("; see `botalign embed --help`.\n")


def test_no_python_in_a_message(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.mrc").write_text("old")
    error = run("apply", result_file, pair.moving, "-o", tmp_path / "a.mrc").refused()
    assert error.endswith("a.mrc: the file exists; choose another name, or overwrite it with --overwrite.\n")


def test_a_warning_spells_options_too(run: Run, tmp_path: Path) -> None:
    import numpy as np

    import botalign

    images = -np.random.default_rng(0).random((8, 16, 16), dtype=np.float32)
    images[:, 4:12, 4:12] -= 5
    botalign.ImageStack(images, (2.0, 2.0)).write(tmp_path / "a.mrcs")
    typed = ("-k", "2", "--rotations", "4", "--iterations", "1", "--quiet", "--no-invert")
    ran = run("classify", tmp_path / "a.mrcs", "-o", tmp_path / "out", *typed)
    assert ran.code == 0
    assert ran.err.endswith("expected bright particles; leave out --no-invert.\n")


def test_a_file_that_is_no_result(run: Run, pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    for content, reason in (
        ("{", "expected a result file of an alignment"),
        ("{}", "not a result file of an alignment"),
    ):
        path.write_text(content)
        assert reason in run("apply", path, pair.moving, "-o", tmp_path / "b.mrc").refused()


def test_one_and_several() -> None:
    assert counted(1, "voxel is", "voxels are") == "1 voxel is"
    assert counted(21, "voxel is", "voxels are") == "21 voxels are"
    assert (counted(1, "byte"), counted(0, "byte")) == ("1 byte", "0 bytes")


@pytest.mark.parametrize("typed", ["a.mrc r.json -o z.mrc", "a.mrc -o z.mrc", "a.map.gz b.mrc -o z", "a.mrc"])
def test_a_map_where_the_result_belongs(run: Run, typed: str) -> None:
    error = run("apply", *typed.split()).refused()
    assert "got a map, expected a result file as the first argument: botalign apply R.json FILE..." in error


@pytest.mark.parametrize(
    ("typed", "end"),
    [
        ("--mask", "did you mean --mask-fixed or --mask-moving? See `botalign align --help`."),
        ("--overwrit", "did you mean --overwrite? See `botalign align --help`."),
        ("--foo", "unknown option; see `botalign align --help`."),
    ],
)
def test_only_similar_options_are_suggested(run: Run, typed: str, end: str) -> None:
    assert run("align", typed).refused().endswith(f"{end}\n")
