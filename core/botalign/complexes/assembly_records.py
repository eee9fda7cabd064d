"""The result of an assembly."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from botalign.alignment.scale import Scale
from botalign.alignment.wording import (
    LABEL,
    chain_lines,
    chains_text,
    labelled,
    mirror_image_text,
    percent_text,
    vector_text,
    volume_text,
)
from botalign.complexes.part_records import PlacedPart, UnplacedPart
from botalign.complexes.residual import Region
from botalign.complexes.writing import TableRow, write_table
from botalign.errors import InputError, counted
from botalign.files import json_text
from botalign.maps.density_map import DensityMap
from botalign.models import Model, write_complex

FORMAT, VERSION = "botalign-assembly", 1
#: Largest number of unexplained regions that the summary lists.
LISTED = 5


@dataclass(frozen=True, eq=False, repr=False)
class Assembly:
    """Result of an assembly: the placed parts, and the density that they do not explain.

    Attributes
    ----------
    whole : str
        Name of the map of the complex.
    parts : tuple of DensityMap or Model
        The parts as they were given.
    placed : tuple of PlacedPart
        The placed parts, in the order in which they were given.
    unplaced : tuple of UnplacedPart
        The parts of which copies were not placed.
    interchangeable : tuple of tuple of two str
        Pairs of names of placed parts that fit as well after they are exchanged.
    score, start_score : float
        Correlation of the edges of all placed parts together with those of the whole, after the last joint refinement
        and before it; 0 if nothing was placed.
    gap : float
        Fraction of its score by which a better joint choice could exceed it; 0 if every choice was optimal.
    rest : DensityMap
        The map minus the placed parts, with its background at zero.
    regions : tuple of Region
        Connected regions of `rest` above the contour level of the smoothed map, the largest first.
    scale : Scale or None
        Factor by which lengths in the map must be multiplied, and so its voxel size, with its standard error: the
        weighted mean by the certain parts, of which copies count once. None if they do not determine it.
    matches_mirrored : str or None
        Name of a part whose mirror image has a certain place, if no part has one: the map, or the part if it is a map,
        has the wrong hand. Only the largest part is tested.
    parameters : dict
        Options of the run.
    versions : dict
        Versions of this package and of the libraries that it uses.
    seconds : float
        Duration.

    See Also
    --------
    assemble : Place parts together.
    """

    whole: str
    parts: tuple[DensityMap | Model, ...]
    placed: tuple[PlacedPart, ...]
    unplaced: tuple[UnplacedPart, ...]
    interchangeable: tuple[tuple[str, str], ...]
    score: float
    start_score: float
    gap: float
    rest: DensityMap
    regions: tuple[Region, ...]
    scale: Scale | None = None
    matches_mirrored: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def __repr__(self) -> str:
        """Return one line."""
        missing = f", {self.missing} not" if self.missing else ""
        return f"<Assembly in {Path(self.whole).name}: {counted(len(self.placed), 'part')} placed{missing}>"

    @property
    def missing(self) -> int:
        """How many parts and copies were not placed."""
        return sum(each.copies for each in self.unplaced)

    @property
    def unexplained_fraction(self) -> float:
        """Volume of the unexplained regions, as a fraction of the volume of the whole above its contour level."""
        return sum(region.fraction for region in self.regions)

    @property
    def unexplained_text(self) -> str:
        """What no placed part explains, as a short text."""
        if not self.regions:
            return "no region above the contour level"
        return f"{percent_text(self.unexplained_fraction)} of the volume above the contour level"

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the placed atomic models as one mmCIF file, in which every chain has a different name.

        The attribute `chains` of each placed part has the new names.

        Parameters
        ----------
        path : path-like
            File to write: ``.cif`` or ``.mmcif``, optionally followed by ``.gz``.
        overwrite : bool, optional
            Whether to replace an existing file.

        Raises
        ------
        InputError
            If no placed part is an atomic model, one was not read from a file, or the file cannot be written.
        """
        models = [(own, each) for each in self.placed if isinstance(own := self.parts[each.part], Model)]
        if not models:
            raise InputError(f"{path}: there is no placed model to write.")
        poses = [each.moving_to_fixed for _, each in models]
        write_complex(path, [model for model, _ in models], poses, overwrite=overwrite)

    def write_table(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a table (CSV) with one row for each placed part, and one for each part that was not placed.

        Parameters
        ----------
        path : path-like
            File to write.
        overwrite : bool, optional
            Whether to replace an existing file.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        rows = [TableRow.of(each, each.name, each.copy) for each in self.placed]
        rows += [
            TableRow(each.name, 0, "no place" if each.taken_by else "no match", probability=each.probability)
            for each in self.unplaced
        ]
        write_table(path, rows, overwrite=overwrite)

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON-compatible values, without the maps and models."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "whole": self.whole,
            "placed": [each.to_dict() for each in self.placed],
            "unplaced": [vars(each) | {"reason": each.reason} for each in self.unplaced],
            "interchangeable": self.interchangeable,
            "score": self.score,
            "start_score": self.start_score,
            "gap": self.gap,
            "unexplained_fraction": self.unexplained_fraction,
            "regions": [vars(each) for each in self.regions],
            "scale": None if self.scale is None else asdict(self.scale),
            "matches_mirrored": self.matches_mirrored,
            "parameters": dict(self.parameters),
            "versions": dict(self.versions),
            "seconds": self.seconds,
        }

    @property
    def unplaced_text(self) -> str | None:
        """Which parts and copies were not placed, as text without the reasons; None if all were."""
        return f"not placed: {', '.join(each.title for each in self.unplaced)}" if self.unplaced else None

    @property
    def wrong_hand_text(self) -> str | None:
        """That the map may have the wrong hand, as text; None if nothing suggests it."""
        if self.matches_mirrored is None:
            return None
        return mirror_image_text(self.matches_mirrored, self.whole)

    @property
    def scale_text(self) -> str | None:
        """That the voxel size of the map seems to be wrong, and which one would be right; None if it may be right."""
        if self.scale is None or not self.scale.is_wrong:
            return None
        return self.scale.of_map_text(self.rest.grid.voxel_size_angstrom[0])

    @property
    def missing_chains(self) -> list[tuple[str, str]]:
        """The placed parts with chains that the map does not show: their names, and which chains, as text."""
        return [(self._title(each), text) for each in self.placed if (text := each.missing_chains_text) is not None]

    def to_json(self) -> str:
        """Return the content as JSON."""
        return json_text(self.to_dict())

    def to_text(self) -> str:
        """Return a summary, one line for each fact."""
        total = len(self.placed) + self.missing
        lines = labelled("parts", f"{len(self.placed)} of {total} placed in {self.whole}")
        width = max((len(self._title(each)) for each in self.placed), default=0)
        for each in self.placed:
            lines.append(
                f"{'':{LABEL}}{self._title(each):{width}}  {each.verdict:9}  correlation {each.correlation:.4f}, "
                f"chance {each.chance.removeprefix('of ')}"
            )
        if any(each.verdict == "ambiguous" for each in self.placed):
            lines.append(f"{'':{LABEL}}ambiguous: another rotation fits as well at the same place")
        chains = chains_text((self._title(each), each.chains.values()) for each in self.placed if each.chains)
        lines += chain_lines(chains) if chains else []
        lines += labelled("low density", *(f"{name}: {text}" for name, text in self.missing_chains))
        lines += labelled("not placed", *(f"{each.title}: {each.reason}" for each in self.unplaced))
        lines += labelled("hand", self.wrong_hand_text) if self.wrong_hand_text else []
        lines += labelled("scale", self.scale_text) if self.scale_text else []
        pairs = [f"{first} and {second}" for first, second in self.interchangeable]
        lines += labelled("exchange", *(f"{each} cannot be distinguished: each fits at both places" for each in pairs))
        if self.placed:
            lines += labelled("joint score", f"{self.score:.4f}; {self.start_score:.4f} before the joint refinement")
            exact = "the best of all" if not self.gap else f"at most {percent_text(self.gap)} worse than the best"
            lines += labelled("joint choice", exact)
        lines += labelled("unexplained", *self._unexplained_texts())
        lines += labelled("seconds", f"{self.seconds:.2f}")
        return "\n".join(lines)

    def _title(self, each: PlacedPart) -> str:
        """Return the name of a placed part, with the number of the copy if there are several."""
        copies = sum(other.part == each.part for other in self.placed)
        return f"{each.name} {each.copy}" if copies > 1 else each.name

    def _unexplained_texts(self) -> list[str]:
        texts = [self.unexplained_text]
        for region in self.regions[:LISTED]:
            texts.append(
                f"{percent_text(region.fraction)}, {volume_text(region.volume_angstrom3)}, at "
                f"{vector_text(region.centre_angstrom, 0)}"
            )
        if len(self.regions) > LISTED:
            texts.append(f"{len(self.regions) - LISTED} smaller regions")
        return texts
