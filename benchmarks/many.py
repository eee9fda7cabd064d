"""Distances between all pairs of 80 volumes at 32^3, minimised over rotations and shifts: time and accuracy.

``python benchmarks/many.py`` makes two sets: mixtures of the four volumes of a submission to the Heterogeneity
Challenge, and the phantom with its hinge rotated by 0 to 40 degrees, each in a random pose. A random sample of pairs is
also aligned pair by pair, by ``botalign.align`` with the same loss. The excess of a distance is measured from the lower
of two distances: that at the pose of this alignment, and that at the nearest local minimum.
"""

import argparse
import json
import time
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

import botalign
from accuracy import as_map, markdown
from botalign.alignment.survey import survey
from botalign.pairwise.pose_distance import pose_distance
from botalign.pairwise.prepared_maps import prepare_map, sampling_box
from botalign.threads import one_blas_thread
from conformations import random_motion
from maps import data_folder
from poses import transformed
from report import machine

SIZE = 32
#: Voxel size and resolution of the phantom in angstrom, and largest rotation of its hinge in degrees.
VOXEL, RESOLUTION, HINGE = 4.0, 12.0, 40.0


def mixtures(count: int, seed: int) -> list[botalign.DensityMap]:
    """Mix the four volumes with random weights, of which one or two usually dominate."""
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
    """Rotate the hinge of the phantom by random angles."""
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
    """Return the relative excess of distances over those of pairs aligned by themselves, and seconds per pair."""
    surveys = [survey(each) for each in maps]
    wemd = table.metric == "wemd"
    box = sampling_box(surveys, size=SIZE, contour=wemd, unit_mass=wemd)
    prepared = [prepare_map(each, box) for each in surveys]
    distance = pose_distance(table.metric, box, wavelet="sym3", scales=6)
    found, seconds = [], 0.0
    for i, j in pairs:
        began = time.process_time()
        transform = botalign.align(maps[i], maps[j], loss=table.metric, hand="keep").moving_to_fixed
        seconds += time.process_time() - began
        with one_blas_thread():
            start = distance.point(prepared[i], prepared[j], transform)
            alone = min(start.value, distance.lowered(start).value)
        found.append(table.distances[i, j] / alone - 1)
    return np.array(found), seconds / len(pairs)


def closing_errors(transforms: np.ndarray) -> np.ndarray:
    """Return the closing errors in degrees of all cycles of three transforms; ``transforms`` is (n, n, 3, 4)."""
    rotations, found = transforms[..., :3], []
    for i, j in np.array(np.triu_indices(len(rotations), 1)).T:
        others = [each for each in range(len(rotations)) if each not in (i, j)]
        indirect = rotations[i, others] @ rotations[others, j]
        found.append(Rotation.from_matrix(indirect @ rotations[i, j].T).magnitude())
    return np.degrees(np.concatenate(found))


def main() -> None:
    """Parse the command line, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default=",".join(SETS), help="names, separated by commas")
    parser.add_argument("--metrics", default="l2,wemd", help="names, separated by commas")
    parser.add_argument("--count", type=int, default=80, help="volumes in each set")
    parser.add_argument("--sample", type=int, default=100, help="pairs that are also aligned by themselves")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--processes", type=int, help="instead of threads")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    rows = []
    for name in chosen.sets.split(","):
        maps = SETS[name](chosen.count, chosen.seed)
        every = np.array(np.triu_indices(chosen.count, 1)).T
        drawn = np.random.default_rng(chosen.seed).choice(every, min(chosen.sample, len(every)), replace=False)
        botalign.distances(maps[:3], over_rotations=True)  # compile before the measurement
        for metric in chosen.metrics.split(","):
            began, of_processor = time.perf_counter(), time.process_time()
            table = botalign.distances(
                maps, metric=metric, over_rotations=True, threads=chosen.threads, processes=chosen.processes
            )
            seconds, of_processor = time.perf_counter() - began, time.process_time() - of_processor
            above, alone = excesses(maps, table, [(int(i), int(j)) for i, j in drawn])
            row: dict[str, object] = {"set": name, "metric": metric, "pairs": len(every)}
            row["seconds"] = f"{seconds:.0f}"
            row["CPU seconds"] = f"{of_processor:.0f}" if not chosen.processes else "-"
            row["one pair alone"] = f"{alone:.2f}"
            row["worst excess"] = f"{100 * above.max():.3f} %"
            row["median"] = f"{100 * np.median(above):.3f} %"
            row["lower by 1 % or more"] = f"{np.count_nonzero(above < -0.01)}/{len(above)}"
            cycles = np.triu(table.open_cycles)
            row["cycles open"] = f"{int(cycles.sum())}/{4 * len(every)}"
            errors = closing_errors(table.transforms)
            row["cycles of three open by 5 degrees"] = f"{np.count_nonzero(errors > 5)}/{len(errors)}"
            row["by 180 degrees"] = f"{np.count_nonzero(errors > 175)}"
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
