"""Whether a part is searched for again."""

from dataclasses import replace

import numpy as np
import pytest

import botalign
from botalign.alignment.overlap import Body
from botalign.alignment.shared_whole import SharedWhole
from botalign.arrays import dilated
from botalign.complexes.found_places import FoundPlaces, problem_of
from botalign.complexes.prospects import fits_better, has_density_for
from botalign.complexes.residual import density_outside, remaining_density
from botalign.geometry import apply_transform, compose, inverse, matrix_from_rotation_vector
from botalign.maps.resampling import grid_points
from botalign.progress import exhaust, map_steps

from .conftest import RESOLUTION, InventedComplex, globule, invented_at, together


def bodies_in(whole: botalign.DensityMap, parts: list[botalign.Model]) -> list[Body]:
    shared = SharedWhole.of(whole)
    return [FoundPlaces(problem_of(shared, part, RESOLUTION), 3.0, 1.0, ()).body for part in parts]


@pytest.mark.parametrize("fraction", [1e-6, 0.1, 0.3, 1.0])
def test_a_residual_has_density_for_a_part_that_is_missing(invented: InventedComplex, fraction: float) -> None:
    """The third part may have a fraction of the density of the others, as if many particles lacked it."""
    numbered = [(number, place) for number, own in enumerate(invented.places) for place in own]
    placed = [invented.parts[number].moved(place) for number, place in numbered]
    weak = replace(placed[-1], weights=fraction * placed[-1].weights)
    whole = botalign.simulate(together(*placed[:-1], weak), RESOLUTION, grid=invented.whole.grid)
    parts, poses = [invented.parts[number] for number, _ in numbered], [place for _, place in numbered]
    bodies = bodies_in(invented.whole, parts)
    rest = remaining_density(whole, parts[:-1], bodies[:-1], poses[:-1], RESOLUTION)
    outside = density_outside(whole, rest, bodies[:-1], poses[:-1], RESOLUTION)
    assert all(has_density_for(body, outside) == (fraction > 0.05) for body in bodies)
    if fraction > 0.05:
        rest = remaining_density(whole, parts, bodies, poses, RESOLUTION)
        outside = density_outside(whole, rest, bodies, poses, RESOLUTION)
        assert not any(has_density_for(body, outside) for body in bodies)


@pytest.mark.parametrize("unit", [1e-34, 1.0, 1e30])
def test_the_density_for_a_part_does_not_depend_on_the_unit(invented: InventedComplex, unit: float) -> None:
    body = bodies_in(invented.whole, invented.parts[:1])[0]
    whole = invented.whole.with_data(invented.whole.data * np.float32(unit))
    pose = invented.places[0][0]
    for fraction, expected in ((0.01, False), (1.0, True)):
        rest = whole.with_data(whole.data * np.float32(fraction))
        assert has_density_for(body, density_outside(whole, rest, [body], [pose], RESOLUTION)) == expected


def test_the_surface_of_the_placed_parts_is_not_outside(invented: InventedComplex) -> None:
    grid, pose = invented.whole.grid, invented.places[0][0]
    body = bodies_in(invented.whole, invented.parts[:1])[0]
    points = np.array(grid.origin_angstrom) + grid.voxel_size_angstrom[0] * grid_points(grid.shape)
    inside = (body.contains(apply_transform(inverse(pose), points)) > 0).reshape(grid.shape)
    ones = invented.whole.with_data(np.ones(grid.shape, dtype=np.float32))
    outside = density_outside(invented.whole, ones, [body], [pose], RESOLUTION).data > 0
    thickness = round(RESOLUTION / 4 / grid.voxel_size_angstrom[0])
    np.testing.assert_array_equal(outside, ~dilated(inside, thickness))
    assert thickness > 0


def test_if_the_placed_parts_enclose_no_voxel_there_may_be_density(invented: InventedComplex) -> None:
    body = bodies_in(invented.whole, invented.parts[:1])[0]
    away = np.column_stack([np.eye(3), [1e4, 0, 0]])
    assert has_density_for(body, density_outside(invented.whole, invented.whole, [body], [away], RESOLUTION))


def test_a_part_at_its_place_fits_better_without_its_neighbours() -> None:
    blurred = invented_at(20.0)
    others = together(*(blurred.parts[part].moved(place) for part in (0, 1) for place in blurred.places[part]))
    density = botalign.simulate(others, 20.0, grid=blurred.whole.grid).data
    rest = blurred.whole.with_data(blurred.whole.data - density)
    truth = blurred.places[2][0]
    found = FoundPlaces(problem_of(SharedWhole.of(blurred.whole), blurred.parts[2], 20.0), 6.0, 3.0, ())
    assert fits_better(found, truth, rest, truth)
    assert not fits_better(found, truth, blurred.whole, truth)
    centre = blurred.parts[2].points.mean(axis=0)
    turn = matrix_from_rotation_vector([0.0, 2.0, 0.0])
    wrong = compose(blurred.places[0][0], np.column_stack([turn, centre - turn @ centre]))
    assert not fits_better(found, wrong, rest, wrong)


def test_a_wrong_part_is_searched_for_once(invented: InventedComplex) -> None:
    records: list[botalign.Progress] = []
    parts = [globule(9, "wrong"), *invented.parts, globule(8, "other")]
    steps = botalign.assemble_steps(
        invented.whole, parts, botalign.AssemblyOptions(RESOLUTION), counts=[1, 1, 2, 1, 1]
    )  # fmt: skip
    found = exhaust(map_steps(steps, records.append))
    assert [each.name for each in found.unplaced] == ["wrong", "other"]
    assert {record.stage for record in records} == {"search", "refine together"}


def test_an_arrangement_of_wrong_parts_is_not_searched(invented: InventedComplex) -> None:
    """Without the third part, there is density, but no reason to search for two wrong ones again and again."""
    records: list[botalign.Progress] = []
    parts = [*invented.parts[:2], globule(9, "wrong"), globule(8, "other")]
    steps = botalign.assemble_steps(invented.whole, parts, botalign.AssemblyOptions(RESOLUTION), counts=[1, 2, 1, 1])
    found = exhaust(map_steps(steps, records.append))
    assert [each.name for each in found.unplaced] == ["wrong", "other"]
    assert {record.stage for record in records} == {"search", "search the rest", "refine together"}
