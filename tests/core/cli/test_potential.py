from pathlib import Path

import numpy as np

import botalign

from .conftest import Pair, Run


def test_it_writes_what_the_function_returns(run: Run, pair: Pair, tmp_path: Path) -> None:
    target = tmp_path / "p.mrc"
    ran = run("potential", pair.fixed, pair.moving, "-o", target)
    assert (ran.code, ran.err) == (0, "")
    expected = botalign.potential(botalign.read(pair.fixed), botalign.read(pair.moving))
    written = botalign.read(target)
    np.testing.assert_array_equal(written.data, expected.data)
    np.testing.assert_allclose(written.grid.origin_angstrom, expected.grid.origin_angstrom, rtol=1e-5)
    assert f"{expected.data.min():.4g} to {expected.data.max():.4g} A" in ran.out
    assert str(target) in ran.out
    assert any("moving.mrc onto fixed.mrc, potential" in label for label in written.labels)


def test_a_result_moves_the_second_map_first(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "p.mrc"
    ran = run("potential", pair.fixed, pair.moving, "-o", target, "--transform", result_file, "--size", "24", "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    result = botalign.Alignment.read(result_file)
    expected = botalign.potential(
        botalign.read(pair.fixed), botalign.read(pair.moving), transform=result.moving_to_fixed, size=24
    )
    np.testing.assert_array_equal(botalign.read(target).data, expected.data)


def test_a_transform_of_other_maps_gives_a_warning(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    typed = ("-o", tmp_path / "p.mrc", "--transform", result_file, "--size", "16", "--quiet")
    ran = run("potential", pair.moving, pair.fixed, *typed)
    assert ran.err == (
        f"botalign: warning: {result_file}: the transform was found for moving.mrc to fixed.mrc, but is used here "
        "for fixed.mrc to moving.mrc; is it the right file?\n"
    )
    assert (ran.code, (tmp_path / "p.mrc").exists()) == (0, True)


def test_levels(run: Run, pair: Pair, tmp_path: Path) -> None:
    for name, options in (("a", ()), ("b", ("--contour-level-a", "1")), ("c", ("--contour-level-b", "1.5"))):
        assert run("potential", pair.fixed, pair.moving, "-o", tmp_path / f"{name}.mrc", *options).code == 0
    plain, *others = (botalign.read(tmp_path / f"{name}.mrc").data for name in "abc")
    assert all(np.abs(plain - other).max() > 1 for other in others)


def test_nothing_is_overwritten_without_the_option(run: Run, pair: Pair, tmp_path: Path) -> None:
    target = tmp_path / "p.mrc"
    target.write_text("mine")
    assert "the file exists" in run("potential", pair.fixed, pair.moving, "-o", target).refused()
    assert target.read_text() == "mine"
    assert run("potential", pair.fixed, pair.moving, "-o", target, "--overwrite").code == 0
    assert botalign.read(target).data.shape == (32, 32, 32)


def test_bad_input(run: Run, pair: Pair, tmp_path: Path) -> None:
    target = tmp_path / "p.mrc"
    assert "--output: missing option" in run("potential", pair.fixed, pair.moving).refused()
    assert "unknown extension" in run("potential", pair.fixed, pair.moving, "-o", tmp_path / "p.txt").refused()
    assert "it is an input" in run("potential", pair.fixed, pair.moving, "-o", pair.fixed, "--overwrite").refused()
    assert "--size: got 4" in run("potential", pair.fixed, pair.moving, "-o", target, "--size", "4").refused()
    assert (
        "no such file"
        in run("potential", pair.fixed, pair.moving, "-o", target, "--transform", tmp_path / "no.json").refused()
    )
    assert not target.exists()
