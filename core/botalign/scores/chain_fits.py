r"""How much density a map has for each chain of an atomic model.

A model may fit although one of its chains is at a wrong place: the others outweigh it. So the map :math:`u` is fitted
by the simulated maps :math:`v_c` of the chains, each with a factor of its own:

.. math:: \min_{a, b} \sum_x \left(u(x) - a - \sum_c b_c\, v_c(x)\right)^2 .

The factor of a chain that the map does not show at its place is about zero, even if other chains of the model are
there. Copies of the model that are placed beside it have one factor together. In the map of a larger complex, the
density may still be that of another molecule. A chain that is rotated in place has most of its density. Of chains at
the same place, the first one has the density, and the others have none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Counts, Matrix
from botalign.maps import Grid
from botalign.models import HIGHEST_RESOLUTION, Model, simulate

#: A chain is missing if its occupancy is less than this. In maps as noisy as four times the spread of their densities,
#: chains that are there have 0.65 or more, and chains elsewhere in their complex less than 0.4, apart from one small
#: complex at 20 A (``benchmarks/missing_chains.py``).
MISSING = 0.4
#: Below this fraction, the density of a chain is no more than noise.
ALMOST_NONE = 0.05
#: Chains that a text lists.
LISTED = 4
#: Chains with less than this fraction of the mass of the largest one, such as glycans, have no factor of their own.
LEAST_SIZE = 0.05
#: Chains whose simulated densities have a larger correlation than this are at the same place: half an angstrom apart at
#: a resolution of 10 A.
SAME_PLACE = 0.99
#: The unit of the factors is the smallest one of the best chains that have this fraction of the mass of all.
UNIT_MASS = 1 / 3


@dataclass(frozen=True)
class ChainFit:
    """How much density a map has for a chain of an atomic model.

    Attributes
    ----------
    name : str
        Name of the chain.
    occupancy : float
        The factor of the simulated density of the chain that fits the map, relative to that of the chains that the map
        shows best: about 0 if the map does not show the chain at its place.
    """

    name: str
    occupancy: float

    def to_dict(self) -> dict[str, Any]:
        """Return the content for JSON files."""
        return asdict(self) | {"is_missing": self.is_missing}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> ChainFit:
        """Return the fit from the content of a JSON file."""
        return cls(str(content["name"]), float(content["occupancy"]))

    @property
    def label(self) -> str:
        """Its name, quoted if it is blank."""
        return self.name if self.name.strip() else repr(self.name)

    @property
    def is_missing(self) -> bool:
        """Whether the map does not show the chain, or hardly."""
        return self.occupancy < MISSING


def chain_fits(
    model: Model,
    densities: Matrix,
    grid: Grid,
    inside: NDArray[np.int64],
    resolution: float,
    *,
    others: Sequence[Model] = (),
) -> tuple[ChainFit, ...]:
    """Return how much density a map has for the chains of a model; there are none unless the model has several chains.

    Parameters
    ----------
    model : Model
        Model in the coordinates of the grid.
    densities : ndarray, shape (n,)
        Densities of the map at the points where it is compared.
    grid : Grid
        A grid, of which these points are voxels.
    inside : ndarray of int, shape (n,)
        Their indices in the flattened grid.
    resolution : float
        Resolution of the simulated maps of the chains.
    others : sequence of Model, optional
        What else is in the map beside the model.
    """
    large, masses = _large_chains(model)
    if len(large) < 2:
        return ()
    assert model.atom_chains is not None
    chosen = [model.atom_chains == chain for chain in large] + [~np.isin(model.atom_chains, large)]
    atoms = [(model.points[each], model.weights[each]) for each in chosen]
    if others:
        atoms.append(
            (np.concatenate([each.points for each in others]), np.concatenate([each.weights for each in others]))
        )
    columns = [np.ones(len(inside))]
    for points, weights in atoms:
        if weights.any():
            density = simulate(Model(points, weights), min(resolution, HIGHEST_RESOLUTION), grid=grid)
            columns.append(density.data.ravel()[inside].astype(np.float64))
    used = np.ones(len(columns), dtype=np.bool_)
    used[1 : 1 + len(large)] = _first_at_place(np.stack(columns[1 : 1 + len(large)]))
    factors = np.zeros(len(columns))
    factors[used] = np.linalg.lstsq(np.stack(columns, axis=1)[:, used], densities, rcond=None)[0]
    factors = factors[1 : 1 + len(large)]
    # That of a chain with a wrong occupancy, or without its side chains, may be several times as large as the others.
    order = np.argsort(-factors)
    unit = factors[order][np.searchsorted(np.cumsum(masses[order]), UNIT_MASS * masses.sum())]
    if unit <= 0:
        return ()
    return tuple(ChainFit(model.chains[chain], float(each / unit)) for chain, each in zip(large, factors, strict=True))


def _first_at_place(densities: Matrix) -> NDArray[np.bool_]:
    """Return for each chain, given the rows of their densities, whether no chain before it is at the same place.

    A fit does not determine how two such chains share the density: each has a half, or noise decides.
    """
    centred = densities - densities.mean(axis=1, keepdims=True)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    return np.asarray(~(np.tril(centred @ centred.T, k=-1) > SAME_PLACE).any(axis=1))


def _large_chains(model: Model) -> tuple[Counts, Matrix]:
    """Return the numbers of the chains that have a factor of their own, and their masses."""
    if model.atom_chains is None:
        return np.empty(0, dtype=np.int64), np.empty(0)
    in_chain = model.atom_chains >= 0
    # Atoms with an occupancy of 0 have no density to compare.
    masses = np.zeros(len(model.chains))
    np.add.at(masses, model.atom_chains[in_chain], model.weights[in_chain])
    large: Counts = np.flatnonzero((masses > 0) & (masses >= LEAST_SIZE * masses.max(initial=0.0)))
    return large, masses[large]


def missing_chains_text(fits: Sequence[ChainFit]) -> str | None:
    """Return which chains of a model the map does not show, or hardly, and what to do; None if it shows all."""
    text, count = low_density_text(fits), sum(each.is_missing for each in fits)
    them = "it" if count == 1 else "them"
    return None if text is None else f"{text}; move {them} in the model, or leave {them} out"


def missing_names(fits: Sequence[ChainFit]) -> str:
    """Return the names of the chains that the map does not show, or hardly, for a column of a table."""
    return ",".join(each.label for each in fits if each.is_missing)


def low_density_text(fits: Sequence[ChainFit]) -> str | None:
    """Return which chains of a model the map does not show, or hardly; None if it shows all."""
    missing = [each for each in fits if each.is_missing]
    if not missing:
        return None
    shares = [f"{100 * max(each.occupancy, 0.0):.0f}%" for each in missing]
    if len(missing) == 1:
        share = (
            "almost no density" if missing[0].occupancy < ALMOST_NONE else f"only {shares[0]} of the density expected"
        )
        return f"the map has {share} for chain {missing[0].label}"
    named = [f"{each.label} ({share})" for each, share in zip(missing, shares, strict=True)]
    more = [f"{len(named) - LISTED} more"] if len(named) > LISTED else []
    shown = named[:LISTED] + more
    listed = f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"the map has little or no density for chains {listed}"
