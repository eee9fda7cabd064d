"""Spread of the probabilities of chance of a part over its start poses: as one part, and among all its places.

``python benchmarks/place_chances.py`` searches the complexes in ``fits`` of the data folder for each of their chains,
from random poses, as ``align --partial`` and as ``assemble`` in its first round, and prints the smallest and the
largest probability. ``--absent`` searches for the chains of the other complexes instead, of which a tenth may have a
probability below 0.1, and so on. ``--folder PATH`` adds complexes, as for ``fits.py``. ``--resolution 20`` simulates
the map of each complex from its chains, and ``--noise 1`` adds noise that is as strong as the density.
"""

import argparse
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

import botalign
from assemblies import errors_of
from botalign.alignment.part_places import part_places
from botalign.alignment.shared_whole import SharedWhole
from botalign.complexes.found_places import problem_of
from botalign.progress import exhaust
from fits import NEAR_ANGSTROM, Chain, Complex, random_pose, read_complexes, simulated
from maps import Array, data_folder

LIMITS = (0.3, 0.1, 0.03, 0.01, 0.001)


def found(
    whole: SharedWhole, resolution: float, chain: Chain, start: Array, truths: list[Array]
) -> tuple[float, float, bool]:
    """Return the probabilities of the best place, as one part and among all places, and whether both are right."""
    model = botalign.read_model(chain.path).moved(start)
    alone = botalign.align(whole.density_map, model, partial=True, resolution=resolution, hand="keep", threads=1)
    best = exhaust(part_places(problem_of(whole, model, resolution))).places[0]
    errors = errors_of([alone.moving_to_fixed, best.moving_to_fixed], start, chain, truths)
    assert alone.probability is not None
    return alone.probability, best.probability, max(errors) < NEAR_ANGSTROM


def spread(probabilities: list[float]) -> str:
    """Return the smallest and the largest probability, and their ratio."""
    least, most = min(probabilities), max(probabilities)
    return f"{least:.2g} to {most:.2g} (ratio {most / least:.3g})"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--poses", type=int, default=5, metavar="N", help="random poses of each chain (default: 5)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the poses (default: 0)")
    parser.add_argument("--absent", action="store_true", help="search for the chains of the other complexes")
    parser.add_argument("--folder", type=Path, action="append", default=[], help="a folder with more complexes")
    parser.add_argument("--resolution", type=float, metavar="ANGSTROM", help="of a simulated map")
    parser.add_argument("--noise", type=float, default=0.0, help="of a simulated map (default: 0)")
    chosen = parser.parse_args()
    complexes = [whole for folder in (data_folder() / "fits", *chosen.folder) for whole in read_complexes(folder)]
    if chosen.resolution is not None:
        by_name = {whole.name: whole for whole in complexes}  # a complex may be there at two resolutions
        complexes = [replace(whole, resolution=chosen.resolution) for whole in by_name.values()]
    every: list[tuple[float, float]] = []
    for whole in complexes:
        if chosen.resolution is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                density = botalign.read(whole.path)
        else:
            density = simulated(whole, chosen.noise, chosen.seed)
        shared = SharedWhole.of(density, role="fixed")
        others = [each for each in complexes if each.name != whole.name] if chosen.absent else [whole]
        for chains_of in others:
            every += measured(shared, whole, chains_of, chosen.poses, chosen.seed)
    for name, column in zip(("as one part", "among all places"), np.array(every).T, strict=True):
        below = ", ".join(f"{(column < limit).sum()} below {limit:g}" for limit in LIMITS)
        print(f"{name}: {len(column)} searches, {below}")


def measured(
    shared: SharedWhole, whole: Complex, chains_of: Complex, poses: int, seed: int
) -> list[tuple[float, float]]:
    """Search a complex for the chains of a complex, and print a line for each of them."""
    density = shared.density_map
    every: list[tuple[float, float]] = []
    for index, (key, chain) in enumerate(chains_of.chains.items()):
        starts = [random_pose(chain.positions, density, np.random.default_rng([seed, index, n])) for n in range(poses)]
        truths = whole.places.get(key, []) if chains_of is whole else []
        try:
            results = [found(shared, whole.resolution, chain, start, truths) for start in starts]
        except botalign.InputError:  # the chain is larger than the complex
            continue
        alone, among = ([result[number] for result in results] for number in (0, 1))
        right = sum(result[2] for result in results)
        print(
            f"{whole.name}, chain {key} of {chains_of.name}: right {right} of {poses}; "
            f"as one part {spread(alone)}; among all places {spread(among)}",
            flush=True,
        )
        every += zip(alone, among, strict=True)
    return every


if __name__ == "__main__":
    main()
