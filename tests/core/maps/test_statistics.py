import numpy as np
import pytest

from botalign.maps import DensityMap, Grid, describe


def test_summary_of_a_map() -> None:
    data = np.zeros((4, 5, 6), dtype=np.float32)
    data[0, 0, :3] = 1, -2, 4
    info = describe(DensityMap(data, Grid((4, 5, 6), (1.5, 2.0, 2.5)), name="m", labels=("l",)))
    assert (info.name, info.labels) == ("m", ("l",))
    assert info.size_angstrom == (9.0, 10.0, 10.0)
    assert (info.minimum, info.maximum) == (-2.0, 4.0)
    assert info.mean == pytest.approx(3 / 120)
    assert info.standard_deviation == pytest.approx(np.sqrt(21 / 120 - (3 / 120) ** 2))
    assert info.zero_fraction == pytest.approx(117 / 120)


def test_standard_deviation_is_precise_with_a_large_mean() -> None:
    data = (1000 + np.random.default_rng(0).standard_normal((30, 30, 30))).astype(np.float32)
    info = describe(DensityMap(data, Grid(data.shape)))
    assert info.standard_deviation == pytest.approx(data.astype(float).std(), rel=1e-6)
    assert info.mean == pytest.approx(data.astype(float).mean(), rel=1e-9)
