"""Classes of images with a CTF: the median angle between the viewing directions of two images in a class.

``python benchmarks/ctf_classes.py`` projects a ribosome in random directions and classifies the images without a CTF,
with a CTF, and phase-flipped, all with the same ratio of signal to noise.
"""

import argparse

import numpy as np

import botalign
from botalign.images import CtfParameters
from botalign.images.ctf import ctf_values, phase_flipped
from classes import apart_degrees
from maps import data_folder


def within_class(found: botalign.Classification, directions: np.ndarray) -> float:
    """Return the median angle in degrees between the viewing directions of all pairs of images in a class."""
    return float(np.median(apart_degrees(directions, found.labels)))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--classes", type=int, default=40)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--pixel", type=float, default=5.0, help="voxel size of the map, which its header lacks")
    parser.add_argument("--rotations", type=int, default=100)
    parser.add_argument("--snr", type=float, nargs="+", default=[1 / 2, 1 / 16])
    given = parser.parse_args()
    density = botalign.read(data_folder() / "maps" / "clean70S_65.mrc").data
    ribosome = botalign.DensityMap(density, botalign.Grid(density.shape, (given.pixel,) * 3))
    clean = botalign.projections(ribosome, given.images, size=given.size, seed=0)
    perfect, pixel = clean.stack.images, clean.stack.pixel_size_angstrom[0]
    rng, n = np.random.default_rng(1), given.images
    none, defocus = np.zeros(n), rng.uniform(8000, 25000, n)
    ctf = CtfParameters(
        1.02 * defocus, 0.98 * defocus, rng.uniform(0, 180, n), none, none + 300, none + 2.7, none + 0.1, none > 0,
        none > 0,
    )  # fmt: skip
    values = ctf_values(ctf, np.arange(n), side=given.size, pixel_size_angstrom=pixel)
    signal = np.fft.irfft2(values * np.fft.rfft2(perfect), s=perfect.shape[1:])
    print("| SNR | images | metric | median angle (degrees) | effective classes |\n|---|---|---|---|---|")
    for snr in given.snr:
        noise = rng.standard_normal(perfect.shape) / np.sqrt(snr)
        raw = botalign.ImageStack(signal + signal.std() * noise, (pixel, pixel))
        stacks = {
            "no CTF": botalign.ImageStack(perfect + perfect.std() * noise, (pixel, pixel)),
            "CTF": raw,
            "flipped": phase_flipped(raw, ctf),
        }
        for name, stack in stacks.items():
            for metric in ("wemd", "l2"):
                found = botalign.classify(
                    stack, given.classes, metric=metric, rotations=given.rotations, iterations=20, seed=1, threads=1,
                    invert=False, correct_ctf=False,
                )  # fmt: skip
                angle = within_class(found, clean.viewing_directions)
                row = f"{snr:g} | {name} | {metric} | {angle:.1f} | {found.effective_classes:.1f}"
                print(f"| {row} |", flush=True)


if __name__ == "__main__":
    main()
