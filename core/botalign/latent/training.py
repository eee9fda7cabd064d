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
#: A loss takes an array module, parameters, data, and pairs of shape (batch, 2), and returns the mean over the pairs.
Loss = Callable[[Any, Parameters, Any, Any], Any]
#: Takes numbers of steps and of pairs, and returns pairs of indices, shape (steps, batch, 2).
Draw = Callable[[int, int], Pairs]

_CHUNK = 100
#: On one thread, because the order of sums over several threads depends on their number.
_COMPILER_OPTIONS = {"xla_cpu_multi_thread_eigen": False}


@dataclass(frozen=True)
class Schedule:
    """Length and rates of a descent.

    Attributes
    ----------
    steps : int
        Number of steps, each with other pairs.
    batch : int
        Pairs in each step.
    rate : float
        Initial learning rate of Adam; it decreases to zero as a cosine.
    decay : float
        Weight decay, relative to the learning rate: it regularises functions that are learned from few distances.
    """

    steps: int
    batch: int
    rate: float = 3e-3
    decay: float = 0.0


def require_jax() -> None:
    """Check that jax and optax are installed.

    Raises
    ------
    InputError
        If one of them is not installed.
    """
    missing = [name for name in ("jax", "optax") if find_spec(name) is None]
    if missing:
        raise InputError(
            f"landscapes need the packages jax and optax, but {' and '.join(missing)} {'are' if missing[1:] else 'is'} "
            "not installed; install them with `pip install jax optax`."
        )


def draw_pairs(rng: np.random.Generator, members: NDArray[np.intp]) -> Draw:
    """Return a function that draws pairs of two different members uniformly."""
    count = len(members)

    def draw(steps: int, batch: int) -> Pairs:
        first = rng.integers(count, size=(steps, batch))
        second = (first + rng.integers(1, count, size=(steps, batch))) % count
        return np.stack([members[first], members[second]], axis=-1).astype(np.int32)

    return draw


def minimise(
    loss: Loss,
    parameters: Parameters,
    data: Any,
    draw: Draw,
    schedule: Schedule,
) -> Generator[tuple[int, float], None, Parameters]:
    """Minimise a loss over parameters.

    Closing the generator, or an interruption, waits for the current step of jax, at most a second or two: the compiler
    of jax runs on a thread that crashes if the program ends.

    Parameters
    ----------
    loss : callable
        Loss. Compiled code is cached by function, so it should be a module-level or cached function.
    parameters : nested dict and list of ndarray
        Parameters to start from.
    data : nested dict of ndarray
        Further data for the loss.
    draw : callable
        Function that draws the pairs.
    schedule : Schedule
        Length and rates.

    Yields
    ------
    tuple
        Number of steps done, and the mean loss of the last chunk of steps.

    Returns
    -------
    nested dict and list of ndarray
        Final parameters, float32.
    """
    # An interruption reaches the main thread only, where it would end the wait for the compiler, but not the compiler.
    return (yield from in_background(_descent(loss, parameters, data, draw, schedule)))


def _descent(
    loss: Loss, parameters: Parameters, data: Any, draw: Draw, schedule: Schedule
) -> Generator[tuple[int, float], None, Parameters]:
    import jax

    optimiser, run = _compiled(loss, schedule)
    # Not on a GPU, where the order of sums is not reproducible; the arrays are small.
    cpu = jax.devices("cpu")[0]
    parameters, data = jax.device_put((parameters, data), cpu)
    # Otherwise the state is not committed to the device, and the second run compiles everything again.
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
    """Return the optimiser and the function for many steps; cached because compilation takes a second or two."""
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
