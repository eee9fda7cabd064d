from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from scipy.spatial.distance import cdist

import botalign

from .conftest import Run, listing

NAMES = [f"maps/vol_{number}.mrc" for number in range(30)]


@pytest.fixture
def table() -> np.ndarray:
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, 30)
    points = np.column_stack([np.cos(angles), np.sin(angles)])
    apart = cdist(points, points)
    return (apart + apart.T) / 2


@pytest.fixture
def store(table: np.ndarray, tmp_path: Path) -> Path:
    botalign.DistanceTable(tuple(NAMES), table, None, "wemd").write(tmp_path / "D.zarr")
    return tmp_path / "D.zarr"


def test_it_writes_what_the_function_returns(run: Run, store: Path, table: np.ndarray, tmp_path: Path) -> None:
    ran = run("embed", store, "-o", tmp_path / "e", "-d", "3", "--time", "1")
    assert (ran.code, ran.err) == (0, "")
    expected = botalign.diffusion_map(table, dimensions=3, time=1.0)
    np.testing.assert_array_equal(np.load(tmp_path / "e" / "coordinates.npy"), expected.coordinates)
    lines = (tmp_path / "e" / "coordinates.csv").read_text().splitlines()
    assert lines[0] == "map,coordinate_1,coordinate_2,coordinate_3"
    assert [line.split(",")[0] for line in lines[1:]] == NAMES
    np.testing.assert_array_equal([[float(x) for x in line.split(",")[1:]] for line in lines[1:]], expected.coordinates)
    assert imread(tmp_path / "e" / "embedding.png").ndim == 3
    said = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert (said["maps"], said["distances"], said["bandwidth"]) == (
        "30",
        "wemd",
        f"{expected.bandwidth:.4g}, estimated",
    )
    assert said["eigenvalues"].startswith(f"{expected.eigenvalues[0]:.4f}, ")


def test_negative_eigenvalues_are_noted(run: Run, tmp_path: Path) -> None:
    """The eigenvalues of three maps other than the first add up to -1."""
    np.save(tmp_path / "d.npy", [[0, 2, 3], [2, 0, 4], [3, 4, 0]])
    ran = run("embed", tmp_path / "d.npy", "-o", tmp_path / "e")
    assert ran.code == 0
    assert "such coordinates do not describe motions. Use more maps, or fewer dimensions." in ran.err


def test_an_error_in_the_distances_names_the_file(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.ones((3, 3)) - np.eye(3))
    assert f"{tmp_path / 'd.npy'}: all are equal" in run("embed", tmp_path / "d.npy", "-o", tmp_path / "e").refused()


def test_a_plain_array_and_a_column_of_a_table(run: Run, table: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", table)
    (tmp_path / "t.csv").write_text("angle,kind\n" + "".join(f"{k},{'odd' if k % 2 else 'even'}\n" for k in range(30)))
    ran = run("embed", tmp_path / "d.npy", "-o", tmp_path, "--colour-by", f"{tmp_path / 't.csv'}:kind")
    assert ran.code == 0
    assert "kind, rows in the order of the maps" in ran.out
    assert (tmp_path / "coordinates.csv").read_text().splitlines()[2].startswith("2,")
    assert (tmp_path / "coordinates.csv").read_text().splitlines()[2].endswith(",odd")
    again = run("embed", tmp_path / "d.npy", "-o", tmp_path / "e", "--bandwidth", "0.4", "--alpha", "0", "--quiet")
    assert (again.code, again.out.splitlines()[0], again.err) == (0, "maps         30", "")
    assert "written" not in again.out
    expected = botalign.diffusion_map(table, bandwidth=0.4, alpha=0.0)
    np.testing.assert_array_equal(np.load(tmp_path / "e" / "coordinates.npy"), expected.coordinates)


def test_maps_without_a_value_are_reported(run: Run, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("angle,kind\n" + "".join(f"{k if k > 1 else ''},a\n" for k in range(30)))
    ran = run("embed", store, "-o", tmp_path / "e", "--colour-by", f"{path}:angle")
    assert ran.code == 0
    assert (
        ran.err
        == "botalign: 2 maps have no value in column angle; they are grey in the figure and empty in the table.\n"
    )
    lines = (tmp_path / "e" / "coordinates.csv").read_text().splitlines()
    assert [line.rsplit(",", 1)[1] for line in lines] == ["angle", "", "", *(f"{k}.0" for k in range(2, 30))]
    assert run("embed", store, "-o", tmp_path / "e", "--colour-by", f"{path}:kind", "--overwrite").err == ""


def test_other_files_are_refused_without_errors_of_zarr(run: Run, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.mrc"
    path.write_bytes(bytes(2000))
    error = run("embed", path, "-o", tmp_path / "e").refused()
    assert error == f"botalign: error: {path}: not a table of distances, expected a folder *.zarr with distances.\n"


def test_nothing_is_overwritten_or_left_behind(run: Run, store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "e"
    folder.mkdir()
    (folder / "coordinates.npy").write_text("mine")
    before = listing(tmp_path)
    assert "the file exists" in run("embed", store, "-o", folder).refused()
    assert (
        "--colours: got 'mud'"
        in run(
            "embed", store, "-o", tmp_path / "f", "--colours", "mud", "--colour-by", _angles(tmp_path / "e")
        ).refused()
    )
    (folder / "t.csv").unlink()
    assert listing(tmp_path) == before
    assert run("embed", store, "-o", folder, "--overwrite").code == 0


def _angles(folder: Path) -> str:
    (folder / "t.csv").write_text("angle\n" + "".join(f"{k}\n" for k in range(30)))
    return str(folder / "t.csv")


def test_bad_input(run: Run, store: Path, table: np.ndarray, tmp_path: Path) -> None:
    def refused(source: Path, *options: str) -> str:
        return run("embed", source, "-o", tmp_path / "e", *options).refused()

    assert "--output: missing option" in run("embed", store).refused()
    assert "--dimensions: got 30" in refused(store, "-d", "30")
    assert "--bandwidth: with 0.001, the maps fall into" in refused(store, "--bandwidth", "0.001")
    assert "no column 'size'" in refused(store, "--colour-by", f"{_angles(tmp_path)}:size")
    assert "no.npy: no such file; check the name" in refused(tmp_path / "no.npy")
    for content, message in (
        (b"text", "not a NumPy array"),
        (b"", "not a NumPy array"),
        (table[:4], "expected a square matrix"),
        (np.array([["a"] * 3] * 3), "got values of type <U1, expected real numbers"),
    ):
        path = tmp_path / "bad.npy"
        path.write_bytes(content) if isinstance(content, bytes) else np.save(path, content)
        assert f"{path}: " in refused(path)
        assert message in refused(path)
    assert not (tmp_path / "e").exists()


def test_without_matplotlib_the_figure_is_left_out(
    run: Run, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botalign.cli.running.can_draw", lambda: False)
    ran = run("embed", store, "-o", tmp_path / "e")
    assert (ran.code, sorted(listing(tmp_path / "e"))) == (0, ["coordinates.csv", "coordinates.npy"])
    assert "no figure, because matplotlib is not installed" in ran.err
