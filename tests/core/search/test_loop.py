from collections.abc import Callable

import numpy as np
import pytest

from botalign import InputError
from botalign.geometry import geodesic_degrees, random_rotations
from botalign.search import Evaluation, Surrogate, search
from botalign.search.steepest import steepest_descent


def hidden(seed: int) -> np.ndarray:
    """Return the rotation that a search must find."""
    return random_rotations(1, np.random.default_rng((1, seed)))[0]


def distance_to(target: np.ndarray, scale: float = 1.0) -> Callable[[np.ndarray], float]:
    """Return a loss: the angle to a rotation."""
    return lambda rotation: scale * float(geodesic_degrees(rotation, target))


def run(loss: Callable[[np.ndarray], float], seed: int = 0, **options: object) -> list[Evaluation]:
    return list(search(loss, rng=np.random.default_rng(seed), **options))


def test_search_finds_a_hidden_rotation() -> None:
    ends = [run(distance_to(hidden(seed)), seed, evaluations=100)[-1].best_loss for seed in range(8)]
    assert max(ends) < 8
    assert np.median(ends) < 4


@pytest.mark.slow
def test_search_with_the_descent_of_pymanopt_finds_a_hidden_rotation() -> None:
    ends = [
        run(distance_to(hidden(seed)), seed, evaluations=100, starts=1, descend=steepest_descent)[-1].best_loss
        for seed in range(3)
    ]
    assert max(ends) < 12


def test_search_finds_the_deeper_of_two_minima() -> None:
    for seed in range(4):
        deep, shallow = hidden(seed), hidden(seed + 100)

        def loss(rotation: np.ndarray, deep: np.ndarray = deep, shallow: np.ndarray = shallow) -> float:
            near = np.radians([float(geodesic_degrees(rotation, well)) for well in (deep, shallow)])
            return 1 - float(np.exp(-(near**2)) @ [0.9, 0.6])

        last = run(loss, seed, evaluations=150)[-1]
        assert float(geodesic_degrees(last.best_rotation, deep)) < 10


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_search_does_not_depend_on_the_unit_of_the_loss(scale: float) -> None:
    target = hidden(3)
    plain, scaled = run(distance_to(target), evaluations=60), run(distance_to(target, scale), evaluations=60)
    # Rounding may change which descent is the lowest, so only the success must be the same.
    assert scaled[-1].best_loss / scale < max(10.0, 2 * plain[-1].best_loss)


def test_search_is_reproducible() -> None:
    first, second = (run(distance_to(hidden(0)), 5, evaluations=40) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.rotation, b.rotation)
        assert a.loss == b.loss


def test_search_depends_on_the_seed() -> None:
    first, second = (run(distance_to(hidden(0)), seed, evaluations=10) for seed in (1, 2))
    assert float(geodesic_degrees(first[-1].rotation, second[-1].rotation)) > 1e-3


def test_search_does_not_use_global_random_state() -> None:
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    run(distance_to(hidden(0)), evaluations=20)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("evaluations", [1, 2, 25])
def test_the_number_of_evaluations(evaluations: int) -> None:
    calls = []

    def loss(rotation: np.ndarray) -> float:
        calls.append(rotation)
        return 1.0 + rotation[0, 0]

    records = run(loss, evaluations=evaluations)
    assert [record.iteration for record in records] == list(range(1, evaluations + 1))
    assert len(calls) == evaluations
    for called, record in zip(calls, records, strict=True):
        np.testing.assert_array_equal(called, record.rotation)


def test_records_hold_the_best_evaluation() -> None:
    records = run(distance_to(hidden(2)), evaluations=50)
    losses = np.array([record.loss for record in records])
    np.testing.assert_array_equal([record.best_loss for record in records], np.minimum.accumulate(losses))
    for record in records:
        assert float(geodesic_degrees(record.best_rotation, hidden(2))) == record.best_loss
        assert float(geodesic_degrees(record.rotation, hidden(2))) == record.loss


