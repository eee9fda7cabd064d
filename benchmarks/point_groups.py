"""The point group that `botalign.orient` finds, and the errors of its axes.

``python benchmarks/point_groups.py`` orients phantoms of known symmetry in random poses, without noise and with white
noise (the signal-to-noise ratio is that of the variances in the whole box), and maps of the benchmark in random poses.
The true axes of a map are those found in its pose in the file. Seconds are those of the processor.
"""

import argparse
import time
import warnings

import numpy as np

import botalign
from botalign.geometry import (
    apply_transform,
    compose,
    equivalent_axes,
    geodesic_degrees,
    inverse,
    point_group,
    random_rotations,
    transform_about,
)
from maps import MAPS, Array, data_folder
from report import machine

GROUPS = ("C1", "C2", "C3", "C12", "D2", "D4", "T", "O", "I")
NOISES = (0.0, 1 / 4, 1 / 16)
SIDE, VOXEL = 64, 3.0


def operations_error(found: Array, group: Array, pose: Array) -> float:
    """Return the largest angle between an operation in its pose and the nearest one that was found."""
    return max(float(geodesic_degrees(pose[:, :3] @ each @ pose[:, :3].T, found[:, :, :3]).min()) for each in group)


def phantoms(seeds: int) -> None:
    """Print a line for each group and noise."""
    print(f"{'group':8}{'SNR':>8}{'right':>10}{'axes (degrees), median and worst':>36}{'lowest agreement':>18}{'s':>7}")
    for symmetry in GROUPS:
        for ratio in NOISES:
            errors, agreements, seconds = [], [], []
            for seed in range(seeds):
                rng = np.random.default_rng((seed, GROUPS.index(symmetry)))
                pose = np.column_stack([random_rotations(1, rng)[0], rng.uniform(-6, 6, 3)])
                made = botalign.phantom(SIDE, voxel_size_angstrom=VOXEL, symmetry=symmetry, transform=pose, seed=seed)
                noise = rng.normal(0, made.data.std() / np.sqrt(ratio), made.data.shape) if ratio else 0
                began = time.process_time()
                found = botalign.orient(made.with_data((made.data + noise).astype(np.float32)))
                seconds.append(time.process_time() - began)
                if found.symmetry.group == symmetry:
                    errors.append(operations_error(found.symmetry.operations, point_group(symmetry), pose))
                    agreements.append(found.agreement)
            name = f"1/{round(1 / ratio)}" if ratio else "clean"
            spread = f"{np.median(errors):.3f} {max(errors):.3f}" if errors else "-"
            print(
                f"{symmetry:8}{name:>8}{f'{len(errors)} of {seeds}':>10}{spread:>36}{min(agreements, default=0):18.2f}"
                f"{np.median(seconds):7.2f}",
                flush=True,
            )


def real_maps(names: list[str], poses: int) -> None:
    """Print a line for each map."""
    print(f"{'map':14}{'group':>7}{'right':>10}{'axes (deg), worst':>19}{'centre (voxels), worst':>24}{'s':>7}")
    for entry in (MAPS[name] for name in names):
        density_map = botalign.read(data_folder() / "maps" / entry.file)
        reference, grid = botalign.orient(density_map), density_map.grid
        name, rng = reference.symmetry.group, np.random.default_rng(1)
        group = point_group(name)
        axis = np.array([0.0, 0.0, 1.0])
        angles, shifts, seconds, right = [], [], [], 0
        for _ in range(poses):
            voxel = grid.voxel_size_angstrom[0]
            shift = rng.uniform(-2 * voxel, 2 * voxel, 3)
            centre = grid.centre_angstrom
            pose = transform_about(random_rotations(1, rng)[0], centre, centre + shift)
            posed = botalign.resample(density_map, pose, grid)
            began = time.process_time()
            found = botalign.orient(posed)
            seconds.append(time.process_time() - began)
            right += found.symmetry.group == name
            if found.symmetry.group != name or name == "C1":
                continue
            left = compose(found.transform, compose(pose, inverse(reference.transform)))
            middle = grid.pose_centre_angstrom
            moved = apply_transform(left, middle) - middle
            if name[0] == "C":  # neither the rotation about the axis nor the position along it is determined
                cosine = min(1.0, abs(float(axis @ left[:, :3] @ axis)))
                angles.append(float(np.degrees(np.arccos(cosine))))
                moved[2] = 0
            else:
                angles.append(float(geodesic_degrees(left[:, :3], np.array(equivalent_axes(group))).min()))
            shifts.append(float(np.linalg.norm(moved)) / voxel)
        worst = (f"{max(angles):.4f}", f"{max(shifts):.4f}") if angles else ("-", "-")
        print(
            f"{entry.name:14}{name:>7}{f'{right} of {poses}':>10}{worst[0]:>19}{worst[1]:>24}{np.median(seconds):7.2f}",
            flush=True,
        )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, help="phantoms of each group and noise")
    parser.add_argument("--poses", type=int, default=20, help="poses of each map")
    parser.add_argument("--maps", default=",".join(MAPS), help="names, separated by commas")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", botalign.MapWarning)
    print(machine())
    if chosen.seeds:
        phantoms(chosen.seeds)
    real_maps(chosen.maps.split(","), chosen.poses)


if __name__ == "__main__":
    main()
