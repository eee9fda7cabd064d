from functools import partial
from pathlib import Path

import numpy as np
import pytest

from botalign import (
    AlignmentOptions,
    DensityMap,
    Grid,
    InputError,
    align,
    align_steps,
    contour_level,
    difference,
    potential,
    projections,
    resample,
    score,
)
from botalign.maps import average


def refused(fixed: object, moving: object, message: str, **options: object) -> None:
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
        ("threads", 1.5),
        ("local_degrees", 0),
        ("local_degrees", -5.0),
        ("local_degrees", 181),
        ("local_degrees", float("nan")),
        ("local_degrees", "10"),
        ("wavelet", "sim3"),
        ("wavelet", None),
        ("scales", 0),
        ("scales", 2.5),
        ("scales", "6"),
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


def test_a_contour_level_that_leaves_nothing_is_answered_by_a_suggestion(fixed: DensityMap) -> None:
    with pytest.raises(InputError, match=r"0 voxels above the contour level 1e\+09") as caught:
        align(fixed, fixed, contour_level_moving=1e9)
    suggested = float(str(caught.value).split()[-3])
    assert suggested == pytest.approx(contour_level(fixed), rel=1e-3)
    next(align_steps(fixed, fixed, AlignmentOptions(contour_level_moving=suggested, evaluations=1)))


@pytest.mark.parametrize("value", [0.0, 3.5, -1.0])
def test_a_constant_map_is_refused(value: float, fixed: DensityMap) -> None:
    flat = DensityMap(np.full((16, 16, 16), value), Grid.cube(16, 9.0, np.zeros(3)), name="flat.mrc")
    what = f"all densities are {'zero' if value == 0 else format(value, 'g')}"
    refused(fixed, flat, f"^moving map flat.mrc: .*{what}")
    refused(flat, fixed, f"^fixed map flat.mrc: .*{what}")


@pytest.mark.parametrize("role", ["fixed", "moving"])
@pytest.mark.parametrize("excess", [1.0, 1000.0])
def test_a_contour_level_above_all_densities_is_refused(
    role: str, excess: float, fixed: DensityMap, moving: DensityMap
) -> None:
    level = excess * float(fixed.data.max())
    refused(fixed, moving, f"^{role} map .*above the contour level", **{f"contour_level_{role}": level})


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_contour_level_that_is_not_finite_is_refused(value: float, fixed: DensityMap) -> None:
    refused(fixed, fixed, "^contour_level_fixed: got .*, expected a number", contour_level_fixed=value)


@pytest.mark.parametrize("factor", [10.0, 25.0, 1e4])
def test_boxes_that_differ_tenfold_are_refused(factor: float, fixed: DensityMap) -> None:
    wide = DensityMap(fixed.data, Grid.cube(48, 3.0 * factor, np.zeros(3)), name="wide.mrc")
    refused(fixed, wide, "wide.mrc.*voxel size")
    refused(wide, fixed, "wide.mrc.*voxel size")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_is_refused(bad: float, fixed: DensityMap, moving: DensityMap) -> None:
    refused(fixed, moving, "^loss: got", loss=lambda rotated, still: bad, size=16)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"partial": True, "loss": "core"}, "^loss='core' cannot be combined with partial=True"),
        ({"partial": True, "loss": lambda u, v: 0.0}, "^loss=<lambda> cannot be combined with partial=True"),
        ({"partial": True, "preset": "paper"}, "^preset='paper' cannot be combined with partial=True"),
        ({"partial": True, "refine": False}, "^refine=False cannot be combined with partial=True"),
        ({"partial": True, "size": 48}, "^size=48 cannot be combined with partial=True"),
        ({"partial": True, "evaluations": 7}, "^evaluations=7 cannot be combined with partial=True"),
        ({"partial": True, "wavelet": "sym4"}, "^wavelet='sym4' cannot be combined with partial=True"),
        ({"partial": True, "scales": 3}, "^scales=3 cannot be combined with partial=True"),
        ({"preset": "paper", "loss": "core"}, "^loss='core' cannot be combined with preset='paper'"),
        ({"refine": False, "loss": "core"}, "^loss='core' cannot be combined with refine=False"),
        ({"loss": "l2", "wavelet": "sym4"}, "^wavelet='sym4' cannot be combined with loss='l2'"),
        ({"loss": lambda u, v: 0.0, "scales": 3}, "^scales=3 cannot be combined with loss=<lambda>"),
        ({"loss": partial(max), "scales": 3}, "^scales=3 cannot be combined with loss=function"),
    ],
)
def test_options_that_contradict_each_other(
    options: dict[str, object], message: str, fixed: DensityMap, moving: DensityMap
) -> None:
    refused(fixed, moving, message, **options)


