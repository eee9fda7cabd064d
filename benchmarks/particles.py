"""Moved particles and exported transforms beside pyem and RELION.

``python benchmarks/particles.py --pyem BIN --relion BIN`` takes the folders with ``subparticles.py`` and
``csparc2star.py``, and with ``relion_project``; the environment must let them run. The map is the ribosome of
``$BOTALIGN_DATA``, in boxes, voxels and origins that differ.
"""

import argparse
import subprocess
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np

import botalign
from botalign import Grid
from botalign.alignment import MapReference
from botalign.geometry import (
    geodesic_degrees,
    identity,
    random_rotations,
    relion_angles_degrees,
    transform_about,
)
from maps import data_folder

COUNT, PIXEL = 200, 1.5
MOVING = Grid((64,) * 3, (PIXEL,) * 3, (-20.0, 3.0, 5.0))
FIXED = Grid((80,) * 3, (1.2,) * 3, (10.0, -50.0, 7.0))
OPTICS = {
    "OpticsGroupName": "a", "OpticsGroup": 1, "Voltage": 300, "SphericalAberration": 2.7, "AmplitudeContrast": 0.1,
    "ImagePixelSize": PIXEL, "ImageSize": 64, "ImageDimensionality": 2,
}  # fmt: skip
POSE = ("AngleRot", "AngleTilt", "AnglePsi", "OriginXAngst", "OriginYAngst")


def loop(block: str, labels: list[str], rows: list[str]) -> str:
    """Return a table of a star file."""
    names = "".join(f"_rln{label} #{number}\n" for number, label in enumerate(labels, start=1))
    return f"\n# version 30001\n\ndata_{block}\n\nloop_\n{names}" + "".join(f"{row}\n" for row in rows)


def correlations(first: Path, second: Path) -> str:
    """Return the lowest and the mean correlation of the images, or of the maps, in two files."""
    one, other = (np.atleast_3d(mrcfile.read(path)) for path in (first, second))
    pairs = [(one, other)] if first.suffix == ".mrc" else zip(one, other, strict=True)
    found = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs]
    return f"correlation at least {min(found):.5f}, mean {np.mean(found):.5f}"


def difference(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> str:
    """Return the largest differences of two sets of poses."""
    degrees = geodesic_degrees(first[0], second[0]).max()
    return f"largest difference {degrees:.1e} degrees, {np.abs(first[1] - second[1]).max():.1e} A"


def poses(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the poses in a list."""
    return botalign.read_particles(path).poses


def main() -> None:
    """Print one line for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pyem", type=Path, metavar="BIN")
    parser.add_argument("--relion", type=Path, metavar="BIN")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(1)
    ribosome = botalign.read(data_folder() / "maps" / "clean70S_65.mrc")
    kept = np.linalg.norm(np.indices(ribosome.data.shape) - 32, axis=0) < 25
    place = tuple(MOVING.pose_centre_angstrom - 32.0 * PIXEL + [0.7, -0.4, 0])
    ribosome = botalign.DensityMap(ribosome.data * kept, Grid(ribosome.data.shape, (PIXEL,) * 3, place))
    moving = botalign.resample(ribosome, identity(), MOVING)
    rotation = random_rotations(1, rng)[0]
    result = replace(
        botalign.align(moving, moving, evaluations=2, hand="keep"),
        moving_to_fixed=transform_about(
            rotation, MOVING.pose_centre_angstrom, FIXED.pose_centre_angstrom + np.array([2.0, -3, 1.5])
        ),
        moving=MapReference("moving.mrc", MOVING),
        fixed=MapReference("fixed.mrc", FIXED),
    )
    # RELION projects a map onto images of its box, so the transformed map is written in the box of the images.
    box = Grid(MOVING.shape, MOVING.voxel_size_angstrom, tuple(FIXED.pose_centre_angstrom - 32 * PIXEL))
    values = np.column_stack([relion_angles_degrees(random_rotations(COUNT, rng)), rng.normal(0, 3, (COUNT, 2))])
    rows = [f"{n}@a.mrcs 1 {' '.join(f'{x:.6f}' for x in row)}" for n, row in enumerate(values, start=1)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old, new = folder / "old.star", folder / "new.star"
        optics = loop("optics", list(OPTICS), [" ".join(map(str, OPTICS.values()))])
        old.write_text(optics + loop("particles", ["ImageName", "OpticsGroup", *POSE], rows))
        result.apply(botalign.read_particles(old)).write(new)
        moving.write(folder / "moving.mrc")
        result.apply(moving, onto=box).write(folder / "moved.mrc")

        def run(program: Path, *typed: object) -> None:
            subprocess.run([program, *map(str, typed)], cwd=folder, check=True, capture_output=True)

        if arguments.relion is not None:
            project = arguments.relion / "relion_project"
            for density_map, listed in (("moving.mrc", old), ("moved.mrc", new)):
                run(project, "--i", density_map, "--ang", listed, "--o", f"{listed.stem}_images", "--angpix", PIXEL)
            print(
                "relion_project, old and new list:",
                correlations(folder / "old_images.mrcs", folder / "new_images.mrcs"),
            )
            exported = result.export("relion").split()
            run(project, "--i", "moving.mrc", "--o", "relion.mrc", "--angpix", PIXEL, *exported)
            print("relion_project --3d_rot and apply:", correlations(folder / "relion.mrc", folder / "moved.mrc"))
        if arguments.pyem is not None:
            matrix = ("--origin", "0,0,0", "--apix", PIXEL, "--transform", result.export("pyem"))
            run(arguments.pyem / "subparticles.py", old, folder / "pyem.star", *matrix)
            print("subparticles.py and apply:", difference(poses(folder / "pyem.star"), poses(new)))
            listed = data_folder() / "lists" / "cryosparc_P12_J24_001_particles.cs"
            botalign.read_particles(listed).moved(result.moving_to_fixed).write(folder / "moved.cs")
            for source in (listed, folder / "moved.cs"):
                run(arguments.pyem / "csparc2star.py", source, folder / f"{source.stem}.star")
                found = difference(poses(folder / f"{source.stem}.star"), poses(source))
                print(f"csparc2star.py, {source.name}:", found)


if __name__ == "__main__":
    main()
