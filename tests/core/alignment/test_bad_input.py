import numpy as np
import pytest

from botalign import DensityMap, Grid, InputError, align, align_steps, contour_level, score


def refused(fixed: DensityMap, moving: DensityMap, message: str, **options: object) -> None:
    """Check that the error is one line that names what is wrong."""
    with pytest.raises(InputError, match=message) as caught:
        align(fixed, moving, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hand", "left"),
        ("hand", None),
        ("loss", "l3"),
        ("loss", None),
        ("preset", "papers"),
        ("size", 7),
        ("size", 129),
        ("size", 32.0),
        ("size", "32"),
        ("evaluations", 0),
        ("evaluations", 1.5),
        ("evaluations", True),
        ("seed", -1),
        ("seed", 0.5),
        ("seed", None),
        ("threads", 0),
        ("threads", None),
        ("local_degrees", 0),
        ("local_degrees", -5.0),
        ("local_degrees", 181),
        ("local_degrees", float("nan")),
        ("local_degrees", "10"),
        ("wavelet", "sim3"),
        ("wavelet", None),
        ("levels", 0),
        ("levels", 2.5),
        ("levels", "6"),
        ("start", np.eye(3)),
        ("start", 2 * np.eye(3, 4)),
        ("start", np.full((3, 4), np.nan)),
        ("start", "r.json"),
    ],
)
def test_an_option_out_of_range_is_named(name: str, value: object, fixed: DensityMap, moving: DensityMap) -> None:
    refused(fixed, moving, f"^{name}: ", **{name: value})


def test_an_option_that_does_not_exist_is_an_error(fixed: DensityMap, moving: DensityMap) -> None:
    with pytest.raises(TypeError, match="evaluation"):
        align(fixed, moving, evaluation=3)


def test_a_level_that_leaves_nothing_is_answered_by_one_that_does(fixed: DensityMap) -> None:
    with pytest.raises(InputError, match=r"0 voxels lie above the contour level 1e\+09") as caught:
        align(fixed, fixed, level_moving=1e9)
    suggested = float(str(caught.value).split()[-3])
    assert suggested == pytest.approx(contour_level(fixed), rel=1e-3)
    align_steps(fixed, fixed, level_moving=suggested, evaluations=1).send(None)


@pytest.mark.parametrize("value", [0.0, 3.5, -1.0])
def test_a_constant_map_holds_nothing(value: float, fixed: DensityMap) -> None:
    flat = DensityMap(np.full((16, 16, 16), value), Grid.cube(16, 9.0, np.zeros(3)), name="flat.mrc")
    what = "all zero" if value == 0 else "everywhere"
    refused(fixed, flat, f"^moving map flat.mrc: .*{what}")
    refused(flat, fixed, f"^fixed map flat.mrc: .*{what}")


@pytest.mark.parametrize("role", ["fixed", "moving"])
@pytest.mark.parametrize("excess", [1.0, 1000.0, float("inf"), float("nan")])
def test_a_level_that_nothing_lies_above_is_refused(
    role: str, excess: float, fixed: DensityMap, moving: DensityMap
) -> None:
    level = excess * float(fixed.data.max())
    refused(fixed, moving, f"^{role} map .*above the contour level", **{f"level_{role}": level})


@pytest.mark.parametrize("factor", [10.0, 25.0, 1e4])
def test_boxes_tenfold_apart_are_refused_either_way(factor: float, fixed: DensityMap) -> None:
    wide = DensityMap(fixed.data, Grid.cube(48, 3.0 * factor, np.zeros(3)), name="wide.mrc")
    refused(fixed, wide, "wide.mrc.*voxel size")
    refused(wide, fixed, "wide.mrc.*voxel size")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_is_refused(bad: float, fixed: DensityMap, moving: DensityMap) -> None:
    refused(fixed, moving, "^loss: got", loss=lambda rotated, still: bad, size=16)


def test_stepping_refuses_the_same(fixed: DensityMap, moving: DensityMap) -> None:
    with pytest.raises(InputError, match=r"^size: "):
        next(align_steps(fixed, moving, size=3))


def test_scoring_names_its_own_arguments(fixed: DensityMap) -> None:
    flat = fixed.with_data(np.zeros_like(fixed.data))
    with pytest.raises(InputError, match=r"^first map"):
        score(flat, fixed)
    with pytest.raises(InputError, match=r"^second map"):
        score(fixed, flat)
