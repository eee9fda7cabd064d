from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from botalign import DensityMap, InputError, align, phantom
from botalign.alignment.fitting import FitProblem
from botalign.alignment.half_maps import half_map_noise
from botalign.alignment.sampling import fit_problem
from botalign.alignment.survey import common_sigma_angstrom, survey
from botalign.alignment.uncertainty import Uncertainty, uncertainty
from botalign.alignment.wording import uncertainty_text
from botalign.geometry import apply_transform, compose, geodesic_degrees, inverse

SIZE, VOXEL = 40, 3.5
#: Voxels of the fits: no finer than the maps', coarser than the noise is correlated.
FIT_VOXEL = 4.0


def noisy(clean: DensityMap, sigma: float, rng: np.random.Generator, *, blur: float = 0.0) -> DensityMap:
    """Add noise of a standard deviation, as a fraction of the maximum; low-passed by a Gaussian of `blur` voxels."""
    noise = rng.standard_normal(clean.data.shape)
    if blur:
        noise = ndimage.gaussian_filter(noise, blur, mode="wrap")
        noise /= noise.std()
    return clean.with_data(clean.data + np.float32(sigma * clean.data.max()) * noise.astype(np.float32))


@pytest.fixture(scope="module")
def pair(there: np.ndarray) -> tuple[DensityMap, DensityMap, np.ndarray]:
    """A phantom, the same in another pose, and the transform from that to the first."""
    options = {"voxel_size_angstrom": VOXEL}
    return phantom(SIZE, **options), phantom(SIZE, transform=there, **options), inverse(there)


def fitted(first: DensityMap, second: DensityMap, start: np.ndarray) -> tuple[FitProblem, np.ndarray]:
    problem = fit_problem(survey(first), survey(second), voxel_angstrom=FIT_VOXEL)
    return problem, problem.solve(start)[0]


def errors(found: np.ndarray, truth: np.ndarray, centre: np.ndarray) -> tuple[float, float]:
    """Error of a pose: degrees, and angstrom at the centre."""
    left = compose(found, inverse(truth))
    return float(geodesic_degrees(left[:, :3], np.eye(3))), float(
        np.linalg.norm(apply_transform(left, centre) - centre)
    )


@pytest.mark.slow
@pytest.mark.parametrize(("sigma", "blur"), [(0.12, 0.0), (0.03, 1.5)])
def test_the_standard_error_is_the_spread_of_repeated_fits(
    pair: tuple[DensityMap, DensityMap, np.ndarray], sigma: float, blur: float
) -> None:
    first, second, truth = pair
    off, predicted, by_halves = [], [], []
    for repeat in range(100):
        rng = np.random.default_rng((repeat, 7))
        halves = [[noisy(clean, np.sqrt(2) * sigma, rng, blur=blur) for _ in range(2)] for clean in (first, second)]
        maps = [a.with_data((a.data + b.data) / 2) for a, b in halves]
        surveyed = [survey(each) for each in maps]
        problem = fit_problem(*surveyed, voxel_angstrom=FIT_VOXEL)
        found = problem.solve(truth)[0]
        off.append(errors(found, truth, problem.centre))
        estimates = [uncertainty(problem, found)]
        smoothing = common_sigma_angstrom(*surveyed, FIT_VOXEL)
        grids = problem.fixed_grid, problem.moving_grid
        noise = tuple(
            half_map_noise(*pair, grid, sigma_angstrom=smoothing) for pair, grid in zip(halves, grids, strict=True)
        )
        estimates.append(uncertainty(problem, found, noise=noise))
        for estimate, kept in zip(estimates, (predicted, by_halves), strict=True):
            kept.append((estimate.angle_degrees, estimate.shift_angstrom))
    spread = np.sqrt(np.mean(np.square(off), axis=0))
    for estimates in (predicted, by_halves):
        ratio = np.median(estimates, axis=0) / spread
        assert (ratio > 1 / 1.5).all(), (ratio, spread)
        assert (ratio < 1.5).all(), (ratio, spread)


def test_the_standard_error_grows_with_the_noise(pair: tuple[DensityMap, DensityMap, np.ndarray]) -> None:
    first, second, truth = pair
    angles, shifts = [], []
    for sigma in (0.0, 0.02, 0.04):
        rng = np.random.default_rng(0)
        problem, found = fitted(noisy(first, sigma, rng), noisy(second, sigma, rng), truth)
        estimate = uncertainty(problem, found)
        angles.append(estimate.angle_degrees)
        shifts.append(estimate.shift_angstrom)
    assert angles[0] < 0.1 * angles[1]
    assert shifts[0] < 0.1 * shifts[1]
    # Twice the noise is twice the error, as long as there is more signal.
    assert angles[2] / angles[1] == pytest.approx(2, rel=0.15)
    assert shifts[2] / shifts[1] == pytest.approx(2, rel=0.15)


