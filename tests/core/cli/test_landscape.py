import json
import pickle
import re
from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import botalign
from botalign.cli.landscape import _summary
from botalign.geometry import random_rotations
from botalign.jobs import BlockStore

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


@pytest.mark.slow
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
    assert "200, 20 with volumes" in ran.out
    assert "the file exists" in run("landscape", *given, "-o", output).refused()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("z.9.pkl kmeans20 -o out --distances no.npy", "no.npy: no such file; check the name"),
        ("z.9.pkl kmeans20 -o out --distances z.9.pkl", "z.9.pkl: not a table of distances"),
        ("z.9.pkl nodir -o out", "nodir: no such file or folder"),
        ("z.9.pkl kmeans20 -o out", "kmeans20: no volumes vol_*.mrc"),
        ("z.9.pkl kmeans20 -o out --volumes kmeans20", "no maps in this folder"),
        ("z.9.pkl kmeans20 -o out --volumes V.npy", "V.npy: got 4 volumes for 20 latents in kmeans20"),
        ("z.9.pkl . -o out --distances D.npy", "give kmeans20, which has one"),
        ("z.9.pkl D.npy -o out --distances D.npy", "got 20 columns, expected 3 as for the latents of all images"),
        ("z.9.pkl kmeans20 -o D.npy --distances D.npy", "-o needs a folder"),
        ("z.9.pkl kmeans20 -o out --distances D.npy --colour-by D.npy", "expected 200 rows of one number"),
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


