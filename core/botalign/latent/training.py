"""Stochastic gradient descent on pairs of latents, by jax and optax."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError
from botalign.latent.networks import Parameters
from botalign.progress import in_background

Pairs = NDArray[np.int32]
#: The mean loss of pairs: by the array module, of parameters, with data, shape (batch, 2).
Loss = Callable[[Any, Parameters, Any, Any], Any]
#: Draws pairs of indices, shape (steps, batch, 2).
Draw = Callable[[int, int], Pairs]

_CHUNK = 100
#: On one thread: over several, sums are taken in an order that depends on their number.
_COMPILER_OPTIONS = {"xla_cpu_multi_thread_eigen": False}


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to descend.

    Attributes
    ----------
    steps : int
        Steps, each with its own pairs.
    batch : int
        Pairs a step.
    rate : float
        Learning rate of Adam at the beginning; it falls to zero as a cosine.
    decay : float
        How much of itself a parameter loses in a step, as a part of the learning rate: it keeps functions simple where
        few distances are known.
    """

    steps: int
    batch: int
    rate: float = 3e-3
    decay: float = 0.0


def require_jax() -> None:
    """Refuse to go on without jax and optax.

    Raises
    ------
    InputError
        If one of them is missing.
    """
    missing = [name for name in ("jax", "optax") if find_spec(name) is None]
    if missing:
        raise InputError(
            f"landscape: needs jax and optax, but {' and '.join(missing)} can't be found; install what is missing by "
            "pip install jax optax."
        )


def draw_pairs(rng: np.random.Generator, members: NDArray[np.intp]) -> Draw:
    """Return a function that draws pairs of two different members, uniformly."""
    count = len(members)

    def draw(steps: int, batch: int) -> Pairs:
        first = rng.integers(count, size=(steps, batch))
        second = (first + rng.integers(1, count, size=(steps, batch))) % count
        return np.stack([members[first], members[second]], axis=-1).astype(np.int32)

    return draw


def descend(
    loss: Loss,
    parameters: Parameters,
    data: Any,
    draw: Draw,
    schedule: Schedule,
) -> Generator[tuple[int, float], None, Parameters]:
    """Minimise a loss over parameters.

    Closing the generator, and an interruption, wait until jax has done what it is at, a second or two at most: it
    compiles on a thread of its own, which crashes if the program ends meanwhile.

    Parameters
    ----------
    loss : callable
        ``loss(xp, parameters, data, pairs)`` returns the mean loss of pairs, shape (batch, 2), by the array module
        ``xp``. The same function gives the same compiled code, so it must be one that lasts.
    parameters : nested dict and list of ndarray
        Where to begin.
    data : nested dict of ndarray
        What the loss needs beside them.
    draw : callable
        Draws the pairs.
    schedule : Schedule
        How long and how fast.

    Yields
    ------
    tuple
        Steps done, and the mean loss of the last ones.

    Returns
    -------
    nested dict and list of ndarray
        The parameters found, float32.
    """
    # Interruptions reach the main thread alone: there they would end jax's wait for the compiler, but not the compiler.
    return (yield from in_background(_descent(loss, parameters, data, draw, schedule)))


def _descent(
    loss: Loss, parameters: Parameters, data: Any, draw: Draw, schedule: Schedule
) -> Generator[tuple[int, float], None, Parameters]:
    import jax

    optimiser, run = _compiled(loss, schedule)
    # Not on a graphics card, which sums in another order each time: what is here is small.
    cpu = jax.devices("cpu")[0]
    parameters, data = jax.device_put((parameters, data), cpu)
    # Put there too, though it is there: else it counts as free to move, and all is compiled again for the second run.
    state = jax.device_put(optimiser.init(parameters), cpu)
    done = 0
    while done < schedule.steps:
        steps = min(_CHUNK, schedule.steps - done)
        (parameters, state), losses = run(parameters, state, data, draw(steps, schedule.batch))
        done += steps
        yield done, float(np.mean(losses))
    return jax.tree.map(np.asarray, parameters)


@lru_cache(maxsize=32)
def _compiled(loss: Loss, schedule: Schedule) -> tuple[Any, Any]:
    """Return the optimiser, and the function that takes many steps: kept, since compiling it takes a second or two."""
    import jax
    import jax.numpy as jnp
    import optax

    rate = optax.cosine_decay_schedule(schedule.rate, schedule.steps)
    optimiser = optax.adamw(rate, weight_decay=schedule.decay)

    def many(parameters: Any, state: Any, data: Any, batches: Any) -> Any:
        def one(carry: Any, pairs: Any) -> Any:
            parameters, state = carry
            value, slope = jax.value_and_grad(lambda p: loss(jnp, p, data, pairs))(parameters)
            change, state = optimiser.update(slope, state, parameters)
            return (optax.apply_updates(parameters, change), state), value

        return jax.lax.scan(one, (parameters, state), batches)

    return optimiser, jax.jit(many, compiler_options=_COMPILER_OPTIONS)
