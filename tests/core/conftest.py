import bz2
import gzip
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest
from numpy.typing import NDArray

import botalign
from botalign.geometry import random_rotations

MODES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}


@pytest.fixture
def densities() -> np.ndarray:
    """Return an asymmetric map of small integers, which every mode can hold."""
    return np.random.default_rng(5).integers(0, 100, (4, 5, 6)).astype(np.float32)


@pytest.fixture
def make_file(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a map file field by field, without the writer of the package."""

    def make(
        data: np.ndarray,
        name: str = "a.mrc",
        *,
        mode: int = 2,
        order: str = "<",
        axis_order: tuple[int, int, int] = (1, 2, 3),
        voxel: tuple[float, float, float] = (1.5, 2.0, 2.5),
        nstart_xyz: tuple[int, int, int] = (0, 0, 0),
        extended: bytes = b"",
        tail: bytes = b"",
        cut: int = 0,
        **fields: object,
    ) -> Path:
        sections_rows_columns = tuple(3 - axis for axis in axis_order[::-1])
        stored = np.ascontiguousarray(data.transpose(sections_rows_columns)).astype(order + MODES[mode])
        header = np.zeros((), dtype=mrcfile.dtypes.HEADER_DTYPE.newbyteorder(order))
        header["nz"], header["ny"], header["nx"] = stored.shape
        for field, axis in zip(("nxstart", "nystart", "nzstart"), axis_order, strict=True):
            header[field] = nstart_xyz[axis - 1]
        header["mz"], header["my"], header["mx"] = data.shape
        header["cella"] = tuple(n * v for n, v in zip(data.shape[::-1], voxel, strict=True))
        header["cellb"] = (90, 90, 90)
        header["mapc"], header["mapr"], header["maps"] = axis_order
        header["mode"], header["ispg"], header["nsymbt"], header["map"] = mode, 1, len(extended), b"MAP "
        header["machst"] = (0x44, 0x44, 0, 0) if order == "<" else (0x11, 0x11, 0, 0)
        for field, value in fields.items():
            header[field] = value
        raw = header.tobytes() + extended + stored.tobytes() + tail
        raw = raw[: len(raw) - cut]
        path = tmp_path / name
        packed = {".gz": gzip.compress, ".bz2": bz2.compress}.get(path.suffix, bytes)(raw)
        path.write_bytes(packed)
        return path

    return make


@dataclass(frozen=True)
class RotatedViews:
    """Views of a phantom, each many times, rotated in the plane by known angles, with noise."""

    stack: botalign.ImageStack
    view: NDArray[np.int64]
    degrees: NDArray[np.float64]


def about_z(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rotations about z."""
    c, s, o = np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), np.zeros(len(degrees))
    return np.stack([np.stack([c, -s, o], 1), np.stack([s, c, o], 1), np.stack([o, o, o + 1], 1)], axis=1)


@pytest.fixture(scope="session")
def views() -> RotatedViews:
    """Return forty images of 32 pixels: four views, ten times each."""
    rng = np.random.default_rng(5)
    view, degrees = np.repeat(np.arange(4), 10), rng.uniform(0, 360, 40)
    order = rng.permutation(40)
    view = view[order]
    rotations = about_z(degrees) @ random_rotations(4, rng)[view]
    phantom = botalign.phantom(32, voxel_size_angstrom=4.0)
    return RotatedViews(botalign.projections(phantom, rotations, snr=50.0, seed=1).stack, view, degrees)


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Start a Dask cluster of two processes; its web page gets a free port, because another test may have a cluster.

    It logs nothing: napari's fixtures for pytest split a dictionary that is logged. Then a message of the scheduler
    about lost results cannot be formatted, and pytest raises this error inside the scheduler.
    """
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (pip install distributed)")
    logging.disable()
    try:
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50
        ) as cluster:
            yield cluster
    finally:
        logging.disable(logging.NOTSET)
