"""The summary of a result: its facts as text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from botalign.alignment.facts import AlignmentFacts
from botalign.alignment.hand import hand_name
from botalign.alignment.poses import pose_difference, unexplained
from botalign.alignment.records import Candidate
from botalign.alignment.verdict import verdict_text
from botalign.alignment.wording import (
    UNKNOWN_CHANCE,
    ended_text,
    labelled,
    named_with_chains,
    part_text,
    probability_text,
    resolution_text,
    rotation_text,
    uncertainty_text,
    undetermined_text,
    vector_text,
)
from botalign.scores import missing_chains_text

#: Alternatives that the summary lists.
LISTED = 5


@dataclass(frozen=True, eq=False, repr=False)
class AlignmentSummary(AlignmentFacts):
    """The facts of an alignment as text. The attributes are those of :class:`botalign.Alignment`."""

    def __repr__(self) -> str:
        """Return one line for interactive use."""
        moving, fixed = (Path(reference.name).name for reference in (self.moving, self.fixed))
        facts = ["mirrored"] if self.mirrored else []
        facts += [
            f"{self.angle_degrees:.2f} degrees",
            f"shift {float(np.linalg.norm(self.shift_angstrom)):.2f} A",
            f"correlation {self.after.correlation:z.4f}",
            f"hand {'not tested' if self.hand is None else self.hand.decision}",
        ]
        return f"<Alignment {moving} onto {fixed}: {', '.join(facts)}>"

    @property
    def verdict_text(self) -> str:
        """The verdict as text."""
        return verdict_text(
            self.verdict, self._unexplained, self.symmetry, hand=self.hand, of_part=self.part is not None,
            wrong_hand=self.map_has_wrong_hand, at_limit=self.at_limit,
            undetermined=undetermined_text(self.uncertainty), unknown_chance=self._has_unknown_chance,
            of_models=self.fixed.model and self.moving.model,
        )  # fmt: skip

    @property
    def chance(self) -> str | None:
        """The probability as a short text, such as ``1 in 50,000``; None if it is unknown.

        If it is that of the other hand, the hand is added: ``1 in 50,000 (mirrored)``.
        """
        if self.probability is None:
            return None
        return probability_text(self.probability) + (f" ({self._hand_of_chance})" if self._hand_of_chance else "")

    @property
    def chance_text(self) -> str | None:
        """The probability as text, and of what, or why it is unknown for a part; None if there is none."""
        if self._has_unknown_chance:
            return UNKNOWN_CHANCE
        if self.probability is None:
            return None
        of = "unrelated maps fit" if self.part is None else "a wrong place fits"
        hand = {"mirrored": " as the mirror image", "as given": " as the map as given"}.get(self._hand_of_chance, "")
        return f"{probability_text(self.probability)} that {of} as well{hand}"

    @property
    def _hand_of_chance(self) -> str:
        """The hand to which the probability belongs, if it is the hand that the result does not have, otherwise empty.

        Whole maps match if they do with either hand; a part is judged by its own.
        """
        return hand_name(not self.mirrored) if self.part is None and self.other_hand_fits_better else ""

    @property
    def scale_text(self) -> str | None:
        """The scale as text, if it was to be applied or a voxel size is wrong; otherwise None."""
        if self.scale is None and self.parameters.get("scale") == "fit":
            return "not determined: the maps have too little in common"
        if self.scale is None or not (self.scale.applied or self.scale.is_wrong):
            return None
        if self.verdict == "no match":
            return f"{self.scale.value:.4f}, applied, although the maps do not match"
        return self.scale.to_text(self.fixed, self.moving)

    @property
    def _has_unknown_chance(self) -> bool:
        """Whether a part was judged although the probability of a chance match is unknown."""
        return self.part is not None and self.verdict is not None and self.probability is None

    @property
    def ended_text(self) -> str | None:
        """After how many evaluations of each hand the search ended early, as text; None if it did not."""
        chosen = self.parameters.get("evaluations") is not None or not self.parameters.get("rotate", True)
        return None if chosen else ended_text(self.trace, certain=self.verdict == "certain")

    @property
    def hand_text(self) -> str:
        """The decision about the hand as text."""
        if self.hand is None:
            return "not tested"
        return self.hand.to_text(with_model=self._with_model, of_part=self.part is not None)

    @property
    def missing_chains_text(self) -> str | None:
        """Which chains of a model the map does not show, as text; None without a match, or if it shows all.

        With copies, those of every copy that matches, with the numbers of the copies.
        """
        if self.copies is not None:
            return self.copies.missing_chains_text
        return missing_chains_text(self.chain_fits) if self.verdict in ("certain", "ambiguous") else None

    @property
    def part_text(self) -> str | None:
        """The part and how well it fits as text; None if no part was searched for."""
        if self.part is None:
            return None
        return part_text(self.part, self.fixed, self.moving, self.candidates[0].correlation)

    @property
    def alternatives(self) -> tuple[str, ...]:
        """The other poses of the same hand that fit as well as the result or nearly so, one line of text for each.

        Each has the value by which the candidates are ranked (`quality_name`), and its distance from the result. At
        most five are listed; those that a symmetry explains are not, and none without a match or beside copies.
        """
        if self.verdict == "no match" or self.copies is not None:
            return ()
        others = [each for each in self._unexplained[1:] if each.mirrored == self.mirrored]
        others = [each for each in others if each.as_good or self.part is not None]
        lines = [self._alternative(each) for each in others[:LISTED]]
        if len(others) > LISTED:
            equals = sum(each.as_good for each in others[LISTED:])
            lines.append(f"and {len(others) - LISTED} more" + (f" ({equals} fit as well)" if equals else ""))
        return tuple(lines)

    @property
    def _unexplained(self) -> list[Candidate]:
        """The candidates that no symmetry makes equivalent to the result, the result first."""
        return unexplained(self.candidates, self.symmetry, self.moving, self.part)

    def _alternative(self, other: Candidate) -> str:
        """Return a pose as text, compared with the result."""
        degrees, apart = pose_difference(self.moving_to_fixed, other.moving_to_fixed, self.moving, self.part)
        as_good = ", fits as well" if other.as_good else ""
        return f"{other.quality:z.4f} at {apart:.1f} A and {degrees:.0f} degrees from the result{as_good}"

    @property
    def _alternatives_fact(self) -> tuple[str, ...]:
        """The other poses, below what their values are, and that of the result; empty if there are none."""
        value = f"{self.quality_name}, {self.candidates[0].quality:z.4f} for the result:"
        return (value, *self.alternatives) if self.alternatives else ()

    @property
    def facts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The facts of the summary: for each a label and its texts."""
        before, after = self.before, self.after
        mirror = ", after a mirror in z" if self.mirrored else ""
        resolutions = [resolution_text(scores.fsc_resolution_angstrom) for scores in (before, after)]
        facts = (
            ("rotation", (f"{rotation_text(self.angle_degrees, self.axis)}{mirror}",)),
            ("shift", (f"{vector_text(self.shift_angstrom, 2)} A",)),
            ("correlation", (f"{before.correlation:z.4f} before, {after.correlation:z.4f} after",)),
            ("FSC 0.5", (f"{resolutions[0]} before, {resolutions[1]} after",)),
            ("part", () if self.part_text is None else (self.part_text,)),
            ("copies", () if self.copies is None else self.copies.facts),
            ("low density", () if self.missing_chains_text is None else (self.missing_chains_text,)),
            ("hand", (self.hand_text,)),
            ("scale", () if self.scale_text is None else (self.scale_text,)),
            ("verdict", (self.verdict_text,)),
            ("chance", () if self.chance_text is None else (self.chance_text,)),
            ("alternatives", self._alternatives_fact),
            ("error", (self.error_text,)),
            ("seconds", (f"{self.seconds:.2f}",)),
        )
        return tuple(fact for fact in facts if fact[1])

    @property
    def title(self) -> str:
        """Which map was aligned onto which, as text."""
        return f"{named_with_chains(self.moving)} onto {named_with_chains(self.fixed)}"

    def to_text(self) -> str:
        """Return a summary, one line for each fact."""
        return "\n".join([self.title, *(line for label, texts in self.facts for line in labelled(label, *texts))])

    @property
    def error_text(self) -> str:
        """The standard errors as text; those of a wrong pose mean nothing."""
        no_match = self.verdict == "no match"
        return "not estimated: the maps do not match" if no_match else uncertainty_text(self.uncertainty)
