"""A map of the latent space after which distances mean something (Levy, "Meaningful dimensionality reduction")."""

from __future__ import annotations

import time
import warnings
from collections.abc import Generator
from dataclasses import asdict
from importlib.metadata import version
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.arrays import Matrix
from botalign.errors import Setting
from botalign.latent.agreement import Agreement, agreement, lengths
from botalign.latent.dimension import DimensionTrial, local_thickness
from botalign.latent.learning import (
    best_scale,
    learn_distance,
    learn_map,
    linear_start,
    predict,
    scaling,
    transform,
)
from botalign.latent.networks import Parameters
from botalign.latent.options import LandscapeOptions, checked_latents, checked_table
from botalign.latent.result import Landscape
from botalign.latent.training import Schedule, require_jax
from botalign.maps.header import MapWarning
from botalign.options import options_from
from botalign.progress import Progress, exhaust, map_steps

Result = TypeVar("Result")
Steps = Generator[Progress, None, Result]

CHECK, LEARN = "check the distance", "learn the distance"

_DECAY = 0.3
_MOST_DIMENSIONS = 6


def landscape(
    latents: ArrayLike,
    subset: ArrayLike,
    distances: ArrayLike,
    *,
    dimensions: int | None = None,
    amortise: bool = True,
    weighting: str = "relative",
    floor: float | None = None,
    grow: bool = True,
    held_out: float = 0.2,
    steps: int = 2000,
    batch: int = 512,
    seed: int = 0,
) -> Landscape:
    r"""Deform a latent space so that Euclidean distances in it agree with distances of volumes.

    Latent coordinates, such as cryoDRGN's, say which volume belongs to an image, but not how different two volumes are:
    part of the space may only turn the molecule. From the distances of some volumes a symmetric network
    :math:`h_\psi(z_1, z_2)` is learned (eq. 7 of Levy), and from it a map :math:`f_\xi` that minimises

    .. math:: \sum_{i,j} \left( \frac{\|f_\xi(z_i) - f_\xi(z_j)\|_2}{h_\psi(z_i, z_j)} - 1 \right)^2

    over random pairs of all latents (eq. 8), by stochastic gradient descent.

    Parameters
    ----------
    latents : array_like, shape (n, d)
        Latents of all images.
    subset : array_like, shape (L, d)
        Those of which there are volumes, at least 5.
    distances : array_like, shape (L, L)
        Distances of these volumes, minimised over rotations (eq. 1), as :func:`botalign.distances` returns them.
    dimensions : int, optional
        d', of the new coordinates; d if not given. Then the map begins as the identity times a factor, and leaves it as
        far as the distances ask.
    amortise : bool
        Whether to learn :math:`h_\psi`. Otherwise the map is fitted to the given distances alone (eq. 5).
    weighting : {"relative", "local"}
        ``"local"`` divides the errors by the distance once more (eq. 9), for distances that mean little where they are
        large.
    floor : float, optional
        The least distance that is divided by, in the unit of the distances: about as much as they are uncertain by. Two
        volumes that are the same have distance zero. A twentieth of the median if not given.
    grow : bool
        Whether to estimate the intrinsic dimension by maps into 1, 2, ... dimensions, at most 6, until the last one
        counts for nothing.
    held_out : float
        The part of the subset that :math:`h_\psi` is not shown, once, to measure its error; 0 for none. What is used is
        learned from all.
    steps : int
        Steps of each descent.
    batch : int
        Pairs a step.
    seed : int
        Seed of all draws: the same one gives the same result, to the bit, on the same machine.

    Returns
    -------
    Landscape

    Raises
    ------
    InputError
        If an argument can't be used, or jax or optax is missing.

    Warns
    -----
    MapWarning
        If there are more new dimensions than the latents have.

    See Also
    --------
    landscape_steps : the same as a generator.

    References
    ----------
    A. Levy, Meaningful Dimensionality Reduction of the Conformational Space.
    """
    return exhaust(landscape_steps(**locals()))


def landscape_steps(latents: ArrayLike, subset: ArrayLike, distances: ArrayLike, **options: Any) -> Steps[Landscape]:
    """Learn a landscape a step at a time; parameters, result and errors as for :func:`landscape`.

    What can't be used is refused at the call.

    Yields
    ------
    Progress
        After every hundred steps of a descent, of which one follows the other.

    Returns
    -------
    Landscape
        As the value of ``StopIteration``.
    """
    checked = options_from(LandscapeOptions, options, "landscape_steps")
    z, omega = checked_latents(latents, subset)
    given = checked_table(distances, len(omega))
    require_jax()
    if (checked.dimensions or 0) > z.shape[1]:
        warnings.warn(
            MapWarning(
                Setting("dimensions"),
                f": got {checked.dimensions}, but the latents have {z.shape[1]}; what is made "
                f"of them has no more, bent in a space of {checked.dimensions}.",
            ),
            stacklevel=2,
        )
    return _steps(z, omega, given, checked)


