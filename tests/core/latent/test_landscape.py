import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from botalign import InputError, Landscape, LandscapeOptions, MapWarning, landscape, landscape_steps, phantom_family
from botalign.latent import networks, training

pytest.importorskip("jax", reason="needs jax")
pytest.importorskip("optax", reason="needs optax")

RNG = np.random.default_rng(0)
Z = RNG.uniform(-1, 1, (300, 2)) * [2.0, 0.5] + [3.0, -1.0]
OMEGA = Z[:30]
DISTANCES = 3.0 * cdist(OMEGA, OMEGA)
QUICK = {"steps": 300, "grow": False, "held_out": 0.0}


@pytest.fixture(scope="module")
def isometric() -> Landscape:
    """Return the landscape of a latent space that needs only a factor."""
    return landscape(Z, OMEGA, DISTANCES, **QUICK)


def test_the_distance_network_is_a_distance_for_all_parameters() -> None:
    parameters = networks.new_distance(RNG, RNG.standard_normal((3, 3)))
    a, b = RNG.standard_normal((2, 50, 3)).astype(np.float32)
    there, back = (networks.distance(np, parameters, *pair) for pair in ((a, b), (b, a)))
    np.testing.assert_array_equal(there, back)
    assert there.min() > 0
    np.testing.assert_array_equal(networks.distance(np, parameters, a, a), np.zeros(50))


def test_a_map_starts_as_the_linear_map() -> None:
    start = RNG.standard_normal((3, 2))
    z = RNG.standard_normal((9, 3)).astype(np.float32)
    np.testing.assert_allclose(networks.mapped(np, networks.new_map(RNG, start), z), z @ start, atol=1e-5)


@pytest.mark.slow
def test_the_map_remains_the_identity_if_the_distances_agree(isometric: Landscape) -> None:
    assert isometric.before.stress < 1e-6
    assert isometric.after.stress < 0.01
    kept = isometric.transformed - isometric.transformed.mean(axis=0)
    expected = 3.0 * (Z - Z.mean(axis=0))
    assert np.linalg.norm(kept - expected) < 0.03 * np.linalg.norm(expected)


@pytest.mark.slow
def test_the_learned_functions_can_be_applied(isometric: Landscape) -> None:
    np.testing.assert_array_equal(isometric.transform(Z), isometric.transformed)
    np.testing.assert_allclose(isometric.transform(OMEGA), isometric.subset_transformed)
    between = isometric.distance(Z[100:150], Z[200:250])
    np.testing.assert_allclose(between, 3.0 * np.linalg.norm(Z[100:150] - Z[200:250], axis=1), rtol=0.15, atol=0.1)
    assert repr(isometric).startswith("<Landscape: 300 latents in 2 dimensions, stress 0.000 before, 0.0")
    with pytest.raises(InputError, match=r"expected \(m, 2\)"):
        isometric.transform(np.zeros((4, 3)))


def test_numpy_options_are_json_compatible() -> None:
    given: dict[str, Any] = {
        "grow": np.False_, "amortise": np.False_, "floor": np.float32(0.125), "steps": np.int64(1),
        "held_out": np.float32(0.25),
    }  # fmt: skip
    written = json.loads(landscape(Z, OMEGA, DISTANCES, **given).to_json())["parameters"]
    assert (written["grow"], written["amortise"]) == (False, False)
    assert (written["floor"], written["steps"], written["held_out"]) == (pytest.approx(0.125), 1, 0.25)


def test_the_result_is_reproducible(isometric: Landscape) -> None:
    again, other = (landscape(Z, OMEGA, DISTANCES, **QUICK, seed=seed) for seed in (0, 1))
    assert again.transformed.tobytes() == isometric.transformed.tobytes()
    assert other.transformed.tobytes() != isometric.transformed.tobytes()
    assert [step.loss for step in again.trace] == [step.loss for step in isometric.trace]


