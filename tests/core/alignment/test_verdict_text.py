import numpy as np
import pytest

from botalign.alignment.hand import HandDecision
from botalign.alignment.records import Candidate
from botalign.alignment.verdict import verdict, verdict_text
from botalign.alignment.wording import volume_text


def candidates(*, mirrored: bool, equals: int = 0) -> list[Candidate]:
    poses = [Candidate(np.eye(3, 4), mirrored, 0.0, 0.9)]
    return poses + [Candidate(np.eye(3, 4), mirrored, 0.0, 0.9, as_good=True)] * equals


def decision(name: str) -> HandDecision:
    return HandDecision(name, 0.5, 0.5, 0.0, 0.1)


@pytest.mark.parametrize(
    ("hand", "mirrored", "equals", "expected"),
    [
        ("mirrored", False, 0, "ambiguous: the moving map fits as its mirror image"),
        ("as given", True, 0, "ambiguous: the moving map fits as given, not mirrored"),
        ("undetermined", False, 0, "ambiguous: the hand is undetermined"),
        ("undetermined", True, 2, "ambiguous: the hand is undetermined"),
        ("as given", False, 1, "ambiguous: 1 other pose fits as well"),
        (None, False, 2, "ambiguous: 2 other poses fit as well"),
    ],
)
def test_an_ambiguous_verdict_names_its_reason(hand: str | None, mirrored: bool, equals: int, expected: str) -> None:
    known = None if hand is None else decision(hand)
    poses = candidates(mirrored=mirrored, equals=equals)
    assert verdict(True, poses, hand=known, other_hand=expected.startswith("ambiguous: the moving")) == "ambiguous"
    assert verdict_text("ambiguous", poses, None, hand=known) == expected


@pytest.mark.parametrize("of_part", [True, False])
def test_a_pose_at_the_limit_of_a_local_search_says_so(of_part: bool) -> None:
    poses = candidates(mirrored=False)
    assert verdict(True, poses, at_limit=True) == "no match"
    text = verdict_text("no match", poses, None, of_part=of_part, at_limit=True)
    assert text == "no match: the pose is at the limit of the local search; a better one may be beyond it"
    assert "limit" not in verdict_text("no match", poses, None, of_part=of_part)


@pytest.mark.parametrize(
    ("of_part", "doubt"), [(True, "no place of the part stands out"), (False, "unrelated models may fit as well")]
)
def test_models_that_do_not_match_have_no_voxel_size_to_check(of_part: bool, doubt: str) -> None:
    text = verdict_text("no match", candidates(mirrored=False), None, of_part=of_part, of_models=True)
    assert text == f"no match: {doubt}; do both show the same molecule in the same conformation?"


def test_what_the_maps_do_not_determine_is_a_doubt() -> None:
    poses = candidates(mirrored=False)
    assert verdict(True, poses, undetermined=True) == "ambiguous"
    assert verdict(False, poses, undetermined=True) == "no match"
    unknown = "the rotation is undetermined about (0.00, 0.00, 1.00)"
    assert verdict_text("ambiguous", poses, None, undetermined=unknown) == f"ambiguous: {unknown}"
    several = candidates(mirrored=False, equals=2)
    text = verdict_text("ambiguous", several, None, undetermined=unknown)
    assert text == f"ambiguous: {unknown}, and 2 other poses fit as well"


@pytest.mark.parametrize(
    ("volume", "expected"),
    [(31_234.0, "31,000"), (4_906.0, "4,900"), (1.26e6, "1,300,000"), (999.0, "1,000"), (64.0, "64"), (2.744, "2.7")],
)
def test_a_volume_has_two_digits_and_no_exponent(volume: float, expected: str) -> None:
    assert volume_text(volume) == f"{expected} cubic angstrom"
