from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import botalign
from botalign.errors import InputError
from botalign.images.particles import ClassColumns

FIELDS = {
    "uid": "<u8", "blob/path": "S40", "blob/idx": "<u4", "blob/shape": ("<u4", (2,)), "blob/psize_A": "<f4",
    "ctf/exp_group_id": "<u4", "ctf/accel_kv": "<f4", "ctf/cs_mm": "<f4", "ctf/amp_contrast": "<f4",
    "ctf/df1_A": "<f4", "ctf/df2_A": "<f4", "ctf/df_angle_rad": "<f4", "ctf/phase_shift_rad": "<f4",
}  # fmt: skip


@pytest.fixture
def particles(tmp_path: Path) -> np.ndarray:
    """Return five particles of two stacks of a project of cryoSPARC, whose job is in a folder below."""
    for name in ("J1", "J2"):
        (tmp_path / name).mkdir()
    for name, level in (("a", 0), ("b", 10)):
        images = np.arange(4)[:, None, None] + np.full((4, 12, 12), level, dtype=np.float32)
        botalign.ImageStack(images).write(tmp_path / "J1" / f"{name}.mrcs")
        (tmp_path / "J1" / f"{name}.mrcs").rename(tmp_path / "J1" / f"{name}.mrc")
    found = np.zeros(
        5, dtype=[(name, *(kind if isinstance(kind, tuple) else (kind,))) for name, kind in FIELDS.items()]
    )
    found["uid"] = [5, 3, 9, 2**63 + 7, 1]
    found["blob/path"] = [b"J1/a.mrc", b"J1/b.mrc", b">J1/a.mrc", b"J1/a.mrc", b"J1/b.mrc"]
    found["blob/idx"] = [3, 0, 1, 0, 2]
    found["blob/shape"], found["blob/psize_A"] = (12, 12), 1.06
    found["ctf/accel_kv"], found["ctf/cs_mm"], found["ctf/amp_contrast"] = 300, 2.7, 0.1
    found["ctf/df1_A"], found["ctf/df2_A"], found["ctf/df_angle_rad"] = 15000, 14000, np.pi / 6
    return found


def classes(n: int) -> ClassColumns:
    rng = np.random.default_rng(n)
    return ClassColumns(
        rng.integers(0, 4, n),
        rng.uniform(-180, 180, n),
        rng.normal(size=(n, 2)),
        np.zeros(n, bool),
        rng.random(n),
        np.full(n, 1.06),
    )


def save(path: Path, records: np.ndarray) -> Path:
    with path.open("wb") as file:
        np.save(file, records)
    return path


def test_images_and_parameters(particles: np.ndarray, tmp_path: Path) -> None:
    listed = botalign.read_images(save(tmp_path / "J2" / "J2_particles.cs", particles))
    assert listed.stack.images.mean(axis=(1, 2)).tolist() == [3, 10, 1, 0, 12]
    assert listed.stack.pixel_size_angstrom == (1.06, 1.06)
    ctf = listed.particles.ctf
    assert ctf is not None
    np.testing.assert_allclose(ctf.astigmatism_degrees, 30, rtol=1e-6)
    assert ctf.defocus_u_angstrom.tolist() == [15000] * 5
    assert ctf.amplitude_contrast.tolist() == [0.1] * 5


def test_it_returns_byte_for_byte(particles: np.ndarray, tmp_path: Path) -> None:
    path = save(tmp_path / "J2" / "J2_particles.cs", particles)
    listed = botalign.read_particles(path)
    listed.write(tmp_path / "same.cs")
    assert (tmp_path / "same.cs").read_bytes() == path.read_bytes()
    found = classes(5)
    listed.with_classes(found).write(tmp_path / "new.cs")
    new = np.load(tmp_path / "new.cs", allow_pickle=False)
    assert new.dtype.names[: len(FIELDS)] == tuple(FIELDS)
    for name in FIELDS:
        assert new[name].tobytes() == particles[name].tobytes()
    np.testing.assert_array_equal(new["alignments2D/class"], found.labels)
    np.testing.assert_allclose(new["alignments2D/pose"], np.radians(found.psi_degrees), rtol=1e-6)
    np.testing.assert_allclose(new["alignments2D/shift"], found.origin_angstrom / 1.06, rtol=1e-6)
    assert botalign.read_particles(tmp_path / "new.cs").with_classes(found).columns == new.dtype.names
    some = botalign.read_particles(path).selected(np.array([0, 1, 1, 0, 0], dtype=bool))
    some.write(tmp_path / "some.cs")
    assert np.load(tmp_path / "some.cs")["uid"].tolist() == [3, 9]