@pytest.mark.slow
def test_rotations_collapse_and_the_dimension_of_the_motion_is_found() -> None:
    family = phantom_family("line", 600, seed=3)
    distances, options = family.atom_distances(np.arange(40)), LandscapeOptions(steps=500, dimensions=1)
    steps = landscape_steps(family.latents, family.latents[:40], distances, options)
    progress = []
    while True:
        try:
            progress.append(next(steps))
        except StopIteration as stop:
            found = stop.value
            break
    assert [(step.done, step.total) for step in progress[:5]] == [(100 * k, 500) for k in range(1, 6)]
    assert [step.stage for step in progress[::5]] == [
        "check the distance", "learn the distance", "fit in 1 dimension", "fit in 2 dimensions",
    ]  # fmt: skip
    assert found.intrinsic_dimension == 1
    assert [trial.flat for trial in found.trials] == [False, True]
    assert found.before.stress > 0.4
    assert found.after.stress < 0.05
    assert found.held_out is not None
    assert found.held_out.pairs == 8 * 7 // 2 + 8 * 32
    assert found.held_out.stress < 0.1
    assert abs(np.corrcoef(found.transformed[:, 0], family.motion[:, 0])[0, 1]) > 0.998
    # The slope along the coordinates of pure rotation, at equal motion.
    design = np.column_stack([np.ones(600), family.motion, family.motion**2, family.motion**3, family.rotation])
    slopes = np.linalg.lstsq(design, found.transformed[:, 0], rcond=None)[0]
    assert np.abs(slopes[-2:]).max() < 0.03 * abs(slopes[1])


@pytest.mark.slow
def test_without_amortisation_and_with_equal_volumes() -> None:
    omega = np.vstack([OMEGA, OMEGA[:3]])  # distances of zero between different rows
    found = landscape(Z, omega, 3.0 * cdist(omega, omega), amortise=False, steps=300, grow=False)
    assert found.held_out is None
    assert np.isfinite(found.transformed).all()
    assert found.after.stress < 0.01
    with pytest.raises(InputError, match="without amortisation"):
        found.distance(Z[:2], Z[2:4])


@pytest.mark.slow
def test_equation_9_gives_small_distances_more_weight() -> None:
    # Distances that saturate, as L2 distances do, cannot all be Euclidean on a line.
    z = np.linspace(0, 1, 40)[:, None]
    known = 1 - np.exp(-3 * np.abs(z - z.T))
    options = {"amortise": False, "steps": 300, "grow": False}
    found = [landscape(z, z, known, **options, weighting=weighting) for weighting in ("relative", "local")]
    near = (known > 0) & (known < 0.3)
    errors = [np.abs(cdist(f.transformed, f.transformed) - known) for f in found]
    assert errors[1][near].mean() < 0.8 * errors[0][near].mean()
    assert errors[1][known > 0.7].mean() > errors[0][known > 0.7].mean()


