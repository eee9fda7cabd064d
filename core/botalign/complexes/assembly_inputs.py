"""The input of an assembly: a map, and parts that can lie in it and that are all different."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from botalign.alignment.shared_problem import check_is_part
from botalign.alignment.shared_whole import SharedWhole
from botalign.arguments import expect_several, kind_of
from botalign.complexes.found_places import problem_of
from botalign.complexes.options import AssemblyOptions
from botalign.errors import InputError, Setting, counted
from botalign.maps.density_map import DensityMap, expect_map
from botalign.models import Model, checked_resolution
from botalign.options import whole_number

#: Largest number of copies of a part in a complex.
MOST_COPIES = 500
_PARTS = "maps (botalign.read) and atomic models (botalign.read_model)"
#: Models whose atoms superimpose within this root mean square distance are the same model in different poses.
SAME_ANGSTROM = 0.05


def checked_parts(
    whole: DensityMap, parts: Sequence[DensityMap | Model], options: AssemblyOptions
) -> list[DensityMap | Model]:
    """Return the parts.

    Raises
    ------
    InputError
        If there are none, one of them cannot lie in the whole, or two are the same.
    """
    expect_map(whole, "whole")
    given = expect_several(parts, "parts", _PARTS)
    if not given:
        raise InputError(Setting("parts"), ": got none, expected at least one map or atomic model.")
    for each in given:
        if not isinstance(each, DensityMap | Model):
            raise InputError(
                Setting("parts"), f": got {kind_of(each)}, expected {_PARTS}.",
            )  # fmt: skip
        if isinstance(each, Model):
            checked_resolution(options.resolution, whole)
    for first, second in itertools.combinations(given, 2):
        if _are_same(first, second):
            raise InputError(
                f"{second.name}: the same molecule as {first.name}, so the two cannot be distinguished; give one "
                "of them, and the number of its copies as ", Setting("counts"), ".",
            )  # fmt: skip
    shared = SharedWhole.of(whole, level=options.contour_level, role="fixed")
    for each in given:
        check_is_part(problem_of(shared, each, options.resolution))
    return given


def checked_counts(counts: Sequence[int] | None, parts: int) -> list[int]:
    """Return the number of copies of each part in the complex.

    Raises
    ------
    InputError
        If there is not one number for each part, or one is out of range.
    """
    if counts is None:
        return [1] * parts
    given = expect_several(counts, "counts", f"whole numbers from 1 to {MOST_COPIES}, one for each part")
    if len(given) != parts:
        raise InputError(
            Setting("counts"), f": got {counted(len(given), 'number')}, expected {parts}, one for each part."
        )
    return [whole_number("counts", each, 1, MOST_COPIES) for each in given]


def _are_same(first: DensityMap | Model, second: DensityMap | Model) -> bool:
    """Whether two parts are the same map, or the same model in any pose."""
    if first is second:
        return True
    if isinstance(first, DensityMap) and isinstance(second, DensityMap):
        return first.data.shape == second.data.shape and np.array_equal(first.data, second.data)
    if not (isinstance(first, Model) and isinstance(second, Model)):
        return False
    if len(first.points) != len(second.points) or not np.array_equal(first.weights, second.weights):
        return False
    a, b = first.points - first.points.mean(axis=0), second.points - second.points.mean(axis=0)
    if len(a) < 3:
        return np.allclose(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1), atol=SAME_ANGSTROM)
    squared = float(Rotation.align_vectors(a, b)[1]) ** 2
    return squared / len(a) < SAME_ANGSTROM**2
