"""Chains that symmetric maps do not show, searched for in these maps: none may match.

The maps are those of ``copies.py``: invented complexes, and EMD-1080 (D7). Each line has the number of chains whose
probability of chance is below some limits, and the probability of the chain that the map does show. If they are right,
a tenth of the other chains is below 0.1, and so on; the last line has the numbers of all maps. ``--alone`` searches for
one place of each chain, as a part, instead of for as many copies as the map shows, and ``--auto`` counts the copies. A
part that does not resemble the map at its best place has the probability 1, unless ``--every`` is given.
"""

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import botalign
from botalign.alignment.copy_verdict import CopyVerdicts
from botalign.geometry import point_group
from copies import INVENTED, SETTINGS, Case, groel, invented, moved
from maps import data_folder

LIMITS = (0.3, 0.1, 0.03, 0.01, 0.001)
#: The chain whose copies EMD-1080 shows, and its group.
GROEL = "structures/1oel_A.pdb", "D7"


def chains() -> list[str]:
    """Return the chains of the data folder."""
    folder = data_folder()
    found = [*folder.glob("fits/*/*.pdb"), *folder.glob("structures/*_A.pdb")]
    return sorted(str(each.relative_to(folder)) for each in found)


def cases(groups: list[str], resolutions: list[float]) -> Iterator[tuple[str, Case]]:
    """Yield the symmetric maps, each with the chain that it shows."""
    for (resolution, noise), (number, (path, group)) in itertools.product(SETTINGS, enumerate(INVENTED)):
        if group in groups and resolution in resolutions:
            yield path, invented(path, group, resolution, noise, number)
    if GROEL[1] in groups:
        yield GROEL[0], groel(0, cut=False)


def probability(case: Case, part: botalign.DensityMap | botalign.Model, how: str) -> float | None:
    """Return the smallest probability of a place of a part; None if the part is larger than the complex."""
    number = len(case.places) or len(point_group(case.group))
    options = {"alone": {"partial": True}, "auto": {"copies": "auto"}, "number": {"copies": number}}[how]
    try:
        found = botalign.align(case.whole, part, resolution=case.resolution, hand="keep", threads=1, **options)
    except botalign.InputError:
        return None
    if how != "alone":
        assert found.copies is not None
        return min(copy.probability for copy in found.copies.placed)
    assert found.part is not None
    return found.probability if found.part.role == "moving" else None


def moved_chain(path: str, seed: list[int]) -> botalign.Model:
    """Return a chain of the data folder in a random pose."""
    return moved(botalign.read_model(data_folder() / path), np.random.default_rng(seed))[0]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = [*(group for _, group in INVENTED), GROEL[1]]
    parser.add_argument("--groups", default=",".join(every), help="of the maps, with commas (default: all)")
    parser.add_argument(
        "--resolutions", default="10,20", help="of the invented complexes, with commas (default: 10,20)"
    )
    parser.add_argument("--poses", type=int, default=1, metavar="N", help="random poses of each chain (default: 1)")
    parser.add_argument("--every", action="store_true", help="count parts that do not resemble the map, too")
    search = parser.add_mutually_exclusive_group()
    search.add_argument(
        "--alone", dest="how", action="store_const", const="alone", help="search for one place of each chain"
    )
    search.add_argument("--auto", dest="how", action="store_const", const="auto", help="count the copies of each chain")
    parser.set_defaults(how="number")
    chosen = parser.parse_args()
    if chosen.every:
        CopyVerdicts._is_shown = lambda self: True
    resolutions = [float(each) for each in chosen.resolutions.split(",")]
    every: list[float] = []
    for number, (own, case) in enumerate(cases(chosen.groups.split(","), resolutions)):
        found = {
            (path, pose): probability(case, moved_chain(path, [number, index, pose]), chosen.how)
            for index, path in enumerate(chains())
            for pose in range(chosen.poses)
            if path != own
        }
        known = {name: each for name, each in found.items() if each is not None}
        every += known.values()
        name = min(known, key=lambda each: known[each])
        shown = probability(case, case.part, chosen.how)
        print(
            f"{case.name}: {counted(list(known.values()))}; smallest {known[name]:.2g} ({Path(name[0]).stem}); "
            f"of the chain shown {'unknown' if shown is None else f'{shown:.2g}'}",
            flush=True,
        )
    print(f"all: {counted(every)}")


def counted(probabilities: list[float]) -> str:
    """Return how many probabilities are below the limits."""
    below = (f"{sum(each < limit for each in probabilities)} below {limit:g}" for limit in LIMITS)
    return f"{len(probabilities)} chains, {', '.join(below)}"


if __name__ == "__main__":
    main()
