"""Chains of a complex in its map: BOTalign, PowerFit and, if given, ``botalign`` and ``fitmap`` in ChimeraX.

All start from the same random poses. ``botalign`` in ChimeraX needs the bundle (``chimerax_bundle/install.py``).

``python benchmarks/fits.py`` places each chain of the complexes in ``fits`` of the data folder. ``--folder PATH`` adds
complexes: each of its subfolders contains maps ``<name>_<resolution>.mrc`` and the chains ``<name>.<chain>.pdb``, each
where it belongs. The error is the RMSD of the CA atoms, the smallest over all identical chains.

``python benchmarks/fits.py --absent`` searches each map for the chains of the next complex instead, which it does not
show: none may be called certain.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

import botalign
import packed
from accuracy import markdown
from environments import HERE, interpreter
from maps import Array, data_folder
from peers import ONE_THREAD, run_worker
from report import machine

#: Commands of ChimeraX. Without levelInside 0, fitmap drops poses with few atoms above the displayed level, often all.
COMMANDS = {
    "chimerax": "fitmap #2 inMap #1 resolution {resolution} search 200 levelInside 0",
    "chimerax-botalign": "botalign #2 to #1 resolution {resolution} force true",
}
PROGRAMS = ("botalign", "powerfit", *COMMANDS)
RIGHT_ANGSTROM, NEAR_ANGSTROM = 1.0, 5.0
# Chains are identical if most residue numbers occur in both, with the same names, and if their CA atoms superimpose.
SAME_NUMBERS, SAME_NAMES, SAME_ANGSTROM = 0.8, 0.95, 2.0


@dataclass(frozen=True)
class Chain:
    """A chain: its file, its CA atoms ``(x, y, z)`` by residue number, and the names of these residues."""

    path: Path
    alpha_carbons: dict[str, Array]
    names: dict[str, str]

    @property
    def positions(self) -> Array:
        """CA positions, shape (n, 3)."""
        return np.array(list(self.alpha_carbons.values()))


@dataclass(frozen=True)
class Complex:
    """A map, its resolution, the chains to place, and the transforms to all equivalent places of each chain."""

    name: str
    path: Path
    resolution: float
    chains: dict[str, Chain]
    places: dict[str, list[Array]]


@dataclass(frozen=True)
class Fit:
    """The result of one program for one chain from one pose."""

    complex: str
    resolution: float
    chain: str
    pose: int
    program: str
    rmsd_angstrom: float | None = None
    verdict: str | None = None
    seconds: float | None = None
    cpu_seconds: float | None = None
    error: str | None = None
    moving_to_fixed: list[list[float]] | None = field(default=None, repr=False)


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--poses", type=int, default=3, metavar="N", help="random poses of each chain (default: 3)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the poses (default: 0)")
    parser.add_argument("--folder", type=Path, action="append", default=[], help="a folder with more complexes")
    parser.add_argument("--only", action="store_true", help="only the complexes in --folder")
    parser.add_argument("--absent", action="store_true", help="search for the chains of another complex")
    parser.add_argument("--complexes", default="", help="names, with commas (default: all)")
    parser.add_argument(
        "--programs", default="", help=f"any of {', '.join(PROGRAMS)} (default: all that are available)"
    )
    parser.add_argument("--chimerax", default=os.environ.get("CHIMERAX"), help="executable (default: $CHIMERAX)")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for one chain (default: 300)")
    parser.add_argument("--name", default="fits", help="of the results, in benchmarks/results (default: fits)")
    parser.add_argument("--botalign-here", action="store_true", help="run the botalign of this interpreter")
    chosen = parser.parse_args()
    available = [name for name in PROGRAMS if name not in COMMANDS or chosen.chimerax]
    chosen.programs = chosen.programs.split(",") if chosen.programs else available
    if unknown := set(chosen.programs) - set(available):
        parser.error(f"not available: {', '.join(sorted(unknown))}; expected {', '.join(available)}")
    return chosen


def read_chain(path: Path) -> Chain:
    """Read the CA atoms of a PDB file, the first of alternate locations."""
    positions: dict[str, Array] = {}
    names = {}
    for line in path.read_text().splitlines():
        if line.startswith("ATOM") and line[12:16] == " CA " and (number := line[22:27]) not in positions:
            positions[number] = np.array([float(line[i : i + 8]) for i in (30, 38, 46)])
            names[number] = line[17:20]
    return Chain(path, positions, names)


def superposition(fixed: Array, moving: Array) -> Array:
    """Return the 3x4 transform that superimposes positions."""
    linear = Rotation.align_vectors(fixed - fixed.mean(axis=0), moving - moving.mean(axis=0))[0].as_matrix()
    return np.column_stack([linear, fixed.mean(axis=0) - linear @ moving.mean(axis=0)])


def rmsd(transform: Array, moving: Array, fixed: Array) -> float:
    """Return the RMSD of transformed positions."""
    return float(np.sqrt(np.mean(np.sum((moving @ transform[:, :3].T + transform[:, 3] - fixed) ** 2, axis=1))))


def identical(chain: Chain, other: Chain) -> Array | None:
    """Return the transform of a chain to an identical one, or None."""
    shared = [number for number in chain.names if number in other.names]
    same = [number for number in shared if chain.names[number] == other.names[number]]
    if len(shared) < SAME_NUMBERS * len(chain.names) or len(same) < SAME_NAMES * len(shared):
        return None
    moving, fixed = (np.array([each.alpha_carbons[number] for number in same]) for each in (chain, other))
    transform = superposition(fixed, moving)
    return transform if rmsd(transform, moving, fixed) < SAME_ANGSTROM else None


def read_complexes(folder: Path) -> list[Complex]:
    """Read the complexes in the subfolders; ``symmetry.json`` may contain further 3x4 transforms to equal places."""
    complexes = []
    for path in sorted(folder.glob("*/*_*.mrc")):
        name, _, resolution = path.stem.rpartition("_")
        files = sorted(path.parent.glob(f"{name}.*.pdb"))
        chains = {file.stem.removeprefix(f"{name}."): read_chain(file) for file in files}
        given = path.with_name("symmetry.json")
        symmetry = np.array(json.loads(given.read_text())) if given.exists() else np.eye(3, 4)[None]
        places = {}
        for key, chain in chains.items():
            copies = [identical(chain, other) for other in chains.values() if other is not chain]
            places[key] = [*symmetry, *(copy for copy in copies if copy is not None)]
        complexes.append(Complex(name, path, float(resolution), chains, places))
    return complexes


def simulated(whole: Complex, noise: float = 0.0, seed: int = 0) -> botalign.DensityMap:
    """Return the map of all chains at the resolution of a complex, with white noise as in ``packed.py``."""
    models = [botalign.read_model(chain.path) for chain in whole.chains.values()]
    points, weights = (np.concatenate([getattr(model, name) for model in models]) for name in ("points", "weights"))
    density = packed.simulated(botalign.Model(points, weights), whole.resolution, noise, np.random.default_rng(seed))
    return replace(density, name=whole.name)


def write_moved(path: Path, transform: Array, target: Path) -> None:
    """Write the transformed atoms of a PDB file."""
    lines = []
    for line in path.read_text().splitlines():
        if line.startswith(("ATOM", "HETATM")):
            position = transform[:, :3] @ [float(line[i : i + 8]) for i in (30, 38, 46)] + transform[:, 3]
            line = line[:30] + "".join(f"{value:8.3f}" for value in position) + line[54:]
        if not line.startswith(("ANISOU", "CRYST1", "ORIGX", "SCALE", "CONECT")):
            lines.append(line)
    target.write_text("\n".join(lines) + "\n")


def random_pose(positions: Array, density: botalign.DensityMap, rng: np.random.Generator) -> Array:
    """Return a transform that rotates uniformly at random and moves the centre to any point in the map."""
    linear = Rotation.random(random_state=rng).as_matrix()
    side = np.array(density.data.shape[::-1]) * density.grid.voxel_size_angstrom
    centre = density.grid.origin_angstrom + rng.uniform(0, 1, 3) * side
    return np.column_stack([linear, centre - linear @ positions.mean(axis=0)])


def write_job(folder: Path, whole: Complex, poses: int, seed: int) -> list[tuple[str, int]]:
    """Write the map, the moved chains and ``job.json``; return the chain and the pose of each case.

    PowerFit rejects a map with an unknown machine stamp, so the map is written again.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        density = botalign.read(whole.path)
    density.write(folder / "map.mrc")
    cases, jobs = [], []
    for index, (key, chain) in enumerate(whole.chains.items()):
        for pose in range(poses):
            transform = random_pose(chain.positions, density, np.random.default_rng([seed, index, pose]))
            model = folder / f"{key}_{pose}.pdb"
            write_moved(chain.path, transform, model)
            cases.append((key, pose))
            jobs.append({"map": str(folder / "map.mrc"), "resolution": whole.resolution, "model": str(model)})
    (folder / "job.json").write_text(json.dumps({"cases": jobs}))
    return cases


