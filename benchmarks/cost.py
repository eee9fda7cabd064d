"""Cost of BOTalign: time and memory of a large pair, time of ``--help`` and of the first alignment.

Each command runs in its own process, as for a user, with the interpreter that runs this file.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

import botalign
from report import machine

COMMAND = [sys.executable, "-m", "botalign"]


def run(arguments: list[str], **environment: str) -> tuple[float, float]:
    """Run the command; return its seconds and its peak memory in MB (the largest child so far)."""
    began = time.perf_counter()
    subprocess.run(
        [*COMMAND, *arguments], check=True, stdout=subprocess.DEVNULL, env=os.environ | environment
    )  # the error stream is shown
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def write_pair(folder: Path, size: int, voxel_angstrom: float) -> tuple[Path, Path]:
    """Write a phantom, and the same phantom rotated and shifted."""
    fixed = botalign.phantom(size, voxel_size_angstrom=voxel_angstrom, resolution_angstrom=6.0)
    linear = Rotation.random(random_state=1).as_matrix()
    centre = fixed.grid.centre_angstrom
    transform = np.column_stack([linear, centre + np.array([3.0, -5.0, 8.0]) - linear @ centre])
    paths = folder / "fixed.mrc", folder / "moving.mrc"
    fixed.write(paths[0])
    moving = botalign.phantom(size, voxel_size_angstrom=voxel_angstrom, resolution_angstrom=6.0, transform=transform)
    moving.write(paths[1])
    return paths


def main() -> None:
    """Measure, smallest memory first: the system reports the peak of the largest child so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=400, help="voxels a side of the large pair")
    size = parser.parse_args().size
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(["--help"])  # not measured: loads the files of the interpreter from disk
        seconds = np.median([run(["--help"])[0] for _ in range(5)])
        print(f"botalign --help: {seconds:.2f} s")
        small = write_pair(folder, 64, 2.4)
        out = folder / "out.mrc"
        align = ["align", *map(str, small), "-o", str(out), "--overwrite", "--quiet"]
        seconds, _ = run(align, NUMBA_CACHE_DIR=str(folder / "cache"))
        print(f"first alignment of 64^3 in a new environment, compilation included, files to file: {seconds:.2f} s")
        seconds, _ = run(align, NUMBA_CACHE_DIR=str(folder / "cache"))
        print(f"second alignment: {seconds:.2f} s")
        for path in small:
            path.unlink()
        large = write_pair(folder, size, 0.8)
        seconds, memory = run(
            ["align", *map(str, large), "-o", str(out), "--overwrite", "--quiet", "--hand", "keep"],
            NUMBA_CACHE_DIR=str(folder / "cache"),
        )
        one = 4 * size**3 / 2**20
        print(f"{size}^3, files to file, hand keep: {seconds:.1f} s, {memory:.0f} MB, {memory / one:.2f} times one map")


if __name__ == "__main__":
    main()