def test_units_do_not_matter(pair: tuple[DensityMap, DensityMap, np.ndarray]) -> None:
    first, second, truth = pair
    rng = np.random.default_rng(1)
    a, b = noisy(first, 0.05, rng), noisy(second, 0.05, rng)
    plain = uncertainty(*fitted(a, b, truth))
    scaled = uncertainty(*fitted(a, b.with_data(1e-3 * b.data), truth))
    np.testing.assert_allclose(scaled.covariance, plain.covariance, rtol=0.02, atol=1e-4 * plain.covariance.max())


def test_correlated_noise_increases_the_standard_error(pair: tuple[DensityMap, DensityMap, np.ndarray]) -> None:
    # The same variance of the noise at the sampling of the fit, white or not.
    first, second, truth = pair
    estimates = []
    for blur, sigma in ((0.0, 0.1), (2.0, 0.02)):
        rng = np.random.default_rng(2)
        estimates.append(
            uncertainty(*fitted(noisy(first, sigma, rng, blur=blur), noisy(second, sigma, rng, blur=blur), truth))
        )
    white, smooth = estimates
    assert smooth.angle_degrees > white.angle_degrees
    assert smooth.shift_angstrom > white.shift_angstrom


def test_standard_errors_from_a_covariance() -> None:
    estimate = Uncertainty(np.diag([1.0, 4.0, 4.0, 9.0, 16.0, 0.0]))
    assert estimate.angle_degrees == pytest.approx(3)
    assert estimate.shift_angstrom == pytest.approx(5)


def test_noise_alone_determines_nothing(pair: tuple[DensityMap, DensityMap, np.ndarray]) -> None:
    first, second, truth = pair
    problem, found = fitted(first, second, truth)
    # The noise of the half maps equals that of the maps.
    shapes = problem.fixed_grid.shape, problem.moving_grid.shape
    rng = np.random.default_rng(3)
    noise = tuple(np.asarray(1e3 * rng.standard_normal(shape), dtype=np.float32) for shape in shapes)
    assert uncertainty(problem, found, noise=noise).angle_degrees == np.inf


def test_a_result_has_standard_errors_and_half_maps_count(pair: tuple[DensityMap, DensityMap, np.ndarray]) -> None:
    first, second, _ = pair
    rng = np.random.default_rng(3)
    halves = [tuple(noisy(clean, 0.1, rng) for _ in range(2)) for clean in (first, second)]
    maps = [a.with_data((a.data + b.data) / 2) for a, b in halves]
    options = {"hand": "keep", "evaluations": 60, "size": 24}
    plain = align(*maps, **options)
    halved = align(*maps, half_maps_fixed=halves[0], half_maps_moving=halves[1], **options)
    np.testing.assert_array_equal(plain.moving_to_fixed, halved.moving_to_fixed)
    for result in (plain, halved):
        assert 0.005 < result.uncertainty.angle_degrees < 1
        assert f"{result.uncertainty.angle_degrees:.3f} degrees" in result.to_text()
    # The only difference here is noise.
    assert halved.uncertainty.angle_degrees == pytest.approx(plain.uncertainty.angle_degrees, rel=0.4)
    assert align(*maps, refine=False, **options).uncertainty is None


def test_half_maps_of_one_map_only_are_refused(pair: tuple[DensityMap, DensityMap, np.ndarray]) -> None:
    first, second, _ = pair
    with pytest.raises(InputError, match=r"^half_maps_fixed: also needs half_maps_moving, because"):
        align(first, second, half_maps_fixed=(first, first))
    other = phantom(32, voxel_size_angstrom=VOXEL)
    with pytest.raises(InputError, match="have different grids"):
        align(first, second, half_maps_fixed=(first, other), half_maps_moving=(second, second))


def test_what_is_not_a_pair_of_half_maps_is_refused(pair: tuple[DensityMap, DensityMap, np.ndarray]) -> None:
    first, second, _ = pair
    rng = np.random.default_rng(3)
    halves = [tuple(noisy(clean, 0.1, rng) for _ in range(2)) for clean in (first, second)]
    twice = (halves[0][0], replace(halves[0][0], name="copy"))
    with pytest.raises(InputError, match=r"^half_maps_fixed: got DensityMap, expected two maps"):
        align(first, second, half_maps_fixed=first, half_maps_moving=second)  # type: ignore[arg-type]
    with pytest.raises(
        InputError, match=r"^half_maps_fixed: .* and copy are the same map, expected two independent half maps"
    ):
        align(first, second, half_maps_fixed=twice, half_maps_moving=halves[1])
    with pytest.raises(InputError, match=r"^half_maps_moving: .* is the whole map .*, expected one of its half maps"):
        align(first, second, half_maps_fixed=halves[0], half_maps_moving=(halves[1][0], second))


def test_maps_with_too_little_in_common_have_no_errors() -> None:
    nothing = Uncertainty(np.full((6, 6), np.inf))
    assert uncertainty_text(nothing) == "not estimated: the maps have too little in common"
    assert nothing.to_dict()["covariance"] is None
    assert np.isinf(Uncertainty.from_dict(nothing.to_dict()).covariance).all()
