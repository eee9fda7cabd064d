"""Chains that the invented complexes of ``copies.py`` do not show, counted in their maps: none may match.

Each line has the number of chains whose probability of chance is below some limits. If the probabilities are right, a
tenth of the chains is below 0.1, and so on.
"""

import argparse
import itertools

import numpy as np

import botalign
from copies import INVENTED, SETTINGS, invented, moved
from maps import data_folder


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", default="", help="of the invented complexes, with commas (default: all)")
    groups, limits = parser.parse_args().groups, (0.1, 0.01, 0.001)
    for (resolution, noise), (number, (path, group)) in itertools.product(SETTINGS, enumerate(INVENTED)):
        if groups and group not in groups.split(","):
            continue
        case = invented(path, group, resolution, noise, number)
        probabilities = []
        for index, other in enumerate(sorted({each for each, _ in INVENTED} - {path})):
            part, _ = moved(botalign.read_model(data_folder() / other), np.random.default_rng([number, index]))
            options = {"resolution": resolution, "copies": "auto", "hand": "keep", "threads": 1}
            try:
                found = botalign.align(case.whole, part, **options).copies
            except botalign.InputError:  # the chain is larger than the complex
                continue
            assert found is not None
            probabilities.append(min(copy.probability for copy in found.placed))
        below = ", ".join(f"{sum(each < limit for each in probabilities)} below {limit:g}" for limit in limits)
        print(f"{case.name}: {len(probabilities)} chains, {below}", flush=True)


if __name__ == "__main__":
    main()