def test_half_maps_and_a_single_mask_exclude_other_options(fixed: DensityMap, moving: DensityMap) -> None:
    halves = {
        f"half_maps_{role}": (each, each.with_data(2 * each.data))
        for role, each in (("fixed", fixed), ("moving", moving))
    }
    for options in ({"partial": True}, {"preset": "paper"}, {"refine": False}):
        refused(fixed, moving, "^half_maps_fixed cannot be combined with ", **halves, **options)
    mask = fixed.with_data(np.ones_like(fixed.data))
    what = "cannot be combined with mask_"
    refused(fixed, moving, f"^loss='l2' {what}", mask_fixed=mask, loss="l2")
    refused(fixed, moving, f"^preset='paper' {what}", mask_moving=mask, preset="paper")
    # With both masks no part is searched for, and default values are not contradictions.
    AlignmentOptions(mask_fixed=mask, mask_moving=mask, loss="l2", size=24)
    AlignmentOptions(partial=True, loss="wemd", size=32, evaluations=None, refine=True)


def test_what_is_not_a_map_is_refused(fixed: DensityMap, moving: DensityMap) -> None:
    path, array = "maps/a.mrc", fixed.data
    refused(path, moving, r"^fixed: got the path 'maps/a.mrc', expected a DensityMap; read a file with botalign.read")
    refused(fixed, Path(path), r"^moving: got the path 'maps/a.mrc'")
    refused(fixed, array, r"^moving: got an array of shape \(48, 48, 48\), .*botalign.DensityMap\(array, grid\)")
    refused(None, moving, "^fixed: got None")
    refused(fixed, moving, "^mask_fixed: got an array", mask_fixed=array)
    refused(
        fixed, moving, "^half_maps_moving: got the path", half_maps_fixed=(fixed,) * 2, half_maps_moving=(path,) * 2
    )
    for function in (score, potential, difference):
        with pytest.raises(InputError, match=r"^second: got the path 'maps/a.mrc'"):
            function(fixed, path)
    for use in (
        lambda: resample(array, np.eye(3, 4), fixed.grid),
        lambda: projections(array, 1),
        lambda: average([fixed, array]),
    ):
        with pytest.raises(InputError, match="got an array of shape"):
            use()


def test_stepping_refuses_the_same(fixed: DensityMap) -> None:
    with pytest.raises(InputError, match=r"^moving: got None"):
        next(align_steps(fixed, None))


def test_scoring_names_its_own_arguments(fixed: DensityMap) -> None:
    flat = fixed.with_data(np.zeros_like(fixed.data))
    with pytest.raises(InputError, match=r"^first map"):
        score(flat, fixed)
    with pytest.raises(InputError, match=r"^second map"):
        score(fixed, flat)


def test_an_inverted_map_is_refused(fixed: DensityMap) -> None:
    with pytest.raises(InputError, match="no density above its background; is its contrast inverted"):
        align(fixed, fixed.with_data(-fixed.data))


def test_molecules_of_very_different_sizes_are_refused(fixed: DensityMap) -> None:
    z, y, x = np.indices(fixed.grid.shape) - 24
    small, whole = (fixed.with_data((x**2 + y**2 + z**2 < radius**2).astype(np.float32)) for radius in (2, 23))
    with pytest.raises(InputError, match=r"A wide and moving map .* expected sizes within a factor of 10"):
        align(whole, small, contour_level_fixed=0.5, contour_level_moving=0.5)
