"""The result of an alignment, and the file it is kept in."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botalign.alignment import exports
from botalign.alignment.comparison import HandDecision, Scores
from botalign.alignment.symmetry import Symmetry
from botalign.errors import InputError
from botalign.files import output_file
from botalign.geometry import MIRROR, apply_transform, axis_angle, euler_zyz_degrees, is_rigid, quaternion_from_matrix
from botalign.geometry import inverse as inverted
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import moved
from botalign.scores import ShellCorrelation

if TYPE_CHECKING:
    from os import PathLike

Matrix = NDArray[np.float64]

FORMAT = "botalign-alignment"
VERSION = 1


@dataclass(frozen=True)
class MapReference:
    """What a result remembers of a map: its name and its grid."""

    name: str
    grid: Grid


@dataclass(frozen=True, eq=False)
class Candidate:
    """A pose that was considered.

    Attributes
    ----------
    moving_to_fixed : ndarray, shape (3, 4)
        The pose.
    mirrored : bool
        Whether it mirrors the moving map.
    loss : float
        Loss of the search there, before it was refined.
    correlation : float or None
        Correlation about the mean after it was refined; None if it wasn't.
    as_good : bool
        Whether it fits as well as the answer, within the error of the difference.
    """

    moving_to_fixed: Matrix
    mirrored: bool
    loss: float
    correlation: float | None
    as_good: bool = False


@dataclass(frozen=True)
class TracePoint:
    """One evaluation of the search: its loss, and whether the moving map was mirrored."""

    mirrored: bool
    loss: float


@dataclass(frozen=True, eq=False, repr=False)
class Alignment:
    """The motion that puts one map on another, and how good it is.

    Attributes
    ----------
    moving_to_fixed : ndarray, shape (3, 4)
        ``x_fixed = M[:, :3] @ x_moving + M[:, 3]``, coordinates ``(x, y, z)`` in angstrom.
    mirrored : bool
        Whether the motion mirrors the moving map; then ``det(M[:, :3])`` is -1.
    fixed, moving : MapReference
        The two maps.
    before, after : Scores
        Scores where the moving map was, and where it came to lie.
    shells_before, shells_after : ShellCorrelation
        The Fourier shell correlations there.
    hand : HandDecision or None
        Which hand the moving map has; None if that wasn't asked.
    verdict : str or None
        ``"certain"``; ``"ambiguous"`` if another of the candidates is as good; ``"no match"`` if the maps agree in
        outline at most; None if the pose wasn't refined, or found by the paper's method.
    symmetry : Symmetry or None
        Point group of the fixed map, if several poses fit equally well because of it. Of the equivalent motions the
        one that turns the map least from its start is given.
    candidates : tuple of Candidate
        The poses that were considered: the answer, its rivals, then those of the other hand.
    trace : tuple of TracePoint
        The evaluations of the search, in order.
    parameters : dict
        The options of the run.
    seed : int
        The seed of the run.
    versions : dict
        Versions of this package and of the libraries below it.
    seconds : float
        How long it took.
    """

    moving_to_fixed: Matrix
    mirrored: bool
    fixed: MapReference
    moving: MapReference
    before: Scores
    after: Scores
    shells_before: ShellCorrelation
    shells_after: ShellCorrelation
    hand: HandDecision | None
    verdict: str | None
    symmetry: Symmetry | None
    candidates: tuple[Candidate, ...]
    trace: tuple[TracePoint, ...]
    parameters: dict[str, Any]
    seed: int
    versions: dict[str, str]
    seconds: float

    def __repr__(self) -> str:
        """Return one line, for whoever types the name of a result."""
        return f"<Alignment {exports.brief(self)}>"

    @property
    def rotation(self) -> Matrix:
        """The rotation, shape (3, 3): the linear part, with the mirror ``z -> -z`` before it taken off."""
        linear = self.moving_to_fixed[:, :3]
        return linear @ MIRROR if self.mirrored else linear

    @property
    def angle_degrees(self) -> float:
        """Angle of the rotation, 0 to 180 degrees."""
        return axis_angle(self.rotation)[1]

    @property
    def axis(self) -> Matrix:
        """Axis of the rotation, a unit vector ``(x, y, z)``."""
        return axis_angle(self.rotation)[0]

    @property
    def quaternion(self) -> Matrix:
        """Unit quaternion ``(w, x, y, z)`` of the rotation, ``w >= 0``."""
        return quaternion_from_matrix(self.rotation)

    @property
    def euler_degrees(self) -> Matrix:
        """Euler angles of the rotation, ``(a, b, c)`` with ``R = Rz(a) Ry(b) Rz(c)``, in degrees."""
        return euler_zyz_degrees(self.rotation)

    @property
    def shift_angstrom(self) -> Matrix:
        """How far the centre of the moving map's box moves, ``(x, y, z)`` in angstrom."""
        centre = self.moving.grid.centre_angstrom
        return apply_transform(self.moving_to_fixed, centre) - centre

    def apply(
        self,
        density_map: DensityMap,
        *,
        onto: DensityMap | Grid | None = None,
        inverse: bool = False,
        threads: int = 1,
    ) -> DensityMap:
        """Move a map as the moving map was moved: the map itself, a half map, a mask.

        Parameters
        ----------
        density_map : DensityMap
            The map, with all its densities: nothing of the pre-processing for the fit is done to it.
        onto : DensityMap or Grid, optional
            The grid to sample on; the map's own if not given.
        inverse : bool, optional
            Move from the fixed map's place to the moving one's instead.
        threads : int, optional
            How many threads; the result doesn't depend on it.

        Returns
        -------
        DensityMap
            The moved map, resampled once by cubic B-splines; zero outside the box of `density_map`.
        """
        grid = onto.grid if isinstance(onto, DensityMap) else onto or density_map.grid
        return moved(density_map, self.matrix(inverse=inverse), grid, threads=threads)

    def matrix(self, *, inverse: bool = False) -> Matrix:
        """Return :attr:`moving_to_fixed`, or its inverse, shape (3, 4)."""
        return inverted(self.moving_to_fixed) if inverse else self.moving_to_fixed

    def to_chimerax(self, model: str = "#2") -> str:
        """Return the ``view matrix`` command that places `model`; see :func:`botalign.alignment.exports.chimerax`."""
        return exports.chimerax(self.moving_to_fixed, model)

    def to_pyem(self) -> str:
        """Return a 3x4 JSON matrix in angstrom, as ``star.py --transform`` of pyem reads it."""
        return exports.pyem(self.moving_to_fixed, self.moving.grid, self.fixed.grid)

    def to_napari(self) -> Matrix:
        """Return a 4x4 matrix for coordinates ``(z, y, x)``, as ``layer.affine`` of napari takes it."""
        return exports.napari(self.moving_to_fixed)

    @property
    def verdict_in_words(self) -> str:
        """What the result is worth, as every front end says it."""
        return exports.verdict(self)

    def to_text(self) -> str:
        """Return a short summary, a line for each fact."""
        return exports.text(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the contents of the result file: numbers, texts, lists and dictionaries only."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "moving_to_fixed": self.moving_to_fixed.tolist(),
            "mirrored": self.mirrored,
            "fixed": asdict(self.fixed),
            "moving": asdict(self.moving),
            "scores": {"before": asdict(self.before), "after": asdict(self.after)},
            "shells": {
                when: {
                    "frequency_per_angstrom": curve.frequency_per_angstrom.tolist(),
                    "correlation": curve.correlation.tolist(),
                }
                for when, curve in (("before", self.shells_before), ("after", self.shells_after))
            },
            "hand": None if self.hand is None else asdict(self.hand),
            "verdict": self.verdict,
            "symmetry": None if self.symmetry is None else self.symmetry.to_dict(),
            "candidates": [asdict(c) | {"moving_to_fixed": c.moving_to_fixed.tolist()} for c in self.candidates],
            "trace": [asdict(point) for point in self.trace],
            "parameters": self.parameters,
            "seed": self.seed,
            "versions": self.versions,
            "seconds": self.seconds,
        }

    def to_json(self) -> str:
        """Return the text of the result file; infinite numbers, which JSON doesn't have, become null."""
        return json.dumps(_finite(self.to_dict()), indent=1, allow_nan=False)

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the result file.

        Raises
        ------
        InputError
            If the file exists and `overwrite` is false, or can't be written.
        """
        with output_file(path, overwrite=overwrite) as temporary:
            Path(temporary).write_text(self.to_json() + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Alignment:
        """Read a result file.

        Raises
        ------
        InputError
            If the file is missing, is not a result file, is damaged, or is from a newer version.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise InputError(f"{path}: can't be read ({reason}); expected a result file of `botalign align`.") from None
        except json.JSONDecodeError as error:
            raise InputError(
                f"{path}: not JSON (line {error.lineno}); expected a result file of `botalign align --result`."
            ) from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise InputError(f"{path}: JSON, but not a result of `botalign align --result` (no format {FORMAT!r}).")
        if content.get("version") != VERSION:
            newer = isinstance(content.get("version"), int) and content["version"] > VERSION
            advice = "upgrade botalign" if newer else "align again"
            raise InputError(f"{path}: result file of version {content.get('version')}, expected {VERSION}; {advice}.")
        try:
            return cls._from_dict(content)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise InputError(f"{path}: damaged result file ({type(error).__name__}: {error}); align again.") from None

    @classmethod
    def _from_dict(cls, content: dict[str, Any]) -> Alignment:
        """Build from the contents of a result file."""
        matrix = np.array(content["moving_to_fixed"], dtype=np.float64)
        if not is_rigid(matrix) or (np.linalg.det(matrix[:, :3]) < 0) != content["mirrored"]:
            raise ValueError("moving_to_fixed is no rigid motion, or its hand isn't the one that 'mirrored' says")
        hand = content["hand"]
        shells = {
            when: ShellCorrelation(np.array(curve["frequency_per_angstrom"]), np.array(curve["correlation"]))
            for when, curve in content["shells"].items()
        }
        return cls(
            moving_to_fixed=matrix,
            mirrored=bool(content["mirrored"]),
            fixed=_reference(content["fixed"]),
            moving=_reference(content["moving"]),
            before=_scores(content["scores"]["before"]),
            after=_scores(content["scores"]["after"]),
            shells_before=shells["before"],
            shells_after=shells["after"],
            hand=None if hand is None else HandDecision(**(hand | {"standard_error": _number(hand["standard_error"])})),
            verdict=content["verdict"],
            symmetry=None if content["symmetry"] is None else Symmetry.from_dict(content["symmetry"]),
            candidates=tuple(
                Candidate(np.array(c["moving_to_fixed"]), c["mirrored"], c["loss"], c["correlation"], c["as_good"])
                for c in content["candidates"]
            ),
            trace=tuple(TracePoint(**point) for point in content["trace"]),
            parameters=dict(content["parameters"]),
            seed=int(content["seed"]),
            versions=dict(content["versions"]),
            seconds=float(content["seconds"]),
        )


def _reference(content: dict[str, Any]) -> MapReference:
    return MapReference(str(content["name"]), Grid(**content["grid"]))


def _number(value: float | None) -> float:
    return math.inf if value is None else float(value)


def _scores(content: dict[str, Any]) -> Scores:
    return Scores(**{name: _number(value) for name, value in content.items()})


def _finite(value: Any) -> Any:
    """Replace infinite numbers by None and numpy's numbers by Python's, at any depth."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
