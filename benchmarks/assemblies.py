"""Complexes from their parts: BOTalign's `assemble`, PowerFit's first ten fits, and ChimeraX's ``fitmap sequence``.

``python benchmarks/assemblies.py`` places all chains of the complexes in ``fits`` of the data folder together, from
random poses. ``--left-out`` leaves out each chain in turn: its density must be reported. ``--wrong`` adds
the chains of the next complex: none may be placed. ``--folder PATH`` adds complexes, as for ``fits.py``. ``--packed``
places the parts of artificial complexes instead; see ``assemblies_packed.py``. ``--resolution 20`` simulates the map
of each complex from its chains, as they are placed in the given one.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import assemblies_packed
import botalign
from accuracy import markdown
from environments import HERE, interpreter
from fits import (
    NEAR_ANGSTROM,
    RIGHT_ANGSTROM,
    Chain,
    Complex,
    identical,
    random_pose,
    read_complexes,
    rmsd,
    simulated,
    write_job,
)
from fits import run_chimerax as run_in_chimerax
from maps import Array, data_folder
from peers import run_worker
from report import machine

PROGRAMS = ("botalign", "powerfit", "sequence", "search")
NAMES = {
    "botalign": "BOTalign",
    "powerfit": "PowerFit, best of ten",
    "sequence": "fitmap sequence",
    "search": "fitmap search, then sequence",
}


@dataclass(frozen=True)
class Result:
    """What one program made of one complex."""

    complex: str
    program: str
    mode: str
    pose: int
    chains: int
    right: int
    near: int
    false: int
    errors: list[float]
    cpu_seconds: float
    unexplained: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--poses", type=int, default=1, metavar="N", help="random poses of all chains (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the poses (default: 0)")
    parser.add_argument("--folder", type=Path, action="append", default=[], help="a folder with more complexes")
    parser.add_argument("--only", action="store_true", help="only the complexes in --folder")
    parser.add_argument("--left-out", action="store_true", help="leave out each chain in turn (BOTalign only)")
    parser.add_argument("--wrong", action="store_true", help="add the chains of the next complex (BOTalign only)")
    parser.add_argument("--resolution", type=float, metavar="ANGSTROM", help="of a simulated map (BOTalign only)")
    parser.add_argument("--packed", action="store_true", help="artificial complexes, with noise (BOTalign only)")
    parser.add_argument("--programs", default="botalign,powerfit", help=f"any of {', '.join(PROGRAMS)}")
    parser.add_argument("--chimerax", default=os.environ.get("CHIMERAX"), help="executable (default: $CHIMERAX)")
    parser.add_argument("--threads", type=int, default=1, help="threads of BOTalign (default: 1)")
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds for one complex (default: 1800)")
    parser.add_argument("--name", default="assemblies", help="of the results, in benchmarks/results")
    chosen = parser.parse_args()
    chosen.programs = chosen.programs.split(",")
    if chosen.resolution is not None and not chosen.packed and chosen.programs != ["botalign"]:
        parser.error("--resolution needs --programs botalign")
    if unknown := set(chosen.programs) - set(PROGRAMS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; expected {', '.join(PROGRAMS)}")
    if {"sequence", "search"} & set(chosen.programs) and not chosen.chimerax:
        parser.error("fitmap needs --chimerax")
    return chosen


def errors_of(places: list[Array], start: Array, chain: Chain, truths: list[Array]) -> list[float]:
    """Return the error of each place of a chain that started from a pose, the smallest over all equal places."""
    moved = chain.positions @ start[:, :3].T + start[:, 3]
    expected = [chain.positions @ truth[:, :3].T + truth[:, 3] for truth in truths]
    return [min((rmsd(place, moved, each) for each in expected), default=np.inf) for place in places]


def distinct_chains(whole: Complex, omitted: str | None = None) -> list[tuple[str, int]]:
    """Return the distinct chains of a complex, without one, and how often it has each."""
    counts: dict[str, int] = {}
    for key, chain in whole.chains.items():
        if key != omitted:
            first = next((each for each in counts if identical(whole.chains[each], chain) is not None), key)
            counts[first] = counts.get(first, 0) + 1
    return list(counts.items())


def run_botalign(
    whole: Complex, others: Complex | None, omitted: str | None, pose: int, chosen: argparse.Namespace
) -> Result:
    """Assemble a complex, with the chains of another one added, or without one chain."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        density = botalign.read(whole.path) if chosen.resolution is None else simulated(whole)
    chains = [(whole.chains[key], whole.places[key], count) for key, count in distinct_chains(whole, omitted)]
    own = sum(count for _, _, count in chains)
    if others is not None:
        chains += [(others.chains[key], [], count) for key, count in distinct_chains(others)]
    starts, models = [], []
    for index, (chain, _, _) in enumerate(chains):
        start = random_pose(chain.positions, density, np.random.default_rng([chosen.seed, index, pose]))
        starts.append(start)
        models.append(botalign.read_model(chain.path).moved(start))
    counts = [count for _, _, count in chains]
    began = time.process_time()
    found = botalign.assemble(density, models, counts=counts, resolution=whole.resolution, threads=chosen.threads)
    seconds = time.process_time() - began
    errors = [
        errors_of([each.moving_to_fixed], starts[each.part], chains[each.part][0], chains[each.part][1])[0]
        for each in found.placed
    ]
    unexplained: dict[str, Any] = {"fraction": found.unexplained_fraction}
    if omitted is not None and found.regions:
        centre = whole.chains[omitted].positions.mean(axis=0)
        apart = np.linalg.norm(centre - np.array(found.regions[0].centre_angstrom))
        unexplained |= {"omitted": omitted, "centre_apart_angstrom": float(apart)}
    mode = "all" if omitted is None and others is None else "wrong" if omitted is None else "left out"
    return counted(whole, "botalign", mode, pose, own, errors, seconds, unexplained)


