"""The scale of a map, by a part that is placed in it; see ``scale.py --parts``.

Parts are the chains of models in the maps of their complexes, a chain and a domain of GroEL in a real map, and what is
inside a mask of a real map, in a copy of it.
"""

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

import botalign
from botalign.alignment import Scale
from botalign.geometry import compose, inverse
from fits import read_complexes
from maps import Array, data_folder
from models import moved, random_pose, rmsd, weakest
from packed import read_part

#: By how much the voxel size of the whole is too small; 1 is right.
PART_FACTORS = (0.95, 0.98, 1.0, 1.02, 1.05)
#: RMSD in angstrom of a part that is where it belongs, apart from what the wrong scale moves.
FOUND_ANGSTROM = 5.0
#: Resolutions of the simulated maps, their noise in standard deviations of the densities inside, and the resolutions
#: that are given: programs differ in what they call resolution.
SIMULATED = ((6.0, 1.0, 6.0), (9.0, 0.0, 11.0))


@dataclass(frozen=True)
class PartCase:
    """A part, and the map in which it is.

    Attributes
    ----------
    group : str
        The row of the table.
    whole : DensityMap
        The map.
    part : DensityMap or Model
        The part.
    resolution : float or None
        The resolution of the map.
    points : ndarray, shape (n, 3)
        Positions in the part.
    place : ndarray, shape (3, 4), or None
        Its place in the map; None if it is not known, or there are several.
    mask : DensityMap or None
        Mask of the part.
    """

    group: str
    whole: botalign.DensityMap
    part: botalign.DensityMap | botalign.Model
    resolution: float | None
    points: Array
    place: Array | None
    mask: botalign.DensityMap | None = None