def run_chimerax(
    executable: str, text: str, folder: Path, timeout: float, *, worker: str = "fits_chimerax_worker.py"
) -> dict[str, Any]:
    """Run a command of ChimeraX on a job; a failure is returned as a result."""
    answer = folder / "answer.json"
    answer.unlink(missing_ok=True)
    script = HERE / "workers" / worker
    command = [executable, "--nogui", "--exit", "--silent", "--script", str(script)]
    settings = os.environ | ONE_THREAD | {"BOTALIGN_JOB": str(folder), "BOTALIGN_COMMAND": text}
    try:
        done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"stopped after {timeout:.0f} seconds"}
    if done.returncode or not answer.exists():
        return {"error": f"exit code {done.returncode}\n{done.stderr[-2000:]}"}
    return json.loads(answer.read_text())


def measured(whole: Complex, program: str, cases: list[tuple[str, int]], folder: Path, answer: dict) -> list[Fit]:
    """Return the errors of the results of a program."""
    fits = []
    for index, (key, pose) in enumerate(cases):
        own = {"error": answer["error"]} if "error" in answer else answer["answers"][index]
        error = None
        if "moving_to_fixed" in own:
            moved, chain = read_chain(folder / f"{key}_{pose}.pdb"), whole.chains[key]
            found = np.array(own["moving_to_fixed"])
            truths = (chain.positions @ place[:, :3].T + place[:, 3] for place in whole.places[key])
            error = min((rmsd(found, moved.positions, truth) for truth in truths), default=None)
        fits.append(Fit(whole.name, whole.resolution, key, pose, program, error, **own))
    return fits