def counted(
    whole: Complex, program: str, mode: str, pose: int, chains: int, errors: list[float], seconds: float,
    unexplained: dict[str, Any] | None = None,
) -> Result:  # fmt: skip
    """Count right and false places."""
    found = np.array(errors)
    right, near = int((found < RIGHT_ANGSTROM).sum()), int((found < NEAR_ANGSTROM).sum())
    return Result(
        whole.name, program, mode, pose, chains, right, near, len(errors) - near, errors, seconds, unexplained or {}
    )


def run_other(whole: Complex, program: str, pose: int, chosen: argparse.Namespace) -> Result:
    """Run another program on all chains of a complex."""
    with tempfile.TemporaryDirectory(prefix="botalign-assemblies-") as name:
        folder = Path(name)
        cases = write_job(folder, whole, pose + 1, chosen.seed)
        kept = [index for index, (_, number) in enumerate(cases) if number == pose]
        job = json.loads((folder / "job.json").read_text())
        (folder / "job.json").write_text(json.dumps({"cases": [job["cases"][index] for index in kept]}))
        if program == "powerfit":
            answer = run_worker("assemblies_powerfit", interpreter("powerfit"), folder, chosen.timeout)
            answers = answer.get("answers", [])
            failure = next((each["error"] for each in [answer, *answers] if "error" in each), None)
            places = [each.get("places", []) for each in answers]
            seconds = sum(each.get("cpu_seconds", 0.0) for each in answers)
        else:
            answer = run_in_chimerax(
                chosen.chimerax, program, folder, chosen.timeout, worker="assemblies_chimerax_worker.py"
            )
            failure, places, seconds = answer.get("error"), answer.get("places", []), answer.get("cpu_seconds", 0.0)
        if failure is not None:
            return Result(whole.name, program, "all", pose, len(kept), 0, 0, 0, [], 0.0, error=failure)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            density = botalign.read(whole.path)
        errors = []
        for index, own in zip(kept, places, strict=True):
            key = cases[index][0]
            chain, number = whole.chains[key], list(whole.chains).index(key)
            start = random_pose(chain.positions, density, np.random.default_rng([chosen.seed, number, pose]))
            errors.append(min(errors_of([np.array(each) for each in own], start, chain, whole.places[key])))
        return counted(whole, program, "all", pose, len(kept), errors, seconds)


def row(name: str, results: list[Result]) -> dict[str, str]:
    """Return a row of the table."""
    apart = [each.unexplained["centre_apart_angstrom"] for each in results if "omitted" in each.unexplained]
    return {
        "complex": name,
        "program": NAMES[results[0].program],
        "run": results[0].mode,
        "runs": str(len(results)),
        "chains": str(sum(each.chains for each in results)),
        f"right (< {RIGHT_ANGSTROM:.0f} A)": str(sum(each.right for each in results)),
        f"< {NEAR_ANGSTROM:.0f} A": str(sum(each.near for each in results)),
        f"elsewhere (>= {NEAR_ANGSTROM:.0f} A)": str(sum(each.false for each in results)),
        "unexplained": f"{np.mean([each.unexplained.get('fraction', np.nan) for each in results]):.3f}",
        "region, A from the chain left out": f"{max(apart):.1f}" if apart else "-",
        "CPU seconds": f"{np.mean([each.cpu_seconds for each in results]):.0f}",
    }


def main() -> None:
    """Run the benchmark."""
    chosen = arguments()
    if chosen.packed:
        resolutions = assemblies_packed.RESOLUTIONS if chosen.resolution is None else (chosen.resolution,)
        assemblies_packed.run(chosen.seed, chosen.threads, HERE / "results" / f"{chosen.name}_packed.json", resolutions)
        return
    folders = [*([] if chosen.only else [data_folder() / "fits"]), *chosen.folder]
    complexes = [whole for folder in folders for whole in read_complexes(folder)]
    if chosen.resolution is not None:
        complexes = [replace(whole, resolution=chosen.resolution) for whole in complexes]
    results: list[Result] = []
    path = HERE / "results" / f"{chosen.name}.json"
    path.parent.mkdir(exist_ok=True)
    rows = []
    for whole, other in zip(complexes, [*complexes[1:], complexes[0]], strict=True):
        jobs = [(program, None, None) for program in chosen.programs]
        if chosen.wrong:
            jobs = [("botalign", other, None)]
        if chosen.left_out:
            jobs = [("botalign", None, key) for key in whole.chains]
        groups: dict[str, list[Result]] = {}
        for program, others, omitted in jobs:
            for pose in range(chosen.poses):
                if program == "botalign":
                    result = run_botalign(whole, others, omitted, pose, chosen)
                else:
                    result = run_other(whole, program, pose, chosen)
                results.append(result)
                groups.setdefault(program, []).append(result)
                print(result, file=sys.stderr, flush=True)
        rows += [row(f"{whole.name}, {whole.resolution:g} A", own) for own in groups.values()]
    path.write_text(json.dumps([asdict(each) for each in results], indent=1))
    text = markdown(rows)
    path.with_suffix(".md").write_text(f"{machine()}\n\n{text}\n")
    print(text)


if __name__ == "__main__":
    main()
