"""Options of an alignment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike

from botalign.alignment.losses import LOSSES, Distance
from botalign.alignment.result import Alignment
from botalign.arguments import kind_of
from botalign.arrays import Matrix
from botalign.errors import InputError, Setting
from botalign.geometry import is_rigid
from botalign.maps.density_map import DensityMap, expect_map
from botalign.options import LARGEST, Option, changed, check_options, declarations, refuse_together
from botalign.threads import Threads
from botalign.transport.wavelets import wavelet_named

HANDS = ("check", "auto", "keep")
PRESETS = ("paper",)
#: The value of `copies` with which they are counted, and the most that are placed.
AUTO, MOST_COPIES = "auto", 500
SCALES = ("check", "fit", "keep")

HalfMaps = tuple[DensityMap, DensityMap]


@dataclass(frozen=True, eq=False)
class AlignmentOptions:
    """Options of :func:`botalign.align`.

    Raises
    ------
    InputError
        For the first option that cannot be used, and for two that contradict each other.
    """

    loss: Annotated[
        str | Distance,
        Option(
            "Loss to minimise: the wavelet earth mover's distance (wemd), the L2 distance (l2), or core for two "
            "conformations, aligned by the part they share",
            choices=LOSSES,
        ),
    ] = "wemd"
    hand: Annotated[
        str,
        Option(
            "Mirror image: check reports whether it fits better, auto uses it if so, keep does not test it",
            choices=HANDS,
        ),
    ] = "check"
    scale: Annotated[
        str,
        Option(
            "Scale: check reports whether a voxel size is wrong, fit scales the moving map, keep does not test it",
            choices=SCALES,
        ),
    ] = "check"
    size: Annotated[int, Option("Side of the box used by the search", low=8, high=128, unit="voxels")] = 32
    evaluations: Annotated[
        int | None,
        Option("Evaluations of the search, for each hand; by default as many as the maps need", low=1, high=5000),
    ] = None
    refine: Annotated[bool, Option("Refine the candidates of the search")] = True
    preset: Annotated[str | None, Option("Run the published algorithm unchanged (paper); slow", choices=PRESETS)] = None
    start: Annotated[Alignment | ArrayLike | None, Option("Start from the transform of an earlier result")] = None
    rotate: Annotated[bool, Option("Search over rotations; if not, the rotation of the start is kept")] = True
    shift: Annotated[bool, Option("Fit the shift; if not, the moving map rotates about its centre of mass")] = True
    local_degrees: Annotated[
        float | None,
        Option("Search only within this angle of the start or of the current pose", above=0, high=180, unit="degrees"),
    ] = None
    contour_level_fixed: Annotated[float | None, Option("Contour level of the fixed map")] = None
    contour_level_moving: Annotated[float | None, Option("Contour level of the moving map")] = None
    mask_fixed: Annotated[DensityMap | None, Option("Align only the part of the fixed map inside this mask")] = None
    mask_moving: Annotated[DensityMap | None, Option("Align only the part of the moving map inside this mask")] = None
    partial: Annotated[
        bool | None, Option("Whether one map shows a part of the other; by default decided from their volumes")
    ] = None
    resolution: Annotated[
        float | None, Option("Resolution of the map that an atomic model is aligned with", low=1, high=100, unit="A")
    ] = None
    copies: Annotated[
        int | str | None,
        Option(
            "Place so many copies of the moving map, a part of the fixed one; auto counts them",
            words=(AUTO,), low=1, high=MOST_COPIES,
        ),
    ] = None  # fmt: skip
    half_maps_fixed: Annotated[HalfMaps | None, Option("Half maps of the fixed map, for the standard errors")] = None
    half_maps_moving: Annotated[HalfMaps | None, Option("Half maps of the moving map, for the standard errors")] = None
    wavelet: Annotated[str, Option("Wavelet of the wavelet earth mover's distance, such as coif3")] = "sym3"
    scales: Annotated[int, Option("Number of scales of the wavelet transform", low=1, high=64)] = 6
    seed: Annotated[int, Option("Seed; the same seed gives the same result, bit for bit", low=0, high=LARGEST)] = 0
    threads: Threads = None

    def __post_init__(self) -> None:
        """Check each option, and then all together."""
        check_options(self)
        for role in ("fixed", "moving"):
            if getattr(self, f"mask_{role}") is not None:
                expect_map(getattr(self, f"mask_{role}"), f"mask_{role}")
            _check_pair(f"half_maps_{role}", getattr(self, f"half_maps_{role}"))
        self._check_half_maps()
        wavelet_named(self.wavelet)
        try:
            rigid = is_rigid(self.start_transform())
        except (TypeError, ValueError):
            rigid = False
        if not rigid:
            raise InputError(
                Setting("start"), f": got {kind_of(self.start)}, expected an Alignment (botalign.Alignment.read reads "
                "one) or a 3x4 matrix of a rigid transform in angstrom.",
            )  # fmt: skip
        self._check_together()

    def _check_half_maps(self) -> None:
        """Refuse half maps from which the noise cannot be measured."""
        given = {name: getattr(self, name) for name in ("half_maps_fixed", "half_maps_moving")}
        missing = [name for name, halves in given.items() if halves is None]
        if len(missing) == 1:
            (present,) = given.keys() - missing
            raise InputError(
                Setting(present),
                ": also needs ",
                Setting(missing[0]),
                ", because the standard errors depend on the noise of both maps; give both or neither.",
            )
        for name, halves in given.items():
            if halves is None:
                continue
            first, second = halves
            if first.grid != second.grid:
                raise InputError(
                    Setting(name), f": {first.name} and {second.name} have different grids, expected the two half maps "
                    "of one reconstruction.",
                )  # fmt: skip
            if np.array_equal(first.data, second.data):
                raise InputError(
                    Setting(name), f": {first.name} and {second.name} are the same map, expected two independent half "
                    "maps.",
                )  # fmt: skip

    def _check_together(self) -> None:
        """Refuse an option that another one would leave without effect."""
        halves = None if self.half_maps_fixed is None else Setting("half_maps_fixed")
        core = Setting("loss", "core") if self.loss == "core" else None
        fit = Setting("scale", "fit") if self.scale == "fit" else None
        if self.partial or self.is_masked:
            what = Setting("partial", True) if self.partial else Setting(self._single_mask())
            refuse_together(what, "a part has its own search method", *self._of_wholes())
        if self.partial is False and self.is_masked:
            refuse_together(
                Setting("partial", False), "what is inside a mask of one map is a part of the other",
                Setting(self._single_mask()),
            )  # fmt: skip
        self._check_copies()
        self._check_freedom()
        if self.preset is not None:
            refuse_together(
                Setting("preset", self.preset), "the published algorithm has no such option", core, halves, fit
            )
        if not self.refine:
            refuse_together(Setting("refine", False), "only the refinement uses it", core, halves, fit)
        if self.loss != "wemd" and self.loss != "core":
            refuse_together(
                Setting("loss", self.loss), "only the WEMD uses wavelets", *changed(self, "wavelet", "scales")
            )

    def _check_copies(self) -> None:
        """Refuse options that contradict several copies of a part."""
        if self.copies is None:
            return
        copies = Setting("copies", self.copies)
        refuse_together(copies, "a part has its own search method", *self._of_wholes())
        refuse_together(copies, "copies are parts", Setting("partial", False) if self.partial is False else None)
        refuse_together(
            copies, "copies are parts of the fixed map, in any pose",
            *(None if getattr(self, name) is None else Setting(name) for name in ("mask_fixed", "local_degrees")),
            *changed(self, "rotate", "shift"),
        )  # fmt: skip

    def _check_freedom(self) -> None:
        """Refuse options that have no effect without a rotation, or without a shift."""
        if not self.rotate:
            still, auto = Setting("rotate", False), Setting("hand", "auto") if self.hand == "auto" else None
            refuse_together(still, "then nothing would move", *changed(self, "shift"))
            refuse_together(still, "the hand is found by a search over rotations", auto)
            refuse_together(
                still, "it is for a search over rotations", *changed(self, "evaluations", "local_degrees", "refine")
            )
        if not (self.rotate and self.shift):
            preset = Setting("preset", self.preset) if self.preset else None
            refuse_together(changed(self, "rotate", "shift")[0], "the published algorithm has no such option", preset)

    def _single_mask(self) -> str:
        return "mask_fixed" if self.mask_moving is None else "mask_moving"

    def _of_wholes(self) -> list[Setting]:
        """Return the options that only the solvers for whole maps have, as far as they were changed."""
        halves = [] if self.half_maps_fixed is None else [Setting("half_maps_fixed")]
        rough = [] if self.refine else [Setting("refine", False)]
        fit = [Setting("scale", "fit")] if self.scale == "fit" else []
        return [*changed(self, "preset", "loss", "size", "evaluations", "wavelet", "scales"), *halves, *rough, *fit]

    @property
    def is_masked(self) -> bool:
        """Whether only one map has a mask: then what is inside is searched for as a part of the other map."""
        return (self.mask_fixed is None) != (self.mask_moving is None)

    @property
    def chooses_part(self) -> bool:
        """Whether BOTalign decides if one map shows a part of the other, unless an option is for whole maps only."""
        return self.partial is None and self.mask_fixed is None and not self._of_wholes()

    def start_transform(self) -> Matrix:
        """Return the transform to start from, shape (3, 4); the identity if none was given."""
        if self.start is None:
            return np.eye(3, 4)
        if isinstance(self.start, Alignment):
            return self.start.rigid
        return np.asarray(self.start, dtype=np.float64)

    def differing(self, parameters: Mapping[str, object]) -> list[Setting]:
        """Return the options whose values differ from the parameters of a result, which may come from a file."""
        own = json.loads(json.dumps(self.as_parameters()))
        return [Setting(name) for name in own if own[name] != parameters.get(name)]

    def as_parameters(self) -> dict[str, object]:
        """Return the options as a result file keeps them: numbers, text, and names of maps."""
        parameters = {name: _plain(getattr(self, name)) for name in declarations(AlignmentOptions)}
        parameters["start"] = None if self.start is None else self.start_transform().tolist()
        for name in ("seed", "threads"):  # the result has the seed itself, and does not depend on the threads
            del parameters[name]
        return parameters


def _plain(value: object) -> object:
    if isinstance(value, DensityMap):
        return value.name
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return getattr(value, "__name__", "function") if callable(value) else value


def _check_pair(name: str, halves: HalfMaps | None) -> None:
    if halves is None:
        return
    if not isinstance(halves, tuple | list) or len(halves) != 2:
        raise InputError(Setting(name), f": got {type(halves).__name__}, expected two maps.")
    for half in halves:
        expect_map(half, name)
