"""The landscape of a latent space: a transformation of the space that makes distances meaningful (Levy)."""

from __future__ import annotations

import time
import warnings
from collections.abc import Generator
from dataclasses import asdict
from importlib.metadata import version
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.arrays import Matrix
from botalign.errors import Setting
from botalign.latent.agreement import Agreement, agreement, lengths
from botalign.latent.checks import checked_latents, checked_table
from botalign.latent.dimension import DimensionTrial, local_thickness
from botalign.latent.learning import Descent, Fit, best_scale, linear_start, predict, scaling, transform
from botalign.latent.networks import Parameters
from botalign.latent.options import LandscapeOptions
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
    r"""Learn new coordinates for a latent space, so that distances between points match distances between volumes.

    Latent coordinates, such as those of cryoDRGN, determine a volume for each image, but distances between them do not
    measure how much the volumes differ: some coordinates may only rotate the molecule. From the distances between some
    of the volumes, a symmetric network :math:`h_\psi(z_1, z_2)` learns the distance between any two latents [1]_. A
    second network :math:`f_\xi` transforms the latents; over random pairs of all latents, it minimises

    .. math:: \sum_{i,j} \left( \frac{\|f_\xi(z_i) - f_\xi(z_j)\|_2}{h_\psi(z_i, z_j)} - 1 \right)^2 .

    Parameters
    ----------
    latents : array_like, shape (n, d)
        Latent coordinates of all images.
    subset : array_like, shape (L, d)
        Latent coordinates of the volumes, at least 5.
    distances : array_like, shape (L, L)
        Distances between the volumes, minimised over rotations, as from :func:`botalign.distances`.
    dimensions : int, optional
        Number d' of new coordinates; by default d. Then the transformation starts as a scaled identity.
    amortise : bool, optional
        Whether to learn :math:`h_\psi`. Otherwise the new coordinates are fitted to the given distances only.
    weighting : {"relative", "local"}, optional
        Weights of the errors: relative to the distance, or ``"local"``, which divides by the distance once more and so
        gives large distances less weight.
    floor : float, optional
        Distances below this value are treated as this value when errors are divided by the distance: about the
        uncertainty of the distances; by default a twentieth of their median.
    grow : bool, optional
        Whether to estimate the intrinsic dimension by fitting coordinates in 1, 2, ... dimensions, at most 6, until the
        last dimension is negligible.
    held_out : float, optional
        Fraction of the subset that is held out once to measure the error of :math:`h_\psi`. The final :math:`h_\psi` is
        learned from the whole subset.
    steps : int, optional
        Optimisation steps for each fit.
    batch : int, optional
        Pairs of latents per step.
    seed : int, optional
        Seed: the same seed gives the same result, bit for bit, on the same machine.

    Returns
    -------
    Landscape
        The new coordinates, the learned functions, and statistics of their errors.

    Raises
    ------
    InputError
        If an argument or option cannot be used, or jax or optax is not installed.

    Warns
    -----
    MapWarning
        If `dimensions` is larger than the dimension of the latents.

    See Also
    --------
    landscape_steps : The same, as a generator. distances : Compute the distances between volumes.

    Notes
    -----
    The subset must cover all conformations: `held_out` of the result shows whether distances between other volumes are
    predicted well. L2 distances saturate for large movements; use the WEMD or ``weighting="local"`` then.

    References
    ----------
    .. [1] A. Levy, "Meaningful dimensionality reduction of the conformational space", unpublished note.

    Examples
    --------
    >>> import botalign
    >>> family = botalign.phantom_family("line", 200)
    >>> distances = family.atom_distances(range(20))
    >>> options = {"dimensions": 1, "amortise": False, "grow": False, "steps": 100}  # fewer than for a real landscape
    >>> found = botalign.landscape(family.latents, family.latents[:20], distances, **options)
    >>> found.transformed.shape
    (200, 1)
    >>> found.after.stress < found.before.stress
    True
    """
    given = options_from(LandscapeOptions, locals())
    return exhaust(landscape_steps(latents, subset, distances, given))


