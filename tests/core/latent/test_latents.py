import codecs
import pickle
from pathlib import Path

import numpy as np
import pytest

from botalign import InputError, read_latents, read_subset
from botalign.latent.pickles import read_pickled_array

Z = np.random.default_rng(0).standard_normal((7, 3))


class Command:
    """Runs a command when it is unpickled by pickle.load."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> object:
        return (Path.touch, (self.target,))


class Made:
    """Is pickled as a call of a function, followed by a state."""

    def __init__(self, *call: object) -> None:
        self.call = call

    def __reduce__(self) -> object:
        return self.call


def array(*state: object) -> bytes:
    """Return the pickle of an array with a state."""
    function = np.zeros(0).__reduce__()[0]
    return pickle.dumps(Made(function, (np.ndarray, (0,), b"b"), state))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", ["<f4", ">f8", "<i8"])
def test_pickled_arrays(tmp_path: Path, protocol: int, kind: str) -> None:
    for values in ((10 * Z).astype(kind), np.asfortranarray((10 * Z).astype(kind)), (10 * Z).astype(kind)[::2, 0]):
        path = tmp_path / "z.pkl"
        path.write_bytes(pickle.dumps(values, protocol) + pickle.dumps("ignored"))
        read = read_pickled_array(path)
        np.testing.assert_array_equal(read, values)
        assert read.dtype == values.dtype


def test_arrays_of_either_numpy(tmp_path: Path) -> None:
    values = Z.astype(np.float32)
    content = pickle.dumps(values, 2).replace(b"numpy._core.", b"numpy.core.")
    for name, text in (("1.pkl", content), ("2.pkl", content.replace(b"numpy.core.", b"numpy._core."))):
        (tmp_path / name).write_bytes(text)
        np.testing.assert_array_equal(read_latents(tmp_path / name), values)


def test_code_in_a_pickle_is_not_run(tmp_path: Path) -> None:
    path, target = tmp_path / "z.pkl", tmp_path / "made"
    for content in (Command(target), [Z, Command(target)], np.array([Command(target)], dtype=object)):
        path.write_bytes(pickle.dumps(content))
        with pytest.raises(InputError, match=r"z\.pkl: .*expected a NumPy array of numbers"):
            read_latents(path)
        assert not target.exists()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "damaged"),
        (b"not a pickle", "damaged"),
        (pickle.dumps(Z)[:-30], "damaged"),
        (pickle.dumps([1, 2]), "not a NumPy array"),
        (pickle.dumps(np.array(["a"])), "values of type"),
        (pickle.dumps(np.zeros(2, dtype=[("a", "f4")])), "values of type"),
        (pickle.dumps(np.zeros(2, dtype=complex)), "values of type"),
        (pickle.dumps(np.ndarray), "not a NumPy array"),
        (pickle.dumps(np.float64(3)), "multiarray.scalar"),
        (b"cos\nsystem\n(S'true'\ntR.", "os.system"),
        (b"c_codecs\nencode\n(N}S'mine'\nI1\nstb.", "a modified function"),
        (b"cnumpy.core.multiarray\n_reconstruct\n}S'mine'\nI1\nsb.", "a modified function"),
        (b"cnumpy\nndarray\n(tR.", "damaged"),
        (array(1, (2,)), "an array in an unknown format"),
        (array(1, (2,), np.dtype("f4"), False, "text"), "an array in an unknown format"),
        (array(1, (2,), Made(np.dtype, ("f4", False, True), (3, "x", None)), False, b"12345678"), "unknown byte order"),
        (pickle.dumps(Made(np.zeros(0).__reduce__()[0], (7, (0,), b"b"))), "an array of an unknown class"),
        (pickle.dumps(Made(codecs.encode, ("a", "utf-8"))), "got text"),
    ],
)
def test_pickles_without_an_array_are_refused(tmp_path: Path, content: bytes, found: str) -> None:
    (tmp_path / "z.pkl").write_bytes(content)
    with pytest.raises(InputError, match=found) as caught:
        read_latents(tmp_path / "z.pkl")
    assert "\n" not in str(caught.value)


def test_npy_and_text(tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", Z.astype(np.float32))
    np.savetxt(tmp_path / "z.txt", Z)
    np.testing.assert_array_equal(read_latents(tmp_path / "z.npy"), Z.astype(np.float32))
    np.testing.assert_allclose(read_latents(tmp_path / "z.txt"), Z)
    np.savetxt(tmp_path / "one.txt", Z[:, 0])
    np.testing.assert_allclose(read_latents(tmp_path / "one.txt"), Z[:, :1])


def test_invalid_latents_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([None]), allow_pickle=True)
    np.save(tmp_path / "nan.npy", np.array([[1.0, np.nan], [0.0, 1.0]]))
    np.save(tmp_path / "cube.npy", np.zeros((2, 2, 2)))
    with (tmp_path / "archive.npy").open("wb") as file:
        np.savez(file, Z)
    for name, text in (("a.txt", "1 2\n3"), ("words.txt", "a b"), ("empty.txt", "\n"), ("a.npy", ""), ("a.star", "")):
        (tmp_path / name).write_text(text)
    for name, found in (
        ("objects.npy", "not an array of numbers"), ("nan.npy", "1 of 2 latents are NaN"),
        ("cube.npy", "one latent per row"),
        ("a.txt", "not a table of numbers"), ("words.txt", "not a table of numbers"),
        ("empty.txt", "is empty"), ("a.npy", "not a NumPy array"),
        ("archive.npy", "not a NumPy array"),
        ("a.star", "unknown extension"), ("missing.npy", "no such file"), ("missing.pkl", "no such file"),
        ("missing.txt", "no such file"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=found) as caught:
            read_latents(tmp_path / name)
        assert name in str(caught.value)


def test_rows_of_latents_with_one_coordinate(tmp_path: Path) -> None:
    one = np.arange(50.0, 60.0)[:, None]
    np.savetxt(tmp_path / "centers_ind.txt", [3, 1, 4], fmt="%d")
    np.testing.assert_array_equal(read_subset(tmp_path / "centers_ind.txt", one).latents, [[53], [51], [54]])
    np.savetxt(tmp_path / "z.txt", one[[3, 1, 4]])
    np.testing.assert_array_equal(read_subset(tmp_path / "z.txt", one).latents, [[53], [51], [54]])


@pytest.fixture
def analysed(tmp_path: Path) -> Path:
    """Return a folder as written by `cryodrgn analyze`: over a thousand volumes, with at least three digits."""
    folder = tmp_path / "analyze.9" / "kmeans1002"
    folder.mkdir(parents=True)
    np.savetxt(folder / "z_values.txt", np.arange(3006.0).reshape(1002, 3))
    for k in range(1002):
        (folder / f"vol_{k:03d}.mrc").touch()
    (folder / "vol_mean.mrc").touch()
    return folder


def test_a_folder_of_cryodrgn(analysed: Path) -> None:
    subset = read_subset(analysed, Z)
    assert [path.name for path in subset.volumes[998:1002]] == [
        "vol_998.mrc", "vol_999.mrc", "vol_1000.mrc", "vol_1001.mrc",
    ]  # fmt: skip
    assert len(subset.volumes) == 1002
    np.testing.assert_array_equal(subset.latents[1001], [3003, 3004, 3005])


def test_a_folder_that_does_not_fit(analysed: Path) -> None:
    with pytest.raises(InputError, match=r"give .*kmeans1002, which has one"):
        read_subset(analysed.parent, Z)
    with pytest.raises(InputError, match="got 3 columns, expected 2 as for the latents of all images"):
        read_subset(analysed, Z[:, :2])
    (analysed / "vol_000.mrc").unlink()
    with pytest.raises(InputError, match=r"got 1001 volumes .* each of the 1002 rows"):
        read_subset(analysed, Z)


def test_indices_and_coordinates_of_a_subset(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "centers_ind.txt", [6, 0, 2], fmt="%d")
    np.testing.assert_array_equal(read_subset(tmp_path / "centers_ind.txt", Z).latents, Z[[6, 0, 2]])
    np.save(tmp_path / "z.npy", Z[:4])
    np.testing.assert_array_equal(read_subset(tmp_path / "z.npy", Z).latents, Z[:4])
    # With one coordinate, numbers are coordinates unless they are stored as integers.
    np.savetxt(tmp_path / "one.txt", [0.5, 0.0, 2.0])
    np.testing.assert_array_equal(read_subset(tmp_path / "one.txt", Z[:, :1]).latents, [[0.5], [0], [2]])
    np.save(tmp_path / "rows.npy", np.array([1, 3]))
    np.testing.assert_array_equal(read_subset(tmp_path / "rows.npy", Z[:, :1]).latents, Z[[1, 3], :1])
    for rows in ([7], [-1], [0.5]):
        np.savetxt(tmp_path / "bad.txt", rows)
        with pytest.raises(InputError, match="whole numbers from 0 to 6"):
            read_subset(tmp_path / "bad.txt", Z)