@pytest.mark.parametrize("name", ["P1_J2_passthrough_particles.cs", "J2_passthrough_particles_selected.cs"])
def test_fields_passed_through_by_a_job(particles: np.ndarray, tmp_path: Path, name: str) -> None:
    kept = [field for field in FIELDS if not field.startswith("blob/")]
    save(tmp_path / "J2" / name, particles[[4, 2, 0, 1, 3]])  # in another order
    path = save(
        tmp_path / "J2" / "J2_020_particles.cs", particles[kept].astype([(n, particles.dtype[n]) for n in kept])
    )
    listed = botalign.read_images(path)
    assert listed.stack.images.mean(axis=(1, 2)).tolist() == [3, 10, 1, 0, 12]
    listed.write(tmp_path / "same.cs")
    assert (tmp_path / "same.cs").read_bytes() == path.read_bytes()
    assert listed.particles.selected(np.arange(5) < 2).names.number_of.tolist() == [3, 0]


def without(particles: np.ndarray, *prefixes: str) -> np.ndarray:
    names = [name for name in particles.dtype.names or () if not name.startswith(prefixes)]
    return particles[names].astype([(name, particles.dtype[name]) for name in names])


@pytest.mark.parametrize(
    ("change", "name", "message"),
    [
        (lambda p: without(p, "blob/"), "a.cs", r"no field blob/path and no field blob/idx, .* beside it\.$"),
        (lambda p: without(p, "blob/"), "J2_passthrough_a.cs", "has only the fields that a job passed through"),
        (lambda p: without(p, "blob/", "uid"), "a.cs", "no field blob/path"),
        (lambda p: p[:0], "a.cs", "no images in this list, expected at least one"),
        (lambda p: np.zeros(4), "a.cs", "got an array of type float64, expected a particle list of cryoSPARC"),
        (lambda p: np.zeros(3, dtype=[("micrograph_blob/path", "S9")]), "a.cs", "lists micrographs, expected particle"),
        (lambda p: np.zeros(3, dtype=[("location/center_x_frac", "f4")]), "a.cs", "lists coordinates in micrographs"),
        (lambda p: p, "a.csg", "got the names of the files of a cryoSPARC group"),
    ],
)
def test_other_files_are_refused(
    particles: np.ndarray, tmp_path: Path, change: Callable[[Any], Any], name: str, message: str
) -> None:
    path = save(tmp_path / "J2" / name, change(particles))
    with pytest.raises(InputError, match=message) as error:
        botalign.read_images(path)
    assert str(error.value).startswith(str(path))


def test_the_contrast_of_a_list(particles: np.ndarray, tmp_path: Path) -> None:
    assert botalign.read_images(save(tmp_path / "J2" / "a.cs", particles)).stack.dark is None
    signs = np.zeros(5, dtype=[*particles.dtype.descr, ("blob/sign", "<f4")])
    for name in particles.dtype.names:
        signs[name] = particles[name]
    for values, dark in (([-1] * 5, True), ([1] * 5, False), ([1, -1, 1, 1, 1], None)):
        signs["blob/sign"] = values
        listed = botalign.read_images(save(tmp_path / "J2" / "a.cs", signs))
        assert listed.stack.dark is dark
        assert listed.without_dust(5).stack.dark is dark
        assert botalign.read_images(tmp_path / "J2" / "a.cs", pixel_size_angstrom=1.2).stack.dark is dark


def test_pickles_and_damaged_files_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    path = (tmp_path / "a.npy").rename(tmp_path / "a.cs")
    with pytest.raises(InputError, match=r"cannot be read \(Object arrays cannot be loaded"):
        botalign.read_images(path)
    path.write_bytes(b"no particles")
    with pytest.raises(
        InputError, match=r"a\.cs: the file cannot be read \(.*\), expected a particle list of cryoSPARC"
    ):
        botalign.read_images(path)
    with pytest.raises(InputError, match="no such file"):
        botalign.read_images(tmp_path / "none.cs")


def test_a_real_list(data_folder: Path, tmp_path: Path) -> None:
    path = data_folder / "lists" / "cryosparc_P12_J24_001_particles.cs"
    listed = botalign.read_particles(path)
    assert len(listed) == 2019
    assert set(listed.pixel_sizes_angstrom.tolist()) == {2.95}  # type: ignore[union-attr]
    listed.write(tmp_path / "same.cs")
    assert (tmp_path / "same.cs").read_bytes() == path.read_bytes()
    listed.with_classes(classes(2019)).write(tmp_path / "new.cs")
    old, new = np.load(path), np.load(tmp_path / "new.cs")
    assert all(old[name].tobytes() == new[name].tobytes() for name in old.dtype.names)
    with pytest.raises(InputError, match=r"\d+ stacks of \d+ do not exist: J19/extract/") as error:
        botalign.read_images(path)
    assert all(name in str(error.value) for name in listed.names.files)
    assert listed.dark  # extracted by cryoSPARC from micrographs
