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


def uniform(count: int) -> np.ndarray:
    return 2 * np.pi * np.arange(count) / count


@pytest.mark.parametrize("dense", [1500, 0])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_a_uniform_ring_is_a_circle_with_the_eigenvalues_of_a_circulant_matrix(
    monkeypatch: pytest.MonkeyPatch, dense: int, alpha: float
) -> None:
    monkeypatch.setattr(diffusion, "DENSE", dense)
    count, width = 60, 0.3
    table = distances(ring(uniform(count)))
    found = diffusion_map(table, dimensions=4, bandwidth=width, alpha=alpha)
    np.testing.assert_allclose(np.hypot(*found.coordinates[:, :2].T), np.sqrt(2), rtol=1e-8)
    steps = np.unwrap(np.arctan2(*found.coordinates[:, :2].T))
    np.testing.assert_allclose(np.abs(np.diff(steps)), 2 * np.pi / count, rtol=1e-7)
    weights = np.exp(-(table[0, 1:] ** 2) / (2 * width**2))
    waves = [weights @ np.cos(k * uniform(count)[1:]) / weights.sum() for k in (1, 1, 2, 2)]
    np.testing.assert_allclose(found.eigenvalues, waves, rtol=1e-9)


def test_points_on_a_line_are_ordered() -> None:
    place = np.sort(np.random.default_rng(0).random(50))
    first = diffusion_map(distances(place[:, None]), dimensions=1).coordinates[:, 0]
    assert np.all(np.diff(first) > 0) or np.all(np.diff(first) < 0)


def test_the_first_coordinate_separates_two_groups() -> None:
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.normal(0, 1, (20, 3)), rng.normal(0, 1, (15, 3)) + 12])
    sides = np.sign(diffusion_map(distances(points)).coordinates[:, 0])
    assert len(set(sides[:20])) == len(set(sides[20:])) == 1
    assert sides[0] != sides[-1]


def test_the_density_of_the_maps_is_divided_out() -> None:
    # Three times as many points on one side as on the other.
    angles = uniform(600)
    crowded = angles + 0.5 * np.sin(angles)

    def unevenness(alpha: float) -> float:
        """Return the deviation of the coordinates from a combination of cosine and sine of the true angle."""
        found = diffusion_map(distances(ring(crowded)), bandwidth=0.15, alpha=alpha).coordinates
        waves = ring(crowded)
        rest = found - waves @ np.linalg.lstsq(waves, found, rcond=None)[0]
        return float(np.sqrt((rest**2).mean()))

    assert unevenness(1.0) < 0.03
    assert unevenness(0.0) > 5 * unevenness(1.0)


def test_a_constant_added_to_squared_distances_has_no_effect() -> None:
    table = distances(np.random.default_rng(2).random((40, 2)))
    noisy = np.sqrt(table**2 + 25.0)
    np.fill_diagonal(noisy, 0.0)
    plain, other = diffusion_map(table), diffusion_map(noisy)
    assert other.bandwidth == pytest.approx(plain.bandwidth, rel=1e-9)
    np.testing.assert_allclose(other.coordinates, plain.coordinates, atol=1e-8)


def test_time_scales_the_coordinates_by_powers_of_the_eigenvalues() -> None:
    table = distances(np.random.default_rng(3).random((30, 2)))
    still, later = (diffusion_map(table, dimensions=3, time=time) for time in (0.0, 2.5))
    np.testing.assert_allclose(later.coordinates, still.coordinates * still.eigenvalues**2.5, rtol=1e-12)


def test_the_result_is_reproducible_and_independent_of_the_unit() -> None:
    table = distances(np.random.default_rng(4).random((50, 3)))
    found, again = (diffusion_map(table, dimensions=5) for _ in range(2))
    np.testing.assert_array_equal(found.coordinates, again.coordinates)
    farthest = np.abs(found.coordinates).argmax(axis=0)
    assert (found.coordinates[farthest, range(5)] > 0).all()
    assert np.all(np.diff(found.eigenvalues) <= 0)
    # In other units only the bandwidth changes.
    scaled = diffusion_map(1e6 * table, dimensions=5)
    np.testing.assert_allclose(scaled.coordinates, found.coordinates, atol=1e-9)
    assert scaled.bandwidth == pytest.approx(1e6 * found.bandwidth)


