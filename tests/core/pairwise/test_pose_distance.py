from collections.abc import Callable

import numpy as np
import pytest

import botalign
from botalign.alignment.descent import stepped
from botalign.alignment.survey import survey
from botalign.geometry import apply_transform, compose, geodesic_degrees, inverse
from botalign.pairwise.pose_distance import PoseDistance, pose_distance
from botalign.pairwise.prepared_maps import (
    PreparedMap,
    from_arrays,
    prepare_map,
    reduced,
    sampling_box,
    to_arrays,
)

from .conftest import Family

METRICS = ("l2", "wemd")
Prepared = tuple[PoseDistance, list[PreparedMap]]


def prepare(maps: list[botalign.DensityMap], metric: str) -> Prepared:
    surveys = [survey(each) for each in maps]
    box = sampling_box(surveys, size=24, contour=metric == "wemd", unit_mass=metric == "wemd")
    return pose_distance(metric, box, wavelet="sym3", scales=6), [prepare_map(each, box) for each in surveys]


@pytest.fixture(scope="module")
def pairs(six: Family) -> dict[str, Prepared]:
    return {metric: prepare(six.maps, metric) for metric in METRICS}


@pytest.mark.parametrize("metric", METRICS)
def test_exchanging_the_maps_does_not_change_the_distance(pairs: dict[str, Prepared], six: Family, metric: str) -> None:
    distance, prepared = pairs[metric]
    transform = compose(six.poses[0], inverse(six.poses[1]))
    assert distance.at(prepared[0], prepared[1], transform) == distance.at(prepared[1], prepared[0], inverse(transform))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("degrees", [4.0, 15.0])
def test_refinement_finds_a_copy_from_nearby(
    pairs: dict[str, Prepared], six: Family, metric: str, degrees: float
) -> None:
    distance, prepared = pairs[metric]
    a, b = prepared[0], prepared[3]  # the same conformation
    truth = compose(six.poses[0], inverse(six.poses[3]))
    step = np.array([*np.radians(degrees) * np.array([0.6, -0.64, 0.48]), 0.7, -0.5, 0.3])
    start = stepped(truth, step, a.centre, distance.box.voxel_angstrom)
    end = distance.refined(a, b, start).transform
    assert geodesic_degrees(end[:, :3], truth[:, :3]) < 0.3
    assert np.linalg.norm(apply_transform(end, b.centre) - apply_transform(truth, b.centre)) < 0.3
    assert distance.at(a, b, end) < 0.02 * distance.norm(a.values)


@pytest.mark.parametrize("metric", METRICS)
def test_refinement_ends_at_a_minimum(pairs: dict[str, Prepared], six: Family, metric: str) -> None:
    distance, prepared = pairs[metric]
    a, b = prepared[0], prepared[1]  # another conformation
    truth = compose(six.poses[0], inverse(six.poses[1]))
    end = distance.refined(a, b, truth).transform
    least = distance.at(a, b, end)
    assert least < 0.9 * distance.at(a, b, truth)  # the pose of the large domain is not that of the whole
    for step in np.concatenate([np.eye(6), -np.eye(6)]) * np.array([0.02] * 3 + [0.2] * 3):
        assert distance.at(a, b, stepped(end, step, a.centre, distance.box.voxel_angstrom)) > 0.998 * least


@pytest.mark.parametrize("metric", METRICS)
def test_refinement_finds_a_mirrored_copy(make_family: Callable[..., Family], metric: str) -> None:
    two = make_family([0.0, 0.0], mirrored=(1,))
    distance, (a, b) = prepare(two.maps, metric)
    truth = compose(two.poses[0], inverse(two.poses[1]))
    start = stepped(truth, np.array([0.1, -0.1, 0.05, 0.5, 0.0, -0.5]), a.centre, distance.box.voxel_angstrom)
    end = distance.refined(a, b, start).transform
    assert np.linalg.det(end[:, :3]) < 0
    assert geodesic_degrees(end[:, :3], truth[:, :3]) < 0.3


def test_l2_of_a_gaussian_in_closed_form() -> None:
    """The L2 norm of a Gaussian of height 1 and variance s^2 is (pi s^2)^(3/4)."""
    grid = botalign.Grid.cube(48, 2.0, np.zeros(3))
    z, y, x = (np.exp(-(grid.axis_angstrom(axis) ** 2) / (2 * 9.0**2)) for axis in range(3))
    blob = botalign.DensityMap(np.einsum("i,j,k->ijk", z, y, x).astype(np.float32), grid)
    distance, (one,) = prepare([blob], "l2")
    smooth = 9.0**2 + distance.box.sigma_angstrom**2
    expected = (9.0**2 / smooth) ** 1.5 * (np.pi * smooth) ** 0.75
    assert distance.norm(one.values) == pytest.approx(expected, rel=0.02)


def test_a_large_map_is_reduced_and_stored_as_arrays() -> None:
    fine = survey(botalign.phantom(80, voxel_size_angstrom=1.6, resolution_angstrom=8))
    kept = from_arrays(to_arrays(reduced(fine, size=20)), "a map")
    assert kept.density.data.nbytes < 0.2 * fine.density.data.nbytes
    assert kept.density.name == "a map"
    box = sampling_box([fine, kept], size=20, contour=True, unit_mass=True)
    whole, less = (prepare_map(each, box).values for each in (fine, kept))
    assert np.abs(whole - less).max() < 0.02 * whole.max()


def test_a_descent_that_cannot_end_below_a_distance_stops_early(pairs: dict[str, Prepared], six: Family) -> None:
    distance, prepared = pairs["wemd"]
    a, b = prepared[0], prepared[1]
    truth = compose(six.poses[0], inverse(six.poses[1]))
    start = distance.point(a, b, truth)
    end = distance.lowered(start)
    assert start.value == pytest.approx(distance.at(a, b, truth), rel=1e-6)
    assert distance.lowered(start, below=1.01 * end.value).transform.tolist() == end.transform.tolist()
    assert end.value < distance.lowered(start, below=0.5 * end.value).value <= start.value
