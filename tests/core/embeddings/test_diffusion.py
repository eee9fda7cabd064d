from functools import partial

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import botalign
from botalign import InputError, diffusion_map
from botalign.embeddings import automatic_bandwidth, diffusion


def distances(points: np.ndarray) -> np.ndarray:
    return cdist(points, points)


def ring(angles: np.ndarray) -> np.ndarray:
    return np.column_stack([np.cos(angles), np.sin(angles)])


def even(count: int) -> np.ndarray:
    return 2 * np.pi * np.arange(count) / count


@pytest.mark.parametrize("dense", [1500, 0])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_an_even_ring_is_a_circle_with_the_eigenvalues_of_a_circulant_matrix(
    monkeypatch: pytest.MonkeyPatch, dense: int, alpha: float
) -> None:
    monkeypatch.setattr(diffusion, "DENSE", dense)
    count, width = 60, 0.3
    table = distances(ring(even(count)))
    found = diffusion_map(table, dimensions=4, bandwidth=width, alpha=alpha)
    np.testing.assert_allclose(np.hypot(*found.coordinates[:, :2].T), np.sqrt(2), rtol=1e-8)
    steps = np.unwrap(np.arctan2(*found.coordinates[:, :2].T))
    np.testing.assert_allclose(np.abs(np.diff(steps)), 2 * np.pi / count, rtol=1e-7)
    weights = np.exp(-(table[0, 1:] ** 2) / (2 * width**2))
    waves = [weights @ np.cos(k * even(count)[1:]) / weights.sum() for k in (1, 1, 2, 2)]
    np.testing.assert_allclose(found.eigenvalues, waves, rtol=1e-9)


def test_points_of_a_line_are_put_in_order() -> None:
    place = np.sort(np.random.default_rng(0).random(50))
    first = diffusion_map(distances(place[:, None]), dimensions=1).coordinates[:, 0]
    assert np.all(np.diff(first) > 0) or np.all(np.diff(first) < 0)


def test_two_groups_are_told_apart_by_the_first_coordinate() -> None:
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.normal(0, 1, (20, 3)), rng.normal(0, 1, (15, 3)) + 12])
    sides = np.sign(diffusion_map(distances(points)).coordinates[:, 0])
    assert len(set(sides[:20])) == len(set(sides[20:])) == 1
    assert sides[0] != sides[-1]


def test_the_density_of_the_maps_is_divided_out() -> None:
    # Three times as many points on one side as on the other.
    angles = even(600)
    crowded = angles + 0.5 * np.sin(angles)

    def unevenness(alpha: float) -> float:
        """How far the coordinates are from a mixture of the cosine and the sine of the true angle."""
        found = diffusion_map(distances(ring(crowded)), bandwidth=0.15, alpha=alpha).coordinates
        waves = ring(crowded)
        rest = found - waves @ np.linalg.lstsq(waves, found, rcond=None)[0]
        return float(np.sqrt((rest**2).mean()))

    assert unevenness(1.0) < 0.03
    assert unevenness(0.0) > 5 * unevenness(1.0)


def test_what_noise_adds_to_all_squared_distances_changes_nothing() -> None:
    table = distances(np.random.default_rng(2).random((40, 2)))
    noisy = np.sqrt(table**2 + 25.0)
    np.fill_diagonal(noisy, 0.0)
    plain, other = diffusion_map(table), diffusion_map(noisy)
    assert other.bandwidth == pytest.approx(plain.bandwidth, rel=1e-9)
    np.testing.assert_allclose(other.coordinates, plain.coordinates, atol=1e-8)


def test_time_shortens_the_coordinates_by_powers_of_the_eigenvalues() -> None:
    table = distances(np.random.default_rng(3).random((30, 2)))
    still, later = (diffusion_map(table, dimensions=3, time=time) for time in (0.0, 2.5))
    np.testing.assert_allclose(later.coordinates, still.coordinates * still.eigenvalues**2.5, rtol=1e-12)


def test_signs_scale_and_bits_are_the_same_each_time() -> None:
    table = distances(np.random.default_rng(4).random((50, 3)))
    found, again = (diffusion_map(table, dimensions=5) for _ in range(2))
    np.testing.assert_array_equal(found.coordinates, again.coordinates)
    farthest = np.abs(found.coordinates).argmax(axis=0)
    assert (found.coordinates[farthest, range(5)] > 0).all()
    assert np.all(np.diff(found.eigenvalues) <= 0)
    # In other units nothing changes but the bandwidth.
    scaled = diffusion_map(1e6 * table, dimensions=5)
    np.testing.assert_allclose(scaled.coordinates, found.coordinates, atol=1e-9)
    assert scaled.bandwidth == pytest.approx(1e6 * found.bandwidth)


