"""How much density the maps of complexes have for chains that are there, and for one chain at a wrong place.

``python benchmarks/missing_chains.py`` aligns the models of the complexes in ``fits`` of the data folder to their
simulated maps, near their places: as they are, with each chain in turn moved by 38 A, and with each chain in turn on
top of the next one. Models that follow the moved chain are left out. Noise is in standard deviations of the densities
above a tenth of the largest one.
"""

import argparse
from itertools import product

import numpy as np

import botalign
from botalign.scores import MISSING
from fits import Complex, read_complexes
from maps import Array, data_folder
from report import machine

SHIFT_ANGSTROM, FOLLOWED_ANGSTROM = 38.0, 5.0
RESOLUTIONS, NOISES = (8.0, 12.0, 20.0), (0.0, 1.0, 4.0)


def joined(chains: list[botalign.Model], shifts: dict[int, Array] | None = None) -> botalign.Model:
    """Return one model of several chains, some of them shifted."""
    points = [each.points + (shifts or {}).get(number, 0.0) for number, each in enumerate(chains)]
    numbers = np.repeat(np.arange(len(chains)), [len(each) for each in points])
    names = tuple(chr(65 + number) for number in range(len(chains)))
    weights = np.concatenate([each.weights for each in chains])
    return botalign.Model(np.concatenate(points), weights, names, "model", atom_chains=numbers)


def occupancies(density: botalign.DensityMap, model: botalign.Model, resolution: float) -> Array | None:
    """Return the occupancies of the chains after a fit that starts at the right place; None if it ends elsewhere.

    If the largest chain of a complex is moved, the whole model follows it: then the others are at a wrong place.
    """
    found = botalign.align(density, model, resolution=resolution, hand="keep", partial=False, local_degrees=5.0)
    if np.linalg.norm(found.shift_angstrom) > FOLLOWED_ANGSTROM:
        return None
    return np.array([each.occupancy for each in found.chain_fits])


def measured(whole: Complex, resolution: float, noise: float, rng: np.random.Generator) -> list[str]:
    """Return a row of the table."""
    chains = [botalign.read_model(chain.path) for chain in whole.chains.values()]
    right = joined(chains)
    clean = botalign.simulate(right, resolution, voxel_size_angstrom=resolution / 4)
    spread = float(clean.data[clean.data > 0.1 * clean.data.max()].std())
    density = clean.with_data(clean.data + rng.normal(0, noise * spread, clean.data.shape).astype(np.float32))
    of_right = occupancies(density, right, resolution)
    assert of_right is not None
    shown, elsewhere, on_top = list(of_right), [], []
    for number, each in enumerate(chains):
        direction = rng.normal(size=3)
        away = SHIFT_ANGSTROM * direction / np.linalg.norm(direction)
        onto = chains[(number + 1) % len(chains)].points.mean(axis=0) - each.points.mean(axis=0)
        for shift, wrong in ((away, elsewhere), (onto, on_top)):
            found = occupancies(density, joined(chains, {number: shift}), resolution)
            if found is None:
                continue
            wrong.append(found[number])
            shown += list(np.delete(found, [number, (number + 1) % len(chains)] if wrong is on_top else number))
    texts = [f"{min(shown):.2f}", f"{max(elsewhere):.2f}", f"{max(on_top):.2f}"]
    counts = [f"{sum(each < MISSING for each in values)} of {len(values)}" for values in (shown, elsewhere, on_top)]
    return [
        whole.name,
        f"{resolution:g}",
        f"{noise:g}",
        *(cell for both in zip(texts, counts, strict=True) for cell in both),
    ]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    rng = np.random.default_rng(parser.parse_args().seed)
    print(machine())
    print("| complex | A | noise | least there | missing | most elsewhere | missing | most on top | missing |")
    print("|" + " --- |" * 9)
    for whole, (resolution, noise) in product(read_complexes(data_folder() / "fits"), product(RESOLUTIONS, NOISES)):
        print(f"| {' | '.join(measured(whole, resolution, noise, rng))} |", flush=True)


if __name__ == "__main__":
    main()
