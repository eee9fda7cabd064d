"""The chains of placed models."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

import botalign
from botalign.alignment.scale import Scale
from botalign.complexes import assembly_verdicts, residual
from botalign.complexes.assembler import Assembler
from botalign.complexes.assembly_verdicts import AssemblyVerdicts
from botalign.complexes.part_records import PlacedPart
from botalign.models import simulate

from .conftest import RESOLUTION, globule, pose, together

PLACES = [pose(1, (0, 0, 0)), pose(2, (70, 10, 30)), pose(3, (10, 75, -20))]


def dimer(shift: tuple[float, float, float]) -> botalign.Model:
    """Return a model of two chains, the second one at a place."""
    first, second = globule(1, "A").points, globule(2, "B").points + np.array(shift)
    owners = np.repeat([0, 1], [len(first), len(second)])
    points = np.concatenate([first, second])
    return botalign.Model(points, np.full(len(points), 6.0), ("A", "B"), "dimer", atom_chains=owners)


@pytest.fixture(scope="module")
def whole() -> botalign.DensityMap:
    """Three dimers, side by side."""
    placed = together(*(dimer((36, 0, 4)).moved(place) for place in PLACES))
    return botalign.simulate(placed, RESOLUTION, voxel_size_angstrom=4.0)


def test_the_chains_of_every_copy_are_compared_with_what_the_others_leave(
    whole: botalign.DensityMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated, of_verdicts = [], AssemblyVerdicts.placed

    def counted(*args: object, **kwargs: object) -> botalign.DensityMap:
        simulated.append(1)
        return simulate(*args, **kwargs)  # type: ignore[arg-type]

    def placed(self: AssemblyVerdicts) -> tuple[PlacedPart, ...]:
        monkeypatch.setattr(residual, "simulate", counted)
        return of_verdicts(self)

    monkeypatch.setattr(AssemblyVerdicts, "placed", placed)
    result = botalign.assemble(whole, [dimer((36, 0, 4))], resolution=RESOLUTION, counts=[3])
    assert len(result.placed) == 3
    for each in result.placed:
        assert [fit.name for fit in each.chain_fits] == ["A", "B"]
        assert min(fit.occupancy for fit in each.chain_fits) > 0.9
    assert result.missing_chains == []
    assert len(simulated) == 3  # each copy once, not once for every other copy
    # In ChimeraX, models are not read from a file, and keep the names of their chains.
    assert [each.chains for each in result.placed] == [{}, {}, {}]
    assert "\nchains" not in result.to_text()


def test_what_the_others_leave_is_computed_once_for_chains_and_scale(
    whole: botalign.DensityMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, ...]] = []
    of_assembler = Assembler.without_others

    def without_others(self: Assembler, numbers: Sequence[int]) -> Iterator[botalign.DensityMap]:
        asked.append(tuple(self.chosen[number].part for number in numbers))
        return of_assembler(self, numbers)

    monkeypatch.setattr(Assembler, "without_others", without_others)
    both = dimer((36, 0, 4))
    half = botalign.Model(both.points[:220], both.weights[:220], ("A",), "half", atom_chains=np.zeros(220, dtype=int))
    result = botalign.assemble(whole, [half, both], resolution=RESOLUTION, counts=[1, 2])
    assert [(each.name, len(each.chain_fits)) for each in result.placed] == [("half", 0), ("dimer", 2), ("dimer", 2)]
    # A part with one chain is compared too, because it measures the scale; one whose place is ambiguous is not.
    certain = [each.part for each in result.placed if each.verdict == "certain" or each.chain_fits]
    assert [sorted(each) for each in asked] == [certain]


def test_copies_of_a_part_measure_the_scale_once(whole: botalign.DensityMap, monkeypatch: pytest.MonkeyPatch) -> None:
    by_copies: Iterator[Scale | None] = iter([None, Scale(1.03, 0.006), Scale(1.03, 0.006)])
    monkeypatch.setattr(assembly_verdicts, "scale_at", lambda *args, **kwargs: next(by_copies))
    result = botalign.assemble(whole, [dimer((36, 0, 4))], resolution=RESOLUTION, counts=[3])
    assert [each.verdict for each in result.placed] == 3 * ["certain"]
    # The errors of copies at equivalent places are the same, so that those of a mean would be as large.
    assert result.scale == Scale(pytest.approx(1.03), pytest.approx(0.006))  # type: ignore[arg-type]


def test_what_each_part_leaves_is_the_map_minus_the_others(whole: botalign.DensityMap) -> None:
    assembler_parts = [dimer((36, 0, 4))] * 3
    bodies = [_Ball(np.array([18.0, 0.0, 2.0]), 60.0)] * 3
    given = (assembler_parts, bodies, PLACES)
    numbers = (2, 0)
    left = residual.remaining_densities(whole, *given, RESOLUTION, numbers)  # type: ignore[arg-type]
    for number, found in zip(numbers, left, strict=True):
        others = [[item for index, item in enumerate(each) if index != number] for each in given]
        expected = residual.remaining_density(whole, *others, RESOLUTION)  # type: ignore[arg-type]
        np.testing.assert_allclose(found.data, expected.data, atol=0.03 * float(whole.data.max()))


class _Ball:
    """A stand-in for the volume of a part: the atoms of a dimer are inside."""

    def __init__(self, centre: np.ndarray, radius: float) -> None:
        self.centre_angstrom, self.radius_angstrom = centre, radius
        self._points = dimer((36, 0, 4)).points

    def contains(self, points: np.ndarray) -> np.ndarray:
        apart = [np.linalg.norm(points - each, axis=1) for each in self._points[::8]]
        return np.asarray(np.min(apart, axis=0) < 8)
