import json
import pickle
from collections.abc import Generator
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
    np.save(folder / "V.npy", np.zeros((4, 8, 8, 8)))
    np.save(folder / "D.npy", family.atom_distances(np.arange(20)))
    return folder


def test_it_writes_what_the_function_returns(run: Run, analysed: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    np.savetxt(tmp_path / "column.txt", np.arange(200.0))
    given = (analysed / "z.9.pkl", analysed / "kmeans20", "--distances", analysed / "D.npy", *QUICK)
    ran = run("landscape", *given, "-o", output, "--colour-by", tmp_path / "column.txt")
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
        ("z.9.pkl kmeans20 -o out --distances no.npy", "no.npy: can't be read (No such file"),
        ("z.9.pkl kmeans20 -o out --distances z.9.pkl", "z.9.pkl: can't be read"),
        ("z.9.pkl kmeans20 -o out", "kmeans20: no volumes vol_*.mrc there"),
        ("z.9.pkl kmeans20 -o out --volumes kmeans20", "holds no maps"),
        ("z.9.pkl kmeans20 -o out --volumes V.npy", "V.npy: 4 volumes, but 20 latents in kmeans20"),
        ("z.9.pkl . -o out --distances D.npy", "kmeans20 has one; give that folder"),
        ("z.9.pkl D.npy -o out --distances D.npy", "20 columns, but the latents of all images have 3"),
        ("z.9.pkl kmeans20 -o D.npy --distances D.npy", "-o must be a folder"),
        ("z.9.pkl kmeans20 -o out --distances D.npy --colour-by D.npy", "expected 200 numbers"),
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


def with_volumes(folder: Path, analysed: Path) -> Path:
    """Return a folder with volumes, whose distances another function than the real one tells."""
    made = folder / "kmeans20"
    made.mkdir()
    (made / "z_values.txt").write_text((analysed / "kmeans20" / "z_values.txt").read_text())
    for k in range(20):
        botalign.phantom(16, voxel_size_angstrom=8).write(made / f"vol_{k:03d}.mrc")
    return made


def test_distances_are_computed_and_kept(
    run: Run, analysed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("zarr", reason="needs zarr")
    volumes = with_volumes(tmp_path, analysed)
    known = np.load(analysed / "D.npy")
    asked = []

    def told(maps: list[Path], **options: object) -> Generator[None, None, botalign.DistanceTable]:
        asked.append(options)
        Path(str(options["work"])).mkdir()
        yield None
        motions = np.broadcast_to(np.eye(3, 4), (20, 20, 3, 4))
        return botalign.DistanceTable(tuple(map(str, maps)), known, motions, "wemd", {})

    monkeypatch.setattr(botalign, "distance_steps", told)
    given = ("landscape", analysed / "z.9.pkl", volumes, *QUICK)
    ran = run(*given, "-o", tmp_path / "out", "--metric", "wemd", "--seed", "3", "--threads", "1")
    assert (ran.code, ran.err) == (0, "")
    assert "distances.zarr, z_transformed.npy" in ran.out
    assert asked[0] | {"work": ""} == {"metric": "wemd", "over_rotations": True, "threads": 1, "seed": 3, "work": ""}
    assert not (tmp_path / "out" / "distances.zarr.partial").exists()
    # Kept, and of use in another order of the volumes.
    table = botalign.read_distances(tmp_path / "out" / "distances.zarr")
    order = np.random.default_rng(0).permutation(20)
    other = botalign.DistanceTable(
        tuple(table.names[k] for k in order), known[order][:, order], table.motions, table.metric, {}
    )
    botalign.write_distances(other, tmp_path / "other.zarr")
    assert run(*given, "-o", tmp_path / "again", "--distances", tmp_path / "other.zarr", "--seed", "3").code == 0
    again, first = (np.load(tmp_path / name / "z_transformed.npy") for name in ("again", "out"))
    np.testing.assert_array_equal(again, first)
    # Those of other volumes are refused, those as the maps lie are remarked upon.
    wrong = botalign.DistanceTable(tuple("abcdefghijklmnopqrst"), known, None, "wemd", {})
    botalign.write_distances(wrong, tmp_path / "wrong.zarr")
    ran = run(*given, "-o", tmp_path / "no", "--distances", tmp_path / "wrong.zarr")
    assert "are not the 20 volumes in" in ran.err
    assert "were not minimised over rotations" in ran.err
    assert not (tmp_path / "no").exists()


def test_an_interruption_keeps_what_is_done(
    run: Run, analysed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(maps: list[Path], **options: object) -> Generator[None, None, None]:
        Path(str(options["work"])).mkdir()
        yield None
        raise KeyboardInterrupt

    monkeypatch.setattr(botalign, "distance_steps", interrupted)
    volumes = with_volumes(tmp_path, analysed)
    ran = run("landscape", analysed / "z.9.pkl", volumes, "-o", tmp_path / "out", *QUICK)
    assert ran.code == 130
    assert "distances.zarr.partial, give the same command again to go on" in ran.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["distances.zarr.partial"]


def test_options_are_refused_before_the_long_work(
    run: Run, analysed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(botalign, "distance_steps", None)
    volumes = with_volumes(tmp_path, analysed)
    given = ("landscape", analysed / "z.9.pkl", volumes, "-o", tmp_path / "out")
    assert "--steps: got 0" in run(*given, "--steps", "0").refused()
    assert "--held-out: got 0.9" in run(*given, "--held-out", "0.9").refused()
    assert not (tmp_path / "out").exists()


def test_without_jax(run: Run, analysed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botalign.conformations.training.find_spec", lambda name: None)
    monkeypatch.chdir(analysed)
    error = run("landscape", "z.9.pkl", "kmeans20", "-o", "out", "--distances", "D.npy").refused()
    assert "needs jax and optax" in error
    assert "pip install jax optax" in error