def test_the_order_of_the_maps_does_not_matter() -> None:
    table = distances(np.random.default_rng(5).random((30, 2)))
    order = np.random.default_rng(6).permutation(30)
    shuffled = diffusion_map(table[np.ix_(order, order)]).coordinates
    np.testing.assert_allclose(shuffled, diffusion_map(table).coordinates[order], atol=1e-9)


def test_the_automatic_bandwidth_is_local_but_isolates_no_group() -> None:
    # On a uniform ring the longest edge is the smallest distance and becomes zero, so the median decides.
    table = distances(ring(uniform(101)))
    apart = np.sqrt(np.maximum(table[0, 1:] ** 2 - table[0, 1] ** 2, 0))
    assert automatic_bandwidth(table) == pytest.approx(np.median(apart) / 5)
    # With a distant point, the edge to this point decides.
    far = distances(np.concatenate([ring(uniform(101)), [[101.0, 0.0]]]))
    assert automatic_bandwidth(far) == pytest.approx(np.sqrt(100.0**2 - table[0, 1] ** 2) / 3)
    assert np.isfinite(diffusion_map(far).coordinates).all()


def test_every_bandwidth_gives_finite_coordinates_or_is_refused() -> None:
    table = distances(np.concatenate([ring(uniform(20)), [[40.0, 0.0]]]))
    refused = 0
    for width in np.geomspace(0.01, 1e6, 120):
        try:
            assert np.isfinite(diffusion_map(table, bandwidth=width).coordinates).all()
        except InputError:
            refused += 1
    assert 0 < refused < 120


def test_identical_maps_have_the_same_coordinates() -> None:
    points = np.random.default_rng(7).random((20, 2))
    found = diffusion_map(distances(np.concatenate([points, points[:3]])), bandwidth=1.0).coordinates
    np.testing.assert_allclose(found[20:], found[:3], atol=0.05)


def test_repr() -> None:
    table = distances(np.random.default_rng(8).random((12, 2)))
    assert repr(diffusion_map(table, bandwidth=0.5)) == "<DiffusionMap: 12 maps in 2 coordinates, bandwidth 0.5>"


SQUARE = distances(np.random.default_rng(9).random((6, 2)))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (SQUARE[:3], r"got an array of shape \(3, 6\), expected a square matrix"),
        (SQUARE[:2, :2], "at least 3 maps"),
        (np.where(SQUARE.max() > SQUARE, SQUARE, np.nan), "2 of 36 entries are NaN or infinite"),
        (-SQUARE, "expected none below 0"),
        (SQUARE + np.tri(6), "not symmetric"),
        (SQUARE + np.eye(6), "not symmetric with a zero diagonal"),
        (1 - np.eye(6), "all are equal, expected distances that differ"),
        (np.full((3, 3), "a"), "got values of type <U1, expected real numbers"),
        (1j * SQUARE, "got values of type complex128"),
        ([[0.0, 1.0], [1.0]], "expected a square matrix"),
    ],
)
def test_invalid_distances_are_refused(table: np.ndarray, message: str) -> None:
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
        ({"bandwidth": 1e-3}, "bandwidth: with 0.001, the maps fall into [2-6] separate groups"),
    ],
)
def test_options_out_of_range_are_refused(option: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        botalign.diffusion_map(SQUARE, **option)


def test_eigenvectors_that_do_not_converge_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffusion, "DENSE", 0)
    monkeypatch.setattr(diffusion, "eigsh", partial(diffusion.eigsh, maxiter=1))
    line = distances(np.arange(400.0)[:, None])
    with pytest.raises(
        InputError, match="the first 2 coordinates of the 400 maps cannot be computed reliably"
    ) as error:
        diffusion_map(line, bandwidth=0.5)
    assert "\n" not in str(error.value)
