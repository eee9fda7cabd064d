"""What distinguishes the work in a folder from that of a run, in words."""

from typing import Any

import pytest

from botalign.cli.spelling import spelled
from botalign.errors import InputError
from botalign.jobs.differences import differences


@pytest.mark.parametrize(
    ("earlier", "now", "expected"),
    [
        ({"options": {"chains": None}}, {"options": {"chains": ["A"]}}, "--chain was not set and is A now"),
        ({"options": {"chains": ["A", "B"]}}, {"options": {"chains": ["A"]}}, "--chain was A,B and is A now"),
        ({"options": {"rotate": True}}, {"options": {"rotate": False}}, "--rotate was on and is off now"),
        ({"options": {"start": [[0.123] * 9]}}, {"options": {"start": None}}, "--start has changed"),
        ({"map": ["a.mrc", "5f"]}, {"map": ["a.mrc", "6f"]}, "a.mrc has changed"),
        ({"map": ["a.mrc", "5f"]}, {"map": ["b.mrc", "5f"]}, "b.mrc was added, a.mrc was left out"),
        ({"maps": [["a"], ["b"]]}, {"maps": [["b"], ["a"]]}, "another order of the maps"),
        ({"numbers_of_copies": [1, 2]}, {"numbers_of_copies": [2, 1]}, "other numbers of copies"),
        ({"work": "classes"}, {"maps": [["a"]]}, "other maps, other work"),
        (
            {"maps": [[str(n), 0] for n in range(9)]},
            {"maps": [[str(n), 1] for n in range(9)]},
            "0 has changed, 1 has changed, 2 has changed, 3 has changed, and 5 more",
        ),
    ],
)
def test_each_kind_of_difference(earlier: dict[str, Any], now: dict[str, Any], expected: str) -> None:
    assert spelled(InputError(*differences(earlier, now))) == expected
