import errno
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import botalign
from botalign.jobs import SharedValue, Workers
from botalign.pairwise.without_alignment import table_block


def maps(count: int, *, voxel: float = 1.5) -> list[botalign.DensityMap]:
    rng = np.random.default_rng(4)
    grid = botalign.Grid((12, 10, 14), (voxel,) * 3)
    return [botalign.DensityMap(rng.random(grid.shape, dtype=np.float32), grid, f"map {i}") for i in range(count)]


def test_l2_agrees_with_the_norm_of_the_difference() -> None:
    given = maps(5)
    d = botalign.distances(given, metric="l2").distances
    for i, j in ((0, 1), (2, 4)):
        assert d[i, j] == pytest.approx(1.5**1.5 * np.linalg.norm(given[i].data - given[j].data), rel=1e-5)
    assert d[1, 0] == d[0, 1]


def test_wemd_compares_the_mass_above_the_contour_levels() -> None:
    given = maps(3)
    table = botalign.distances(given, metric="wemd", wavelet="coif3", scales=3)
    masses = [np.maximum(each.data - botalign.contour_level(each), 0) for each in given]
    masses = [mass / mass.sum() for mass in masses]
    expected = botalign.wemd(masses[0], masses[2], wavelet="coif3", scales=3, voxel_size=1.5)
    assert table.distances[0, 2] == pytest.approx(expected, rel=1e-4)
    assert table.transforms is None
    assert table.parameters == {
        "over_rotations": False, "density": "contour", "normalise": "mass", "wavelet": "coif3", "scales": 3,
    }  # fmt: skip


def test_whole_maps_without_normalisation() -> None:
    given = maps(2)
    found = botalign.distances(given, metric="wemd", density="whole", normalise="none").distances[0, 1]
    assert found == pytest.approx(botalign.wemd(given[0].data, given[1].data, voxel_size=1.5), rel=1e-4)
    found = botalign.distances(given, metric="l2", normalise="mass").distances[0, 1]
    scaled = [each.data / each.data.sum(dtype=np.float64) for each in given]
    assert found == pytest.approx(1.5**-1.5 * np.linalg.norm(scaled[0] - scaled[1]), rel=1e-4)


@pytest.mark.parametrize("workers", [{"threads": 3}, pytest.param({"processes": 2}, marks=pytest.mark.slow)])
def test_distances_do_not_depend_on_the_workers(workers: dict[str, int]) -> None:
    given = maps(70)  # more than a block of the table
    expected = botalign.distances(given, scales=2)
    assert np.array_equal(botalign.distances(given, scales=2, **workers).distances, expected.distances)


def test_blocks_do_not_contain_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def recorded(self: Workers, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        if function is table_block:
            sizes.append(len(pickle.dumps([each for each in arguments if not isinstance(each, SharedValue)])))
        return submit(self, function, arguments)

    submit = Workers.submit
    monkeypatch.setattr(Workers, "submit", recorded)
    given = maps(3)
    expected, kept = botalign.distances(given), botalign.distances(given, work=tmp_path / "work")
    np.testing.assert_array_equal(kept.distances, expected.distances)
    assert len(sizes) == 2
    assert max(sizes) < 1000


def test_maps_that_cannot_be_compared_without_alignment_are_refused() -> None:
    one, two = maps(2)
    moved = botalign.DensityMap(two.data, botalign.Grid(two.grid.shape, (1.5,) * 3, (3.0, 0.0, 0.0)), "moved")
    with pytest.raises(botalign.InputError, match="moved: its voxels are not those of map 0"):
        botalign.distances([one, moved])
    signed = two.with_data(two.data - two.data.mean(dtype=np.float64).astype(np.float32))
    with pytest.raises(botalign.InputError, match=r"map 1: its densities add up to .*, nearly zero"):
        botalign.distances([one, signed], metric="l2", normalise="mass")
    slab = botalign.DensityMap(one.data, botalign.Grid(one.grid.shape, (1.0, 1.0, 2.0)), "slab")
    with pytest.raises(botalign.InputError, match="slab: its voxels are 1 x 1 x 2 A, expected cubes for metric="):
        botalign.distances([slab, slab])


def test_a_full_disk_and_a_missing_map_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(botalign.InputError, match=r"nowhere\.mrc: no such file; check the name"):
        botalign.distances(["nowhere.mrc", "never.mrc"], work=tmp_path / "work")

    def full(path: Path, *, mode: str, **_: object) -> None:
        raise OSError(errno.ENOSPC if mode == "w+" else errno.ENOENT, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np.lib.format, "open_memmap", full)
    with pytest.raises(
        botalign.InputError, match=r"vectors.npy: it cannot be written \(No space left.*free some space"
    ):
        botalign.distances(maps(2), work=tmp_path / "work")
