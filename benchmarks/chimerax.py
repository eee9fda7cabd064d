"""Comparison of ``botalign`` and ``fitmap search`` in ChimeraX, from the same random poses in the same session.

``CHIMERAX=/path/to/ChimeraX python benchmarks/chimerax.py``; run chimerax_bundle/install.py in this ChimeraX before.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import mrcfile
import numpy as np

import botalign
from maps import MAPS, Array, data_folder
from peers import make_pairs
from poses import Pair, centre_of_mass
from report import machine
from symmetry import pose_error

HERE = Path(__file__).resolve().parent
FOUND_DEGREES, FOUND_VOXELS = 5.0, 1.0
HEADER = ("map", "command", "right", "error (deg)", "shift (voxels)", "seconds", "CPU seconds", "slower by")


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", default="emd_1883,clean70S", help="names, with commas (default: %(default)s)")
    parser.add_argument("--poses", type=int, default=10, metavar="N", help="random poses of each map (default: 10)")
    parser.add_argument("--search", type=int, default=200, metavar="N", help="searches of fitmap, or 0 (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the poses (default: 0)")
    chosen = parser.parse_args()
    chosen.maps = chosen.maps.split(",")
    if unknown := set(chosen.maps) - set(MAPS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; expected {', '.join(MAPS)}")
    if "CHIMERAX" not in os.environ:
        parser.error("set the environment variable CHIMERAX to the executable of ChimeraX")
    return chosen


def voxel_size(name: str) -> float:
    """Return the voxel size in the header of a map, or 1 if there is none."""
    with mrcfile.open(data_folder() / "maps" / MAPS[name].file, permissive=True, header_only=True) as file:
        return float(file.voxel_size.x) or 1.0


def write(volume: Array, voxel: float, path: Path) -> None:
    """Write a map with its first voxel at the origin and a largest density of 1."""
    grid = botalign.Grid(volume.shape, (voxel,) * 3)
    botalign.DensityMap((volume / volume.max()).astype(np.float32), grid).write(path)


def write_job(folder: Path, pairs: dict[str, list[Pair]], commands: dict[str, str]) -> None:
    """Write the maps and ``job.json`` for ``workers/chimerax_worker.py``."""
    jobs = []
    for name, some in pairs.items():
        fixed = folder / f"{name}.mrc"
        write(some[0].fixed, voxel_size(name), fixed)
        for number, pair in enumerate(some):
            moving = folder / f"{name}_{number}.mrc"
            write(pair.moving, voxel_size(name), moving)
            jobs.append({"fixed": str(fixed), "moving": str(moving)})
    (folder / "job.json").write_text(json.dumps({"pairs": jobs, "commands": commands}))


def row(name: str, command: str, pairs: list[Pair], group: Array, answers: list[dict], base: float) -> tuple[str, ...]:
    """Return a row of the table: the number of right poses, and medians."""
    errors = []
    seconds, worked = ([a[clock] for a in answers if clock in a] for clock in ("seconds", "cpu_seconds"))
    for pair, answer in zip(pairs, answers, strict=True):
        if "error" not in answer:
            matrix = np.array(answer["moving_to_fixed"])
            matrix[:, 3] /= voxel_size(name)
            errors.append(pose_error(matrix, pair, group, centre_of_mass(pair.fixed)))
    right = sum(e.angle_degrees <= FOUND_DEGREES and e.shift_voxels <= FOUND_VOXELS for e in errors)
    return (
        name,
        command,
        f"{right} of {len(answers)}",
        f"{median(e.angle_degrees for e in errors):.3f}",
        f"{median(e.shift_voxels for e in errors):.3f}",
        f"{median(seconds):.2f}",
        f"{median(worked):.2f}",
        f"{median(worked) / base:.1f}",
    )


def table(lines: list[tuple[str, ...]]) -> str:
    """Return lines aligned in columns."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def main() -> None:
    """Run the benchmark."""
    chosen = arguments()
    made = {name: make_pairs(MAPS[name], chosen) for name in chosen.maps}
    pairs = {name: some for name, (some, _) in made.items()}
    commands = {"botalign hand keep": "botalign #2 to #1 hand keep", "botalign": "botalign #2 to #1"}
    if chosen.search:
        commands[f"fitmap search {chosen.search}"] = f"fitmap #2 inMap #1 search {chosen.search}"
    with tempfile.TemporaryDirectory(prefix="botalign-chimerax-") as name:
        folder = Path(name)
        write_job(folder, pairs, commands)
        subprocess.run(
            [os.environ["CHIMERAX"], "--nogui", "--exit", "--silent", "--script",
             str(HERE / "workers" / "chimerax_worker.py")],
            env=os.environ | {"BOTALIGN_JOB": name}, stdout=sys.stderr, check=True,
        )  # fmt: skip
        answers = json.loads((folder / "answers.json").read_text())
    lines, start = [HEADER], 0
    for name, (some, group) in made.items():
        own = answers[start : start + len(some)]
        start += len(some)
        base = median(a["botalign hand keep"]["cpu_seconds"] for a in own)
        lines += [row(name, command, some, group, [a[command] for a in own], base) for command in commands]
        rotated = max(a["settled"]["angle_degrees"] for a in own)
        shifted = max(a["settled"]["shift_angstrom"] for a in own) / voxel_size(name)
        print(f"{name}: after botalign, fitmap moves the map by up to {rotated:.3f} degrees and {shifted:.3f} voxels")
    print(f"\n{machine()}; one session of ChimeraX, {chosen.poses} poses of each map, medians\n")
    print(table(lines))


if __name__ == "__main__":
    main()