def landscape_steps(
    latents: ArrayLike, subset: ArrayLike, distances: ArrayLike, options: LandscapeOptions | None = None
) -> Steps[Landscape]:
    """Learn a landscape in steps; result and errors are those of :func:`landscape`.

    Closing the generator between two steps cancels the training. Arguments that cannot be used are refused at the call.

    Parameters
    ----------
    latents, subset, distances : array_like
        As for :func:`landscape`.
    options : LandscapeOptions, optional
        Options; by default those of :func:`landscape`.

    Returns
    -------
    Landscape
        As the value of ``StopIteration``.

    Yields
    ------
    Progress
        After every hundred steps of a fit. The stages are ``"check the distance"``, ``"learn the distance"`` and ``"fit
        in 1 dimension"``, ``"fit in 2 dimensions"``, and so on.

    See Also
    --------
    landscape : The same, as a function.

    Examples
    --------
    >>> import botalign
    >>> family = botalign.phantom_family("line", 200)
    >>> distances = family.atom_distances(range(20))
    >>> options = botalign.LandscapeOptions(dimensions=1, amortise=False, grow=False, steps=100)
    >>> steps = botalign.landscape_steps(family.latents, family.latents[:20], distances, options)
    >>> step = next(steps)
    >>> step.stage, step.done, step.total
    ('fit in 1 dimension', 100, 100)
    >>> steps.close()
    """
    options = options or LandscapeOptions()
    z, omega = checked_latents(latents, subset)
    given = checked_table(distances, len(omega))
    require_jax()
    if (options.dimensions or 0) > z.shape[1]:
        warnings.warn(
            MapWarning(
                Setting("dimensions"),
                f": got {options.dimensions}, but the latents have only {z.shape[1]}; the new coordinates will lie on "
                f"a {z.shape[1]}-dimensional surface.",
            ),
            stacklevel=2,
        )
    return _steps(z, omega, given, options)


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
    # A generator for each purpose, so that leaving out one step does not change the others.
    first, second, sampler, *others = np.random.default_rng(options.seed).spawn(4 + max(_MOST_DIMENSIONS, target))
    training = _training_set(count, options.held_out if amortise else 0.0, first)
    tried = list(range(1, min(dimension, _MOST_DIMENSIONS) + 1)) if options.grow else []
    trace: list[Progress] = []

    held: Agreement | None = None
    learned: Parameters | None = None
    linear = np.diag(measured.spread * scale)
    schedule, decaying = Schedule(steps, options.batch), Schedule(steps, options.batch, decay=_DECAY)
    if len(training) < count:
        fit = Fit(scaled_subset, linear, measured.floor, decaying, first)
        checked = yield from _follow(CHECK, fit.distance(known, training), decaying, trace)
        unseen = np.ones(count, dtype=bool)
        unseen[training] = False
        pairs = np.stack(upper)[:, unseen[upper[0]] | unseen[upper[1]]]
        predicted = predict(checked, scaled_subset[pairs[0]], scaled_subset[pairs[1]]) * measured.unit
        held = agreement(predicted, given[pairs[0], pairs[1]])
    if amortise:
        fit = Fit(scaled_subset, linear, measured.floor, decaying, second)
        learned = yield from _follow(LEARN, fit.distance(known, np.arange(count)), decaying, trace)

    def fit_map(into: int) -> Steps[Parameters]:
        start = linear_start(scaled, measured.spread, into, scale)
        fit = Fit(scaled if amortise else scaled_subset, start, measured.floor, schedule, others[into])
        descent = fit.map(learned if amortise else known, options.weighting)
        return _follow(_map_stage(into), descent, schedule, trace)

    maps: dict[int, Parameters] = {}
    trials: list[DimensionTrial] = []
    for into in tried:
        maps[into] = yield from fit_map(into)
        mapped = transform(maps[into], scaled_subset)
        stress = agreement(lengths(mapped, upper), given[upper] / measured.unit).stress
        trials.append(DimensionTrial(into, stress, local_thickness(transform(maps[into], scaled), sampler)))
        if trials[-1].flat:
            break
    if target not in maps:
        maps[target] = yield from fit_map(target)
    final = maps[target]
    mapped = transform(final, scaled_subset) * measured.unit
    return Landscape(
        transformed=transform(final, scaled) * measured.unit,
        subset_transformed=mapped,
        before=agreement(lengths(omega, upper) * scale * measured.unit, given[upper]),
        after=agreement(lengths(mapped, upper), given[upper]),
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
        _map=final,
        _distance=learned,
    )


def _map_stage(dimensions: int) -> str:
    return f"fit in {dimensions} dimension{'s' * (dimensions > 1)}"


def _follow(
    stage: str,
    descent: Descent,
    schedule: Schedule,
    trace: list[Progress],
) -> Steps[Parameters]:
    """Run a descent, and yield and record the progress of each step."""

    def record(step: tuple[int, float]) -> Progress:
        trace.append(Progress(stage, step[0], schedule.steps, loss=step[1]))
        return trace[-1]

    return map_steps(descent, record)


def _training_set(count: int, held_out: float, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw the indices of the subset that are not held out."""
    excluded = 0 if held_out == 0 else min(max(round(held_out * count), 1), count - 3)
    return np.sort(rng.permutation(count)[excluded:])