def test_all_poses_are_rotations() -> None:
    for record in run(distance_to(hidden(1)), evaluations=60):
        np.testing.assert_allclose(record.rotation @ record.rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(record.rotation) == pytest.approx(1)


def test_the_first_rotations_are_the_initial_ones() -> None:
    np.testing.assert_array_equal(run(distance_to(hidden(0)), evaluations=1)[0].rotation, np.eye(3))
    given = random_rotations(3, np.random.default_rng(0))
    records = run(distance_to(hidden(0)), evaluations=5, initial=given)
    np.testing.assert_allclose([record.rotation for record in records[:3]], given, atol=1e-12)
    np.testing.assert_allclose(run(distance_to(hidden(0)), evaluations=2, initial=given)[1].rotation, given[1])


def test_more_initial_rotations_than_evaluations() -> None:
    given = random_rotations(5, np.random.default_rng(0))
    assert len(run(distance_to(hidden(0)), evaluations=2, initial=given)) == 2


@pytest.mark.parametrize("limit", [0.5, 10.0, 90.0, 180.0])
def test_a_local_search_stays_within_its_limit(limit: float) -> None:
    centre = hidden(4)
    far = random_rotations(1, np.random.default_rng(9))[0]
    records = run(distance_to(far), evaluations=40, initial=centre[None], within_degrees=limit)
    angles = geodesic_degrees(np.array([record.rotation for record in records]), centre)
    assert angles.max() <= limit + 1e-5
    assert angles.max() > 0.2 * limit


def test_a_local_search_reaches_the_best_rotation_within_its_limit() -> None:
    target = random_rotations(1, np.random.default_rng(9))[0]
    away = float(geodesic_degrees(target, np.eye(3)))
    assert away > 60
    last = run(distance_to(target), evaluations=80, within_degrees=40.0)[-1]
    assert last.best_loss == pytest.approx(away - 40, abs=5)


def test_search_can_be_closed_between_two_evaluations() -> None:
    calls = []
    steps = search(lambda rotation: float(calls.append(1) or 1.0), evaluations=50, rng=np.random.default_rng(0))
    for _ in range(3):
        next(steps)
    steps.close()
    assert len(calls) == 3
    with pytest.raises(StopIteration):
        next(steps)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_not_finite_is_an_error(bad: float) -> None:
    losses = iter([1.0, 0.9, bad])
    with pytest.raises(InputError, match=r"^loss: got -?(nan|inf) at evaluation 3, expected a finite number"):
        run(lambda rotation: next(losses), evaluations=5)


@pytest.mark.parametrize("evaluations", [0, -3])
def test_too_few_evaluations_are_an_error(evaluations: int) -> None:
    with pytest.raises(InputError, match=r"^evaluations: got"):
        run(distance_to(np.eye(3)), evaluations=evaluations)


def test_a_first_loss_of_zero() -> None:
    last = run(distance_to(np.eye(3)), evaluations=20)[-1]
    assert last.best_loss == 0
    np.testing.assert_array_equal(last.best_rotation, np.eye(3))


def test_search_explores_if_the_loss_is_constant() -> None:
    rotations = np.array([record.rotation for record in run(lambda rotation: 1.0, evaluations=100)])
    apart = geodesic_degrees(rotations[:, None], rotations[None]) + 180 * np.eye(100)
    assert np.median(apart.min(axis=1)) > 15
    assert np.abs(rotations.mean(axis=0)).max() < 0.25


def test_search_with_another_descent() -> None:
    starts = []

    def stay(surrogate: Surrogate, q: np.ndarray) -> tuple[np.ndarray, float]:
        starts.append(q)
        return q, surrogate.mean(q)

    run(distance_to(hidden(0)), evaluations=6, starts=3, descend=stay)
    assert len(starts) == 3 * 5
    np.testing.assert_allclose(np.linalg.norm(starts, axis=1), 1)