def row(name: str, fits: list[Fit]) -> dict[str, str]:
    """Return a row of the table."""
    errors = np.array([np.inf if fit.rmsd_angstrom is None else fit.rmsd_angstrom for fit in fits])
    certain = np.array([fit.verdict == "certain" for fit in fits])
    verdicts = any(fit.verdict for fit in fits)
    seconds = [fit.seconds for fit in fits if fit.seconds is not None]
    worked = [fit.cpu_seconds for fit in fits if fit.cpu_seconds is not None]
    return {
        "map": name,
        "program": fits[0].program,
        "n": str(len(fits)),
        f"right (< {RIGHT_ANGSTROM:.0f} A)": str(np.count_nonzero(errors < RIGHT_ANGSTROM)),
        f"< {NEAR_ANGSTROM:.0f} A": str(np.count_nonzero(errors < NEAR_ANGSTROM)),
        f"wrong (>= {NEAR_ANGSTROM:.0f} A)": str(np.count_nonzero(errors >= NEAR_ANGSTROM)),
        "certain": str(np.count_nonzero(certain)) if verdicts else "-",
        "certain, not right": str(np.count_nonzero(certain & (errors >= RIGHT_ANGSTROM))) if verdicts else "-",
        "median A": f"{np.median(errors):.2f}",
        "seconds": f"{median(seconds):.2f}" if seconds else "-",
        "CPU seconds": f"{median(worked):.2f}" if worked else "-",
    }


def table(fits: list[Fit]) -> list[dict[str, str]]:
    """Return the rows for each map and program, and then for each program over all maps."""
    maps = list(dict.fromkeys((fit.complex, fit.resolution) for fit in fits))
    rows = []
    for chosen in [*maps, None]:
        for program in dict.fromkeys(fit.program for fit in fits):
            some = [f for f in fits if f.program == program and chosen in (None, (f.complex, f.resolution))]
            if some:
                rows.append(row(f"{chosen[0]}, {chosen[1]:g} A" if chosen else "all", some))
    return rows


def main() -> None:
    """Run the benchmark."""
    chosen = arguments()
    folders = [*([] if chosen.only else [data_folder() / "fits"]), *chosen.folder]
    complexes = [whole for folder in folders for whole in read_complexes(folder)]
    if names := set(filter(None, chosen.complexes.split(","))):
        complexes = [whole for whole in complexes if whole.name in names]
    if chosen.absent:
        others = [*complexes[1:], complexes[0]]
        complexes = [
            replace(whole, chains=other.chains, places={key: [] for key in other.chains})
            for whole, other in zip(complexes, others, strict=True)
        ]
    here = {"botalign": Path(sys.executable)} if chosen.botalign_here else {}
    pythons = {name: here.get(name) or interpreter(name) for name in chosen.programs if name not in COMMANDS}
    fits: list[Fit] = []
    versions: dict[str, dict[str, str]] = {}
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    for whole in complexes:
        with tempfile.TemporaryDirectory(prefix="botalign-fits-") as name:
            folder = Path(name)
            cases = write_job(folder, whole, chosen.poses, chosen.seed)
            limit = chosen.timeout * (len(cases) + 1)
            for program in chosen.programs:
                if program in COMMANDS:
                    answer = run_chimerax(chosen.chimerax, COMMANDS[program], folder, limit)
                else:
                    answer = run_worker(f"fits_{program}", pythons[program], folder, limit)
                own = measured(whole, program, cases, folder, answer)
                fits.extend(own)
                versions.setdefault(program, {}).update(answer.get("versions", {}))
                print("  ".join(row(f"{whole.name}, {whole.resolution:g} A", own).values()), flush=True)
        records = {"versions": versions, "fits": [asdict(fit) for fit in fits]}
        (results / f"{chosen.name}.json").write_text(json.dumps(records, indent=1))
    used = [f"- {name}: {', '.join(f'{k} {v}' for k, v in found.items())}" for name, found in versions.items()]
    failed = [
        f"- {f.program} failed on {f.complex}, chain {f.chain}, pose {f.pose}: {f.error}" for f in fits if f.error
    ]
    heading = f"{datetime.now():%Y-%m-%d}, {machine()}, one thread each, {chosen.poses} poses of each chain"
    text = "\n".join([heading, "", *used, "", markdown(table(fits)), "", *failed])
    (results / f"{chosen.name}.md").write_text(text)
    print(f"\n{text}\nsaved: benchmarks/results/{chosen.name}.md and .json")


if __name__ == "__main__":
    main()
