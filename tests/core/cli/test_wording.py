"""What the library and the parser say, in the words of the command line."""

from pathlib import Path

import pytest

from botalign.cli.messages import reworded

from .conftest import Pair, Run


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--size 0", "error: --size: got 0, expected "),
        ("--evaluations 0", "error: --evaluations: got 0, expected "),
        ("--local 0", "error: --local: got 0.0, expected "),
        ("--hand autp", "error: Invalid value for '--hand': 'autp' is not one of 'check', 'auto', 'keep'; see `"),
        ("--preset papr", "error: Invalid value for '--preset': 'papr' is not 'paper'; see `botalign align --help`."),
    ],
)
def test_an_option_is_called_as_it_is_typed(run: Run, pair: Pair, options: str, reason: str) -> None:
    assert reason in run("align", pair.fixed, pair.moving, *options.split()).refused()


def test_no_python_in_a_message(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.mrc").write_text("old")
    error = run("apply", result_file, pair.moving, "-o", tmp_path / "a.mrc").refused()
    assert error.endswith("exists already; give another name, or replace it with --overwrite.\n")


def test_a_command_that_is_nearly_one(run: Run) -> None:
    assert run("algin").refused().endswith("Did you mean 'align'? See `botalign --help`.\n")


def test_a_file_that_is_no_result(run: Run, pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    for content, reason in (("{", "the result file of `botalign"), ("{}", "not a result of `botalign")):
        path.write_text(content)
        assert f"{reason} align --result`" in run("apply", path, pair.moving, "-o", tmp_path / "b.mrc").refused()


def test_one_voxel() -> None:
    said = "a.mrc: 1 voxels are NaN or infinite; replace them (by 0, say) and try again."
    assert reworded(said) == "a.mrc: 1 voxel is NaN or infinite; replace it (by 0, say) and try again."
    assert reworded(said.replace(" 1 ", " 21 ")) == said.replace(" 1 ", " 21 ")
    said = "a.mrcs: 1 pixels are NaN or infinite, in image 3; replace them (by 0, say) and try again."
    assert reworded(said) == "a.mrcs: 1 pixel is NaN or infinite, in image 3; replace it (by 0, say) and try again."
    assert reworded("1 voxels lie above") == "1 voxel lies above"
    assert reworded("a.mrc: 1 bytes too long") == "a.mrc: 1 byte too long"


@pytest.mark.parametrize("typed", ["a.mrc r.json -o z.mrc", "a.mrc -o z.mrc", "a.map.gz b.mrc -o z", "a.mrc"])
def test_a_map_where_the_result_belongs(run: Run, typed: str) -> None:
    assert (
        "a map by its name; the result file comes first: botalign apply R.json MAP..."
        in run("apply", *typed.split()).refused()
    )
