"""The options of an alignment, checked in one place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.alignment.losses import Distance
from botalign.alignment.result import Alignment
from botalign.arguments import whole_number
from botalign.errors import InputError
from botalign.geometry import geodesic_degrees, is_rigid
from botalign.maps.density_map import DensityMap
from botalign.maps.expected import expect_map
from botalign.transport.embedding import wavelet_named

HANDS = ("check", "auto", "keep")
LOSSES = ("wemd", "l2", "core")
PRESETS = ("paper",)


@dataclass(frozen=True, eq=False)
class Options:
    """See :func:`botalign.align`, whose options these are."""

    loss: str | Distance = "wemd"
    hand: str = "check"
    size: int = 32
    evaluations: int = 200
    refine: bool = True
    preset: str | None = None
    start: Alignment | ArrayLike | None = None
    local_degrees: float | None = None
    level_fixed: float | None = None
    level_moving: float | None = None
    mask_fixed: DensityMap | None = None
    mask_moving: DensityMap | None = None
    partial: bool = False
    half_maps_fixed: tuple[DensityMap, DensityMap] | None = None
    half_maps_moving: tuple[DensityMap, DensityMap] | None = None
    wavelet: str = "sym3"
    levels: int = 6
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        """Refuse what can't be used, by name.

        Raises
        ------
        InputError
            For the first option that is out of range, and for two that contradict each other.
        """
        _one_of("hand", self.hand, HANDS)
        if not callable(self.loss):
            _one_of("loss", self.loss, LOSSES)
        if self.preset is not None:
            _one_of("preset", self.preset, PRESETS)
        whole_number("size", self.size, 8, 128)
        whole_number("evaluations", self.evaluations, 1, 5000)
        whole_number("seed", self.seed, 0, 2**63 - 1)
        whole_number("threads", self.threads, 1, 1024)
        whole_number("levels", self.levels, 1, 64)
        for name in ("level_fixed", "level_moving", "local_degrees"):
            _number(name, getattr(self, name))
        if self.local_degrees is not None and not 0 < self.local_degrees <= 180:
            raise InputError(f"local_degrees: got {self.local_degrees}, expected an angle above 0 and at most 180.")
        for role in ("fixed", "moving"):
            if getattr(self, f"mask_{role}") is not None:
                expect_map(getattr(self, f"mask_{role}"), f"mask_{role}")
            halves = getattr(self, f"half_maps_{role}")
            if halves is not None and not isinstance(halves, tuple | list):
                raise InputError(f"half_maps_{role}: got {type(halves).__name__}, expected two maps.")
            for half in halves or ():
                expect_map(half, f"half_maps_{role}")
        self._check_half_maps()
        wavelet_named(self.wavelet)
        try:
            rigid = is_rigid(self.start_matrix())
        except (TypeError, ValueError):
            rigid = False
        if not rigid:
            raise InputError(
                "start: expected a result (botalign.Alignment.load reads one) or a 3x4 matrix of a rigid motion in A."
            )
        self._check_together()

    def _check_together(self) -> None:
        """Refuse an option that another one would leave without effect."""
        halves = "half maps" if self.half_maps_fixed is not None else None
        rough = None if self.refine else "refine=False"
        core = "loss='core'" if self.loss == "core" else None
        if self.is_partial:
            what = "partial=True" if self.partial else "a mask for one map only, which is looked for in the other"
            paper = None if self.preset is None else f"preset={self.preset!r}"
            others = [self._changed(name) for name in ("loss", "size", "evaluations", "wavelet", "levels")]
            _refuse_with(what, "a part is searched for, and judged, in a way of its own", paper, halves, rough, *others)
        if self.preset is not None:
            _refuse_with(f"preset={self.preset!r}", "the published method has nothing of the kind", core, halves)
        if not self.refine:
            _refuse_with("refine=False", "nothing but the refinement uses it", core, halves)
        if self.loss != "wemd" and self.loss != "core":
            loss = f"loss={self.loss!r}" if isinstance(self.loss, str) else "a loss of your own"
            _refuse_with(loss, "the WEMD alone uses it", self._changed("wavelet"), self._changed("levels"))

    def _changed(self, name: str) -> str | None:
        """Return an option as it was given, or None if it is as it is by itself."""
        value, usual = getattr(self, name), getattr(Options, name)
        if name == "loss" and callable(value):
            return "a loss of your own"
        return None if value == usual else f"{name}={value!r}"

    def _check_half_maps(self) -> None:
        given = self.half_maps_fixed, self.half_maps_moving
        if (given[0] is None) != (given[1] is None):
            raise InputError(
                "half maps: got those of one map only, expected half_maps_fixed and half_maps_moving, or none."
            )
        for halves in given:
            if halves is None:
                continue
            if len(halves) != 2 or halves[0].grid != halves[1].grid:
                raise InputError("half maps: expected two maps on the same grid; are they of the same reconstruction?")
            if np.array_equal(halves[0].data, halves[1].data):
                raise InputError(
                    f"half maps: {halves[0].name} and {halves[1].name} are the same map, expected two independent "
                    "halves; give the other one too."
                )

    @property
    def is_partial(self) -> bool:
        """Whether one map is to be found as a part of the other: asked for, or one of them alone is masked."""
        return self.partial or (self.mask_fixed is None) != (self.mask_moving is None)

    def allows(self, linear: NDArray[np.float64]) -> bool:
        """Whether an orthogonal matrix lies within `local_degrees` of the start, if it has the start's hand."""
        start = self.start_matrix()[:, :3]
        if self.local_degrees is None or np.linalg.det(start) * np.linalg.det(linear) < 0:
            return True
        return float(geodesic_degrees(linear, start)) <= self.local_degrees + 1e-6

    def start_matrix(self) -> NDArray[np.float64]:
        """Return the motion to start from; the identity if none was given."""
        if self.start is None:
            return np.eye(3, 4)
        if isinstance(self.start, Alignment):
            return self.start.moving_to_fixed
        return np.asarray(self.start, dtype=np.float64)

    def as_parameters(self) -> dict[str, object]:
        """Return the options as a result file keeps them."""
        return {
            "loss": self.loss if isinstance(self.loss, str) else getattr(self.loss, "__name__", "callable"),
            "hand": self.hand,
            "size": self.size,
            "evaluations": self.evaluations,
            "refine": self.refine,
            "preset": self.preset,
            "start": None if self.start is None else self.start_matrix().tolist(),
            "local_degrees": self.local_degrees,
            "level_fixed": self.level_fixed,
            "level_moving": self.level_moving,
            "mask_fixed": None if self.mask_fixed is None else self.mask_fixed.name,
            "mask_moving": None if self.mask_moving is None else self.mask_moving.name,
            "half_maps_fixed": _names(self.half_maps_fixed),
            "half_maps_moving": _names(self.half_maps_moving),
            "partial": self.is_partial,
            "wavelet": self.wavelet,
            "levels": self.levels,
        }


def _names(halves: tuple[DensityMap, DensityMap] | None) -> list[str] | None:
    return None if halves is None else [half.name for half in halves]


def _refuse_with(option: str, reason: str, *others: str | None) -> None:
    """Refuse the first of other options that is given beside one."""
    for other in others:
        if other is not None:
            raise InputError(f"{other} can't be given with {option}: {reason}; leave out one of the two.")


def _one_of(name: str, value: object, expected: tuple[str, ...]) -> None:
    if value not in expected:
        raise InputError(f"{name}: got {value!r}, expected one of {', '.join(expected)}.")


def _number(name: str, value: object) -> None:
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if value is not None and not number:
        raise InputError(f"{name}: got {value!r}, expected a number.")
