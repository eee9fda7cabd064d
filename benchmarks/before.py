"""Processor seconds of this commit beside another one, in turn, in one run.

    git worktree add --detach /tmp/before COMMIT
    python benchmarks/before.py /tmp/before

Each commit runs in a process of its own, on one thread unless stated. The two do each task in turn, so that other work
on the machine slows both. The table has the medians of their processor seconds.

- ``align MAP``: a copy in a random pose, with the defaults.
- ``rest MAP``: the same with five evaluations of the loss for each hand: all but the search.
- ``resample``: a map of 256^3 voxels in another pose.
- ``files``: a pair of 400^3 voxels from files to file by ``botalign align --hand keep``, with two threads.
- ``wemd``: the distances between all pairs of 8 mixtures of four volumes, over rotations.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from maps import MAPS
from report import machine

TASKS = [*(f"align {name}" for name in MAPS), *(f"rest {name}" for name in MAPS), "resample", "files", "wemd"]


def prepared(task: str) -> Callable[[], object]:
    """Return a function that does a task."""
    import botalign  # of the commit that PYTHONPATH selects
    from accuracy import as_map, load, make_pair
    from cost import COMMAND, write_pair
    from many import mixtures

    kind, _, name = task.partition(" ")
    if kind == "resample":
        density = botalign.phantom(256, voxel_size_angstrom=1.0)
        transform = np.column_stack([np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0], [3.0, -4.0, 5.0]])
        return lambda: botalign.resample(density, transform, density.grid, threads=1)
    if kind == "files":
        folder = tempfile.TemporaryDirectory()
        files = [*map(str, write_pair(Path(folder.name), 400, 0.8)), "-o", f"{folder.name}/out.mrc", "--overwrite"]
        command = [*COMMAND, "align", *files, "--quiet", "--hand", "keep", "--threads", "2"]
        # The folder is removed with the function that needs it.
        return lambda folder=folder: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    if kind == "wemd":
        volumes = mixtures(8, 0)
        return lambda: botalign.distances(volumes, metric="wemd", over_rotations=True, threads=1)
    case = load(name)
    pair = make_pair(case, np.random.default_rng(0), mirrored=False)
    fixed, moving = (as_map(each, case.voxel_angstrom, name) for each in (pair.fixed, pair.moving))
    options = {"evaluations": 5} if kind == "rest" else {}
    return lambda: botalign.align(fixed, moving, threads=1, **options)


def work() -> None:
    """Do the tasks that are named on standard input, and print the processor seconds of each."""
    known: dict[str, Callable[[], object]] = {}
    for line in sys.stdin:
        task = line.strip()
        if task not in known:
            known = {task: prepared(task)}
            known[task]()  # compile before the measurement
        began = sum(os.times()[:4])  # of this process and its children
        known[task]()
        print(sum(os.times()[:4]) - began, flush=True)


def started(checkout: Path) -> subprocess.Popen[str]:
    """Start the process of a commit."""
    here = Path(__file__).resolve()
    paths = [str(checkout / "core"), str(here.parent)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, str(here), "--work"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


def seconds_of(process: subprocess.Popen[str], task: str) -> float:
    """Let the process of a commit do a task; return its processor seconds."""
    print(task, file=process.stdin, flush=True)
    return float(next(iter(process.stdout or ())))


def main() -> None:
    """Parse the command line, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, nargs="?", help="folder of the other commit")
    parser.add_argument("--tasks", default=",".join(TASKS), help="names, separated by commas")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work:
        work()
        return
    if chosen.before is None:
        parser.error("the folder of the other commit is missing")
    processes = [started(folder) for folder in (chosen.before, Path(__file__).resolve().parents[1])]
    print(machine())
    print("| task | before | now | ratio |\n| --- | --- | --- | --- |")
    for task in chosen.tasks.split(","):
        measured = [[seconds_of(process, task) for process in processes] for _ in range(chosen.rounds)]
        before, now = np.median(measured, axis=0)
        print(f"| {task} | {before:.3f} | {now:.3f} | {now / before:.2f} |", flush=True)
    for process in processes:
        process.communicate()


if __name__ == "__main__":
    main()
