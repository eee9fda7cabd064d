from dataclasses import replace

import botalign
from botalign.alignment.hand import HandDecision
from botalign.alignment.records import Part


def test_the_chance_of_the_other_hand_names_it() -> None:
    fixed = botalign.phantom(32, voxel_size_angstrom=4.0)
    found = botalign.align(fixed, fixed.with_data(fixed.data[::-1]))
    assert (found.verdict, found.mirrored) == ("ambiguous", False)
    assert found.verdict_text == "ambiguous: the moving map fits as its mirror image"
    assert found.probability is not None
    assert found.probability < 1e-3
    assert found.chance == "below 1 in a million (mirrored)"
    assert found.chance_text == "below 1 in a million that unrelated maps fit as well as the mirror image"
    used = replace(found, mirrored=True)
    assert (used.chance, used.chance_text) == (
        "below 1 in a million",
        "below 1 in a million that unrelated maps fit as well",
    )
    other = replace(used, probability=2e-5, hand=HandDecision("as given", 0.9, 0.3, 0.6, 0.01))
    assert other.chance == "1 in 50,000 (as given)"
    assert other.chance_text == "1 in 50,000 that unrelated maps fit as well as the map as given"
    # A part is judged by the hand that it has.
    part = replace(found, probability=2e-5, part=Part("moving", 0.3, "requested", (0.0, 0.0, 0.0)))
    assert (part.chance, part.chance_text) == ("1 in 50,000", "1 in 50,000 that a wrong place fits as well")


def test_the_values_of_candidates_are_named() -> None:
    fixed = botalign.phantom(24, voxel_size_angstrom=5.0)
    found = botalign.align(fixed, fixed, evaluations=2)
    assert found.quality_name == "correlation about the mean"
    assert replace(found, part=Part("moving", 0.3, "mask", (0.0, 0.0, 0.0))).quality_name == "correlation of the edges"
    of_core = replace(found, candidates=(replace(found.candidates[0], share=0.5),))
    assert of_core.quality_name == "fraction of the fixed molecule in common"
