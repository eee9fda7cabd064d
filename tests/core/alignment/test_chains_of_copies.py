"""How much density a map has for each chain of each copy of a model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.alignment.chain_fits import fits_of_copies
from botalign.alignment.copy_records import Copies, Copy
from botalign.alignment.inputs import maps_of
from botalign.alignment.problem import AlignmentProblem
from botalign.geometry import apply_transform, compose, inverse, random_rotations
from botalign.scores import ChainFit

from ..globules import globule_in

RESOLUTION = 10.0
#: Where the chains are in the model, and the copies in the map.
CENTRES = {"A": (0.0, 0.0, 0.0), "B": (38.0, 0.0, 4.0), "C": (5.0, 36.0, -6.0)}
ROTATIONS = random_rotations(3, np.random.default_rng(3))
PLACES = [
    np.column_stack([rotation, shift])
    for rotation, shift in zip(ROTATIONS, [(0, 0, 0), (90, 10, 30), (10, 95, -20)], strict=True)
]
COPY = Copy(moving_to_fixed=np.eye(3, 4), correlation=0.9, probability=1e-5, verdict="certain", overlap=0.0)


def chain(name: str) -> np.ndarray:
    rng = np.random.default_rng(ord(name))
    points = globule_in(rng.uniform(14, 24, 3), rng, 220)
    return points - points.mean(axis=0)


def trimer(**moved: np.ndarray) -> botalign.Model:
    """Return a model of three chains, some at other centres."""
    centres = CENTRES | moved
    points = np.concatenate([chain(name) + centre for name, centre in centres.items()])
    owners = np.repeat([0, 1, 2], 220)
    return botalign.Model(points, np.full(len(points), 6.0), tuple(centres), "trimer", atom_chains=owners)


def whole_of(missing: tuple[tuple[int, str], ...] = ()) -> botalign.DensityMap:
    """Return the map of three copies without some of their chains."""
    points = [
        apply_transform(place, chain(name) + CENTRES[name])
        for number, place in enumerate(PLACES)
        for name in CENTRES
        if (number, name) not in missing
    ]
    joined = np.concatenate(points)
    return botalign.simulate(botalign.Model(joined, np.full(len(joined), 6.0)), RESOLUTION, voxel_size_angstrom=4.0)


def placed_in(whole: botalign.DensityMap, model: botalign.Model) -> botalign.Alignment:
    return botalign.align(whole, model, resolution=RESOLUTION, copies=3, hand="keep", threads=2)


def place_of(copy: Copy) -> int:
    """Return at which place a copy is."""
    apart = [float(np.linalg.norm(compose(inverse(place), copy.moving_to_fixed)[:, 3])) for place in PLACES]
    assert min(apart) < 5
    return int(np.argmin(apart))


@pytest.mark.slow
def test_the_chains_of_every_copy_are_compared(tmp_path: Path) -> None:
    result = placed_in(whole_of(missing=((1, "B"),)), trimer())
    assert result.copies is not None
    placed = result.copies.placed
    missing = [(place_of(copy), fit.name) for copy in placed for fit in copy.chain_fits if fit.is_missing]
    assert missing == [(1, "B")]
    assert all([fit.name for fit in copy.chain_fits] == ["A", "B", "C"] for copy in placed)
    assert result.chain_fits == placed[0].chain_fits
    number = 1 + [place_of(copy) for copy in placed].index(1)
    text = f"in copy {number}, the map has almost no density for chain B; leave it out there"
    assert result.missing_chains_text == text
    assert f"low density {text}" in " ".join(result.to_text().split())
    result.write(tmp_path / "r.json")
    again = botalign.Alignment.read(tmp_path / "r.json")
    assert again.copies is not None
    assert [copy.chain_fits for copy in again.copies.placed] == [copy.chain_fits for copy in placed]


def test_the_density_of_another_copy_is_not_that_of_a_chain() -> None:
    # Chain C of the first copy is where the map shows chain A of the second one.
    wrong = apply_transform(compose(inverse(PLACES[0]), PLACES[1]), np.zeros(3))
    model, whole = trimer(C=wrong), whole_of()
    options = botalign.AlignmentOptions(resolution=RESOLUTION, copies=3, hand="keep")
    problem = AlignmentProblem.of(*maps_of(whole, model, options), options, models=(None, model))
    copies = Copies(tuple(replace(COPY, moving_to_fixed=place) for place in PLACES), 3, 1 / 3, 0.9, 0.8, None)
    found = fits_of_copies(problem, copies)
    assert [[fit.is_missing for fit in copy.chain_fits] for copy in found.placed] == [[False, False, True]] * 3
    alone = replace(
        copies, placed=(copies.placed[0], *(replace(each, verdict="no match") for each in copies.placed[1:]))
    )
    first, *others = fits_of_copies(problem, alone).placed
    assert not first.chain_fits[2].is_missing
    assert [each.chain_fits for each in others] == [(), ()]


def test_copies_without_the_same_chains_are_named_together() -> None:
    def text(*missing: dict[str, float], verdict: str = "certain") -> str | None:
        """Return the text about copies; the verdict is that of the last one."""
        placed = [
            replace(COPY, chain_fits=tuple(ChainFit(name, each.get(name, 1.0)) for name in "ABC")) for each in missing
        ]
        placed[-1] = replace(
            placed[-1], verdict=verdict, chain_fits=() if verdict == "no match" else placed[-1].chain_fits
        )
        return Copies(tuple(placed), None, 1 / 3, 0.9, 0.8, None).missing_chains_text

    assert text({}, {}, {}, {}) is None
    assert text({"B": 0.1}, {}, {"B": 0.2}, {"A": 0.0, "C": 0.2}) == (
        "in copies 1 and 3, the map has only 15% of the density expected for chain B; leave it out there; "
        "in copy 4, the map has little or no density for chains A (0%) and C (20%); leave them out there"
    )
    low = {"B": 0.2}
    everywhere = "the map has only 20% of the density expected for chain B; move it in the model, or leave it out"
    assert text(low, low, low) == f"in all 3 copies, {everywhere}"
    assert text(low, low, {}, verdict="no match") == f"in all 2 copies, {everywhere}"
    assert text(low, {}, verdict="no match") == text(low) == everywhere
