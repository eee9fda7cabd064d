"""What a learned landscape is made of."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from botalign.arrays import Matrix
from botalign.errors import InputError, Setting
from botalign.latent.agreement import Agreement
from botalign.latent.dimension import DimensionTrial
from botalign.latent.learning import Scaling, predict, transform
from botalign.latent.networks import Parameters
from botalign.progress import Progress

FORMAT = "botalign-landscape"
VERSION = 1


@dataclass(frozen=True, eq=False, repr=False)
class Landscape:
    """Latents of all images in a space whose distances agree with those of the volumes.

    Attributes
    ----------
    transformed : ndarray, shape (n, d')
        New coordinates of all latents, in the unit of the distances.
    subset_transformed : ndarray, shape (L, d')
        Those of the subset.
    before, after : Agreement
        How well the distances of the subset agree with the Euclidean ones of its latents, times the best factor, and
        with those of its new coordinates.
    held_out : Agreement or None
        How well the learned distance agrees with those to volumes that it was not shown. None without amortisation.
    trials : tuple of DimensionTrial
        Maps into 1, 2, ... dimensions, at most 6, until the last one counts for nothing. Empty if it wasn't asked for.
    parameters : dict
        What it was made with.
    seed : int
        Seed of all draws.
    versions : dict
        Versions of the libraries that matter.
    seconds : float
        Time taken.
    trace : tuple of Progress
        The course of the training.
    """

    transformed: Matrix
    subset_transformed: Matrix
    before: Agreement
    after: Agreement
    held_out: Agreement | None
    trials: tuple[DimensionTrial, ...]
    parameters: dict[str, Any]
    seed: int
    versions: dict[str, str]
    seconds: float
    trace: tuple[Progress, ...]
    _scaling: Scaling
    _map: Parameters
    _distance: Parameters | None

    def __repr__(self) -> str:
        """Return one line."""
        count, dimensions = self.transformed.shape
        what = "" if self.intrinsic_dimension is None else f", intrinsic dimension {self.intrinsic_dimension_text}"
        stress = f"stress {self.before.stress:.3f} before, {self.after.stress:.3f} after"
        return f"<Landscape: {count} latents in {dimensions} dimensions, {stress}{what}>"

    @property
    def intrinsic_dimension(self) -> int | None:
        """The last number of dimensions of which every one counts for something.

        None if it wasn't asked for, or all points fall together.
        """
        return max((trial.dimensions for trial in self.trials if not trial.flat), default=None)

    @property
    def dimensions_left(self) -> bool:
        """Whether the latents have more dimensions than were tried, and the last one still counted for something."""
        return bool(self.trials) and not self.trials[-1].flat and len(self.trials) < len(self._scaling.centre)

    @property
    def intrinsic_dimension_text(self) -> str:
        """The intrinsic dimension, and whether it may be more."""
        return f"{self.intrinsic_dimension}{' or more' if self.dimensions_left else ''}"

    def transform(self, latents: ArrayLike) -> Matrix:
        """Return the new coordinates of other latents, shape (m, d) to (m, d')."""
        return transform(self._map, self._scaling.scaled(self._checked(latents))) * self._scaling.unit

    def distance(self, first: ArrayLike, second: ArrayLike) -> Matrix:
        """Return the learned distances (eq. 7) of pairs of latents, shapes (m, d) to (m,).

        Raises
        ------
        InputError
            If it was made without amortisation, so that none was learned.
        """
        if self._distance is None:
            raise InputError("distance: this landscape was made without amortisation, so no distance was learned.")
        pair = (self._scaling.scaled(self._checked(latents)) for latents in (first, second))
        return predict(self._distance, *pair) * self._scaling.unit

    def to_json(self) -> str:
        """Return the numbers, without the coordinates, as JSON."""
        content = {
            "format": FORMAT,
            "version": VERSION,
            "latents": len(self.transformed),
            "subset": len(self.subset_transformed),
            "dimensions": self.transformed.shape[1],
            "intrinsic_dimension": self.intrinsic_dimension,
            "dimensions_left": self.dimensions_left,
            "before": asdict(self.before),
            "after": asdict(self.after),
            "held_out": None if self.held_out is None else asdict(self.held_out),
            "trials": [asdict(trial) | {"flat": trial.flat} for trial in self.trials],
            "parameters": self.parameters,
            "seed": self.seed,
            "versions": self.versions,
            "seconds": self.seconds,
            "trace": [asdict(step) for step in self.trace],
        }
        return json.dumps(content, indent=1, allow_nan=False)

    def _checked(self, latents: ArrayLike) -> Matrix:
        values, dimension = np.asarray(latents, dtype=np.float64), len(self._scaling.centre)
        if values.ndim != 2 or values.shape[1] != dimension:
            raise InputError(Setting("latents"), f": got an array of shape {values.shape}, expected (m, {dimension}).")
        return values
