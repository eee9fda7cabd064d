"""Comparison with other programs on the same pairs of maps, one thread each, each program in its own environment.

Run ``python benchmarks/peers.py --help``; ``benchmarks/README.md`` describes the input of each program.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from environments import HERE, PEERS, interpreter
from maps import MAPS, Array, MapEntry, read_prepared
from poses import Pair, centre_of_mass, random_pair
from report import Record, Run, heading, plain, row, save, summary
from symmetry import pose_error, rotation_group

# align_BO returns a rotation; the shift that the worker reports is that of the centring.
ROTATION_ONLY = frozenset({"aspire"})
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA", "NUMEXPR", "VECLIB_MAXIMUM")
}


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", default=",".join(MAPS), help="names, with commas (default: %(default)s)")
    parser.add_argument("--poses", type=int, default=4, metavar="N", help="random poses of each map (default: 4)")
    parser.add_argument("--size", type=int, default=32, help="box size of align_BO and botalign (default: 32)")
    parser.add_argument("--evaluations", type=int, default=200, help="evaluations of align_BO (default: 200)")
    parser.add_argument("--emalign-size", type=int, default=64, help="box size of EMalign (default: 64)")
    parser.add_argument("--torch-size", type=int, help="map size for torch-fit-in-map (default: --size)")
    parser.add_argument("--peers", default=",".join(PEERS), help="names, with commas (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the poses and of the programs (default: 0)")
    parser.add_argument("--timeout", type=float, default=900.0, help="seconds for one alignment (default: 900)")
    parser.add_argument(
        "--botalign-here",
        action="store_true",
        help="run botalign in this interpreter instead of a separate environment",
    )
    chosen = parser.parse_args()
    chosen.maps, chosen.peers = chosen.maps.split(","), chosen.peers.split(",")
    for names, known in ((chosen.maps, tuple(MAPS)), (chosen.peers, PEERS)):
        if unknown := set(names) - set(known):
            parser.error(f"unknown: {', '.join(sorted(unknown))}; expected {', '.join(known)}")
    return chosen


def parameters(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters of all workers; each uses its own."""
    return {
        "size": chosen.size,
        "evaluations": chosen.evaluations,
        "seed": chosen.seed,
        "emalign_size": chosen.emalign_size,
        "projections": 30,
        "no_refine": False,
        "torch_size": chosen.torch_size or chosen.size,
        "angular_step_degrees": 15.0,
    }


def write_job(folder: Path, pairs: list[Pair], settings: dict[str, Any]) -> None:
    """Write the arrays and ``job.json`` for ``workers/job.py``."""
    names = [f"moving_{i}.npy" for i in range(len(pairs))]
    np.save(folder / "fixed.npy", pairs[0].fixed.astype(np.float32))
    for name, pair in zip(names, pairs, strict=True):
        np.save(folder / name, pair.moving.astype(np.float32))
    (folder / "job.json").write_text(json.dumps({"fixed": "fixed.npy", "moving": names, "parameters": settings}))


def run_worker(peer: str, python: Path, folder: Path, timeout: float) -> dict[str, Any]:
    """Run one program on a job; a failure is returned as a result."""
    answer = folder / "answer.json"
    answer.unlink(missing_ok=True)
    command = [str(python), str(HERE / "workers" / f"{peer}_worker.py"), str(folder)]
    try:
        done = subprocess.run(
            command,
            cwd=folder,  # some programs write logs where they are started
            env=os.environ | ONE_THREAD,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"stopped after {timeout:.0f} seconds"}
    if done.returncode or not answer.exists():
        return {"error": f"exit code {done.returncode}\n{done.stderr[-2000:]}"}
    return json.loads(answer.read_text())


def records_of(answer: dict[str, Any], peer: str, name: str, pairs: list[Pair], group: Array) -> list[Record]:
    """Return the errors of the results of a program."""
    if "error" in answer:
        return [Record(name, peer, pose, error=answer["error"]) for pose in range(len(pairs))]
    centre = centre_of_mass(pairs[0].fixed)
    records = []
    for pose, (pair, found) in enumerate(zip(pairs, answer["answers"], strict=True)):
        if "error" in found:
            records.append(Record(name, peer, pose, error=found["error"]))
            continue
        error = pose_error(np.array(found["moving_to_fixed"]), pair, group, centre)
        mirrored = math.isinf(error.angle_degrees)
        records.append(
            Record(
                name,
                peer,
                pose,
                angle_degrees=None if mirrored else error.angle_degrees,
                shift_voxels=None if peer in ROTATION_ONLY else error.shift_voxels,
                seconds=found["seconds"],
                cpu_seconds=found["cpu_seconds"],
                total_seconds=found["total_seconds"],
                mirrored=mirrored,
                moving_to_fixed=found["moving_to_fixed"],
            )
        )
    return records


def make_pairs(entry: MapEntry, chosen: argparse.Namespace) -> tuple[list[Pair], Array]:
    """Return pairs made from a map, and its symmetry; the poses depend on the seed and the map alone."""
    fixed = read_prepared(entry)
    rng = np.random.default_rng([chosen.seed, list(MAPS).index(entry.name)])
    return [random_pair(fixed, rng) for _ in range(chosen.poses)], rotation_group(entry, fixed)


def interpreters(chosen: argparse.Namespace) -> dict[str, Path | str]:
    """Return the interpreter of each program, or the reason why there is none."""
    found: dict[str, Path | str] = {}
    for peer in chosen.peers:
        try:
            here = peer == "botalign" and chosen.botalign_here
            found[peer] = Path(sys.executable) if here else interpreter(peer)
        except (RuntimeError, OSError) as error:
            found[peer] = f"its environment could not be made:\n{error}"
    return found


def main() -> None:
    """Run the benchmark."""
    chosen = arguments()
    pythons = interpreters(chosen)
    settings = parameters(chosen)
    run = Run(parameters=settings | {"poses": chosen.poses})
    for name in chosen.maps:
        pairs, group = make_pairs(MAPS[name], chosen)
        print(f"{name}: {pairs[0].fixed.shape[0]}^3, {len(group)} rotations in its symmetry", flush=True)
        with tempfile.TemporaryDirectory(prefix="botalign-peers-") as folder:
            write_job(Path(folder), pairs, settings)
            for peer, python in pythons.items():
                answer = {"error": python}
                if isinstance(python, Path):
                    answer = run_worker(peer, python, Path(folder), chosen.timeout * (len(pairs) + 1))
                records = records_of(answer, peer, name, pairs, group)
                run.records.extend(records)
                run.versions.setdefault(peer, {}).update(answer.get("versions", {}))
                print("   ", "  ".join(row(name, records, run.records)[1:]), flush=True)
    print("", *heading(run), "", plain(run), "", *summary(run), sep="\n")
    print(f"\nsaved: {save(run, HERE / 'results').relative_to(HERE.parent)} and .json")


if __name__ == "__main__":
    main()
