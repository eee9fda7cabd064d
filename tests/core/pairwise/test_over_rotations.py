import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import botalign
from botalign.alignment.descent import stepped
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.rounds import search_hands
from botalign.alignment.survey import survey
from botalign.geometry import compose, geodesic_degrees, inverse
from botalign.pairwise.options import DistanceOptions
from botalign.pairwise.over_rotations import choose_landmarks, landmark_transforms
from botalign.pairwise.pair_alignment import PairSettings, align_pair
from botalign.pairwise.prepared_maps import prepare_map, sampling_box

from .conftest import QUICK, Family

METRICS = ("l2", "wemd")


@pytest.fixture(scope="module")
def tables(six: Family) -> dict[str, botalign.DistanceTable]:
    return {
        metric: botalign.distances(six.maps, metric=metric, over_rotations=True, landmarks=2, **QUICK)
        for metric in METRICS
    }


# The wavelet distance depends on the positions of the voxels, which are few here.
@pytest.mark.parametrize(("metric", "floor", "spread"), [("l2", 0.05, 0.01), ("wemd", 0.5, 0.2)])
def test_distances_depend_on_the_conformation_and_not_on_the_pose(
    tables: dict[str, botalign.DistanceTable], metric: str, floor: float, spread: float
) -> None:
    d = tables[metric].distances
    copies = [d[i, i + 3] for i in range(3)]
    near = [d[i, j] for i in (0, 3) for j in (1, 4)] + [d[i, j] for i in (1, 4) for j in (2, 5)]
    far = [d[i, j] for i in (0, 3) for j in (2, 5)]
    assert max(copies) < floor * min(near)
    assert max(near) < min(far)
    assert np.ptp(far) < spread * min(far)


def test_extreme_densities_do_not_matter(six: Family) -> None:
    """Their squares are beyond single precision, which warned of an overflow."""
    large = [each.with_data(np.float32(1e20) * each.data) for each in six.maps[:3]]
    found, expected = (
        botalign.distances(maps, over_rotations=True, landmarks=2, **QUICK).distances for maps in (large, six.maps[:3])
    )
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_the_transforms_are_the_true_ones(tables: dict[str, botalign.DistanceTable], six: Family) -> None:
    transforms = tables["l2"].transforms
    assert transforms is not None
    for i in range(3):
        made = compose(six.poses[i], inverse(six.poses[i + 3]))
        assert geodesic_degrees(transforms[i, i + 3, :, :3], made[:, :3]) < 0.5
    for i, j in ((0, 1), (2, 4)):
        np.testing.assert_allclose(compose(transforms[i, j], transforms[j, i]), np.eye(3, 4), atol=1e-9)
    assert not tables["l2"].mirrored.any()


@pytest.mark.parametrize("metric", METRICS)
def test_distances_via_landmarks_are_as_low_as_those_of_searches(
    tables: dict[str, botalign.DistanceTable], six: Family, metric: str
) -> None:
    expected = botalign.distances([six.maps[1], six.maps[2]], metric=metric, over_rotations=True, landmarks=2, **QUICK)
    # The voxel size depends on the largest molecule of a set, so the two distances differ slightly.
    assert tables[metric].distances[1, 2] == pytest.approx(expected.distances[0, 1], rel=0.05)
    every = botalign.distances(six.maps[:4], metric=metric, over_rotations=True, landmarks=4, **QUICK)
    few = botalign.distances(six.maps[:4], metric=metric, over_rotations=True, landmarks=1, **QUICK)
    pairs = np.triu_indices(4, 1)
    assert (few.distances[pairs] <= 1.01 * every.distances[pairs]).all()


@pytest.mark.parametrize("workers", [{"threads": 3}, pytest.param({"processes": 2}, marks=pytest.mark.slow)])
def test_distances_do_not_depend_on_the_workers(
    tables: dict[str, botalign.DistanceTable], six: Family, workers: dict[str, int]
) -> None:
    table = botalign.distances(six.maps, metric="l2", over_rotations=True, landmarks=2, **QUICK, **workers)
    np.testing.assert_array_equal(table.distances, tables["l2"].distances)
    np.testing.assert_array_equal(table.transforms, tables["l2"].transforms)


@pytest.mark.slow
def test_distances_over_both_hands(make_family: Callable[..., Family]) -> None:
    four = make_family([0.0, 30.0, 0.0, 30.0], mirrored=(1, 2))
    plain = botalign.distances(four.maps, metric="l2", over_rotations=True, **QUICK)
    both = botalign.distances(four.maps, metric="l2", over_rotations=True, mirror=True, **QUICK)
    i, j = np.indices((4, 4))
    differ = np.isin(i, (1, 2)) != np.isin(j, (1, 2))
    np.testing.assert_array_equal(both.mirrored, differ)
    assert (both.distances[differ] < 0.9 * plain.distances[differ]).all()
    assert both.distances[0, 2] < 0.2 * both.distances[0, 1]
    assert both.open_cycles is not None
    assert both.open_cycles.max() <= 4  # of as many landmarks
    assert both.open_cycles[0, 2] == 0


