"""Rankings in maps of the wrong hand: whether it is noticed, and what the test of the hand takes.

``python benchmarks/wrong_hand.py`` ranks the chains of the two complexes in ``fits`` of the data folder, other
structures and fragments, all from random poses: in the map of each complex all of them, and in its mirror image all of
them, the chains of the complex alone, and all others alone. The hand is tested only if nothing matches.
"""

import argparse

import numpy as np

import botalign
from maps import data_folder
from ranking import COMPLEXES, chains, decoys, in_random_pose, processor_seconds, table
from report import machine


def hand(seed: int) -> None:
    """Rank models in the maps of both complexes and in their mirror images."""
    rows = []
    models = {name: each for name, each in {**chains(), **decoys()}.items() if "mirrored" not in name}
    for name, (resolution, _) in COMPLEXES.items():
        rng = np.random.default_rng(seed)
        fixed = botalign.read(data_folder() / "fits" / name / f"{name}_{resolution:g}.mrc")
        mirrored_map = fixed.with_data(fixed.data[::-1])
        of_complex = [key for key in models if key.startswith(f"{name}.")]
        others = [key for key in models if key not in of_complex]
        for what, density_map, keys in (
            ("mirrored, all models", mirrored_map, [*models]),
            ("mirrored, chains", mirrored_map, of_complex),
            ("mirrored, other models", mirrored_map, others),
            ("as given, all models", fixed, [*models]),
        ):
            given = [in_random_pose(models[key], key, rng) for key in keys]
            used, ranking = timed_stages(density_map, given, resolution)
            rows.append(
                [
                    name, what, len(given), len(ranking.matches), ranking.matches_mirrored or "none",
                    f"{used['models']:.1f}", f"{used.get('mirrored', 0.0):.1f}",
                ]
            )  # fmt: skip
            print(*rows[-1], sep="  ", flush=True)
    header = (
        "complex", "map and models", "models", "matches", "mirror image", "seconds for models", "for mirror images"
    )  # fmt: skip
    print(table(header, rows))


def timed_stages(
    fixed: botalign.DensityMap, models: list[botalign.Model], resolution: float
) -> tuple[dict[str, float], botalign.Ranking]:
    """Rank models with one thread; return the processor seconds of each stage, and the ranking."""
    options, execution = botalign.RankOptions(resolution=resolution), botalign.Execution(threads=1)
    steps, used, began = botalign.rank_steps(fixed, models, options, execution), {}, processor_seconds()
    try:
        while True:
            stage = next(steps).stage
            now = processor_seconds()
            used[stage], began = used.get(stage, 0.0) + now - began, now
    except StopIteration as end:
        return used, end.value


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="seed of the poses (default: 0)")
    print(machine())
    hand(parser.parse_args().seed)


if __name__ == "__main__":
    main()
