"""The copies of a part in a result."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from botalign.alignment.copy_symmetry import SetSymmetry
from botalign.alignment.placed import Placed
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.wording import chains_text, percent_text, probability_text, vector_text
from botalign.errors import counted
from botalign.models import Model, expect_model, write_complex
from botalign.models.merging import unique_names
from botalign.scores import ChainFit, low_density_text, missing_chains_text


@dataclass(frozen=True, eq=False, kw_only=True)
class Copy(Placed):
    """A placed copy of a part.

    The verdict is ``"no match"`` if a wrong place would fit as well with a probability of 0.001 or more.

    See Also
    --------
    botalign.alignment.placed.Placed : The attributes.
    """

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Copy:
        """Return the copy from the content of a result file."""
        return cls(
            moving_to_fixed=np.array(content["moving_to_fixed"], float),
            verdict=str(content["verdict"]),
            chains=dict(content["chains"]),
            chain_fits=tuple(map(ChainFit.from_dict, content.get("chain_fits", ()))),
            **{name: float(content[name]) for name in ("correlation", "probability", "overlap")},
        )


@dataclass(frozen=True, eq=False)
class Copies:
    """The copies of a part in a whole.

    Attributes
    ----------
    placed : tuple of Copy
        The copies, the best place first; of a symmetric set, that with the smallest rotation from the start is the
        first.
    wanted : int or None
        How many were asked for; None if they were counted.
    largest_overlap : float
        The share of its volume up to which a copy may lie inside another one.
    score, start_score : float
        Correlation of the edges of all copies together with those of the fixed map, after the joint refinement and
        before it.
    symmetry : SetSymmetry or None
        The point group of the set of copies; None if it has none.
    averaged : str or None
        Schoenflies symbol of the point group of the map, if noise hides copies, so that the map was averaged over this
        group and the copies were placed in the average; None if they were placed in the map itself.
    """

    placed: tuple[Copy, ...]
    wanted: int | None
    largest_overlap: float
    score: float
    start_score: float
    symmetry: SetSymmetry | None
    averaged: str | None = None

    def named(self, chains: Sequence[str]) -> Copies:
        """Return the copies of a model with these chains, whose names differ between the copies."""
        names = unique_names([chains] * len(self.placed))
        placed = (replace(copy, chains=own) for copy, own in zip(self.placed, names, strict=True))
        return replace(self, placed=tuple(placed))

    def write(self, path: str | os.PathLike[str], model: Model, *, overwrite: bool = False) -> None:
        """Write all copies of a model as one mmCIF file, in which every chain has a different name.

        Parameters
        ----------
        path : path-like
            File to write: ``.cif`` or ``.mmcif``, optionally followed by ``.gz``.
        model : Model
            The model that was aligned, or another one in the same coordinates. The attribute `chains` of each copy
            has the new names of the chains of the model that was aligned.
        overwrite : bool, optional
            Whether to replace an existing file.

        Raises
        ------
        InputError
            If `model` is not an atomic model, or was not read from a file, or as :meth:`botalign.Model.write`.
        """
        expect_model(model, "model")
        poses = [copy.moving_to_fixed for copy in self.placed]
        write_complex(path, [model] * len(poses), poses, overwrite=overwrite)

    @property
    def chains_text(self) -> str:
        """Which chains of a written file belong to which copy, as text; empty for a map."""
        return chains_text((f"copy {n}", copy.chains.values()) for n, copy in enumerate(self.placed, 1) if copy.chains)

    @property
    def missing_chains_text(self) -> str | None:
        """Which chains of which copies the map does not show, as text; None if it shows all.

        Copies of which the same chains are missing are named together, with the mean of their occupancies.
        """
        groups: dict[tuple[str, ...], list[int]] = {}
        for number, copy in enumerate(self.placed, start=1):
            if names := tuple(each.name for each in copy.chain_fits if each.is_missing):
                groups.setdefault(names, []).append(number)
        texts = []
        for names, numbers in groups.items():
            fits = [self.placed[number - 1].chain_fits for number in numbers]
            mean = [
                ChainFit(same[0].name, float(np.mean([each.occupancy for each in same])))
                for same in zip(*fits, strict=True)
                if same[0].name in names
            ]
            texts.append(self._in_copies(numbers, mean))
        return "; ".join(texts) or None

    def _in_copies(self, numbers: Sequence[int], fits: Sequence[ChainFit]) -> str:
        """Return as text which chains of some copies the map does not show, and what to do."""
        if len(numbers) == self.matching:
            where = "" if len(numbers) == 1 else f"in all {len(numbers)} copies, "
            return f"{where}{missing_chains_text(fits)}"
        *most, last = map(str, numbers)
        where = f"copies {', '.join(most)} and {last}" if most else f"copy {last}"
        return f"in {where}, {low_density_text(fits)}; leave {'it' if len(fits) == 1 else 'them'} out there"

    @property
    def missing(self) -> int:
        """How many of the copies that were asked for do not fit, or fit no better than by chance."""
        return 0 if self.wanted is None else max(0, self.wanted - self.matching)

    @property
    def matching(self) -> int:
        """How many of the placed copies match the map."""
        return sum(copy.verdict != "no match" for copy in self.placed)

    def missing_text(self, fixed: str) -> str | None:
        """Return as text how many copies fit into the named map, or that none does; None if none are missing."""
        if not self.matching:
            return f"no copy matches {fixed}; {self._by_chance}"
        if not self.missing:
            return None
        fit = "fits" if self.matching == 1 else "fit"
        return (
            f"{self.matching} of the {self.wanted} copies {fit} into {fixed}; at other places, copies would overlap or "
            "fit no better than by chance"
        )

    @property
    def _by_chance(self) -> str:
        """Return as text that places without a match may be due to chance."""
        places = "place" if len(self.placed) == 1 else f"{len(self.placed)} places"
        return f"the best {places} may be due to chance"

    @property
    def group(self) -> str:
        """Schoenflies symbol of the point group of the set."""
        return "C1" if self.symmetry is None else self.symmetry.symmetry.group

    @property
    def title(self) -> str:
        """How many copies there are, and their point group, as text: ``"14 copies, D7"``."""
        named = "" if self.symmetry is None else f", {self.group}"
        return f"{counted(len(self.placed), 'copy', 'copies')}{named}"

    @property
    def facts(self) -> tuple[str, ...]:
        """The copies as lines of text."""
        correlations = [copy.correlation for copy in self.placed]
        probability = max(copy.probability for copy in self.placed)
        certain = sum(copy.verdict == "certain" for copy in self.placed)
        fewer = f", {self.missing} fewer than asked for" if self.missing else ""
        lines = [f"{self.title}{fewer}" if self.matching else f"none matches; {self._by_chance}"]
        if self.symmetry is not None:
            found = self.symmetry
            lines.append(
                f"axis {vector_text(found.symmetry.axis, 4)}; differences from {self.group}: "
                f"{found.angle_degrees:.2f} degrees, {found.distance_angstrom:.2f} A (root mean square)"
            )
        if self.averaged is not None:
            lines.append(
                f"placed in the map averaged over its point group, {self.averaged}, because noise hides copies"
            )
        if len(self.placed) == 1:
            verdict, chance = self.placed[0].verdict, probability_text(probability)
            lines += [
                f"{verdict}; chance {chance} that a wrong place fits as well",
                f"correlation of the edges {correlations[0]:.4f}",
            ]
            return tuple(lines)
        lines += [
            f"{certain} certain; chance {probability_text(probability)} that a wrong place fits as well as the worst",
            f"correlations of the edges {min(correlations):.4f} to {max(correlations):.4f}; overlap at most "
            f"{percent_text(max(copy.overlap for copy in self.placed))} of the volume",
        ]
        return tuple(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the content for a result file."""
        found = self.symmetry
        return {
            "wanted": self.wanted,
            "largest_overlap": self.largest_overlap,
            "score": self.score,
            "start_score": self.start_score,
            "symmetry": None
            if found is None
            else found.symmetry.to_dict()
            | {"angle_degrees": found.angle_degrees, "distance_angstrom": found.distance_angstrom},
            "averaged": self.averaged,
            "placed": [copy.to_dict() for copy in self.placed],
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Copies:
        """Return the copies from the content of a result file."""
        found = content["symmetry"]
        symmetry = None
        if found is not None:
            misfit = float(found["angle_degrees"]), float(found["distance_angstrom"])
            symmetry = SetSymmetry(Symmetry.from_dict(found), *misfit)
        placed = tuple(map(Copy.from_dict, content["placed"]))
        largest, score, start = (float(content[name]) for name in ("largest_overlap", "score", "start_score"))
        return cls(placed, content["wanted"], largest, score, start, symmetry, content.get("averaged"))
