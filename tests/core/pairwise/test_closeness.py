"""The distance of two maps at a motion, and the motion nearby at which it is least."""

from collections.abc import Callable

import numpy as np
import pytest

import botalign
from botalign.alignment.survey import survey
from botalign.geometry import apply_transform, compose, geodesic_degrees, inverse
from botalign.pairwise.closeness import Closeness, closeness
from botalign.pairwise.members import (
    Member,
    frame_of,
    from_arrays,
    member,
    no_finer_than_needed,
    to_arrays,
)

from .conftest import Family

METRICS = ("l2", "wemd")
Prepared = tuple[Closeness, list[Member]]


def prepared(maps: list[botalign.DensityMap], metric: str) -> Prepared:
    surveys = [survey(each) for each in maps]
    frame = frame_of(surveys, size=24, contour=metric == "wemd", unit_mass=metric == "wemd")
    return closeness(metric, frame, wavelet="sym3", scales=6), [member(each, frame) for each in surveys]


@pytest.fixture(scope="module")
def pairs(six: Family) -> dict[str, Prepared]:
    return {metric: prepared(six.maps, metric) for metric in METRICS}


@pytest.mark.parametrize("metric", METRICS)
def test_exchanging_the_maps_changes_nothing(pairs: dict[str, Prepared], six: Family, metric: str) -> None:
    distance, members = pairs[metric]
    motion = compose(six.poses[0], inverse(six.poses[1]))
    assert distance.at(members[0], members[1], motion) == distance.at(members[1], members[0], inverse(motion))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("degrees", [4.0, 15.0])
def test_a_copy_is_found_from_nearby(pairs: dict[str, Prepared], six: Family, metric: str, degrees: float) -> None:
    distance, members = pairs[metric]
    a, b = members[0], members[3]  # the same conformation
    truth = compose(six.poses[0], inverse(six.poses[3]))
    start = distance.stepped(a, truth, np.array([*np.radians(degrees) * np.array([0.6, -0.64, 0.48]), 0.7, -0.5, 0.3]))
    (end,) = distance.refined(a, b, [start])
    assert geodesic_degrees(end[:, :3], truth[:, :3]) < 0.3
    assert np.linalg.norm(apply_transform(end, b.centre) - apply_transform(truth, b.centre)) < 0.3
    assert distance.at(a, b, end) < 0.02 * distance.norm(a.values)


@pytest.mark.parametrize("metric", METRICS)
def test_no_small_step_leads_lower(pairs: dict[str, Prepared], six: Family, metric: str) -> None:
    distance, members = pairs[metric]
    a, b = members[0], members[1]  # another conformation
    truth = compose(six.poses[0], inverse(six.poses[1]))
    (end,) = distance.refined(a, b, [truth])
    least = distance.at(a, b, end)
    assert least < 0.9 * distance.at(a, b, truth)  # the large domain alone isn't where the whole fits best
    for step in np.concatenate([np.eye(6), -np.eye(6)]) * np.array([0.02] * 3 + [0.2] * 3):
        assert distance.at(a, b, distance.stepped(a, end, step)) > 0.998 * least


@pytest.mark.parametrize("metric", METRICS)
def test_a_mirrored_copy_is_found_by_a_motion_that_mirrors(make_family: Callable[..., Family], metric: str) -> None:
    two = make_family([0.0, 0.0], mirrored=(1,))
    distance, (a, b) = prepared(two.maps, metric)
    truth = compose(two.poses[0], inverse(two.poses[1]))
    start = distance.stepped(a, truth, np.array([0.1, -0.1, 0.05, 0.5, 0.0, -0.5]))
    (end,) = distance.refined(a, b, [start])
    assert np.linalg.det(end[:, :3]) < 0
    assert geodesic_degrees(end[:, :3], truth[:, :3]) < 0.3


def test_l2_is_an_integral_over_space() -> None:
    """A Gaussian of height 1 and variance s^2 has the norm (pi s^2)^(3/4)."""
    grid = botalign.Grid.cube(48, 2.0, np.zeros(3))
    z, y, x = (np.exp(-(grid.axis_angstrom(axis) ** 2) / (2 * 9.0**2)) for axis in range(3))
    blob = botalign.DensityMap(np.einsum("i,j,k->ijk", z, y, x).astype(np.float32), grid)
    distance, (one,) = prepared([blob], "l2")
    smooth = 9.0**2 + distance.frame.sigma_angstrom**2
    expected = (9.0**2 / smooth) ** 1.5 * (np.pi * smooth) ** 0.75
    assert distance.norm(one.values) == pytest.approx(expected, rel=0.02)


def test_a_large_map_is_kept_no_finer_than_needed_and_in_a_file() -> None:
    fine = survey(botalign.phantom(80, voxel_size_angstrom=1.6, resolution_angstrom=8))
    kept = from_arrays(to_arrays(no_finer_than_needed(fine, size=20)), "a map")
    assert kept.density.data.nbytes < 0.2 * fine.density.data.nbytes
    assert kept.density.name == "a map"
    frame = frame_of([fine, kept], size=20, contour=True, unit_mass=True)
    whole, less = (member(each, frame).values for each in (fine, kept))
    assert np.abs(whole - less).max() < 0.02 * whole.max()