@pytest.mark.slow
def test_a_constant_coordinate_and_more_dimensions_than_the_latents_have() -> None:
    z = np.column_stack([Z, np.full(len(Z), 7.0)])
    with pytest.warns(MapWarning, match="dimensions: got 4, but the latents have only 3"):
        found = landscape(z, z[:30], DISTANCES, **QUICK, dimensions=4, amortise=False)
    assert found.transformed.shape == (300, 4)
    assert found.after.stress < 0.02


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"subset": OMEGA[:4], "distances": DISTANCES[:4, :4]}, "expected at least 5"),
        ({"subset": OMEGA[:, :1]}, "expected 2 as for the latents of all images"),
        ({"latents": Z[:, 0]}, r"expected real numbers of shape \(rows, d\)"),
        ({"latents": np.where(Z > 0, Z, np.nan)}, "NaN"),
        ({"distances": DISTANCES[:-1]}, r"expected real numbers of shape \(30, 30\)"),
        ({"distances": DISTANCES - 1}, "none below 0"),
        ({"distances": 0 * DISTANCES}, "all are zero"),
        ({"distances": np.triu(DISTANCES)}, "not symmetric"),
        ({"distances": np.where(DISTANCES > 0, DISTANCES, np.nan)}, "30 of 900 entries"),
        ({"distances": DISTANCES + 1}, "zero diagonal"),
        ({"weighting": "none"}, "weighting: got 'none'"),
        ({"floor": 0.0}, "floor: got 0,"),
        ({"held_out": 0.7}, "held_out: got 0.7"),
        ({"dimensions": 0}, "dimensions: got 0"),
        ({"steps": 0}, "steps: got 0"),
        ({"seed": -1}, "seed: got -1"),
        ({"batch": 2.5}, "batch: got 2.5, expected a whole number"),
    ],
)
def test_bad_input(change: dict[str, object], found: str) -> None:
    given = {"latents": Z, "subset": OMEGA, "distances": DISTANCES} | change
    arrays = [given.pop(name) for name in ("latents", "subset", "distances")]
    with pytest.raises(InputError, match=found) as caught:  # at the call
        landscape_steps(*arrays, LandscapeOptions(**given))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_possibly_larger_intrinsic_dimension_is_reported(
    isometric: Landscape, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not isometric.dimensions_left
    monkeypatch.setattr(import_module("botalign.latent.landscape"), "_MOST_DIMENSIONS", 1)
    found = landscape(Z, OMEGA, DISTANCES, steps=np.int64(100), held_out=0.0)
    assert (found.intrinsic_dimension, found.dimensions_left) == (1, True)
    assert repr(found).endswith("intrinsic dimension 1 or more>")
    content = json.loads(found.to_json())
    assert content["dimensions_left"] is True
    assert "seed" not in content["parameters"]


def test_without_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"need the packages jax and optax.*pip install jax optax"):
        landscape(Z, OMEGA, DISTANCES)


def test_jax_is_imported_only_when_needed() -> None:
    code = (
        "import sys, botalign; botalign.landscape, botalign.phantom_family; print({'jax', 'optax'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_training_runs_on_the_first_cpu() -> None:
    code = """
        import numpy as np, jax
        from botalign.latent import training
        second = jax.devices("cpu")[1]
        found = []

        def compiled(loss, schedule):
            optimiser, run = original(loss, schedule)
            return optimiser, lambda *given: found.append(run(*given)) or found[-1]

        def loss(xp, parameters, data, pairs):
            return ((parameters["a"] - data["b"]) ** 2).mean()

        original, training._compiled = training._compiled, compiled
        draw = lambda steps, batch: np.zeros((steps, batch, 2), np.int32)
        with jax.default_device(second):
            list(training.minimise(loss, {"a": np.ones(3)}, {"b": np.zeros(3)}, draw, training.Schedule(3, 2)))
        print({device.id for leaf in jax.tree.leaves(found) for device in leaf.devices()})
    """
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, text=True, env=environment
    )
    assert done.stdout.strip() == "{0}"


@pytest.mark.skipif(os.name == "nt", reason="sends a signal to itself")
@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_waits_for_the_compiler() -> None:
    """A program that ends while jax compiles crashes."""
    compiling, compiled = threading.Event(), threading.Event()

    def loss(xp: Any, parameters: Any, data: Any, pairs: Any) -> Any:
        compiling.set()
        threading.Event().wait(0.5)
        compiled.set()
        return (parameters**2).sum()

    def interrupt() -> None:
        if compiling.wait(200):
            os.kill(os.getpid(), signal.SIGINT)

    schedule = training.Schedule(100, 4)
    pairs = training.draw_pairs(np.random.default_rng(0), np.arange(5))
    descent = training.minimise(loss, np.ones(3, np.float32), {}, pairs, schedule)
    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        next(descent)
    assert compiled.is_set()
    assert not any(thread.name == "botalign" for thread in threading.enumerate())


def test_a_descent_is_compiled_once() -> None:
    def loss(xp: Any, parameters: Any, data: Any, pairs: Any) -> Any:
        return (parameters**2).sum()

    schedule = training.Schedule(300, 4)
    pairs = training.draw_pairs(np.random.default_rng(0), np.arange(5))
    assert len(list(training.minimise(loss, np.ones(3, np.float32), {}, pairs, schedule))) == 3
    assert training._compiled(loss, schedule)[1]._cache_size() == 1
