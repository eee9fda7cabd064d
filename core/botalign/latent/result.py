"""The result of learning a landscape."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from botalign.arrays import Matrix
from botalign.errors import InputError, Setting, counted
from botalign.latent.agreement import Agreement
from botalign.latent.dimension import DimensionTrial
from botalign.latent.learning import Scaling, predict, transform
from botalign.latent.networks import Parameters
from botalign.progress import Progress

FORMAT = "botalign-landscape"
VERSION = 1


@dataclass(frozen=True, eq=False, repr=False)
class Landscape:
    """New coordinates of latents, in which distances between points match distances between volumes.

    Attributes
    ----------
    transformed : ndarray, shape (n, d')
        New coordinates of all latents, in the unit of the distances.
    subset_transformed : ndarray, shape (L, d')
        New coordinates of the subset.
    before, after : Agreement
        Agreement of the Euclidean distances between the points of the subset with the given distances: of its latents,
        scaled by the best factor, and of its new coordinates.
    held_out : Agreement or None
        Agreement of the learned distance with the distances to volumes that were held out; None without amortisation.
    trials : tuple of DimensionTrial
        Results of the maps into 1, 2, ... dimensions; empty without `grow`.
    parameters : dict
        Options of the run.
    seed : int
        Seed.
    versions : dict
        Versions of the packages that the result depends on.
    seconds : float
        Duration.
    trace : tuple of Progress
        Progress of the training.

    See Also
    --------
    landscape : Learn a landscape.

    Examples
    --------
    >>> import botalign
    >>> family = botalign.phantom_family("line", 200)
    >>> distances = family.atom_distances(range(20))
    >>> options = {"dimensions": 1, "amortise": False, "grow": False, "steps": 100}
    >>> found = botalign.landscape(family.latents, family.latents[:20], distances, **options)
    >>> found.subset_transformed.shape, found.intrinsic_dimension
    ((20, 1), None)
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
        intrinsic = "" if self.intrinsic_dimension is None else f", intrinsic dimension {self.intrinsic_dimension_text}"
        stress = f"stress {self.before.stress:.3f} before, {self.after.stress:.3f} after"
        return f"<Landscape: {count} latents in {counted(dimensions, 'dimension')}, {stress}{intrinsic}>"

    @property
    def intrinsic_dimension(self) -> int | None:
        """Largest number of dimensions of which none is negligible.

        It is None if the dimension was not estimated, or if all points coincide.
        """
        return max((trial.dimensions for trial in self.trials if not trial.flat), default=None)

    @property
    def dimensions_left(self) -> bool:
        """Whether the intrinsic dimension may be larger: the last trial had no negligible dimension."""
        return bool(self.trials) and not self.trials[-1].flat and len(self.trials) < len(self._scaling.centre)

    @property
    def intrinsic_dimension_text(self) -> str:
        """Intrinsic dimension as text, with "or more" if it may be larger."""
        return f"{self.intrinsic_dimension}{' or more' if self.dimensions_left else ''}"

    def transform(self, latents: ArrayLike) -> Matrix:
        """Return the new coordinates of other latents.

        Parameters
        ----------
        latents : array_like, shape (m, d)
            Latents.

        Returns
        -------
        ndarray, shape (m, d')
            New coordinates, in the unit of the distances.

        Raises
        ------
        InputError
            If the latents have another dimension.

        Examples
        --------
        >>> import botalign
        >>> family = botalign.phantom_family("line", 200)
        >>> distances = family.atom_distances(range(20))
        >>> options = {"dimensions": 1, "amortise": False, "grow": False, "steps": 100}
        >>> found = botalign.landscape(family.latents, family.latents[:20], distances, **options)
        >>> found.transform(family.latents[:5]).shape
        (5, 1)
        """
        return transform(self._map, self._scaling.scaled(self._checked(latents))) * self._scaling.unit

    def distance(self, first: ArrayLike, second: ArrayLike) -> Matrix:
        """Return the learned distances between pairs of latents.

        Parameters
        ----------
        first, second : array_like, shape (m, d)
            Latents.

        Returns
        -------
        ndarray, shape (m,)
            Distances.

        Raises
        ------
        InputError
            If the landscape was learned without amortisation, or the latents have another dimension.

        Examples
        --------
        >>> import botalign
        >>> family = botalign.phantom_family("line", 200)
        >>> distances = family.atom_distances(range(20))
        >>> options = {"dimensions": 1, "grow": False, "held_out": 0.0, "steps": 100}
        >>> found = botalign.landscape(family.latents, family.latents[:20], distances, **options)
        >>> found.distance(family.latents[:5], family.latents[:5]).tolist()
        [0.0, 0.0, 0.0, 0.0, 0.0]
        """
        if self._distance is None:
            raise InputError(
                "this landscape has no learned distance, because it was made without amortisation; use ",
                Setting("amortise", True),
                ".",
            )
        pair = (self._scaling.scaled(self._checked(latents)) for latents in (first, second))
        return predict(self._distance, *pair) * self._scaling.unit

    def to_json(self) -> str:
        """Return the result as JSON, without the coordinates and the learned functions.

        Returns
        -------
        str
            JSON text with ``"format": "botalign-landscape"``.

        Examples
        --------
        >>> import json
        >>> import botalign
        >>> family = botalign.phantom_family("line", 200)
        >>> distances = family.atom_distances(range(20))
        >>> options = {"dimensions": 1, "amortise": False, "grow": False, "steps": 100}
        >>> found = botalign.landscape(family.latents, family.latents[:20], distances, **options)
        >>> json.loads(found.to_json())["dimensions"]
        1
        """
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