@pytest.mark.slow
def test_distances_are_computed_and_kept(
    run: Run, analysed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("zarr", reason="needs zarr")
    volumes = with_volumes(tmp_path, analysed)
    known = np.load(analysed / "D.npy")
    asked = []

    def told(
        maps: list[Path], *options: object, store: BlockStore
    ) -> Generator[botalign.Progress, None, botalign.DistanceTable]:
        asked.append((options, store.folder.name))
        yield botalign.Progress("read", 20, 20)
        motions = np.broadcast_to(np.eye(3, 4), (20, 20, 3, 4))
        return botalign.DistanceTable(tuple(map(str, maps)), known, motions, "wemd", {})

    monkeypatch.setattr(botalign, "distance_steps", told)
    given = ("landscape", analysed / "z.9.pkl", volumes, *QUICK)
    ran = run(*given, "-o", tmp_path / "out", "--metric", "wemd", "--seed", "3", "--threads", "1")
    assert (ran.code, ran.err) == (0, "")
    assert "distances.zarr, z_transformed.npy" in ran.out
    options = botalign.DistanceOptions(metric="wemd", over_rotations=True, seed=3), botalign.Execution(threads=1)
    assert asked == [(options, "distances.zarr.partial")]
    assert not (tmp_path / "out" / "distances.zarr.partial").exists()
    # Kept, and of use in another order of the volumes.
    table = botalign.read_distances(tmp_path / "out" / "distances.zarr")
    order = np.random.default_rng(0).permutation(20)
    other = botalign.DistanceTable(
        tuple(table.names[k] for k in order), known[order][:, order], table.transforms, table.metric, {}
    )
    other.write(tmp_path / "other.zarr")
    assert run(*given, "-o", tmp_path / "again", "--distances", tmp_path / "other.zarr", "--seed", "3").code == 0
    again, first = (np.load(tmp_path / name / "z_transformed.npy") for name in ("again", "out"))
    np.testing.assert_array_equal(again, first)
    # Those of other volumes are refused, those as the maps lie cause a note.
    wrong = botalign.DistanceTable(tuple("abcdefghijklmnopqrst"), known, None, "wemd", {})
    wrong.write(tmp_path / "wrong.zarr")
    ran = run(*given, "-o", tmp_path / "no", "--distances", tmp_path / "wrong.zarr")
    assert "are not the 20 volumes in" in ran.err
    assert "were not minimised over rotations" in ran.err
    assert not (tmp_path / "no").exists()


def test_an_interruption_keeps_finished_pairs(
    run: Run, analysed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **store: object) -> Generator[botalign.Progress, None, None]:
        yield botalign.Progress("read", 20, 20)
        raise KeyboardInterrupt

    monkeypatch.setattr(botalign, "distance_steps", interrupted)
    volumes = with_volumes(tmp_path, analysed)
    ran = run("landscape", analysed / "z.9.pkl", volumes, "-o", tmp_path / "out", *QUICK)
    assert ran.code == 130
    assert "distances.zarr.partial; run the same command again to resume" in ran.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["distances.zarr.partial"]


def test_distances_that_could_not_be_written_are_kept(
    run: Run, analysed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(*_: object, store: BlockStore) -> Generator[botalign.Progress, None, None]:
        if done:
            (store.folder / "pairs_000000.npz").touch()
            yield botalign.Progress("pairs", 1, 2)
        raise botalign.InputError("the disk is full.")

    monkeypatch.setattr(botalign, "distance_steps", told)
    volumes = with_volumes(tmp_path, analysed)
    done = False
    assert "disk is full" in run("landscape", analysed / "z.9.pkl", volumes, "-o", tmp_path / "out", *QUICK).refused()
    assert not (tmp_path / "out").exists()
    done = True
    assert "disk is full" in run("landscape", analysed / "z.9.pkl", volumes, "-o", tmp_path / "out", *QUICK).refused()
    assert (tmp_path / "out" / "distances.zarr.partial" / "pairs_000000.npz").exists()


@pytest.mark.slow
def test_an_interrupted_training_resumes_with_the_distances(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("zarr", reason="needs zarr")
    rng = np.random.default_rng(0)
    hinges = np.array([0.0, 0.0, 40.0, 40.0, 20.0])
    latents = np.column_stack([np.append(hinges, rng.uniform(0, 40, 45)), rng.uniform(0, 1, 50)])
    np.save(tmp_path / "z.npy", latents)
    folder = tmp_path / "volumes"
    folder.mkdir()
    np.savetxt(folder / "z_values.txt", latents[:5])
    for number, hinge in enumerate(hinges):
        pose = np.column_stack([random_rotations(1, rng)[0], np.zeros(3)])
        made = botalign.phantom(20, voxel_size_angstrom=6, resolution_angstrom=20, hinge_degrees=hinge, transform=pose)
        made.write(folder / f"vol_{number:03d}.mrc")
    given = ("landscape", tmp_path / "z.npy", folder, "-o", tmp_path / "out", *QUICK)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(botalign, "landscape_steps", interrupted)
        ran, again = run(*given), run(*given)
    assert (ran.code, again.code) == (130, 130)
    assert "distances.zarr was written" in ran.err
    assert "nothing was written" in again.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["distances.zarr"]
    table = botalign.read_distances(tmp_path / "out" / "distances.zarr")
    assert max(table.distances[0, 1], table.distances[2, 3]) < 0.2 * table.distances[0, 2]
    assert table.distances[0, 4] < table.distances[0, 2]
    assert table.transforms is not None
    with monkeypatch.context() as patched:
        patched.setattr(botalign, "distance_steps", None)
        ran = run(*given, "--quiet")
        assert (ran.code, ran.err) == (0, "")
        assert "50, 5 with volumes" in ran.out
        assert "written" not in ran.out
        found = np.load(tmp_path / "out" / "subset_transformed.npy")
        assert np.linalg.norm(found[0] - found[1]) < np.linalg.norm(found[0] - found[2])
        assert "z_transformed.npy: the file exists" in run(*given).refused()
    for path in (tmp_path / "out").glob("*.*[!r]"):
        path.unlink()
    assert "distances.zarr: the file exists" in run(*given, "--seed", "1").refused()


def test_options_without_effect_are_refused(run: Run, analysed: Path, tmp_path: Path) -> None:
    given = ("landscape", analysed / "z.9.pkl", analysed / "kmeans20", "-o", tmp_path / "out")
    for more in (("--volumes", analysed / "V.npy"), ("--voxel-size", "2"), ("--metric", "l2")):
        error = run(*given, "--distances", analysed / "D.npy", *more).refused()
        assert f"{more[0]} cannot be combined with --distances" in error
    assert (
        "--voxel-size is for volumes in an .npy file"
        in run(*given, "--volumes", tmp_path, "--voxel-size", "2").refused()
    )
    assert "--voxel-size: got 0" in run(*given, "--volumes", analysed / "V.npy", "--voxel-size", "0").refused()
    assert not (tmp_path / "out").exists()


def test_inputs_are_not_overwritten(run: Run, analysed: Path, tmp_path: Path) -> None:
    for name in ("subset_transformed.npy", "z_transformed.csv"):
        (tmp_path / name).write_bytes(b"mine")
    given = ("landscape", analysed / "z.9.pkl")
    more = ("-o", tmp_path, "--distances", analysed / "D.npy", "--overwrite")
    assert "it is an input" in run(*given, tmp_path / "subset_transformed.npy", *more).refused()
    colour = ("--colour-by", tmp_path / "z_transformed.csv")
    assert "it is an input" in run(*given, analysed / "kmeans20", *more, *colour).refused()
    assert (tmp_path / "z_transformed.csv").read_bytes() == b"mine"


def test_invalid_options_are_refused_before_the_distances_are_computed(
    run: Run, analysed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(botalign, "distance_steps", None)
    volumes = with_volumes(tmp_path, analysed)
    given = ("landscape", analysed / "z.9.pkl", volumes, "-o", tmp_path / "out")
    assert "--steps: got 0" in run(*given, "--steps", "0").refused()
    assert "--held-out: got 0.9" in run(*given, "--held-out", "0.9").refused()
    assert not (tmp_path / "out").exists()


def test_without_jax(run: Run, analysed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botalign.latent.training.find_spec", lambda name: None)
    monkeypatch.chdir(analysed)
    error = run("landscape", "z.9.pkl", "kmeans20", "-o", "out", "--distances", "D.npy").refused()
    assert "need the packages jax and optax" in error
    assert "pip install jax optax" in error


def test_the_summary_has_the_dimensions_that_were_tried() -> None:
    found = SimpleNamespace(
        transformed=np.zeros((200, 2)),
        subset_transformed=np.zeros((20, 2)),
        before=SimpleNamespace(stress=0.4, correlation=0.5),
        after=SimpleNamespace(stress=0.1, correlation=0.9),
        held_out=SimpleNamespace(median_error=0.025, pairs=70),
        trials=(SimpleNamespace(dimensions=1, stress=0.3, thickness=1.0),
                SimpleNamespace(dimensions=2, stress=0.1, thickness=0.02)),
        intrinsic_dimension=1,
        intrinsic_dimension_text="1",
    )  # fmt: skip
    lines = dict(re.split(r"  +", line) for line in _summary(found).splitlines())
    assert lines["held-out distances"] == "median error 2.50% of the median, 70 pairs"
    assert lines["in 1 dimension"] == "stress 0.3000, thickness of the last dimension 1.0000"
    assert lines["in 2 dimensions"] == "stress 0.1000, thickness of the last dimension 0.0200"
    assert lines["intrinsic dimension"] == "1"
