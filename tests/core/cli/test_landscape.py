import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import botalign

from .conftest import Run, listing

pytest.importorskip("jax", reason="needs jax")
pytest.importorskip("optax", reason="needs optax")

QUICK = ("--steps", "100", "--dimensions", "2", "--no-grow")


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as cryoDRGN leaves it, and distances."""
    folder = tmp_path_factory.mktemp("run")
    family = botalign.phantom_family("line", 200)
    (folder / "z.9.pkl").write_bytes(pickle.dumps(family.latents.astype(np.float32), 2) + pickle.dumps(0))
    (folder / "kmeans20").mkdir()
    np.savetxt(folder / "kmeans20" / "z_values.txt", family.latents[:20])
    np.save(folder / "D.npy", family.atom_distances(np.arange(20)))
    return folder


def test_it_writes_what_the_function_returns(run: Run, analysed: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    np.savetxt(tmp_path / "column.txt", np.arange(200.0))
    given = (analysed / "z.9.pkl", analysed / "kmeans20", "--distances", analysed / "D.npy", *QUICK)
    ran = run("landscape", *given, "-o", output, "--colour", tmp_path / "column.txt")
    assert (ran.code, ran.err) == (0, "")
    latents = botalign.read_latents(analysed / "z.9.pkl")
    omega = botalign.read_subset(analysed / "kmeans20", latents)
    expected = botalign.landscape(
        latents, omega.latents, np.load(analysed / "D.npy"), steps=100, dimensions=2, grow=False
    )
    np.testing.assert_array_equal(np.load(output / "z_transformed.npy"), expected.transformed)
    np.testing.assert_array_equal(np.load(output / "subset_transformed.npy"), expected.subset_transformed)
    table = np.loadtxt(output / "z_transformed.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(table[:, 0], np.arange(200))
    np.testing.assert_allclose(table[:, 1:], expected.transformed, rtol=1e-8)
    assert (output / "z_transformed.csv").read_text().startswith("index,z1,z2\n")
    numbers = json.loads((output / "landscape.json").read_text())
    assert numbers["format"] == "botalign-landscape"
    assert numbers["after"]["stress"] == expected.after.stress
    assert numbers["intrinsic_dimension"] is None
    assert numbers["parameters"]["steps"] == 100
    assert (output / "landscape.png").read_bytes().startswith(b"\x89PNG")
    assert f"{expected.before.stress:.4f} before, {expected.after.stress:.4f} after" in ran.out
    assert "200, of which 20 have volumes" in ran.out
    assert "exists already" in run("landscape", *given, "-o", output).refused()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("z.9.pkl kmeans20 -o out --distances no.npy", "no.npy: can't be read"),
        ("z.9.pkl kmeans20 -o out --distances z.9.pkl", "z.9.pkl: unknown ending"),
        ("z.9.pkl . -o out --distances D.npy", "kmeans20 has one; give that folder"),
        ("z.9.pkl D.npy -o out --distances D.npy", "20 columns, but the latents of all images have 3"),
        ("z.9.pkl kmeans20 -o D.npy --distances D.npy", "-o must be a folder"),
        ("z.9.pkl kmeans20 -o out --distances D.npy --colour D.npy", "expected 200 numbers"),
        ("z.9.pkl kmeans20 -o out --distances D.npy --floor 0", "--floor: got 0"),
        ("z.9.pkl kmeans20 -o out --distances D.npy --held-out 1", "--held-out: got 1"),
        ("z.9.pkl kmeans20 -o out --distances D.npy --dimensions 0", "--dimensions: got 0"),
        ("z.9.pkl kmeans20 -o out --distances D.npy --weighting none", "--weighting"),
    ],
)
def test_bad_input(run: Run, analysed: Path, monkeypatch: pytest.MonkeyPatch, options: str, reason: str) -> None:
    monkeypatch.chdir(analysed)
    before = listing(analysed)
    assert reason in run("landscape", *options.split()).refused()
    assert listing(analysed) == before


def test_without_jax(run: Run, analysed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botalign.conformations.training.find_spec", lambda name: None)
    monkeypatch.chdir(analysed)
    error = run("landscape", "z.9.pkl", "kmeans20", "-o", "out", "--distances", "D.npy").refused()
    assert "needs jax and optax" in error
    assert "pip install jax optax" in error