def test_a_pair_is_searched_if_the_landmarks_disagree(six: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    searches = []

    def counted(problem: AlignmentProblem, **options: bool) -> Any:
        searches.append(problem)
        return search_hands(problem, **options)

    monkeypatch.setattr("botalign.pairwise.pair_alignment.search_hands", counted)
    surveys = [survey(each) for each in six.maps[:2]]
    box = sampling_box(surveys, size=20, contour=False, unit_mass=False)
    a, b = (prepare_map(each, box) for each in surveys)
    settings = PairSettings(DistanceOptions("l2", over_rotations=True, evaluations=60), box)
    found = align_pair(a, b, settings, (), mirrored=False)
    assert len(searches) == 1
    astray = [
        stepped(found.transform, np.array([*axis, 0, 0, 0]), a.centre, settings.box.voxel_angstrom)
        for axis in 2.5 * np.eye(3)
    ]
    again = align_pair(a, b, settings, [[each] for each in astray], mirrored=False)
    assert len(searches) == 2
    assert again.open_cycles >= 2
    assert again.distance == pytest.approx(found.distance, rel=1e-4)
    right = align_pair(a, b, settings, [[found.transform], [astray[1], found.transform], [astray[0]]], mirrored=False)
    assert (len(searches), right.open_cycles) == (2, 1)


def test_copies_have_no_open_cycles(six: Family) -> None:
    table = botalign.distances([six.maps[0]] * 3, metric="l2", over_rotations=True, **QUICK)
    assert table.open_cycles is not None
    assert not table.open_cycles.any()


def test_numpy_options_are_json_compatible() -> None:
    options = DistanceOptions(
        over_rotations=np.bool_(True), size=np.int64(32), seed=np.uint8(3), scales=np.int32(4), landmarks=np.int16(2)
    )
    assert json.loads(json.dumps(options.as_parameters()))["size"] == 32


def test_landmarks_are_evenly_spaced() -> None:
    assert choose_landmarks(80, 4) == [10, 30, 50, 70]
    assert choose_landmarks(3, 4) == [0, 1, 2]
    assert choose_landmarks(5, 1) == [2]


def test_transforms_via_a_landmark() -> None:
    rng = np.random.default_rng(0)
    poses = [np.column_stack([np.linalg.qr(rng.standard_normal((3, 3)))[0], rng.standard_normal(3)]) for _ in range(3)]
    poses = [np.column_stack([p[:, :3] * np.linalg.det(p[:, :3]), p[:, 3]]) for p in poses]
    transforms = np.array([[[compose(landmark, inverse(pose))] for pose in poses] for landmark in poses[:2]])
    found = landmark_transforms(transforms, 0, 2, mirrored=False)
    assert [len(over) for over in found] == [1, 1]
    for (transform,) in found:
        np.testing.assert_allclose(transform, compose(poses[0], inverse(poses[2])), atol=1e-12)
    assert landmark_transforms(transforms, 0, 2, mirrored=True) == [[], []]


def test_bad_input_is_refused(six: Family) -> None:
    small = botalign.DensityMap(six.maps[0].data, botalign.Grid(six.maps[0].grid.shape, (0.3,) * 3), "small")
    for maps, options, reason in (
        (six.maps[:1], {}, "maps: got 1, expected at least 2"),
        (six.maps[:2], {"metric": "emd"}, "metric: got 'emd', expected one of wemd, l2"),
        (six.maps[:2], {"normalise": "norm"}, "normalise: got 'norm'"),
        (six.maps[:2], {"size": 8}, "size: got 8, expected a whole number from 16 to 128"),
        (six.maps[:2], {"landmarks": 0}, "landmarks: got 0"),
        (six.maps[:2], {"seed": -1}, "seed: got -1"),
        (six.maps[:2], {"scales": 2.5}, "scales: got 2.5"),
        (
            six.maps[:2],
            {"metric": "l2", "scales": 4},
            "scales=4 cannot be combined with metric='l2': only wemd",
        ),
        (
            six.maps[:2],
            {"over_rotations": False, "mirror": True},
            "mirror=True has no effect without over_rotations=True",
        ),
        (
            six.maps[:2],
            {"over_rotations": False, "size": 48},
            "size=48 has no effect without over_rotations=True",
        ),
        ([six.maps[0], small], {}, "is the voxel size of one of them wrong"),
        (["nowhere.mrc", "never.mrc"], {}, "n(owhere|ever).mrc: no such file"),
    ):
        with pytest.raises(botalign.InputError, match=reason) as error:
            botalign.distances(maps, **({"over_rotations": True} | options))
        assert "\n" not in str(error.value)


def test_maps_on_different_scales_are_warned_about(six: Family) -> None:
    louder = six.maps[1].with_data(10 * six.maps[1].data)
    with pytest.warns(botalign.MapWarning, match="differ in scale by a factor of 10"):
        botalign.distances([six.maps[0], louder], metric="l2", over_rotations=True, **QUICK)


def test_messages_start_with_the_name_of_the_map(six: Family) -> None:
    flat = botalign.DensityMap(np.zeros_like(six.maps[0].data), six.maps[0].grid, "flat.mrc")
    with pytest.raises(botalign.InputError, match=r"^flat\.mrc: all densities are zero"):
        botalign.distances([flat, six.maps[0]], over_rotations=True)