def _steps(z: Matrix, omega: Matrix, given: Matrix, options: LandscapeOptions) -> Steps[Landscape]:
    count, dimension = len(omega), z.shape[1]
    target = dimension if options.dimensions is None else options.dimensions
    steps, amortise = options.steps, options.amortise
    began = time.perf_counter()
    measured = scaling(omega, given, options.floor)
    known = (given / measured.unit).astype(np.float32)
    upper = np.triu_indices(count, 1)
    scale = best_scale(lengths(omega, upper), given[upper] / measured.unit)
    scaled, scaled_subset = measured.scaled(z), measured.scaled(omega)
    # One generator each, in a fixed order, so that what is left out doesn't change the rest.
    first, second, drawer, *others = np.random.default_rng(options.seed).spawn(4 + max(_MOST_DIMENSIONS, target))
    shown = _shown(count, options.held_out if amortise else 0.0, first)
    tries = list(range(1, min(dimension, _MOST_DIMENSIONS) + 1)) if options.grow else []
    trace: list[Progress] = []

    held: Agreement | None = None
    learned: Parameters | None = None
    straight = np.diag(measured.spread * scale)
    schedule, simple = Schedule(steps, options.batch), Schedule(steps, options.batch, decay=_DECAY)
    if len(shown) < count:
        trained = learn_distance(scaled_subset, known, shown, straight, measured.floor, simple, first)
        part = yield from _follow(CHECK, trained, simple, trace)
        new = np.ones(count, dtype=bool)
        new[shown] = False
        pairs = np.stack(upper)[:, new[upper[0]] | new[upper[1]]]
        guessed = predict(part, scaled_subset[pairs[0]], scaled_subset[pairs[1]]) * measured.unit
        held = agreement(guessed, given[pairs[0], pairs[1]])
    if amortise:
        everything = np.arange(count)
        trained = learn_distance(scaled_subset, known, everything, straight, measured.floor, simple, second)
        learned = yield from _follow(LEARN, trained, simple, trace)

    def fit(into: int) -> Steps[Parameters]:
        trained = learn_map(
            scaled if amortise else scaled_subset,
            learned if amortise else known,
            linear_start(scaled, measured.spread, into, scale),
            measured.floor,
            options.weighting,
            schedule,
            others[into],
        )
        return _follow(_map_stage(into), trained, schedule, trace)

    maps: dict[int, Parameters] = {}
    trials: list[DimensionTrial] = []
    for into in tries:
        maps[into] = yield from fit(into)
        there = transform(maps[into], scaled_subset)
        stress = agreement(lengths(there, upper), given[upper] / measured.unit).stress
        trials.append(DimensionTrial(into, stress, local_thickness(transform(maps[into], scaled), drawer)))
        if trials[-1].flat:
            break
    if target not in maps:
        maps[target] = yield from fit(target)
    made = maps[target]
    there = transform(made, scaled_subset) * measured.unit
    return Landscape(
        transformed=transform(made, scaled) * measured.unit,
        subset_transformed=there,
        before=agreement(lengths(omega, upper) * scale * measured.unit, given[upper]),
        after=agreement(lengths(there, upper), given[upper]),
        held_out=held,
        trials=tuple(trials),
        parameters={
            **{name: value for name, value in asdict(options).items() if name != "seed"},
            "dimensions": target,
            "floor": measured.floor * measured.unit,
        },
        seed=options.seed,
        versions={name: version(name) for name in ("botalign", "numpy", "jax", "optax")},
        seconds=time.perf_counter() - began,
        trace=tuple(trace),
        _scaling=measured,
        _map=made,
        _distance=learned,
    )


def stage_names(most: int) -> list[str]:
    """Return what the trainings are called, with maps into up to so many dimensions."""
    return [CHECK, LEARN, *map(_map_stage, range(1, most + 1))]


def _map_stage(dimensions: int) -> str:
    return f"map into {dimensions} dimension{'s' * (dimensions > 1)}"


def _follow(
    stage: str,
    descent: Generator[tuple[int, float], None, Parameters],
    schedule: Schedule,
    trace: list[Progress],
) -> Steps[Parameters]:
    """Take the steps of a descent, and tell of each."""

    def tell(step: tuple[int, float]) -> Progress:
        trace.append(Progress(stage, step[0], schedule.steps, loss=step[1]))
        return trace[-1]

    return map_steps(descent, tell)


def _shown(count: int, held_out: float, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw which members of the subset the distance is learned from while it is checked."""
    left_out = 0 if held_out == 0 else min(max(round(held_out * count), 1), count - 3)
    return np.sort(rng.permutation(count)[left_out:])
