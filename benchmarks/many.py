"""All pairs of two sets of 80 volumes at 32^3, minimised over rotations and shifts: how long, and how low.

``python benchmarks/many.py`` makes the sets: mixtures of the four volumes of a submission to the Heterogeneity
Challenge, and the phantom with its hinge turned by 0 to 40 degrees, each in a random pose. A random sample of pairs is
aligned one by one as well, by ``botalign.align`` with the same loss; an excess is by how much a distance is above the
one at that pose, or at the nearest minimum to it, whichever is lower.
"""

import argparse
import json
import time
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
from botalign.alignment.preparation import survey
from scipy.spatial.transform import Rotation

import botalign
from accuracy import as_map, markdown
from botalign.pairwise.pose_distance import pose_distance
from botalign.pairwise.prepared_maps import prepare_map, sampling_box
from botalign.threads import one_blas_thread
from conformations import random_motion
from maps import data_folder
from poses import transformed
from report import machine

SIZE = 32
#: Of the phantom: voxel and resolution in angstrom, and how far the hinge is turned at most.
VOXEL, RESOLUTION, HINGE = 4.0, 12.0, 40.0


def mixtures(count: int, seed: int) -> list[botalign.DensityMap]:
    """Mix the four volumes by random weights, most of it one or two of them."""
    rng = np.random.default_rng([seed, 1])
    files = sorted((data_folder() / "sets" / "hetchallenge_32").glob("*.mrc"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", botalign.MapWarning)
        volumes = [botalign.read(path).data.astype(np.float64) for path in files]
    found = []
    for number in range(count):
        weights = rng.dirichlet([0.5] * len(volumes))
        mixed = sum(weight * volume for weight, volume in zip(weights, volumes, strict=True))
        found.append(as_map(transformed(mixed, random_motion(SIZE, rng)), 1.0, f"mixture {number}"))
    return found


def hinges(count: int, seed: int) -> list[botalign.DensityMap]:
    """Turn the phantom's hinge by random angles."""
    rng = np.random.default_rng([seed, 2])
    found = []
    for number in range(count):
        turn, shift = Rotation.random(random_state=rng).as_matrix(), rng.uniform(-0.05, 0.05, 3) * SIZE * VOXEL
        made = botalign.phantom(
            SIZE, voxel_size_angstrom=VOXEL, resolution_angstrom=RESOLUTION, hinge_degrees=rng.uniform(0, HINGE),
            transform=np.column_stack([turn, shift]),
        )  # fmt: skip
        found.append(as_map(made.data, VOXEL, f"phantom {number}"))
    return found


SETS = {"mixtures": mixtures, "hinges": hinges}


def excesses(
    maps: list[botalign.DensityMap], table: botalign.DistanceTable, pairs: list[tuple[int, int]]
) -> tuple[np.ndarray, float]:
    """Return by how much distances are above those of pairs aligned alone, and the seconds that takes for a pair."""
    surveys = [survey(each) for each in maps]
    wemd = table.metric == "wemd"
    frame = sampling_box(surveys, size=SIZE, contour=wemd, unit_mass=wemd)
    members = [prepare_map(each, frame) for each in surveys]
    distance = pose_distance(table.metric, frame, wavelet="sym3", scales=6)
    found, seconds = [], 0.0
    for i, j in pairs:
        began = time.process_time()
        motion = botalign.align(maps[i], maps[j], loss=table.metric, hand="keep").moving_to_fixed
        seconds += time.process_time() - began
        with one_blas_thread():
            (lower,) = distance.refined(members[i], members[j], [motion])
            alone = min(distance.at(members[i], members[j], each) for each in (motion, lower))
        found.append(table.distances[i, j] / alone - 1)
    return np.array(found), seconds / len(pairs)


def missed(motions: np.ndarray) -> np.ndarray:
    """Return by how many degrees the way round every three maps misses the direct one. ``motions``: (N, N, 3, 4)."""
    turns, found = motions[..., :3], []
    for i, j in np.array(np.triu_indices(len(turns), 1)).T:
        others = [each for each in range(len(turns)) if each not in (i, j)]
        round_about = turns[i, others] @ turns[others, j]
        found.append(Rotation.from_matrix(round_about @ turns[i, j].T).magnitude())
    return np.degrees(np.concatenate(found))


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default=",".join(SETS), help="names, separated by commas")
    parser.add_argument("--metrics", default="l2,wemd", help="names, separated by commas")
    parser.add_argument("--count", type=int, default=80, help="volumes of a set")
    parser.add_argument("--sample", type=int, default=100, help="pairs that are aligned one by one too")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--processes", type=int, default=0, help="in place of threads")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    rows = []
    for name in chosen.sets.split(","):
        maps = SETS[name](chosen.count, chosen.seed)
        every = np.array(np.triu_indices(chosen.count, 1)).T
        drawn = np.random.default_rng(chosen.seed).choice(every, min(chosen.sample, len(every)), replace=False)
        botalign.distances(maps[:3], over_rotations=True)  # compiled now, and not while the clock runs
        for metric in chosen.metrics.split(","):
            began, of_processor = time.perf_counter(), time.process_time()
            table = botalign.distances(
                maps, metric=metric, over_rotations=True, threads=chosen.threads, processes=chosen.processes
            )
            seconds, of_processor = time.perf_counter() - began, time.process_time() - of_processor
            above, alone = excesses(maps, table, [(int(i), int(j)) for i, j in drawn])
            row: dict[str, object] = {"set": name, "metric": metric, "pairs": len(every)}
            row["seconds"] = f"{seconds:.0f}"
            row["of the processor"] = f"{of_processor:.0f}" if not chosen.processes else "-"
            row["one pair alone"] = f"{alone:.2f}"
            row["worst excess"] = f"{100 * above.max():.3f} %"
            row["median"] = f"{100 * np.median(above):.3f} %"
            row["lower by 1 % or more"] = f"{np.count_nonzero(above < -0.01)}/{len(above)}"
            cycles = np.triu(table.open_cycles)
            row["cycles open"] = f"{int(cycles.sum())}/{4 * len(every)}"
            around = missed(table.transforms)
            row["three maps miss by 5 degrees"] = f"{np.count_nonzero(around > 5)}/{len(around)}"
            row["by half a turn"] = f"{np.count_nonzero(around > 175)}"
            rows.append(row)
            print(row, flush=True)
    text = f"{datetime.now():%Y-%m-%d}, {machine()}, botalign {botalign.__version__}\n\n{markdown(rows)}\n"
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "many.md").write_text(text)
    (results / "many.json").write_text(json.dumps(rows, indent=1))
    print(text)


if __name__ == "__main__":
    main()
