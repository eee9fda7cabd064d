from dataclasses import replace

import numpy as np

import botalign
from botalign.models import content_identity


def test_the_identity_of_a_model_depends_on_all_that_a_stored_result_depends_on() -> None:
    points = np.arange(12.0).reshape(4, 3)
    model = botalign.Model(points, np.full(4, 6.0), ("A", "B"), "model", atom_chains=np.array([0, 0, 1, 1]))
    others = [
        replace(model, name="another"),
        replace(model, points=points + 1),
        replace(model, weights=np.full(4, 7.0)),
        replace(model, chains=("A", "C")),
        replace(model, chains=("AB", "")),
        replace(model, atom_chains=np.array([0, 1, 1, 1])),
        replace(model, atom_chains=None),
    ]
    assert content_identity(replace(model)) == content_identity(model)
    assert len({str(content_identity(each)) for each in (model, *others)}) == 1 + len(others)


def test_the_identity_of_a_map_depends_on_all_that_a_stored_result_depends_on() -> None:
    density_map = botalign.phantom(8)
    moved = botalign.Grid(density_map.grid.shape, density_map.grid.voxel_size_angstrom, (1.0, 0.0, 0.0))
    others = [
        replace(density_map, name="another"),
        density_map.with_data(2 * density_map.data),
        replace(density_map, grid=moved),
    ]
    assert content_identity(replace(density_map)) == content_identity(density_map)
    assert len({str(content_identity(each)) for each in (density_map, *others)}) == 1 + len(others)