def chains() -> Iterator[PartCase]:
    """Yield the chains of the complexes in their maps: as given, and simulated."""
    for each in read_complexes(data_folder() / "fits"):
        models = {name: botalign.read_model(chain.path) for name, chain in each.chains.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", botalign.MapWarning)
            whole = botalign.read(each.path)
        for model in models.values():
            yield PartCase(
                f"{each.name}, {each.resolution:g} A", whole, model, each.resolution, model.points, np.eye(3, 4)
            )
        atoms = botalign.Model(
            np.concatenate([model.points for model in models.values()]),
            np.concatenate([model.weights for model in models.values()]),
        )
        for resolution, noise, given in SIMULATED:
            density = botalign.simulate(atoms, resolution, voxel_size_angstrom=resolution / 4)
            density = with_noise_inside(density, noise)
            name = f"simulated, {resolution:g} A{', noise' if noise else ''}"
            for model in models.values():
                yield PartCase(name, density, model, given, model.points, np.eye(3, 4))


def with_noise_inside(density: botalign.DensityMap, noise: float) -> botalign.DensityMap:
    """Add white noise, in standard deviations of the densities above a fifth of the largest one."""
    if not noise:
        return density
    spread = noise * float(density.data[density.data > 0.2 * density.data.max()].std())
    return density.with_data(
        density.data + np.random.default_rng(1).normal(0, spread, density.data.shape).astype(np.float32)
    )


def groel() -> Iterator[PartCase]:
    """Yield a chain of GroEL and its apical domain in a real map, each of which has 14 places."""
    whole = botalign.read(data_folder() / "maps" / "emd_1080_groel_11.5A.mrc")
    for name in ("groel", "apical"):
        model = read_part(name, data_folder())
        yield PartCase(f"EMD-1080, {'chain' if name == 'groel' else 'domain'}", whole, model, 11.5, model.points, None)


def masks() -> Iterator[PartCase]:
    """Yield what is inside a mask of a real map, in a copy of the map."""
    for name, file, voxel in (("EMD-1883", "emd_1883.map", 3.71), ("ribosome", "clean70S_65.mrc", 5.0)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", botalign.MapWarning)
            density = botalign.read(data_folder() / "maps" / file)
        grid = replace(density.grid, voxel_size_angstrom=(voxel,) * 3)
        density = replace(density, grid=grid)
        mask = weakest(density)
        inside = np.argwhere(mask.data > 0.5)[:, ::-1] * np.array(grid.voxel_size_angstrom)
        points = inside + np.array(grid.origin_angstrom)
        yield PartCase(f"{name}, mask", density, density, None, points, np.eye(3, 4), mask)


@dataclass(frozen=True)
class PartResult:
    """A result: whether the part was found, and the fitted scale of the map divided by the true one."""

    found: bool
    scale: Scale | None
    error: float | None


def wrong_size(density: botalign.DensityMap, factor: float) -> botalign.DensityMap:
    """Return a map whose voxel size is too small by a factor, with its centre where it was."""
    return replace(density, grid=density.grid.scaled(1 / factor, density.grid.centre_angstrom))


def placed(case: PartCase, factor: float, seed: int, *, part_moves: bool) -> PartResult:
    """Place a part from a random pose in its map, the voxel size of the map too small by a factor."""
    there = random_pose(case.points, seed)
    centre, whole = np.array(case.whole.grid.centre_angstrom), wrong_size(case.whole, factor)
    part, mask = case.part, case.mask
    if isinstance(part, botalign.Model):
        part = part.moved(there)
    else:
        there = np.eye(3, 4)  # a mask would be resampled too
    options = {"resolution": case.resolution, "hand": "keep", "seed": seed}
    if mask is None:
        options["partial"] = True
    else:
        options["mask_moving" if part_moves else "mask_fixed"] = mask
    result = botalign.align(*((whole, part) if part_moves else (part, whole)), **options)
    pose = result.moving_to_fixed if part_moves else inverse(result.moving_to_fixed)
    found = result.verdict == "certain"
    if case.place is not None:
        truth = centre + (moved(case.place, case.points) - centre) / factor
        own = moved(compose(pose, there), case.points)
        # Its own scale is right: only its centre and its rotation can be.
        truth = truth.mean(axis=0) + (truth - truth.mean(axis=0)) * factor
        found = found and rmsd(own, truth) < FOUND_ANGSTROM
    scale = result.scale if result.scale is None or not part_moves else result.scale.inverse
    return PartResult(found, scale, None if scale is None else scale.value / factor - 1)


def parts(names: list[str], poses: int, seed: int) -> Iterator[dict[str, object]]:
    """Place parts in maps with a right and a wrong voxel size."""
    groups: dict[str, list[PartCase]] = {}
    for case in (*groel(), *masks(), *chains()):
        groups.setdefault(case.group, []).append(case)
    for group, cases in groups.items():
        for factor in PART_FACTORS:
            results = [
                placed(case, factor, seed + 100 * number + pose, part_moves=pose % 2 == 0)
                for number, case in enumerate(cases)
                for pose in range(poses)
            ]
            found = [each for each in results if each.found]
            known = [(each.scale, each.error) for each in found if each.scale is not None]
            errors = [100 * abs(error) for _, error in known]
            off = [error * factor / scale.standard_error for scale, error in known]
            yield {
                "part": group,
                "factor": f"{factor:g}",
                "found": f"{len(found)}/{len(results)}",
                "scale": len(known),
                "median error, %": f"{median(errors):.2f}" if errors else "",
                "worst, %": f"{max(errors):.2f}" if errors else "",
                "standard error, %": f"{100 * median(s.standard_error for s, _ in known):.2f}" if known else "",
                "error / standard error": f"{np.sqrt(np.mean(np.square(off))):.2f}" if off else "",
                "largest": f"{max(map(abs, off)):.1f}" if off else "",
                "warnings": sum(each.scale is not None and each.scale.is_wrong for each in results),
            }


def cost_of_parts(names: list[str], poses: int, seed: int) -> Iterator[dict[str, object]]:
    """Compare processor seconds of placing parts with and without the test of the scale."""
    groups: dict[str, list[PartCase]] = {}
    for case in (*groel(), *chains()):
        groups.setdefault(case.group, []).append(case)
    for group, cases in groups.items():
        for factor in (1.0, 1.02):
            seconds = {"keep": 0.0, "check": 0.0}
            for number, case in enumerate(cases):
                whole = wrong_size(case.whole, factor)
                for pose in range(poses):
                    part = case.part.moved(random_pose(case.points, seed + 100 * number + pose))
                    for choice in seconds:
                        began = time.process_time()
                        botalign.align(
                            whole, part, resolution=case.resolution, partial=True, hand="keep", scale=choice, threads=1
                        )
                        seconds[choice] += time.process_time() - began
            keep, check = seconds["keep"], seconds["check"]
            more = f"{check / keep - 1:+.1%}"
            yield {"part": group, "factor": f"{factor:g}", "keep": f"{keep:.2f}", "check": f"{check:.2f}", "more": more}


def assemblies(names: list[str], poses: int, seed: int) -> Iterator[dict[str, object]]:
    """Place all chains of a complex together in its map with a right and a wrong voxel size."""
    groups: dict[str, list[PartCase]] = {}
    for case in chains():
        if not case.group.startswith("simulated"):  # both complexes have such maps
            groups.setdefault(case.group, []).append(case)
    for group, cases in groups.items():
        for factor in PART_FACTORS:
            moved_parts = [case.part.moved(random_pose(case.points, seed + n)) for n, case in enumerate(cases)]
            result = botalign.assemble(
                wrong_size(cases[0].whole, factor), moved_parts, resolution=cases[0].resolution, threads=1
            )
            scale = result.scale
            yield {
                "complex": group,
                "factor": f"{factor:g}",
                "placed": f"{len(result.placed)}/{len(cases)}",
                "scale": "" if scale is None else f"{scale.value:.4f} +- {scale.standard_error:.4f}",
                "warning": scale is not None and scale.is_wrong,
            }