def test_the_order_of_the_maps_does_not_matter() -> None:
    table = distances(np.random.default_rng(5).random((30, 2)))
    order = np.random.default_rng(6).permutation(30)
    shuffled = diffusion_map(table[np.ix_(order, order)]).coordinates
    np.testing.assert_allclose(shuffled, diffusion_map(table).coordinates[order], atol=1e-9)


def test_the_chosen_bandwidth_is_that_of_neighbours_but_leaves_no_group_alone() -> None:
    # On an even ring the smallest distance is also the longest edge; less it nothing is left, so the median decides.
    table = distances(ring(even(101)))
    apart = np.sqrt(np.maximum(table[0, 1:] ** 2 - table[0, 1] ** 2, 0))
    assert automatic_bandwidth(table) == pytest.approx(np.median(apart) / 5)
    # With a point far out it is the edge that holds this point.
    far = distances(np.concatenate([ring(even(101)), [[101.0, 0.0]]]))
    assert automatic_bandwidth(far) == pytest.approx(np.sqrt(100.0**2 - table[0, 1] ** 2) / 3)
    assert np.isfinite(diffusion_map(far).coordinates).all()


def test_every_bandwidth_gives_numbers_or_says_that_it_is_too_small() -> None:
    table = distances(np.concatenate([ring(even(20)), [[40.0, 0.0]]]))
    refused = 0
    for width in np.geomspace(0.01, 1e6, 120):
        try:
            assert np.isfinite(diffusion_map(table, bandwidth=width).coordinates).all()
        except InputError:
            refused += 1
    assert 0 < refused < 120


def test_identical_maps_lie_at_one_point() -> None:
    points = np.random.default_rng(7).random((20, 2))
    found = diffusion_map(distances(np.concatenate([points, points[:3]])), bandwidth=1.0).coordinates
    np.testing.assert_allclose(found[20:], found[:3], atol=0.05)


def test_it_says_what_it_is() -> None:
    table = distances(np.random.default_rng(8).random((12, 2)))
    assert repr(diffusion_map(table, bandwidth=0.5)) == "<DiffusionMap: 12 maps in 2 coordinates, bandwidth 0.5>"


SQUARE = distances(np.random.default_rng(9).random((6, 2)))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (SQUARE[:3], r"got shape \(3, 6\), expected a square table"),
        (SQUARE[:2, :2], "at least 3 maps"),
        (np.where(SQUARE.max() > SQUARE, SQUARE, np.nan), "2 of 36 entries are no finite numbers"),
        (-SQUARE, "expected none below 0"),
        (SQUARE + np.tri(6), "not symmetric"),
        (SQUARE + np.eye(6), "not symmetric with zeros"),
        (1 - np.eye(6), "all maps lie equally far"),
        (np.full((3, 3), "a"), "got values of type <U1, expected real numbers"),
        (1j * SQUARE, "got values of type complex128"),
        ([[0.0, 1.0], [1.0]], "expected a square table"),
    ],
)
def test_what_is_no_table_of_distances_is_refused(table: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        diffusion_map(table)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"dimensions": 0}, "dimensions: got 0, expected a whole number from 1 to 5"),
        ({"dimensions": 2.0}, "dimensions: got 2.0, expected a whole number"),
        ({"dimensions": 6}, "dimensions: got 6"),
        ({"alpha": 1.5}, "alpha: got 1.5"),
        ({"time": -1.0}, "time: got -1"),
        ({"bandwidth": 0.0}, "bandwidth: got 0"),
        ({"bandwidth": 1e-3}, "bandwidth: at 0.001 the maps fall into [2-6] groups"),
    ],
)
def test_options_out_of_range_are_refused(option: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        botalign.diffusion_map(SQUARE, **option)


def test_coordinates_that_do_not_come_out_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffusion, "DENSE", 0)
    monkeypatch.setattr(diffusion, "eigsh", partial(diffusion.eigsh, maxiter=1))
    line = distances(np.arange(400.0)[:, None])
    with pytest.raises(InputError, match="the first 2 coordinates of 400 maps can't be told from the next") as error:
        diffusion_map(line, bandwidth=0.5)
    assert "\n" not in str(error.value)
