"""``assemblies.py --packed``: BOTalign's `assemble` on artificial complexes, which no program can know.

Each complex of ``packed.py`` is assembled at two resolutions, without noise and with white noise as strong as its
densities: with all parts, and once more without one of them, whose density must be reported, but with two wrong parts,
of which none may be placed.
"""

import itertools
import json
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import botalign
from accuracy import markdown
from botalign.geometry import apply_transform, compose, random_rotations
from copies import rmsd
from fits import NEAR_ANGSTROM, RIGHT_ANGSTROM
from maps import Array, data_folder
from packed import COMPLEXES, Packed, packed
from report import machine

RESOLUTIONS, NOISES, MODES = (20.0, 10.0), (0.0, 1.0), ("all", "changed")
#: The centre of an unexplained region is this close to a copy of the part that was left out, in radii of gyration.
REPORTED = 1.0


@dataclass(frozen=True)
class Run:
    """One assembly of one complex: copies that were given, and what became of them."""

    complex: str
    resolution: float
    noise: float
    mode: str
    copies: int
    right: int
    near: int
    elsewhere: int
    wrong_given: int
    wrong_placed: int
    reported: bool | None
    cpu_seconds: float


def run(seed: int, threads: int, path: Path, resolutions: Sequence[float] = RESOLUTIONS) -> None:
    """Assemble all complexes; print and save a table."""
    runs: list[Run] = []
    for resolution, noise, name in itertools.product(resolutions, NOISES, COMPLEXES):
        whole = packed(name, data_folder(), resolution=resolution, noise=noise, seed=seed)
        for mode in MODES:
            runs.append(_run(name, whole, resolution, noise, mode, seed, threads))
            print(runs[-1], file=sys.stderr, flush=True)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([asdict(each) for each in runs], indent=1))
    groups = itertools.groupby(runs, key=lambda each: (each.resolution, each.noise))
    text = markdown([_row(*key, list(own)) for key, own in groups])
    path.with_suffix(".md").write_text(f"{machine()}\n\n{text}\n")
    print(text)


def _run(name: str, whole: Packed, resolution: float, noise: float, mode: str, seed: int, threads: int) -> Run:
    """Assemble a complex from parts in random poses."""
    rng = np.random.default_rng([seed, MODES.index(mode)])
    omitted = list(whole.parts)[seed % len(whole.parts)] if mode == "changed" else None
    models = {key: model for key, model in whole.parts.items() if key != omitted}
    models |= whole.wrong if mode == "changed" else {}
    starts = [np.column_stack([random_rotations(1, rng)[0], rng.uniform(-60, 60, 3)]) for _ in models]
    counts = [len(whole.places.get(key, [None])) for key in models]
    moved = [model.moved(start) for model, start in zip(models.values(), starts, strict=True)]
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = botalign.assemble(whole.density, moved, counts=counts, resolution=resolution, threads=threads)
    seconds = time.process_time() - began
    keys, errors, wrong = list(models), [], 0
    left = {key: list(whole.places.get(key, [])) for key in keys}
    for each in found.placed:
        key = keys[each.part]
        wrong += key not in whole.parts
        if key in whole.parts:
            place = compose(each.moving_to_fixed, starts[each.part])
            errors.append(_error(place, left[key], models[key].points))
    near = sum(error < NEAR_ANGSTROM for error in errors)
    return Run(
        name, resolution, noise, mode, sum(len(whole.places.get(key, [])) for key in keys),
        sum(error < RIGHT_ANGSTROM for error in errors), near, len(errors) - near,
        len(whole.wrong) if mode == "changed" else 0, wrong,
        None if omitted is None else _reported(found, whole, omitted), seconds,
    )  # fmt: skip


def _error(place: Array, truths: list[Array], points: Array) -> float:
    """Return the RMSD to the nearest copy that is not taken yet, and take it if it is near."""
    apart = [rmsd(place, each, points) for each in truths]
    if apart and min(apart) < NEAR_ANGSTROM:
        del truths[int(np.argmin(apart))]
    return min(apart, default=np.inf)


def _reported(found: botalign.Assembly, whole: Packed, omitted: str) -> bool:
    """Whether an unexplained region is at a copy of the part that was left out."""
    points = whole.parts[omitted].points
    centre = points.mean(axis=0)
    radius = float(np.sqrt(((points - centre) ** 2).sum(axis=1).mean()))
    centres = np.array([apply_transform(place, centre[None])[0] for place in whole.places[omitted]])
    regions = np.array([each.centre_angstrom for each in found.regions]).reshape(-1, 3)
    apart = np.linalg.norm(regions[:, None] - centres, axis=2)
    return bool((apart < REPORTED * radius).any())


def _row(resolution: float, noise: float, runs: list[Run]) -> dict[str, str]:
    """Return a row of the table."""
    copies = sum(each.copies for each in runs)
    placed = sum(each.near + each.elsewhere for each in runs)
    reported = [each.reported for each in runs if each.reported is not None]
    return {
        "resolution": f"{resolution:g} A",
        "noise": f"{noise:g}",
        "chains": str(copies),
        f"right (< {RIGHT_ANGSTROM:.0f} A)": str(sum(each.right for each in runs)),
        f"< {NEAR_ANGSTROM:.0f} A": str(sum(each.near for each in runs)),
        "elsewhere": str(sum(each.elsewhere for each in runs)),
        "not placed": str(copies - placed),
        "left out and reported": f"{sum(reported)} of {len(reported)}",
        "wrong and placed": f"{sum(each.wrong_placed for each in runs)} of {sum(each.wrong_given for each in runs)}",
        "CPU seconds": f"{sum(each.cpu_seconds for each in runs):.0f}",
    }
